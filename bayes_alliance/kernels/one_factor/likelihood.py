"""The collapsed Gaussian log density and its gradient, in closed form.

``y_j = X_j b + Z_j u_j + e_j`` with ``b`` normal a priori, ``u_j ~ N(0, G)`` and
``e_j ~ N(0, s2)``. Coefficients and group effects are integrated out exactly; every normalising
constant is kept, so the value is the log marginal likelihood given the variance parameters. The
cost of one gradient depends on the number of groups, not on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled
from bayes_alliance.kernels.one_factor.coefficients import (
    fold_sampled,
    quadratic_form,
    sampled_slope,
    solve_coefficients,
    trace_of_congruence,
    whiten_problem,
)
from bayes_alliance.kernels.one_factor.problem import Arrays, Problem
from bayes_alliance.kernels.triangular import dot, multiply, multiply_transposed
from bayes_alliance.kernels.variance_slopes import covariance_slope, leave_residuals, spread_columns
from bayes_alliance.kernels.whitening import factor_groups


@dataclass(frozen=True, kw_only=True)
class Gradient:
    """The log density and its slopes.

    Parameters
    ----------
    log_density
        Log marginal likelihood of the outcome; no prior of a variance parameter is in it.
    covariance
        Slope in G, symmetric (q, q): ``dL = sum(covariance * dG)``.
    residual_variance
        Slope in s2.
    sampled
        Slope in the coefficients that are not integrated out, shape (s,).
    """

    log_density: float
    covariance: Floats
    residual_variance: float
    sampled: Floats


def density_and_gradient(
    problem: Problem, s2: float, factor: Floats, sampled: Floats | None = None
) -> Gradient:
    """Evaluate the collapsed log density and its gradient.

    Parameters
    ----------
    problem
        From :func:`bayes_alliance.kernels.one_factor.problem.prepare`.
    s2
        Residual variance.
    factor
        Any (q, q) matrix with ``factor factor' = G``: ``diag(tau) cholesky(R)``.
    sampled
        Values of the coefficients that are not integrated out, shape (s,).
    """
    values = np.zeros(0) if sampled is None else np.ascontiguousarray(sampled, dtype=np.float64)
    if values.shape != problem.prior.sampled.shape:
        raise ValueError(f"{problem.prior.sampled.size} sampled coefficients are needed")
    covariance = np.zeros((problem.n_effects, problem.n_effects))
    slope = np.zeros_like(values)
    root = np.ascontiguousarray(factor, dtype=np.float64)
    log_density, d_s2 = evaluate(problem.arrays(), float(s2), root, values, covariance, slope)
    return Gradient(
        log_density=log_density,
        covariance=covariance,
        residual_variance=d_s2,
        sampled=slope,
    )


@compiled
def evaluate(
    arrays: Arrays,
    s2: float,
    factor: Floats,
    sampled: Floats,
    d_covariance: Floats,
    d_sampled: Floats,
) -> tuple[float, float]:
    """Evaluate for compiled callers: return density and slope in s2, write the other slopes."""
    q, width, n_groups = arrays.columns.shape
    p = width - 1
    inverse = np.empty((q, q, n_groups))
    white = np.empty((q, width, n_groups))
    log_groups = factor_groups(arrays.root, arrays.root_determinant, factor, s2, inverse)
    mean = whiten_problem(arrays, sampled, inverse, white)
    residual = fold_sampled(arrays.residual, sampled - arrays.sampled_origin)
    precision_root = np.empty((p, p))
    estimate = np.empty(p)
    log_precision = solve_coefficients(
        white, residual, arrays.prior_precision, mean, s2, precision_root, estimate
    )
    on_root = leave_residuals(white, estimate)
    off_root = quadratic_form(residual, estimate)
    strain = multiply(arrays.prior_root, estimate - mean)
    quadratic = off_root / s2 + on_root + dot(strain, strain)
    log_density = arrays.constant - 0.5 * (
        arrays.rows * np.log(s2) + log_groups + log_precision + quadratic
    )
    if sampled.shape[0] > 0:
        pull = multiply_transposed(arrays.prior_root, strain)
        outcome = white[:, p].copy()
        sampled_slope(arrays, estimate, sampled, inverse, outcome, s2, pull, d_sampled)
    spread_columns(white, precision_root)
    spread = trace_of_congruence(precision_root, residual)
    d_s2 = 0.5 * ((off_root + spread) / s2 - (arrays.rows - q * n_groups)) / s2
    d_s2 += covariance_slope(arrays.root, inverse, white, d_covariance)
    return log_density, d_s2
