"""How often each value of a column of numbers occurs, and what the outcome is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Beside:
    """The outcome at each value of another column.

    Parameters
    ----------
    name
        The outcome's column.
    rows
        Rows that have both, shape (value,).
    means
        Mean outcome of these; any number where there are none.
    within
        Sum of squares about that mean.
    """

    name: str
    rows: NDArray[np.int64]
    means: Floats
    within: Floats

    def slope(self, values: Floats, kept: NDArray[np.bool_]) -> float:
        """Return the least squares slope of the outcome on some values; NaN where it has none."""
        x, rows, y = values[kept], self.rows[kept].astype(float), self.means[kept]
        if not rows.sum():
            return float("nan")
        centred = x - rows @ x / rows.sum()
        length = float(rows @ centred**2)
        return float((rows * centred) @ y / length) if length > 0 else float("nan")


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """The values of a column, and how many rows have each.

    Parameters
    ----------
    name
        The column.
    values
        Its finite values in order, shape (value,).
    rows
        How many rows have each, shape (value,).
    beside
        The outcome there; None where the column is the outcome, or where none is known.
    """

    name: str
    values: Floats
    rows: NDArray[np.int64]
    beside: Beside | None = None

    def mean(self, kept: NDArray[np.bool_] | None = None) -> float:
        """Return the mean of the rows, or of those with some of the values."""
        values, rows = self.values, self.rows
        if kept is not None:
            values, rows = values[kept], rows[kept]
        return float(rows @ values / rows.sum())

    def moment(self, power: int) -> float:
        """Return the mean of a power of the distances from the mean."""
        return float(self.rows @ (self.values - self.mean()) ** power / self.rows.sum())

    @property
    def sd(self) -> float:
        """The standard deviation of the rows."""
        return float(np.sqrt(self.moment(2)))


def tally_numbers(
    name: str, values: Floats, outcome: Floats | None = None, outcome_name: str = ""
) -> Tally:
    """Count the finite values of a column.

    Parameters
    ----------
    name, values
        The column; not a number where one is missing.
    outcome, outcome_name
        The outcome of the same rows, where it is to be beside.
    """
    known = np.isfinite(values)
    found, place, rows = np.unique(values[known], return_inverse=True, return_counts=True)
    beside = None if outcome is None else _beside(outcome_name, place, len(found), outcome[known])
    return Tally(name=name, values=found, rows=rows.astype(np.int64), beside=beside)


def _beside(name: str, place: NDArray[Any], values: int, y: Floats) -> Beside:
    known = ~np.isnan(y)
    place, y = place[known], y[known]
    rows = np.bincount(place, minlength=values)
    means = np.bincount(place, y, minlength=values) / np.maximum(rows, 1)
    within = np.bincount(place, (y - means[place]) ** 2, minlength=values)
    return Beside(name=name, rows=rows.astype(np.int64), means=means, within=within)
