"""The crossed density as a function of an unconstrained vector, for a sampler in the loop.

``theta = (log sigma, stretch of the first factor, of the second, ..., sampled coefficients)``.
As in :mod:`bayes_alliance.kernels.chain`, the log Jacobian is included and no prior is.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled
from bayes_alliance.kernels.crossed import evaluate_crossed
from bayes_alliance.kernels.crossed_problem import CrossedArrays
from bayes_alliance.kernels.unconstrained import (
    add_slope,
    constrain,
    count_parameters,
    scale_rows,
)


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
        From :meth:`bayes_alliance.kernels.crossed_problem.CrossedProblem.arrays`.
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
