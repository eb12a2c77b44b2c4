"""From numbers that may be anything to standard deviations and correlations, and back.

One grouping factor takes a stretch of the parameter vector: ``log tau`` of its q effects, then
the atanh of the canonical partial correlations of each block of correlated effects, row by row
below the diagonal. A block of one effect has none. Every Jacobian is that of
``(log tau, z) -> (tau, R)``, R by its entries below the diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance.kernels.compiled import Floats, Integers, compiled, compiled_inside

_LOG_TWO = float(np.log(2.0))
Array = NDArray[np.float64]
# Correlations that rounding has made impossible are drawn in by this much.
_DRAWN_IN = 1e-13


@compiled
def count_parameters(blocks: Integers) -> int:
    """Length of a factor's stretch, for the sizes of its blocks of correlated effects."""
    total = 0
    for size in blocks:
        total += size + size * (size - 1) // 2
    return total


@compiled
def log_sech_squared(z: float) -> float:
    """Compute ``log(1 - tanh(z)^2)`` without losing digits at large z."""
    return float(2.0 * (_LOG_TWO - abs(z) - np.log1p(np.exp(-2.0 * abs(z)))))


@compiled
def constrain(
    theta: Floats, start: int, blocks: Integers, tau: Floats, correlation_factor: Floats
) -> float:
    """Write standard deviations and the lower factor of R; return the log Jacobian.

    Parameters
    ----------
    theta
        The whole parameter vector.
    start
        Where the factor's stretch begins.
    blocks
        Sizes of the blocks of correlated effects, adding up to q.
    tau, correlation_factor
        Written: shapes (q,) and (q, q).
    """
    q = tau.shape[0]
    log_jacobian = 0.0
    for a in range(q):
        tau[a] = np.exp(theta[start + a])
        log_jacobian += theta[start + a]
    correlation_factor[:] = 0.0
    position = start + q
    first = 0
    for size in blocks:
        for i in range(size):
            left = 1.0
            for k in range(i):
                log_rest = log_sech_squared(theta[position])
                correlation_factor[first + i, first + k] = np.tanh(theta[position]) * left
                left *= np.exp(0.5 * log_rest)
                log_jacobian += (0.5 * (size - 2 - k) + 1.0) * log_rest
                position += 1
            correlation_factor[first + i, first + i] = left
        first += size
    return log_jacobian


@compiled_inside
def scale_rows(tau: Floats, correlation_factor: Floats, factor: Floats) -> None:
    """Write ``diag(tau) correlation_factor``, the lower factor of G."""
    for a in range(tau.shape[0]):
        for b in range(tau.shape[0]):
            factor[a, b] = tau[a] * correlation_factor[a, b]


@compiled_inside
def factor_slope(d_covariance: Floats, factor: Floats, d_factor: Floats) -> None:
    """Turn the slope in ``G = factor factor'`` into the slope in the lower factor."""
    q = factor.shape[0]
    for a in range(q):
        for b in range(q):
            entry = 0.0
            for k in range(q):
                entry += d_covariance[a, k] * factor[k, b]
            d_factor[a, b] = 2.0 * entry


@compiled_inside
def add_slope(
    theta: Floats,
    start: int,
    blocks: Integers,
    n_effects: int,
    factor: Floats,
    d_factor: Floats,
    gradient: Floats,
) -> None:
    """Add to ``gradient`` what a slope in the lower factor of G means for the stretch.

    The slope of the log Jacobian of :func:`constrain` is added too.
    """
    for a in range(n_effects):
        entry = 1.0
        for b in range(a + 1):
            entry += factor[a, b] * d_factor[a, b]
        gradient[start + a] += entry
    position = start + n_effects
    first = 0
    for size in blocks:
        for i in range(size):
            row = first + i
            left = _row_length(factor, row)
            for k in range(i):
                column = first + k
                partial = np.tanh(theta[position])
                rest = np.exp(log_sech_squared(theta[position]))
                entry = d_factor[row, column] * left * rest
                for m in range(column + 1, row + 1):
                    entry -= partial * d_factor[row, m] * factor[row, m]
                gradient[position] += entry - (size - k) * partial
                left *= np.sqrt(rest)
                position += 1
        first += size


@compiled_inside
def _row_length(factor: Floats, row: int) -> float:
    """Length of a row of the lower factor: the effect's standard deviation."""
    total = 0.0
    for b in range(row + 1):
        total += factor[row, b] * factor[row, b]
    return float(np.sqrt(total))


@compiled
def lkj(theta: Floats, start: int, size: int, eta: float, gradient: Floats) -> float:
    """Log density of one block's correlation matrix under LKJ(eta), normalised.

    The density is that of R by its entries below the diagonal; no Jacobian is in it. Its slope
    is added to ``gradient``.

    Parameters
    ----------
    start
        Where the block's partial correlations begin.
    size
        Number of effects of the block.
    """
    total = 0.0
    position = start
    for i in range(size):
        for k in range(i):
            alpha = eta + 0.5 * (size - 2 - k)
            log_beta = 2.0 * lgamma(alpha) - lgamma(2.0 * alpha)
            total -= (2.0 * alpha - 1.0) * _LOG_TWO + log_beta
            total += (eta - 1.0) * log_sech_squared(theta[position])
            gradient[position] -= 2.0 * (eta - 1.0) * np.tanh(theta[position])
            position += 1
    return total


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
