"""Variance shares per draw, from standard deviations and correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def effect_covariance(sd: Array, cor: Array | None, pairs: Sequence[tuple[int, int]]) -> Array:
    """Return the covariance matrix of a group's effects for every draw.

    Parameters
    ----------
    sd
        Standard deviations, shape (..., effect).
    cor
        Correlations, shape (..., pair); None where there is no pair.
    pairs
        The two effects of each pair; effects of no pair are uncorrelated.

    Returns
    -------
    Array
        Shape (..., effect, effect).
    """
    effects = sd.shape[-1]
    matrix = np.broadcast_to(np.eye(effects), (*sd.shape, effects)).copy()
    for k, (first, second) in enumerate(pairs):
        if cor is not None:
            matrix[..., first, second] = matrix[..., second, first] = cor[..., k]
    return np.asarray(matrix * sd[..., :, None] * sd[..., None, :])


def variance_along(covariance: Array, rows: Array) -> Array:
    """Return ``z' G z`` for several effect rows, shape (..., row), from rows (row, effect)."""
    return np.asarray(np.einsum("vi,...ij,vj->...v", rows, covariance, rows, optimize=True))


def second_moments(rows: Array, weights: Array | None = None) -> Array:
    """Return the weighted mean of ``z z'`` over rows (row, effect), shape (effect, effect)."""
    scaled = rows if weights is None else rows * weights[:, None]
    count = len(rows) if weights is None else weights.sum()
    return np.asarray(scaled.T @ rows / count)


def averaged_variance(covariance: Array, moments: Array) -> Array:
    """Return ``tr(G E[zz'])``: the mean of ``z' G z`` over the rows the moments are of."""
    return np.asarray(np.einsum("...ij,ij->...", covariance, moments))


def row_covariance(rows: Array, weights: Array | None = None) -> Array:
    """Return the covariance of columns over rows that count ``weights`` times, with n - 1."""
    count = len(rows) if weights is None else weights.sum()
    mean = np.average(rows, axis=0, weights=weights)
    return second_moments(rows - mean, weights) * count / (count - 1)
