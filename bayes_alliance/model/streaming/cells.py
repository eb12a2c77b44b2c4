"""Which cell each row of a batch belongs to, and which group of each factor a cell lies in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
        Place of each whole number from the smallest value on, or None to search.
    """

    values: NDArray[Any]
    table: Integers | None

    def of(self, values: NDArray[Any]) -> Integers:
        """Return the place of each value; all must be among the sorted ones."""
        if self.table is not None:
            return np.asarray(self.table[values.astype(np.int64) - int(self.values[0])])
        return np.searchsorted(self.values, values).astype(np.int64)


def value_places(values: NDArray[Any]) -> ValuePlaces:
    """Make the fastest look-up for some sorted values."""
    whole = values.dtype.kind in "iu" and len(values) > 0
    if not whole or int(values[-1]) - int(values[0]) >= _MOST_PLACES:
        return ValuePlaces(values=values, table=None)
    table = np.zeros(int(values[-1]) - int(values[0]) + 1, dtype=np.int64)
    table[values.astype(np.int64) - int(values[0])] = np.arange(len(values))
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
    combined = _combined(columns, places, sizes, batch)
    order = np.argsort(combined, kind="stable")
    finder = CellFinder(
        columns=tuple(columns),
        places=tuple(places),
        sizes=tuple(sizes),
        cells=None if len(columns) == 1 else value_places(combined[order]),
    )
    return finder, combinations.iloc[order].reset_index(drop=True)


def _sortable(values: NDArray[Any]) -> NDArray[Any]:
    """Write truth values as 0 and 1."""
    return values.astype(np.int64) if values.dtype == np.bool_ else values
