"""The walk over rows and draws: in chunks of rows, averaged as it goes, into a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import DataError, did_you_mean, listed
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.expected import Quantity, quantity_of
from bayes_alliance.posterior.prediction.matrices import PredictionDraws, PredictionRows
from bayes_alliance.posterior.summaries import DIRECTION, summary_table

if TYPE_CHECKING:
    import xarray as xr
    from scipy.sparse import csr_array

Array = NDArray[np.float64]
_CHUNK_NUMBERS = 2e6
By = str | Sequence[str] | None
CATEGORY = "category"
# Up to here every estimate has its Monte Carlo error, its ESS and its R-hat beside it.
DIAGNOSED = 1000
_DRAWS_KEPT = (
    "The draws of the {rows} rows were not kept ({size:.1f} GB; the limit is {memory:g} GB): "
    "average with by=, or use fewer with draws=."
)


@dataclass(frozen=True, kw_only=True)
class Estimation:
    """What to walk over.

    Parameters
    ----------
    model
        The model.
    cases
        The rows as they are, or twice with a predictor changed: what is compared.
    draws
        The draws.
    quantity
        What is predicted.
    cells
        What is averaged; None for every row by itself.
    combine
        From the values of every case, shape (estimate, ..., draw), and the places of these
        estimates among all, to what is reported.
    """

    model: Model
    cases: Sequence[PredictionRows]
    draws: PredictionDraws
    quantity: Quantity
    cells: Cells | None
    combine: Callable[[Sequence[Array], slice], Array]

    @property
    def size(self) -> int:
        """Number of estimates: rows, or cells."""
        return len(self.cases[0].offset) if self.cells is None else len(self.cells.table)

    def values(self) -> Iterator[Array]:
        """Yield the estimates some at a time, shape (estimate, ..., draw)."""
        if self.cells is None:
            yield from self._by_row(self.cases)
        elif self.quantity.is_linear(self.model):
            yield from self._by_row([case.averaged(self.cells.weights) for case in self.cases])
        else:
            totals = [self._average(case, self.cells.weights) for case in self.cases]
            yield self.combine(totals, slice(0, self.size))

    def _by_row(self, cases: Sequence[PredictionRows]) -> Iterator[Array]:
        for rows in self._chunks(len(cases[0].offset)):
            yield self.combine([self._quantity(case, rows) for case in cases], rows)

    def _average(self, case: PredictionRows, weights: csr_array) -> Array:
        by_column = weights.tocsc()
        categories = len(self.quantity.categories(self.model))
        numbers = (categories, self.draws.total) if categories else (self.draws.total,)
        total = np.zeros((self.size, *numbers))
        for rows in self._chunks(len(case.offset)):
            values = self._quantity(case, rows).reshape(rows.stop - rows.start, -1)
            part = by_column[:, rows]
            cells = np.unique(part.indices)
            total[cells] += (part.tocsr()[cells] @ values).reshape(-1, *numbers)
        return total

    def _quantity(self, case: PredictionRows, rows: slice) -> Array:
        return quantity_of(self.model, case.part(rows), self.draws, self.quantity, rows.start)

    def _chunks(self, rows: int) -> Iterator[slice]:
        many = max(1, len(self.quantity.categories(self.model))) * self.draws.total
        step = max(1, int(_CHUNK_NUMBERS / many))
        for start in range(0, rows, step):
            yield slice(start, min(start + step, rows))


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


def tabulated(
    name: str,
    chunks: Iterable[Array],
    *,
    size: int,
    categories: Sequence[str],
    draws: PredictionDraws,
    prob: float,
    memory: float,
    nothing: float | None = None,
) -> tuple[pd.DataFrame, xr.Dataset, tuple[str, ...]]:
    """Summarise estimates, shape (estimate, ..., draw) in chunks.

    With ``nothing``, the value of no effect, the table also has the probability of direction: that
    the estimate lies on the side of it on which most of its draws lie.

    Returns
    -------
    table, draws, notes
        One row an estimate (and category); a dataset of one variable, dims (chain, draw, row) or
        (chain, draw, row, category), that is empty where it would not fit; and what to know.
    """
    import pandas as pd
    import xarray as xr

    gigabytes = 8.0 * size * max(1, len(categories)) * draws.total / 1e9
    keep = gigabytes <= memory
    shape = (size, len(categories), draws.total) if len(categories) else (size, draws.total)
    kept = np.empty(shape) if keep else None
    summaries, start = [], 0
    for values in chunks:
        summaries.append(_summary(values.reshape(-1, values.shape[-1]), prob, nothing))
        if kept is not None:
            kept[start : start + len(values)] = values
        start += len(values)
    table = pd.DataFrame(np.concatenate(summaries), columns=_columns(nothing))
    if kept is None:
        note = _DRAWS_KEPT.format(rows=size, size=gigabytes, memory=memory)
        return table, xr.Dataset(), (note,)
    dataset = _dataset(name, kept, categories, draws)
    if len(table) <= DIAGNOSED:
        diagnosed = summary_table(dataset, prob).reset_index(drop=True)
        table = table.join(diagnosed[[c for c in diagnosed if c not in table]])
    return table, dataset, ()


def _columns(nothing: float | None) -> list[str]:
    return ["mean", "sd", "lower", "upper", *([] if nothing is None else [DIRECTION])]


def _summary(values: Array, prob: float, nothing: float | None) -> Array:
    """Return the columns of the table."""
    bounds = np.quantile(values, [(1 - prob) / 2, (1 + prob) / 2], axis=-1)
    spread = values.std(axis=-1, ddof=1) if values.shape[-1] > 1 else np.full(len(values), np.nan)
    columns = [values.mean(axis=-1), spread, *bounds]
    if nothing is not None:
        above, below = (values > nothing).mean(axis=-1), (values < nothing).mean(axis=-1)
        columns.append(np.maximum(above, below))
    return np.column_stack(columns)


def _dataset(
    name: str, values: Array, categories: Sequence[str], draws: PredictionDraws
) -> xr.Dataset:
    import xarray as xr

    shaped = values.reshape(*values.shape[:-1], draws.chains, draws.draws)
    last = (*range(shaped.ndim - 2, shaped.ndim), *range(shaped.ndim - 2))
    dims = (names.CHAIN, names.DRAW, names.ROW, *([CATEGORY] if len(categories) else []))
    coords = {names.ROW: np.arange(len(values))}
    if len(categories):
        coords[CATEGORY] = np.asarray(categories, dtype=object)
    return xr.Dataset({name: (dims, shaped.transpose(last))}, coords=coords)


def described(
    described_by: pd.DataFrame, table: pd.DataFrame, categories: Sequence[str]
) -> pd.DataFrame:
    """Put what the estimates are of to the left of them; names that clash are marked."""
    import pandas as pd

    many = max(1, len(categories))
    left = described_by.loc[np.repeat(described_by.index, many)].reset_index(drop=True)
    if len(categories):
        left = left.assign(
            **{CATEGORY: np.tile(np.asarray(categories, dtype=object), len(described_by))}
        )
    left = left.rename(columns={c: f"{c} (data)" for c in left.columns if c in table.columns})
    return pd.concat([left, table], axis=1)
