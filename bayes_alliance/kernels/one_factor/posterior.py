"""The collapsed log posterior: the density of the data joined with every prior."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled
from bayes_alliance.kernels.one_factor.likelihood import evaluate
from bayes_alliance.kernels.one_factor.problem import Arrays
from bayes_alliance.kernels.unconstrained import (
    add_slope,
    constrain,
    count_parameters,
    factor_slope,
    scale_rows,
)
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors


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
