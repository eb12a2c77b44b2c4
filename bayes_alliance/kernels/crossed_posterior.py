"""The collapsed log posterior of several grouping factors, joined with every prior."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled
from bayes_alliance.kernels.crossed_chain import evaluate_crossed_unconstrained
from bayes_alliance.kernels.crossed_problem import CrossedArrays
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors


@compiled
def log_crossed_posterior(
    crossed: CrossedArrays, priors: PriorArrays, known_sigma: int, theta: Floats, gradient: Floats
) -> float:
    """Return the log posterior density of theta up to the evidence, and write its gradient.

    The arguments are those of
    :func:`bayes_alliance.kernels.collapsed_posterior.log_posterior`.
    """
    full = np.zeros(theta.shape[0] + known_sigma)
    full[known_sigma:] = theta
    slope = np.empty_like(full)
    total = evaluate_crossed_unconstrained(crossed, full, priors.blocks, priors.block_ends, slope)
    total += add_priors(priors, full, slope)
    gradient[:] = slope[known_sigma:]
    return float(total)
