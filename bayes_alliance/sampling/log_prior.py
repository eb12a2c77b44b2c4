"""Log density of the priors of the top-level parameters, a number a draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.gaussian_likelihood import gaussian_log_likelihood, sums_suffice
from bayes_alliance.sampling.linear_predictor import chunks, frequency_weights, precision_weights
from bayes_alliance.sampling.working_scale import (
    posterior_working_scales,
    thresholds_moved,
    working_coefficients,
)

Array = NDArray[np.float64]


def log_prior(fit: Fit) -> dict[str, Array]:
    """Return the log prior density of each top-level variable, shape (chain, draw).

    Group effects are left out: given the standard deviations their distribution is a part of the
    model, not a choice. Improper priors count 0; correlations up to a constant. The density is
    that of what has the prior: where a prior stands at the means, of the parameter there.
    """
    model = fit.model
    values: dict[str, Array] = {}
    for variable, draws in values_with_priors(fit).items():
        priors = model.priors.of(variable)
        if priors[0].kind.support == "correlation":
            eta = priors[0].arguments[0]
            values[variable] = (eta - 1) * _log_determinant(model, variable, draws)
            continue
        elements = draws[..., None] if draws.ndim == 2 else draws
        total = np.zeros(draws.shape[:2])
        for k, prior in enumerate(priors):
            if prior.proper:
                total += prior.frozen.logpdf(elements[..., k])
        values[variable] = total
    for variable, basis in model.priors.basis.populations.items():
        if variable in values:
            values[variable] += basis.log_determinant
    return values


def values_with_priors(fit: Fit) -> dict[str, Array]:
    """Return what has the priors: the top-level variables, at the means where those stand."""
    model, posterior = fit.model, fit.posterior
    found = {name: posterior[name].to_numpy() for name in model.priors.variables}
    if names.B in found:
        level = model.family.level
        if level is not None:
            found[level.name] = found[level.name] - thresholds_moved(model, found[names.B])
        found[names.B] = working_coefficients(model, found[names.B])
    for variable, basis in model.priors.basis.predicted.items():
        if variable in found:
            found[variable] = np.asarray(found[variable] @ basis.to_working.T)
    for group in model.design.groups:
        scales = posterior_working_scales(model, group, posterior)
        found[names.sd(group.name)] = scales.sd
        if group.pairs:
            found[names.cor(group.name)] = scales.cor
    return found


def joint_log_likelihood(fit: Fit) -> Array:
    """Return the log likelihood of all rows together given the group effects, (chain, draw)."""
    fit.need_data("The log likelihood", sums_suffice=True)
    model, posterior = fit.model, fit.posterior
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    if sums_suffice(model) or model.stream is not None:
        return gaussian_log_likelihood(model, posterior).reshape(shape)
    values = np.empty(fit.draws_in_all)
    for chunk in chunks(model, posterior):
        density = model.family.log_density(
            model.frame.y, chunk.eta, chunk.parameters, precision_weights(model)
        )
        values[chunk.places] = (frequency_weights(model) * density).sum(axis=-1)
    return values.reshape(shape)


def _log_determinant(model: Model, variable: str, draws: Array) -> Any:
    """Log determinant of the correlation matrix; blocks are independent, so one matrix does."""
    group = next(g for g in model.design.groups if names.cor(g.name) == variable)
    ones = np.ones((*draws.shape[:2], len(group.effects)))
    return np.linalg.slogdet(effect_covariance(ones, draws, group.pairs))[1]
