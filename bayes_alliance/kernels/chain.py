"""The collapsed density as a function of an unconstrained vector, for a sampler in the loop.

``theta = (log sigma, log tau, z, sampled coefficients)``. Included: the likelihood and the log
Jacobian of ``theta -> (sigma, tau, R)``. Not included: any prior. A prior of sigma with slope
``s`` adds ``sigma * s`` to the first entry of the gradient, one of a tau likewise.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled
from bayes_alliance.kernels.marginal import evaluate
from bayes_alliance.kernels.problem import Arrays
from bayes_alliance.kernels.unconstrained import (
    add_slope,
    constrain,
    count_parameters,
    factor_slope,
    scale_rows,
)


@compiled
def evaluate_unconstrained(
    arrays: Arrays, theta: Floats, blocks: Integers, gradient: Floats
) -> float:
    """Return log likelihood plus log Jacobian, and write the gradient.

    Parameters
    ----------
    arrays
        From :meth:`bayes_alliance.kernels.problem.Problem.arrays`.
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
