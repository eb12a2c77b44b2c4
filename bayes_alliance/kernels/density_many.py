"""The collapsed log posterior at many points, in one compiled loop."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled
from bayes_alliance.kernels.crossed.posterior import log_crossed_posterior
from bayes_alliance.kernels.crossed.problem import CrossedArrays
from bayes_alliance.kernels.one_factor.posterior import log_posterior
from bayes_alliance.kernels.one_factor.problem import Arrays
from bayes_alliance.kernels.variance_priors import PriorArrays


@compiled
def log_posterior_many(
    arrays: Arrays, priors: PriorArrays, known_sigma: int, points: Floats
) -> Floats:
    """Return the log posterior of one grouping factor at each point, shape (point,).

    Parameters
    ----------
    arrays, priors, known_sigma
        As :func:`bayes_alliance.kernels.one_factor.posterior.log_posterior` takes them.
    points
        Values of theta, shape (point, k).
    """
    values = np.empty(points.shape[0])
    gradient = np.empty(points.shape[1])
    for k in range(points.shape[0]):
        values[k] = log_posterior(arrays, priors, known_sigma, points[k], gradient)
    return values


@compiled
def log_crossed_posterior_many(
    crossed: CrossedArrays, priors: PriorArrays, known_sigma: int, points: Floats
) -> Floats:
    """Return the log posterior of several grouping factors at each point, shape (point,)."""
    values = np.empty(points.shape[0])
    gradient = np.empty(points.shape[1])
    for k in range(points.shape[0]):
        values[k] = log_crossed_posterior(crossed, priors, known_sigma, points[k], gradient)
    return values
