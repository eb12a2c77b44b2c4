"""The collapsed log posterior of one grouping factor without its slope, at about half the cost.

For what needs no direction: the formulas are those of
:mod:`bayes_alliance.kernels.one_factor.posterior`, and a test holds the two together.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled, compiled_inside
from bayes_alliance.kernels.one_factor.coefficients import (
    fold_sampled,
    quadratic_form,
    solve_coefficients,
    whiten_problem,
)
from bayes_alliance.kernels.one_factor.problem import Arrays
from bayes_alliance.kernels.triangular import dot, multiply
from bayes_alliance.kernels.unconstrained import constrain, count_parameters, scale_rows
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors
from bayes_alliance.kernels.whitening import factor_groups, leave_residuals


@compiled_inside
def log_likelihood(arrays: Arrays, s2: float, factor: Floats, sampled: Floats) -> float:
    """Return the log marginal likelihood given the variance parameters."""
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
    strain = multiply(arrays.prior_root, estimate - mean)
    quadratic = quadratic_form(residual, estimate) / s2 + on_root + dot(strain, strain)
    volume = arrays.rows * np.log(s2) + log_groups + log_precision
    return float(arrays.constant - 0.5 * (volume + quadratic))


@compiled
def posterior_value(arrays: Arrays, priors: PriorArrays, known_sigma: int, theta: Floats) -> float:
    """Return the log posterior density of theta up to the evidence.

    The arguments are those of :func:`bayes_alliance.kernels.one_factor.posterior.log_posterior`.
    """
    full = np.zeros(theta.shape[0] + known_sigma)
    full[known_sigma:] = theta
    q = arrays.root.shape[0]
    tau = np.empty(q)
    factor = np.empty((q, q))
    total = full[0] + constrain(full, 1, priors.blocks, tau, factor)
    scale_rows(tau, factor, factor)
    sampled = full[1 + count_parameters(priors.blocks) :]
    total += log_likelihood(arrays, np.exp(2.0 * full[0]), factor, sampled)
    return float(total + add_priors(priors, full, np.empty_like(full)))
