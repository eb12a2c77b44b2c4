"""The coefficients given all groups but one, for every group in turn: the inside of a draw.

What the other groups say is added up from both ends, never by taking a group off a total, so
that no digit is lost where one group knows nearly everything.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.one_factor.coefficients import fold_sampled, whiten_problem
from bayes_alliance.kernels.one_factor.problem import Arrays
from bayes_alliance.kernels.triangular import (
    cholesky_in_place,
    invert_lower_in_place,
    multiply,
    multiply_by_inverse,
)
from bayes_alliance.kernels.whitening import factor_groups


@compiled_inside
def cross_products_by_group(
    arrays: Arrays,
    residual: Floats,
    s2: float,
    factor: Floats,
    sampled: Floats,
    inverse: Floats,
    cross: Floats,
) -> Floats:
    """Write ``[X_j, y_j]' V_j^-1 [X_j, y_j]`` of every group; return the prior mean."""
    q, width, n_groups = arrays.columns.shape
    white = np.empty((q, width, n_groups))
    factor_groups(arrays.root, arrays.root_determinant, factor, s2, inverse)
    mean = whiten_problem(arrays, sampled, inverse, white)
    values = sampled - arrays.sampled_origin
    for j in range(n_groups):
        own = fold_sampled(residual[j], values)
        for c in range(width):
            for d in range(c + 1):
                entry = own[c, d] / s2
                for a in range(q):
                    entry += white[a, c, j] * white[a, d, j]
                cross[j, c, d] = entry
                cross[j, d, c] = entry
    return mean


@compiled_inside
def leave_each_out(
    arrays: Arrays,
    mean: Floats,
    cross: Floats,
    estimate: Floats,
    spread: Floats,
    log_precision: Floats,
) -> None:
    """Write the coefficients' mean, inverse factor and log precision without each group."""
    n_groups, width, _ = cross.shape
    p = width - 1
    before = np.zeros((n_groups, p, width))
    for j in range(1, n_groups):
        for c in range(p):
            for d in range(width):
                before[j, c, d] = before[j - 1, c, d] + cross[j - 1, c, d]
    after = np.empty((p, width))
    right = np.empty(p)
    pull = multiply(arrays.prior_precision, mean)
    for c in range(p):
        after[c, p] = pull[c]
        for d in range(p):
            after[c, d] = arrays.prior_precision[c, d]
    for j in range(n_groups - 1, -1, -1):
        for c in range(p):
            right[c] = before[j, c, p] + after[c, p]
            for d in range(p):
                spread[j, c, d] = before[j, c, d] + after[c, d]
            for d in range(width):
                after[c, d] += cross[j, c, d]
        log_precision[j] = cholesky_in_place(spread[j])
        invert_lower_in_place(spread[j])
        multiply_by_inverse(spread[j], right, estimate[j])


@compiled_inside
def precision_of_all(arrays: Arrays, cross: Floats, inverse_factor: Floats) -> float:
    """Write the inverse factor of the precision given every group; return its log determinant."""
    for c in range(inverse_factor.shape[0]):
        for d in range(inverse_factor.shape[0]):
            inverse_factor[c, d] = arrays.prior_precision[c, d] + cross[:, c, d].sum()
    log_determinant = cholesky_in_place(inverse_factor)
    invert_lower_in_place(inverse_factor)
    return log_determinant


@compiled_inside
def squared_distance(
    cross: Floats, estimate: Floats, inverse_factor: Floats, rest: Floats
) -> float:
    """Squared distance of a group's outcomes from what the other groups predict."""
    p = estimate.shape[0]
    total = float(cross[p, p])
    for c in range(p):
        rest[c] = cross[c, p]
        for d in range(p):
            rest[c] -= cross[c, d] * estimate[d]
        total -= estimate[c] * (cross[c, p] + rest[c])
    for r in range(p):
        entry = 0.0
        for c in range(r + 1):
            entry += inverse_factor[r, c] * rest[c]
        total -= entry * entry
    return total


@compiled_inside
def variance_along(inverse_factor: Floats, direction: Floats) -> float:
    """Variance of a combination of coefficients, from the inverse factor of their precision."""
    total = 0.0
    for r in range(direction.shape[0]):
        entry = 0.0
        for c in range(r + 1):
            entry += inverse_factor[r, c] * direction[c]
        total += entry * entry
    return total
