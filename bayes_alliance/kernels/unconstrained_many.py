"""Correlations to unconstrained numbers and back, for many draws at a time, in plain numpy.

The numbers are those of :mod:`bayes_alliance.kernels.unconstrained`: the atanh of the canonical
partial correlations of each block, row by row below the diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
# Correlations that rounding has made impossible are drawn in by this much.
_DRAWN_IN = 1e-13


def partials_of(correlation: Array, blocks: Sequence[int]) -> Array:
    """Return the unconstrained numbers of correlation matrices.

    Parameters
    ----------
    correlation
        Shape (draw, q, q); effects of different blocks are uncorrelated.
    blocks
        Sizes of the blocks, adding up to q.

    Returns
    -------
    Array
        Shape (draw, z); z is 0 where every block has one effect.
    """
    eye = np.eye(correlation.shape[-1])
    root = np.linalg.cholesky((1 - _DRAWN_IN) * correlation + _DRAWN_IN * eye)
    columns = []
    for first, size in zip(_starts(blocks), blocks, strict=True):
        for i in range(1, size):
            row = root[:, first + i, first : first + i + 1]
            # What is left of the unit row from each place on.
            rest = np.sqrt(np.cumsum(row[:, ::-1] ** 2, axis=1)[:, ::-1])
            columns.append(np.arcsinh(row[:, :i] / rest[:, 1:]))
    return np.concatenate(columns, axis=1) if columns else np.zeros((len(correlation), 0))


def roots_of(partials: Array, blocks: Sequence[int]) -> Array:
    """Return the lower factors of the correlation matrices, shape (draw, q, q)."""
    root = np.zeros((len(partials), sum(blocks), sum(blocks)))
    position = 0
    for first, size in zip(_starts(blocks), blocks, strict=True):
        for i in range(size):
            z = partials[:, position : position + i]
            left = np.exp(0.5 * np.cumsum(_log_sech_squared(z), axis=1))
            root[:, first + i, first + i] = left[:, -1] if i else 1.0
            before = np.concatenate([np.ones((len(z), 1)), left], axis=1)[:, :i]
            root[:, first + i, first : first + i] = np.tanh(z) * before
            position += i
    return root


def log_correlation_prior(partials: Array, blocks: Sequence[int], eta: float) -> Array:
    """Return the log LKJ(eta) density of the unconstrained numbers themselves, normalised.

    The Jacobian of the map to the correlations is in it: each atanh of a partial correlation has
    the density of a scaled Beta variable's.
    """
    total = np.zeros(len(partials))
    position = 0
    for size in blocks:
        for i in range(size):
            z = partials[:, position : position + i]
            alpha = eta + 0.5 * (size - 2 - np.arange(i))
            constant = special.betaln(alpha, alpha) + (2 * alpha - 1) * np.log(2.0)
            total += (alpha * _log_sech_squared(z) - constant).sum(axis=1)
            position += i
    return total


def _log_sech_squared(z: Array) -> Array:
    """Compute ``log(1 - tanh(z)^2)`` without losing digits at large z."""
    size = np.abs(z)
    return np.asarray(2.0 * (np.log(2.0) - size - np.log1p(np.exp(-2.0 * size))))


def _starts(blocks: Sequence[int]) -> list[int]:
    return [sum(blocks[:k]) for k in range(len(blocks))]
