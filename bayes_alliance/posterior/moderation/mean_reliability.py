"""How well a group's observed mean of a predictor measures the group's true mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MeanReliability:
    """Reliability of the group means of a predictor, if the rows are a sample of each group.

    Parameters
    ----------
    reliability, lower, upper
        ``icc / (icc + (1 - icc) / n)`` and its interval, all 0 to 1; NaN where no group has two
        rows.
    icc
        The predictor's own intraclass correlation.
    caseload
        Rows of a typical group, n.
    groups
        How many groups.
    """

    reliability: float
    lower: float
    upper: float
    icc: float
    caseload: float
    groups: int


def mean_reliability(
    deviations: Array,
    sizes_of_rows: Array,
    means: Array,
    sizes: Array,
    prob: float,
    repeats: Array | float = 1.0,
) -> MeanReliability:
    """Estimate it by the analysis of variance.

    The variance of the means over that of one row is F-distributed up to the factor
    1 - reliability, which gives the interval; for unequal caseloads that holds roughly.

    Parameters
    ----------
    deviations
        Of every row from the mean of its group.
    sizes_of_rows
        Rows of each row's group.
    means, sizes
        Of every group.
    prob
        Probability of the interval, which is equal-tailed.
    repeats
        How many clients each row stands for.
    """
    from scipy import stats

    groups, rows = len(means), sizes.sum()
    freedom = float(np.sum(repeats * (1 - 1 / sizes_of_rows)))
    if freedom <= 0 or groups < 2:
        return MeanReliability(
            reliability=np.nan,
            lower=np.nan,
            upper=np.nan,
            icc=np.nan,
            caseload=float(rows / groups),
            groups=groups,
        )
    within = float(np.sum(repeats * deviations**2)) / freedom
    caseload = float((rows - np.sum(sizes**2) / rows) / (groups - 1))
    between = float(sizes @ (means - sizes @ means / rows) ** 2) / (groups - 1)
    error = within / between if between > 0 else np.inf
    tails = np.array([(1 - prob) / 2, (1 + prob) / 2])
    low, high = (float(own) for own in stats.f.ppf(tails, groups - 1, rows - groups))
    true = max(0.0, between - within) / caseload
    return MeanReliability(
        reliability=max(0.0, 1 - error),
        lower=max(0.0, 1 - error * high),
        upper=max(0.0, 1 - error * low),
        icc=true / (true + within) if true + within > 0 else np.nan,
        caseload=caseload,
        groups=groups,
    )
