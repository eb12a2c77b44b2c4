"""Means and covariances of design columns over all rows, from the sums of a stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.cell_sums import CellSums

Floats = NDArray[np.float64]


def column_moments(sums: CellSums, places: Sequence[int]) -> tuple[Floats, Floats]:
    """Return mean, shape (column,), and covariance with n, shape (column, column).

    Parameters
    ----------
    sums
        The sums of all cells.
    places
        Place of each column among those of the sums; -1 is the constant.
    """
    mean, weight = sums.total_mean, sums.weight
    between = sums.mean - mean
    covariance = sums.products.sum(axis=0) + (between.T * weight) @ between
    # The constant stands behind all others, where -1 finds it.
    mean = np.append(mean, 1.0)
    covariance = np.pad(covariance / weight.sum(), (0, 1))
    chosen = list(places)
    return mean[chosen], covariance[np.ix_(chosen, chosen)]
