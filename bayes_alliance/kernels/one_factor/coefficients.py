"""The coefficients given the variance parameters: conditional mean, precision and slopes."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.one_factor.problem import Arrays
from bayes_alliance.kernels.triangular import (
    add_multiple,
    cholesky_in_place,
    dot,
    invert_lower_in_place,
    multiply,
    multiply_by_inverse,
)
from bayes_alliance.kernels.whitening import whiten


@compiled_inside
def whiten_problem(arrays: Arrays, sampled: Floats, inverse: Floats, white: Floats) -> Floats:
    """Whiten integrated columns and outcome less the sampled part; return the prior mean."""
    q, width, _ = arrays.columns.shape
    p = width - 1
    n_sampled = sampled.shape[0]
    if n_sampled == 0:
        whiten(inverse, arrays.columns, white)
        return arrays.prior_mean
    values = sampled - arrays.sampled_origin
    columns = arrays.columns.copy()
    for a in range(q):
        for k in range(n_sampled):
            add_multiple(columns[a, p], -values[k], arrays.sampled_columns[a, k])
    whiten(inverse, columns, white)
    return arrays.prior_mean + multiply(arrays.pull, values)


@compiled_inside
def fold_sampled(residual: Floats, values: Floats) -> Floats:
    """Take the sampled part off the outcome in the cross products off the root."""
    if values.shape[0] == 0:
        return residual
    p = residual.shape[0] - 1 - values.shape[0]
    folded = residual[: p + 1, : p + 1].copy()
    write_outcome(residual, values, folded[p])
    for c in range(p):
        folded[c, p] = folded[p, c]
    return folded


@compiled_inside
def write_outcome(residual: Floats, values: Floats, out: Floats) -> None:
    """Write the cross products of the outcome less the sampled part, its own square last.

    Parameters
    ----------
    residual
        Cross products of integrated columns, sampled columns and outcome.
    values
        What the sampled columns are multiplied by.
    out
        Written, one entry for each integrated column and one more.
    """
    p = out.shape[0] - 1
    last = residual.shape[0] - 1
    out[:p] = residual[last, :p]
    out[p] = residual[last, last]
    for k in range(values.shape[0]):
        row = residual[p + k]
        add_multiple(out[:p], -values[k], row[:p])
        inner = dot(row[p:last], values) - 2.0 * row[last]
        out[p] += values[k] * inner


@compiled_inside
def solve_coefficients(
    white: Floats,
    residual: Floats,
    prior_precision: Floats,
    mean: Floats,
    s2: float,
    inverse_factor: Floats,
    estimate: Floats,
) -> float:
    """Find the conditional mean of the coefficients and their precision.

    Writes the inverse of the precision's lower factor and the mean; returns the log determinant
    of the precision.
    """
    p = estimate.shape[0]
    right = np.zeros(p)
    for c in range(p):
        for d in range(c + 1):
            entry = residual[c, d] / s2 + prior_precision[c, d]
            for a in range(white.shape[0]):
                entry += dot(white[a, c], white[a, d])
            inverse_factor[c, d] = entry
            inverse_factor[d, c] = entry
        entry = residual[c, p] / s2
        for a in range(white.shape[0]):
            entry += dot(white[a, c], white[a, p])
        for d in range(p):
            entry += prior_precision[c, d] * mean[d]
        right[c] = entry
    log_determinant = cholesky_in_place(inverse_factor)
    invert_lower_in_place(inverse_factor)
    multiply_by_inverse(inverse_factor, right, estimate)
    return log_determinant


@compiled_inside
def sampled_slope(
    arrays: Arrays,
    estimate: Floats,
    sampled: Floats,
    inverse: Floats,
    outcome: Floats,
    s2: float,
    pull: Floats,
    slope: Floats,
) -> None:
    """Write the slope in the sampled coefficients.

    Parameters
    ----------
    estimate
        Conditional mean of everything that precedes the sampled columns in the residual.
    outcome
        Whitened residuals along the root, shape (q, J).
    pull
        Prior precision times the deviation of the integrated coefficients.
    """
    n_sampled = sampled.shape[0]
    before = estimate.shape[0]
    values = sampled - arrays.sampled_origin
    for k in range(n_sampled):
        row = arrays.residual[before + k]
        entry = row[before + n_sampled] - dot(row[:before], estimate)
        entry -= dot(row[before : before + n_sampled], values)
        slope[k] = entry / s2
        for c in range(pull.shape[0]):
            slope[k] += arrays.pull[c, k] * pull[c]
        for a in range(outcome.shape[0]):
            for b in range(a + 1):
                column = arrays.sampled_columns[b, k]
                for j in range(outcome.shape[1]):
                    slope[k] += inverse[a, b, j] * column[j] * outcome[a, j]


@compiled_inside
def quadratic_form(residual: Floats, estimate: Floats) -> float:
    """Residual sum of squares off the root, at the estimate."""
    p = estimate.shape[0]
    total = float(residual[p, p])
    for c in range(p):
        inner = -2.0 * residual[c, p]
        for d in range(p):
            inner += residual[c, d] * estimate[d]
        total += estimate[c] * inner
    return total


@compiled_inside
def trace_of_congruence(inverse_factor: Floats, residual: Floats) -> float:
    """Trace of the posterior covariance times the residual cross products."""
    p = inverse_factor.shape[0]
    total = 0.0
    for c in range(p):
        for d in range(c + 1):
            inner = 0.0
            for e in range(c + 1):
                inner += residual[d, e] * inverse_factor[c, e]
            total += inverse_factor[c, d] * inner
    return total
