"""The probability that independent thresholds come out in their order."""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma

import numpy as np

from bayes_alliance.model.prior import Prior

_POINTS = 200_001
_TAIL = 1e-9


def log_ordered_mass(priors: Sequence[Prior]) -> float:
    """Return the log probability that draws from the priors, in turn, are increasing.

    It is one over the factorial of their number where they are all alike; else it is integrated
    on a fine grid, one threshold after the other.
    """
    if len(set(priors)) == 1:
        return -lgamma(len(priors) + 1)
    frozen = [prior.frozen for prior in priors]
    # Evenly spaced in rank, so that long tails and narrow priors are both seen well.
    ranks = np.linspace(_TAIL, 1 - _TAIL, _POINTS // len(frozen))
    grid = np.unique(np.concatenate([f.ppf(ranks) for f in frozen]))
    below = np.ones_like(grid)
    for distribution in frozen:
        # The chance that this one falls into a step, times that of the others lying below it.
        steps = np.diff(distribution.cdf(grid)) * 0.5 * (below[1:] + below[:-1])
        below = np.concatenate([[0.0], np.cumsum(steps)])
    return float(np.log(below[-1]))
