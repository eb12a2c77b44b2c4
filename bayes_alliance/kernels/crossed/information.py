"""The Schur complement: what the data say about dense effects and coefficients together.

Rows and columns are the dense effects u (all factors but the eliminated one), then the
integrated coefficients b. Effects are written ``u = factor v`` with v standard normal a priori,
so that no covariance matrix of effects is ever inverted.

A matrix of the effects is stored as in :mod:`bayes_alliance.kernels.envelope`, each row up to the
end of its group's block on the diagonal (``complete_blocks``), so that it can be multiplied from
either side.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.crossed.problem import CrossedArrays
from bayes_alliance.kernels.envelope import factor_within, invert_within, solve_within
from bayes_alliance.kernels.one_factor.coefficients import write_outcome
from bayes_alliance.kernels.triangular import add_multiple, dot


@compiled_inside
def complete_blocks(crossed: CrossedArrays, matrix: Floats) -> None:
    """Fill the block of each group above the diagonal."""
    at = crossed.at
    for k in range(crossed.block_factor.shape[0]):
        first, stop = crossed.block_start[k], crossed.block_start[k + 1]
        for a in range(first, stop):
            for b in range(first, a):
                matrix[at[b] + a] = matrix[at[a] + b]


@compiled_inside
def scale_vector(crossed: CrossedArrays, factors: Floats, vector: Floats) -> None:
    """Multiply the effects of every group by their factor."""
    space = np.empty(factors.shape[1])
    for k in range(crossed.block_factor.shape[0]):
        first, stop = crossed.block_start[k], crossed.block_start[k + 1]
        _scale(factors[crossed.block_factor[k]], vector[first:stop], space)


@compiled_inside
def scale_columns(crossed: CrossedArrays, factors: Floats, matrix: Floats) -> None:
    """Multiply a matrix by the transposed factors from the right."""
    space = np.empty(factors.shape[1])
    for r in range(crossed.reach.shape[0]):
        row = crossed.at[r]
        for k in range(*blocks_within(crossed, r)):
            first, stop = row + crossed.block_start[k], row + crossed.block_start[k + 1]
            _scale(factors[crossed.block_factor[k]], matrix[first:stop], space)


@compiled_inside
def scale_rows(crossed: CrossedArrays, factors: Floats, matrix: Floats) -> None:
    """Multiply a matrix by the factors from the left."""
    at = crossed.at
    space = np.empty((factors.shape[1], crossed.reach.shape[0]))
    for k in range(crossed.block_factor.shape[0]):
        factor = factors[crossed.block_factor[k]]
        first, stop = crossed.block_start[k], crossed.block_start[k + 1]
        begin = crossed.reach[first]
        for a in range(stop - first):
            space[a, begin:stop] = 0.0
            for b in range(stop - first):
                row = matrix[at[first + b] + begin : at[first + b] + stop]
                add_multiple(space[a, begin:stop], factor[a, b], row)
        for a in range(stop - first):
            matrix[at[first + a] + begin : at[first + a] + stop] = space[a, begin:stop]


@compiled_inside
def blocks_within(crossed: CrossedArrays, row: int) -> tuple[int, int]:
    """Return which blocks a row reaches, its own included: from, and up to."""
    n_blocks = crossed.block_factor.shape[0]
    if n_blocks == 0:
        return 0, 0
    return crossed.block_of[crossed.reach[row]], min(crossed.block_of[row] + 1, n_blocks)


@compiled_inside
def _scale(factor: Floats, vector: Floats, space: Floats) -> None:
    """Multiply a vector by the leading part of a factor."""
    q = vector.shape[0]
    for a in range(q):
        space[a] = 0.0
        for b in range(q):
            space[a] += factor[a, b] * vector[b]
    for a in range(q):
        vector[a] = space[a]


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
def off_less_sampled(crossed: CrossedArrays, sampled: Floats) -> Floats:
    """Take the sampled part off the outcome in the cross products off the root, compact."""
    if sampled.shape[0] == 0:
        return crossed.off
    off = crossed.off.copy()
    values = sampled - crossed.arrays.sampled_origin
    write_outcome(crossed.arrays.residual, values, off[crossed.at[crossed.reach.shape[0]] :])
    return off


@compiled_inside
def information(
    crossed: CrossedArrays, residual: Floats, along: Floats, white: Floats, s2: float
) -> Floats:
    """Cross products of dense effects, coefficients and outcome, given the eliminated factor.

    Parameters
    ----------
    residual
        Cross products off the root, the sampled part folded into the outcome, compact.
    along, white
        Whitened active effects, and whitened coefficient columns and outcome.
    """
    q, width, _ = white.shape
    at = crossed.at
    total = residual / s2
    dense = crossed.reach.shape[0] + 1 - width
    for j in range(white.shape[2]):
        begin, stop = crossed.start[j], crossed.start[j + 1]
        for a in range(q):
            for t in range(begin, stop):
                value = along[a, t]
                row = crossed.active[t]
                for s in range(begin, t + 1):
                    total[at[row] + crossed.active[s]] += value * along[a, s]
                for c in range(width):
                    total[at[dense + c] + row] += value * white[a, c, j]
    for c in range(width):
        for d in range(c + 1):
            for a in range(q):
                total[at[dense + c] + dense + d] += dot(white[a, c], white[a, d])
    complete_blocks(crossed, total)
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
    reach, at = crossed.reach, crossed.at
    turned = np.ascontiguousarray(np.transpose(factors, (0, 2, 1)))
    right = total[at[size] : at[size] + size].copy()
    for r in range(size):
        for c in range(reach[r], r + 1):
            inverse_root[at[r] + c] = total[at[r] + c]
    complete_blocks(crossed, inverse_root)
    scale_columns(crossed, turned, inverse_root)
    scale_rows(crossed, turned, inverse_root)
    scale_vector(crossed, turned, right)
    for r in range(dense):
        inverse_root[at[r] + r] += 1.0
    precision = crossed.arrays.prior_precision
    for c in range(size - dense):
        for d in range(size - dense):
            right[dense + c] += precision[c, d] * mean[d]
        for d in range(c + 1):
            inverse_root[at[dense + c] + dense + d] += precision[c, d]
    log_determinant = factor_within(inverse_root, crossed.first, at)
    invert_within(inverse_root, crossed.first, reach, at)
    solve_within(inverse_root, reach, at, right, estimate)
    return log_determinant
