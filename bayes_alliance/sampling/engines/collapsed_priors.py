"""Which models the collapsed engine can do, and their priors as its kernels read them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.collapsed_posterior import VariancePriors
from bayes_alliance.kernels.prior_density import CODES
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model


def reasons_against(model: Model) -> list[str]:
    """Say why a model cannot be collapsed exactly; empty if it can."""
    reasons: list[str] = []
    if model.family.name != "gaussian":
        reasons.append(f"the outcome is {model.family.name}, not gaussian")
    if len(model.design.groups) != 1:
        reasons.append(f"it has {len(model.design.groups)} grouping factors, not one")
    for entry in model.priors.entries:
        scale = entry.variable != names.B and entry.prior.kind.support != "correlation"
        allowed = "positive" if scale else "real"
        support = entry.prior.kind.support
        if support not in (allowed, "correlation"):
            reasons.append(f"the prior of {entry.key} is {entry.prior}, which has bounds")
    return reasons


def sampled_coefficients(model: Model) -> NDArray[np.int64]:
    """Return the places of the coefficients whose prior is not normal: they stay unknowns."""
    priors = model.priors.of(names.B)
    places = [k for k, prior in enumerate(priors) if prior.distribution != "Normal"]
    return np.asarray(places, dtype=np.int64)


def variance_priors(model: Model) -> VariancePriors:
    """Return the priors of everything that stays unknown, in the order of theta."""
    (group,) = model.design.groups
    known_sigma = names.SIGMA not in model.family.parameters
    own: list[Prior] = [] if known_sigma else list(model.priors.of(names.SIGMA))
    own += model.priors.of(names.sd(group.name))
    own += [model.priors.of(names.B)[k] for k in sampled_coefficients(model)]
    correlation = model.priors.of(names.cor(group.name))
    eta = correlation[0].arguments[0] if correlation else 1.0
    return VariancePriors(
        codes=np.asarray([CODES[prior.distribution] for prior in own], dtype=np.int64),
        arguments=np.asarray([_three(prior) for prior in own], dtype=np.float64),
        blocks=np.asarray([len(block) for block in group.blocks], dtype=np.int64),
        etas=np.full(len(group.blocks), eta),
        known_sigma=known_sigma,
    )


def _three(prior: Prior) -> list[float]:
    return [*prior.arguments, *[0.0] * (3 - len(prior.arguments))]
