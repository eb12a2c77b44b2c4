"""The collapsed log posterior: the Gaussian log density in closed form, joined with every prior.

``y_j = X_j b + Z_j u_j + e_j`` with ``b`` normal a priori, ``u_j ~ N(0, G)`` and
``e_j ~ N(0, s2)``. Coefficients and group effects are integrated out exactly; every normalising
constant is kept, so the value is the log marginal likelihood given the variance parameters. The
cost of one gradient depends on the number of groups, not on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled
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
from bayes_alliance.kernels.unconstrained import (
    add_slope,
    constrain,
    count_parameters,
    factor_slope,
    scale_rows,
)
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors
from bayes_alliance.kernels.whitening import (
    covariance_slope,
    factor_groups,
    leave_residuals,
    spread_columns,
)


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


@compiled
def evaluate_unconstrained(
    arrays: Arrays, theta: Floats, blocks: Integers, gradient: Floats
) -> float:
    """Return log likelihood plus log Jacobian, and write the gradient.

    Parameters
    ----------
    arrays
        From :meth:`bayes_alliance.kernels.one_factor.problem.Problem.arrays`.
    theta
        ``log sigma``, the factor's stretch, the sampled coefficients.
    blocks
        Sizes of the blocks of correlated effects.
    gradient
        Written, as long as theta.
    """
    q = arrays.root.shape[0]
    stop = 1 + count_parameters(blocks)
    sigma = np.exp(theta[0])
    tau = np.empty(q)
    factor = np.empty((q, q))
    log_jacobian = theta[0] + constrain(theta, 1, blocks, tau, factor)
    scale_rows(tau, factor, factor)
    d_covariance = np.empty((q, q))
    d_factor = np.empty((q, q))
    sampled = theta[stop:]
    d_sampled = gradient[stop:]
    s2 = sigma * sigma
    log_density, d_s2 = evaluate(arrays, s2, factor, sampled, d_covariance, d_sampled)
    gradient[:stop] = 0.0
    gradient[0] = 1.0 + 2.0 * s2 * d_s2
    factor_slope(d_covariance, factor, d_factor)
    add_slope(theta, 1, blocks, q, factor, d_factor, gradient)
    return float(log_density + log_jacobian)


@compiled
def log_posterior(
    arrays: Arrays, priors: PriorArrays, known_sigma: int, theta: Floats, gradient: Floats
) -> float:
    """Return the log posterior density of theta up to the evidence, and write its gradient.

    Parameters
    ----------
    arrays, priors
        From ``Problem.arrays()`` and ``VariancePriors.arrays()``.
    known_sigma
        1 if theta has no ``log sigma``: sigma is 1 then.
    theta, gradient
        Read and written, shape (k,).
    """
    full = np.zeros(theta.shape[0] + known_sigma)
    full[known_sigma:] = theta
    slope = np.empty_like(full)
    total = evaluate_unconstrained(arrays, full, priors.blocks, slope)
    total += add_priors(priors, full, slope)
    gradient[:] = slope[known_sigma:]
    return float(total)
