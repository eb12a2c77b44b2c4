"""Cells of rows that are averaged: all rows together, or those alike in some columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.errors import DataError, did_you_mean, listed
from bayes_alliance.model.spec import Model

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[np.float64]
By = str | Sequence[str] | None


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What is averaged over.

    Parameters
    ----------
    table
        One row a cell, with the columns the cells are alike in; none if it is all rows.
    weights
        Shape (cell, row); the rows of a cell add up to one.
    weighted
        Whether rows count as often as their frequency weights say.
    """

    table: pd.DataFrame
    weights: csr_array
    weighted: bool


def cells_of(model: Model, data: pd.DataFrame, by: By) -> Cells | None:
    """Return the cells, or None where every row is to stand for itself.

    Parameters
    ----------
    model
        The model; its frequency weights count if the data have their column.
    data
        The rows.
    by
        Columns; none of them for all rows together; None for every row by itself.

    Raises
    ------
    DataError
        If the data have no such column.
    """
    if by is None:
        return None
    columns = [by] if isinstance(by, str) else list(by)
    _check_columns(columns, data)
    if columns:
        grouped = data.groupby(columns, sort=True, observed=True, dropna=False)
        places = np.asarray(grouped.ngroup(), dtype=np.int64)
        first = np.unique(places, return_index=True)[1]
        table = data.loc[first, columns].reset_index(drop=True)
    else:
        places, table = np.zeros(len(data), dtype=np.int64), pd.DataFrame(index=range(1))
    name = model.formula.response.weights
    frequency = model.formula.response.weight_kind == "frequency"
    weighted = name is not None and frequency and name in data.columns
    counts = data[name].to_numpy(dtype=float) if weighted else np.ones(len(data))
    return Cells(table=table, weights=_matrix(places, counts, len(table)), weighted=weighted)


def _matrix(places: NDArray[np.int64], counts: Array, cells: int) -> csr_array:
    from scipy.sparse import csr_array

    shares = counts / np.bincount(places, weights=counts, minlength=cells)[places]
    return csr_array((shares, (places, np.arange(len(places)))), shape=(cells, len(places)))


def _check_columns(columns: list[str], data: pd.DataFrame) -> None:
    unknown = [name for name in columns if name not in data.columns]
    if unknown:
        raise DataError(
            f"An average by {listed(columns)} was asked for.",
            f"The rows have no column {listed(unknown)}. "
            f"{did_you_mean(unknown[0], data.columns)}".rstrip(),
            f"They have {listed(data.columns, shown=20)}; for another, give the rows with data=.",
            unknown=unknown,
        )
