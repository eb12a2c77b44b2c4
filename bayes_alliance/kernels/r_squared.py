"""The variance a multilevel model implies, taken apart by level and by source, per draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
# What is smaller, relative to the column, is rounding: a centred column varies within groups only.
_ROUNDING = 1e-12


def weighted_means(columns: Array, weights: Array) -> Array:
    """Return the mean of every column, each row counting as often as its weight says."""
    means = weights @ columns / weights.sum()
    largest = np.abs(columns).max(axis=0)
    return np.asarray(np.where(np.abs(means) > _ROUNDING * largest, means, 0.0))


def level_covariances(columns: Array, groups: Sequence[Index], weights: Array) -> Array:
    """Split columns into what varies at each level, and return the covariances of each part.

    A column is the sum of its deviations from the means of the lowest groups, of the deviations
    of those means from the means of the next groups, and so on up to the overall mean. The parts
    are uncorrelated between levels, so the matrices add up to the columns' total covariance.

    Parameters
    ----------
    columns
        Shape (row, column).
    groups
        The group of every row, one entry a factor, the lowest first; each lies in the next.
    weights
        How often each row counts, shape (row,).

    Returns
    -------
    Array
        Shape (level, column, column), over rows with n - 1: level 0 is that of the rows.
    """
    columns = columns - columns[:1]  # makes the variance of a constant zero without rounding
    means = [_group_means(columns, group, weights)[group] for group in groups]
    above = [*means, weighted_means(columns, weights)[None, :]]
    parts = [part - mean for part, mean in zip([columns, *means], above, strict=True)]
    rows = weights.sum() - 1
    found = np.stack([(weights[:, None] * part).T @ part / rows for part in parts])
    variances = np.diagonal(found, axis1=1, axis2=2)
    there = variances > _ROUNDING**2 * variances.sum(axis=0)
    return np.asarray(np.where(there[:, :, None] & there[:, None, :], found, 0.0))


def _group_means(columns: Array, group: Index, weights: Array) -> Array:
    sizes = np.bincount(group, weights=weights)
    sums = [np.bincount(group, weights=weights * column) for column in columns.T]
    return np.column_stack([np.zeros((len(sizes), 0)), *sums]) / sizes[:, None]


def level_of_each(covariances: Array, tolerance: float) -> Index:
    """Return the level at which each column varies: -1 if nowhere, -2 if at several.

    Parameters
    ----------
    covariances
        Shape (level, column, column).
    tolerance
        Share of a column's variance that may lie at other levels.
    """
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    totals = variances.sum(axis=0)
    shares = variances / np.where(totals > 0, totals, 1.0)
    level = np.where(shares.max(axis=0, initial=0.0) >= 1 - tolerance, shares.argmax(axis=0), -2)
    return np.asarray(np.where(totals > 0, level, -1), dtype=np.int64)


def explained_by_coefficients(b: Array, covariance: Array) -> Array:
    """Return ``b' S b`` for coefficients of shape (..., column)."""
    return np.asarray(np.einsum("...i,ij,...j->...", b, covariance, b))


def explained_by_slopes(effects: Array, covariance: Array) -> Array:
    """Return ``tr(T S)`` for covariance matrices of group effects, shape (..., effect, effect)."""
    return np.asarray(np.einsum("...ij,ij->...", effects, covariance))


def explained_by_means(effects: Array, means: Array) -> Array:
    """Return ``z' T z`` at the means z of the columns whose effects vary between groups."""
    return np.asarray(np.einsum("i,...ij,j->...", means, effects, means))
