"""The posterior of a gaussian model with coefficients and group effects integrated out.

It has a handful of dimensions whatever the number of groups, which is why its evidence is exact
to the second decimal where a bridge over all group effects is off by whole units.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.kernels.unconstrained_many import partials_of
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.evidence.bridge_target import Target
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import SeveralFactors, collapsed_problem
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.working_scale import posterior_working_scales, sampled_coefficients

Array = NDArray[np.float64]


def integrated_target(fit: Fit) -> Target:
    """Return the target of a fit by any engine, for a model the collapsed engine can do."""
    return Target(points=free_numbers(fit), log_density=integrated_density(fit.model))


def integrated_density(model: Model) -> Callable[[Array], Array]:
    """Return the density over theta, shape (n, d) to (n,): likelihood, priors and Jacobians."""
    from bayes_alliance.kernels.density_many import log_crossed_posterior_many, log_posterior_many

    problem, priors = collapsed_problem(model), variance_priors(model)
    flat, known = priors.arrays(), int(priors.known_sigma)

    def log_density(points: Array) -> Array:
        at = np.ascontiguousarray(points)
        if isinstance(problem, SeveralFactors):
            return log_crossed_posterior_many(problem.problem.arrays(), flat, known, at)
        return log_posterior_many(problem.inner.arrays(), flat, known, at)

    return log_density


def free_numbers(fit: Fit) -> Array:
    """Return theta of every draw, shape (chain, draw, d), from what the fit calls its numbers.

    ``log sigma`` unless it is known; for each grouping factor the log standard deviations and the
    transformed correlations; the coefficients that are not integrated out.
    """
    model, posterior = fit.model, fit.posterior
    parts: list[Array] = []
    if names.SIGMA in model.family.parameters:
        parts.append(np.log(posterior[names.SIGMA].to_numpy())[..., None])
    for group in model.design.groups:
        scales = posterior_working_scales(model, group, posterior)
        parts.append(np.log(scales.sd))
        if group.pairs:
            parts.append(_partials(model, group.name, scales.cor))
    sampled = sampled_coefficients(model)
    if sampled.size:
        parts.append(posterior[names.B].to_numpy()[..., sampled])
    return np.concatenate(parts, axis=-1)


def _partials(model: Model, group: str, correlations: Array) -> Array:
    design = model.design.group(group)
    flat = correlations.reshape(-1, correlations.shape[-1])
    ones = np.ones((len(flat), len(design.effects)))
    matrices = effect_covariance(ones, flat, design.pairs)
    partials = partials_of(matrices, [len(block) for block in design.blocks])
    return partials.reshape(*correlations.shape[:2], -1)
