"""The same model with some of its priors wider or narrower."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import log

from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model, changed_model

# Arguments that grow with the scale, and those that shrink with it.
_GROWING = {
    "Normal": "sigma",
    "StudentT": "sigma",
    "Cauchy": "beta",
    "Laplace": "b",
    "Logistic": "s",
    "HalfNormal": "sigma",
    "HalfStudentT": "sigma",
    "HalfCauchy": "beta",
    "InverseGamma": "beta",
    "Weibull": "beta",
}
_SHRINKING = {"Exponential": "lam", "Gamma": "beta"}


def has_scale(prior: Prior) -> bool:
    """Whether a prior can be made wider: that of correlations cannot."""
    return prior.kind.support != "correlation"


def rescaled_prior(prior: Prior, factor: float) -> Prior:
    """Return the prior with its scale times ``factor`` and its location where it was.

    For a positive number the whole distribution is stretched from zero.
    """
    arguments = dict(zip(prior.kind.arguments, prior.arguments, strict=True))
    if prior.distribution in _GROWING:
        arguments[_GROWING[prior.distribution]] *= factor
    elif prior.distribution in _SHRINKING:
        arguments[_SHRINKING[prior.distribution]] /= factor
    elif prior.distribution == "LogNormal":
        arguments["mu"] += log(factor)
    elif prior.distribution == "Uniform":
        low, high = arguments["lower"], arguments["upper"]
        # One that starts at zero or above may be that of a standard deviation.
        middle = 0.0 if low >= 0 else (low + high) / 2
        arguments = {end: middle + factor * (value - middle) for end, value in arguments.items()}
    return Prior(prior.distribution, tuple(arguments.values()))


def rescaled_model(model: Model, keys: Collection[str], factor: float) -> Model:
    """Return the model with the priors of these keys rescaled; everything else is the same."""
    entries = tuple(
        replace(entry, prior=rescaled_prior(entry.prior, factor)) if entry.key in keys else entry
        for entry in model.priors.entries
    )
    return changed_model(model, priors=replace(model.priors, entries=entries))
