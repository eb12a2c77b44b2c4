"""Which cell each row of a batch belongs to, and which group of each factor a cell lies in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.scanning import table_changed
from bayes_alliance.errors import DataError, ModelError, listed

Integers = NDArray[np.int64]
# A table of this many places costs less than searching for every row.
_MOST_PLACES = 1 << 22


@dataclass(frozen=True, kw_only=True)
class ValuePlaces:
    """From values to their places among sorted ones.

    Parameters
    ----------
    values
        The sorted values.
    table
        Place of each whole number from the smallest value on, -1 between the values; or None to
        search.
    """

    values: NDArray[Any]
    table: Integers | None

    def of(self, values: NDArray[Any]) -> Integers:
        """Return the place of each value.

        Raises
        ------
        DataError
            If one is not among the sorted ones: the kernels trust these places.
        """
        if not len(values):
            return np.zeros(0, dtype=np.int64)
        if self.table is not None and values.dtype.kind in "iub":
            first = int(self.values[0])
            if int(values.min()) < first or int(values.max()) > int(self.values[-1]):
                raise _unknown()
            places = self.table[_steps_from(first, values)]
            known = bool(places.min() >= 0)
        else:
            own = self.values
            if own.dtype.kind in "iu" and values.dtype.kind in "iu":
                own = own.astype(values.dtype, copy=False)  # else both would become floats
            places = np.minimum(np.searchsorted(own, values), len(own) - 1).astype(np.int64)
            known = bool((own[places] == values).all())
        if not known:
            raise _unknown()
        return np.asarray(places)


def _unknown() -> DataError:
    return table_changed("a group came up that was not there before")


def _steps_from(first: int, values: NDArray[Any]) -> Integers:
    """Return the distances from the smallest value, which may be beyond the signed numbers."""
    wide = values.astype(np.uint64 if values.dtype.kind == "u" else np.int64, copy=False)
    return (wide - wide.dtype.type(first)).astype(np.int64)


def value_places(values: NDArray[Any]) -> ValuePlaces:
    """Make the fastest look-up for some sorted values."""
    whole = values.dtype.kind in "iu" and len(values) > 0
    if not whole or int(values[-1]) - int(values[0]) >= _MOST_PLACES:
        return ValuePlaces(values=values, table=None)
    table = np.full(int(values[-1]) - int(values[0]) + 1, -1, dtype=np.int64)
    table[_steps_from(int(values[0]), values)] = np.arange(len(values))
    return ValuePlaces(values=values, table=table)


@dataclass(frozen=True, kw_only=True)
class CellFinder:
    """From the group columns of a batch to cells.

    Parameters
    ----------
    columns
        The group columns.
    places
        Look-up of each column's values; None for text, which comes as places already.
    sizes
        Number of values of each column.
    cells
        Look-up of the combined places; None if there is one column.
    """

    columns: tuple[str, ...]
    places: tuple[ValuePlaces | None, ...]
    sizes: tuple[int, ...]
    cells: ValuePlaces | None

    def of(self, batch: Mapping[str, NDArray[Any]]) -> Integers:
        """Return the cell of each row."""
        combined = _combined(self.columns, self.places, self.sizes, batch)
        return combined if self.cells is None else self.cells.of(combined)


def _combined(
    columns: Sequence[str],
    places: Sequence[ValuePlaces | None],
    sizes: Sequence[int],
    batch: Mapping[str, NDArray[Any]],
) -> Integers:
    combined: Integers | None = None
    for name, own, size in zip(columns, places, sizes, strict=True):
        here = batch[name].astype(np.int64) if own is None else own.of(batch[name])
        combined = here if combined is None else combined * size + here
    assert combined is not None  # a streamed model has at least one group column
    return combined


def find_cells(
    combinations: pd.DataFrame, columns: Sequence[str], levels: Mapping[str, Sequence[Any]]
) -> tuple[CellFinder, pd.DataFrame]:
    """Return the finder of cells, and their combinations in its order.

    Parameters
    ----------
    combinations
        One row a cell.
    columns
        The group columns.
    levels
        Values of the text columns.

    Raises
    ------
    DataError
        If the combinations and the levels are not of the same rows.
    ModelError
        If there are more combinations than whole numbers.
    """
    places: list[ValuePlaces | None] = []
    sizes: list[int] = []
    batch: dict[str, NDArray[Any]] = {}
    for name in columns:
        if name in levels and isinstance(levels[name][0], str):
            places.append(None)
            sizes.append(len(levels[name]))
            batch[name] = pd.Index(levels[name]).get_indexer(pd.Index(combinations[name]))
        else:
            values = np.unique(_sortable(combinations[name].to_numpy()))
            places.append(value_places(values))
            sizes.append(len(values))
            batch[name] = _sortable(combinations[name].to_numpy())
    _check_sizes(columns, sizes)
    known = all(
        bool((batch[name] >= 0).all())
        for name, own in zip(columns, places, strict=True)
        if own is None
    )
    if not known or (len(columns) == 1 and len(combinations) != sizes[0]):
        raise _unknown()
    combined = _combined(columns, places, sizes, batch)
    order = np.argsort(combined, kind="stable")
    finder = CellFinder(
        columns=tuple(columns),
        places=tuple(places),
        sizes=tuple(sizes),
        cells=None if len(columns) == 1 else value_places(combined[order]),
    )
    return finder, combinations.iloc[order].reset_index(drop=True)


def _check_sizes(columns: Sequence[str], sizes: Sequence[int]) -> None:
    """Refuse combinations that cannot be numbered."""
    if math.prod(sizes) >= 1 << 63:
        raise ModelError(
            f"The combinations of {listed(columns)} were to be counted.",
            f"They have {listed(sizes)} values, which makes 2^63 combinations or more.",
            "Make one column of two of them beforehand, or leave one out.",
            columns=list(columns),
        )


def _sortable(values: NDArray[Any]) -> NDArray[Any]:
    """Write truth values as 0 and 1."""
    return values.astype(np.int64) if values.dtype == np.bool_ else values
