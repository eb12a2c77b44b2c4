"""The collapsed log posterior of several grouping factors, joined with every prior."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled
from bayes_alliance.kernels.crossed.likelihood import evaluate_crossed
from bayes_alliance.kernels.crossed.problem import CrossedArrays
from bayes_alliance.kernels.unconstrained import (
    add_slope,
    constrain,
    count_parameters,
    scale_rows,
)
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors


@compiled
def evaluate_crossed_unconstrained(
    crossed: CrossedArrays,
    theta: Floats,
    blocks: Integers,
    block_ends: Integers,
    gradient: Floats,
) -> float:
    """Return log likelihood plus log Jacobian, and write the gradient.

    Parameters
    ----------
    crossed
        From :meth:`bayes_alliance.kernels.crossed.problem.CrossedProblem.arrays`.
    theta
        ``log sigma``, the stretch of each factor in the order given, sampled coefficients.
    blocks, block_ends
        Sizes of the blocks of correlated effects of all factors, one after the other, and where
        each factor's blocks end: shapes (blocks,) and (F,).
    gradient
        Written, as long as theta.
    """
    n_factors = crossed.effects.shape[0]
    largest = 0
    for q in crossed.effects:
        largest = max(largest, q)
    factors = np.zeros((n_factors, largest, largest))
    d_factors = np.zeros((n_factors, largest, largest))
    stop = 1 + count_parameters(blocks)
    log_jacobian = theta[0]
    position = 1
    for f in range(n_factors):
        q = crossed.effects[f]
        mine = blocks[block_ends[f - 1] if f > 0 else 0 : block_ends[f]]
        tau = np.empty(q)
        factor = np.empty((q, q))
        log_jacobian += constrain(theta, position, mine, tau, factor)
        scale_rows(tau, factor, factors[f])
        position += count_parameters(mine)
    s2 = np.exp(2.0 * theta[0])
    log_density, d_s2 = evaluate_crossed(
        crossed, s2, factors, theta[stop:], d_factors, gradient[stop:]
    )
    gradient[:stop] = 0.0
    gradient[0] = 1.0 + 2.0 * s2 * d_s2
    position = 1
    for f in range(n_factors):
        q = crossed.effects[f]
        mine = blocks[block_ends[f - 1] if f > 0 else 0 : block_ends[f]]
        add_slope(theta, position, mine, q, factors[f], d_factors[f], gradient)
        position += count_parameters(mine)
    return float(log_density + log_jacobian)


@compiled
def log_crossed_posterior(
    crossed: CrossedArrays, priors: PriorArrays, known_sigma: int, theta: Floats, gradient: Floats
) -> float:
    """Return the log posterior density of theta up to the evidence, and write its gradient.

    The arguments are those of
    :func:`bayes_alliance.kernels.one_factor.posterior.log_posterior`.
    """
    full = np.zeros(theta.shape[0] + known_sigma)
    full[known_sigma:] = theta
    slope = np.empty_like(full)
    total = evaluate_crossed_unconstrained(crossed, full, priors.blocks, priors.block_ends, slope)
    total += add_priors(priors, full, slope)
    gradient[:] = slope[known_sigma:]
    return float(total)
