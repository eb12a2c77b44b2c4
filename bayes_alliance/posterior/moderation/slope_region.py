"""Where along a moderator the interval of a slope leaves out zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def slope_bounds(b: Array, columns: Array, prob: float) -> Array:
    """Return the ends of the interval of each slope, shape (2, value).

    Parameters
    ----------
    b
        Draws of the coefficients, shape (draw, coefficient).
    columns
        Derivatives of the design, shape (value, coefficient).
    prob
        Probability of the intervals, which are equal-tailed.
    """
    return np.asarray(np.quantile(b @ columns.T, [(1 - prob) / 2, (1 + prob) / 2], axis=0))


def slope_region(b: Array, grid: Array, columns: Array, prob: float) -> pd.DataFrame:
    """Find the stretches of the grid where the interval lies on one side of zero.

    An end inside the grid is where a bound of the interval is zero, found between two neighbouring
    points, where the derivatives are taken to be straight lines: exact for a product term.

    Returns
    -------
    DataFrame
        Columns from, to and sign (1 or -1), one row a stretch.
    """
    import pandas as pd

    lower, upper = slope_bounds(b, columns, prob)
    signs = np.where(lower > 0, 1, np.where(upper < 0, -1, 0))
    places = np.arange(len(grid)).tolist()
    stretches: list[dict[str, Any]] = []
    for sign in (1, -1):
        held = [place for place in places if signs[place] == sign]
        starts = [place for place in held if place == 0 or signs[place - 1] != sign]
        stops = [place for place in held if place == places[-1] or signs[place + 1] != sign]
        for start, stop in zip(starts, stops, strict=True):
            first = start if start == 0 else _crossing(b, columns, prob, sign, start - 1)
            last = stop if stop == places[-1] else _crossing(b, columns, prob, sign, stop)
            ends = np.interp([first, last], places, grid)
            stretches.append({"from": ends[0], "to": ends[1], "sign": sign})
    table = pd.DataFrame(stretches, columns=["from", "to", "sign"])
    return table.sort_values("from", ignore_index=True)


def _crossing(b: Array, columns: Array, prob: float, sign: int, place: int) -> float:
    """Return where the bound next to zero is zero, between a point of the grid and the next."""
    from scipy.optimize import brentq

    own = b @ columns[place : place + 2].T
    tail = (1 - prob) / 2 if sign == 1 else (1 + prob) / 2

    def bound(share: float) -> float:
        return float(np.quantile(own[:, 0] + share * (own[:, 1] - own[:, 0]), tail))

    return place + float(brentq(bound, 0.0, 1.0))
