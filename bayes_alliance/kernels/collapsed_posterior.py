"""The collapsed log posterior: the density of the data joined with every prior."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.chain import evaluate_unconstrained
from bayes_alliance.kernels.compiled import Floats, compiled
from bayes_alliance.kernels.problem import Arrays
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors


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
