"""How far the distribution function of uniform ranks strays, at all its points together."""

from __future__ import annotations

from functools import cache

import numpy as np

_STEPS = 12


@cache
def pointwise_limit(data_sets: int, kept: int, alpha: float) -> float:
    """Return the two-sided tail probability that uniform ranks undercut with probability alpha.

    It lies between alpha over the number of points and alpha, and is found by bisection on the
    exact probability of staying inside the band at every point.
    """
    low, high = np.log(alpha / kept), np.log(alpha)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _leaves_band(data_sets, kept, float(np.exp(middle))) <= alpha:
            low = middle
        else:
            high = middle
    return float(np.exp(low))


def _leaves_band(data_sets: int, kept: int, tail: float) -> float:
    """Return the probability that uniform ranks leave the pointwise band at any point.

    The counts below the points are a Markov chain with binomial steps; what is inside the band
    is carried along.
    """
    from scipy.stats import binom

    points = np.arange(1, kept + 1) / (kept + 1)
    lowest = np.asarray(binom.ppf(tail / 2, data_sets, points), dtype=np.int64)
    highest = np.asarray(binom.isf(tail / 2, data_sets, points), dtype=np.int64)
    counts, inside = np.zeros(1, dtype=np.int64), np.ones(1)
    before = 0.0
    for point, first, last in zip(points, lowest, highest, strict=True):
        following = np.arange(first, last + 1)
        steps = following[:, None] - counts[None, :]
        share = (point - before) / (1 - before)
        inside = binom.pmf(steps, (data_sets - counts)[None, :], share) @ inside
        counts, before = following, point
    return float(1 - inside.sum())
