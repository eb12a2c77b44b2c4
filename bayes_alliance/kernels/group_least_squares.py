"""Least squares within each group alone: what a group's own rows say, nothing borrowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_SINGULAR = 1e-9


def sums_by_group(values: Array, columns: Array, group: NDArray[np.int64], groups: int) -> Array:
    """Return the sum over each group's rows of values times each column, shape (group, column)."""
    return np.stack([np.bincount(group, own * values, groups) for own in columns.T], axis=1)


def products_by_group(
    columns: Array, group: NDArray[np.int64], groups: int, weights: Array
) -> Array:
    """Return each group's weighted cross products of the columns, shape (group, column, column)."""
    rows = [sums_by_group(weights * own, columns, group, groups) for own in columns.T]
    return np.stack(rows, axis=1)


def least_squares_by_group(
    outcome: Array, columns: Array, group: NDArray[np.int64], groups: int, weights: Array
) -> Array:
    """Return the coefficients of the columns in every group, shape (group, column).

    Parameters
    ----------
    outcome
        Shape (row,).
    columns
        Shape (row, column).
    group
        Group of each row, from 0.
    groups
        How many groups there are.
    weights
        Shape (row,).

    Returns
    -------
    Array
        NaN for groups whose rows cannot tell: too few of them, or a column that does not vary.
    """
    width = columns.shape[1]
    products = products_by_group(columns, group, groups, weights)
    sums = sums_by_group(outcome, weights[:, None] * columns, group, groups)
    scale = np.sqrt(np.einsum("gii->gi", products))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = products / scale[:, :, None] / scale[:, None, :]
    known = np.linalg.eigvalsh(scaled)[:, 0] > _SINGULAR
    safe = np.where(known[:, None, None], scaled, np.eye(width))
    found = np.linalg.solve(safe, (sums / scale)[..., None])[..., 0] / scale
    return np.where(known[:, None], found, np.nan)
