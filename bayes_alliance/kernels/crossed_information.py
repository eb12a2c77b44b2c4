"""The Schur complement: what the data say about dense effects and coefficients together.

Rows and columns are the dense effects u (all factors but the eliminated one), then the
integrated coefficients b. Effects are written ``u = factor v`` with v standard normal a priori,
so that no covariance matrix of effects is ever inverted.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.crossed_problem import CrossedArrays
from bayes_alliance.kernels.envelope import factor_within, invert_within
from bayes_alliance.kernels.triangular import add_multiple, dot, multiply_by_inverse


@compiled_inside
def whiten_along(crossed: CrossedArrays, inverse: Floats) -> Floats:
    """Whiten the active dense effects of every eliminated group."""
    q, n_active = crossed.along.shape
    white = np.zeros((q, n_active))
    for j in range(inverse.shape[2]):
        for a in range(q):
            for b in range(a + 1):
                for t in range(crossed.start[j], crossed.start[j + 1]):
                    white[a, t] += inverse[a, b, j] * crossed.along[b, t]
    return white


@compiled_inside
def information(
    crossed: CrossedArrays, residual: Floats, along: Floats, white: Floats, s2: float
) -> Floats:
    """Cross products of dense effects, coefficients and outcome, given the eliminated factor.

    Parameters
    ----------
    residual
        Cross products off the root, the sampled part folded into the outcome.
    along, white
        Whitened active effects, and whitened coefficient columns and outcome.
    """
    q, width, _ = white.shape
    total = np.empty_like(residual)
    for r in range(total.shape[0]):
        for c in range(total.shape[0]):
            total[r, c] = residual[r, c] / s2
    dense = total.shape[0] - width
    for j in range(white.shape[2]):
        begin, stop = crossed.start[j], crossed.start[j + 1]
        for a in range(q):
            for t in range(begin, stop):
                value = along[a, t]
                row = crossed.active[t]
                for s in range(begin, t + 1):
                    total[row, crossed.active[s]] += value * along[a, s]
                for c in range(width):
                    total[dense + c, row] += value * white[a, c, j]
    for c in range(width):
        for d in range(c + 1):
            for a in range(q):
                total[dense + c, dense + d] += dot(white[a, c], white[a, d])
    for r in range(total.shape[0]):
        for c in range(r):
            total[c, r] = total[r, c]
    return total


@compiled_inside
def eliminated_factor(crossed: CrossedArrays, factors: Floats) -> Floats:
    """Copy the factor of the eliminated grouping factor out of the stack."""
    q = crossed.arrays.root.shape[0]
    own = np.empty((q, q))
    for a in range(q):
        for b in range(q):
            own[a, b] = factors[crossed.eliminated, a, b]
    return own


@compiled_inside
def scale_columns(crossed: CrossedArrays, factors: Floats, matrix: Floats) -> None:
    """Multiply the dense-effect part of every row by the factors, group by group."""
    space = np.empty(factors.shape[1])
    for f in range(crossed.base.shape[0]):
        q = crossed.effects[f]
        if crossed.base[f] < 0:
            continue
        for g in range(crossed.groups[f]):
            first = crossed.base[f] + g * q
            for r in range(matrix.shape[0]):
                for a in range(q):
                    space[a] = 0.0
                    for b in range(q):
                        space[a] += factors[f, a, b] * matrix[r, first + b]
                for a in range(q):
                    matrix[r, first + a] = space[a]


@compiled_inside
def scale_rows(crossed: CrossedArrays, factors: Floats, matrix: Floats) -> None:
    """Multiply the dense-effect rows of a matrix by the factors, group by group."""
    space = np.empty((factors.shape[1], matrix.shape[1]))
    for f in range(crossed.base.shape[0]):
        q = crossed.effects[f]
        if crossed.base[f] < 0:
            continue
        for g in range(crossed.groups[f]):
            first = crossed.base[f] + g * q
            for a in range(q):
                for c in range(matrix.shape[1]):
                    space[a, c] = 0.0
                for b in range(q):
                    add_multiple(space[a], factors[f, a, b], matrix[first + b])
            for a in range(q):
                for c in range(matrix.shape[1]):
                    matrix[first + a, c] = space[a, c]


@compiled_inside
def solve_dense(
    crossed: CrossedArrays,
    factors: Floats,
    total: Floats,
    mean: Floats,
    inverse_root: Floats,
    estimate: Floats,
) -> float:
    """Find the conditional mean of ``(v, b)`` and the precision.

    Parameters
    ----------
    factors
        Lower factors of every G, shape (F, q, q).
    total
        From :func:`information`.
    mean
        Prior mean of the coefficients.
    inverse_root, estimate
        Written: inverse of the precision's lower factor, and the mean.

    Returns
    -------
    float
        Log determinant of the precision.
    """
    size = estimate.shape[0]
    dense = size - mean.shape[0]
    turned = np.empty_like(factors)
    for f in range(factors.shape[0]):
        for a in range(factors.shape[1]):
            for b in range(factors.shape[1]):
                turned[f, a, b] = factors[f, b, a]
    right = np.empty((1, size))
    for r in range(size):
        right[0, r] = total[size, r]
        for c in range(size):
            inverse_root[r, c] = total[r, c]
    scale_columns(crossed, turned, inverse_root)
    scale_rows(crossed, turned, inverse_root)
    scale_columns(crossed, turned, right)
    for r in range(dense):
        inverse_root[r, r] += 1.0
    precision = crossed.arrays.prior_precision
    for c in range(size - dense):
        for d in range(size - dense):
            inverse_root[dense + c, dense + d] += precision[c, d]
            right[0, dense + c] += precision[c, d] * mean[d]
    log_determinant = factor_within(inverse_root, crossed.first)
    invert_within(inverse_root, crossed.first, crossed.reach)
    multiply_by_inverse(inverse_root, right[0], estimate)
    return log_determinant
