"""Which values the predictors of varying slopes take: the lowest and the highest of each cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.data.scanning import Kind
from bayes_alliance.kernels.cell_sums import widen_ranges

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ObservedRange:
    """The values of a predictor over all rows.

    Parameters
    ----------
    lowest, highest
        Of each cell, shape (cell,).
    only_two
        Whether there are no more than two values, such as 0 and 1.
    truths
        Whether they are False and True.
    """

    lowest: Floats
    highest: Floats
    only_two: bool
    truths: bool


@dataclass(kw_only=True)
class RunningRange:
    """The same as it grows.

    Parameters
    ----------
    column
        Place among the columns of the sums; None for a column of the table itself.
    lowest, highest
        As far as was read.
    truths
        Whether the column holds False and True.
    values
        The first values met, three at most.
    """

    column: int | None
    lowest: Floats
    highest: Floats
    truths: bool
    values: set[float] = field(default_factory=set)

    def add(self, values: NDArray[Any], cell: Integers) -> None:
        """Take some rows in."""
        numbers = np.ascontiguousarray(values, dtype=np.float64)
        widen_ranges(numbers, cell, self.lowest, self.highest)
        while len(self.values) < 3:
            other = np.ones(len(numbers), dtype=bool)
            for value in self.values:
                other &= numbers != value
            if not other.any():
                break
            self.values.add(float(numbers[other.argmax()]))

    def whole(self) -> ObservedRange:
        """Return what was found, when all rows are read."""
        two = len(self.values) < 3
        return ObservedRange(
            lowest=self.lowest, highest=self.highest, only_two=two, truths=self.truths
        )


def running_ranges(
    parts: Sequence[Mapping[str, Any]],
    places: Sequence[Sequence[int]],
    kinds: Mapping[str, Kind],
    cells: int,
) -> dict[str, RunningRange]:
    """Return an empty range for every number that a slope of the group terms depends on.

    Parameters
    ----------
    parts, places
        Of the group terms: their states, and the places of their columns.
    kinds
        Of the table's columns.
    cells
        How many there are.
    """
    found = dict(
        named
        for part, own in zip(parts, places, strict=True)
        for named in _sloping(part, own, kinds)
    )
    return {
        name: RunningRange(
            column=column,
            lowest=np.full(cells, np.inf),
            highest=np.full(cells, -np.inf),
            truths=kinds.get(name) == "truth",
        )
        for name, column in found.items()
    }


def _sloping(
    part: Mapping[str, Any], places: Sequence[int], kinds: Mapping[str, Kind]
) -> Iterator[tuple[str, int | None]]:
    """Yield columns that are numbers; the effects themselves where they are centred by group."""
    if not part["has_group_means"]:
        yield from ((name, None) for name in part["columns"] if kinds[name] != "text")
        return
    for label, place in zip(part["labels"], places, strict=True):
        if label != names.INTERCEPT:
            yield label, place


class TwoValues:
    """Which columns of the sums have had two values only, as far as was read."""

    def __init__(self, columns: int) -> None:
        self._values: list[set[float] | None] = [set() for _ in range(columns)]

    def add(self, columns: Floats) -> None:
        """Take some rows in, shape (column or more, row)."""
        for place, known in enumerate(self._values):
            if known is None or not columns.shape[1]:
                continue
            column = columns[place]
            known |= {float(column.min()), float(column.max())}
            low, high = min(known), max(known)
            if len(known) > 2 or not ((column == low) | (column == high)).all():
                self._values[place] = None

    def half_ranges(self) -> tuple[float, ...]:
        """Return half the distance of each column's two values, 0 where it has not just two."""
        return tuple((max(own) - min(own)) / 2 if own else 0.0 for own in self._values)
