"""Statistics of outcomes by which simulated data are held against observed ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# From outcomes, (draw, row), and how much each row counts, or None, to one number a draw by name.
OfRows = Callable[[Array, Array | None], dict[str, Array]]

SMALL_SHARE = 0.05  # a small difference of two shares
# Half of what Cohen calls a small effect, in standard deviations of the outcome.
_SMALL_IN_SDS = 0.1


def tenth_of_sd(y: Array) -> float:
    """Return a small difference of two means: a tenth of the outcome's standard deviation."""
    return float(_SMALL_IN_SDS * y.std())


@dataclass(frozen=True, kw_only=True)
class RowStatistic:
    """Statistics of all rows together, about one aspect of the outcome.

    Parameters
    ----------
    aspect
        Where the rows lie, or how they are distributed.
    of
        The statistics, by their names.
    small
        A difference up to this is small, in the unit of the statistics.
    """

    aspect: Literal["level", "distribution"]
    of: OfRows
    small: float

    def counted(self, counts: Array | None) -> Callable[[Array], dict[str, Array]]:
        """Return the statistics of rows that count so much each."""
        return lambda y: self.of(y, counts)


def mean_and_sd(y: Array, counts: Array | None) -> dict[str, Array]:
    """Return mean and standard deviation."""
    mean = np.average(y, axis=1, weights=counts)
    each = np.ones(y.shape[1]) if counts is None else counts
    squares = (y - mean[:, None]) ** 2 @ each
    return {"mean": mean, "sd": np.sqrt(squares / (each.sum() - 1))}


def mean_only(y: Array, counts: Array | None) -> dict[str, Array]:
    """Return the mean."""
    return {"mean": np.average(y, axis=1, weights=counts)}


def sd_only(y: Array, counts: Array | None) -> dict[str, Array]:
    """Return the standard deviation."""
    return {"sd": mean_and_sd(y, counts)["sd"]}


def smallest_and_largest(y: Array, counts: Array | None) -> dict[str, Array]:
    """Return the ends."""
    return {"smallest value": y.min(axis=1), "largest value": y.max(axis=1)}


def largest(y: Array, counts: Array | None) -> dict[str, Array]:
    """Return the upper end."""
    return {"largest value": y.max(axis=1)}


def shares(values: Sequence[tuple[float, str]]) -> OfRows:
    """Return the statistics that are the share of each of some coded values, named beside it."""
    return partial(_shares, values)


def _shares(
    values: Sequence[tuple[float, str]], y: Array, counts: Array | None
) -> dict[str, Array]:
    return {
        f"share of {name}": np.average(y == value, axis=1, weights=counts) for value, name in values
    }
