"""The collapsed log posterior of several grouping factors without its slope: one Cholesky factor.

The formulas are those of :mod:`bayes_alliance.kernels.crossed.posterior`, without the inverse
that slopes need; a test holds the two together.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled, compiled_inside
from bayes_alliance.kernels.crossed.gradient import leave_sparse_residuals
from bayes_alliance.kernels.crossed.information import (
    eliminated_factor,
    information,
    off_less_sampled,
    scale_vector,
    solve_dense,
    whiten_along,
)
from bayes_alliance.kernels.crossed.problem import CrossedArrays
from bayes_alliance.kernels.envelope import add_symmetric
from bayes_alliance.kernels.one_factor.coefficients import whiten_problem
from bayes_alliance.kernels.triangular import dot, multiply
from bayes_alliance.kernels.unconstrained import constrain, count_parameters, scale_rows
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors
from bayes_alliance.kernels.whitening import factor_groups


@compiled_inside
def log_crossed_likelihood(
    crossed: CrossedArrays, s2: float, factors: Floats, sampled: Floats
) -> float:
    """Return the log marginal likelihood given the variance parameters."""
    arrays = crossed.arrays
    q, width, n_groups = arrays.columns.shape
    own = eliminated_factor(crossed, factors)
    inverse = np.empty((q, q, n_groups))
    white = np.empty((q, width, n_groups))
    log_groups = factor_groups(arrays.root, arrays.root_determinant, own, s2, inverse)
    mean = whiten_problem(arrays, sampled, inverse, white)
    along = whiten_along(crossed, inverse)
    off = off_less_sampled(crossed, sampled)
    total = information(crossed, off, along, white, s2)
    size = crossed.reach.shape[0]
    dense = size - mean.shape[0]
    root, scaled = np.empty_like(total), np.empty(size)
    log_precision = solve_dense(crossed, factors, total, mean, root, scaled)
    estimate = scaled.copy()
    scale_vector(crossed, factors, estimate)
    last = crossed.at[size]
    pulled = -2.0 * off[last : last + size]
    add_symmetric(off, crossed.reach, crossed.at, 1.0, estimate, pulled)
    off_root = off[last + size] + dot(pulled, estimate)
    on_root = leave_sparse_residuals(crossed, along, white, estimate)
    strain = multiply(arrays.prior_root, estimate[dense:] - mean)
    effects = scaled[:dense]
    quadratic = off_root / s2 + on_root + dot(strain, strain) + dot(effects, effects)
    volume = arrays.rows * np.log(s2) + log_groups + log_precision
    return float(arrays.constant - 0.5 * (volume + quadratic))


@compiled
def crossed_posterior_value(
    crossed: CrossedArrays, priors: PriorArrays, known_sigma: int, theta: Floats
) -> float:
    """Return the log posterior density of theta up to the evidence.

    The arguments are those of
    :func:`bayes_alliance.kernels.crossed.posterior.log_crossed_posterior`.
    """
    full = np.zeros(theta.shape[0] + known_sigma)
    full[known_sigma:] = theta
    n_factors = crossed.effects.shape[0]
    largest = 0
    for q in crossed.effects:
        largest = max(largest, q)
    factors = np.zeros((n_factors, largest, largest))
    total, position = full[0], 1
    for f in range(n_factors):
        q = crossed.effects[f]
        mine = priors.blocks[priors.block_ends[f - 1] if f > 0 else 0 : priors.block_ends[f]]
        tau = np.empty(q)
        factor = np.empty((q, q))
        total += constrain(full, position, mine, tau, factor)
        scale_rows(tau, factor, factors[f])
        position += count_parameters(mine)
    total += log_crossed_likelihood(crossed, np.exp(2.0 * full[0]), factors, full[position:])
    return float(total + add_priors(priors, full, np.empty_like(full)))
