"""Which models the collapsed engine can do, and their priors as its kernels read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bayes_alliance import names
from bayes_alliance.kernels.prior_density import CODES
from bayes_alliance.kernels.variance_priors import VariancePriors, arrange_priors
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed_work import too_much_work
from bayes_alliance.sampling.working_scale import sampled_coefficients


def reasons_against(model: Model) -> list[str]:
    """Say why a model cannot be collapsed exactly; empty if it can."""
    if not model.family.is_normal:
        return [f"the outcome is {model.family.name}, not gaussian"]
    reasons: list[str] = []
    if not model.design.groups:
        reasons.append("it has no groups")
    reasons += too_much_work(model)
    for entry in model.priors.entries:
        allowed = "real" if entry.variable == names.B else "positive"
        if entry.prior.kind.support not in (allowed, "correlation"):
            reasons.append(f"the prior of {entry.key} is {entry.prior}, which has bounds")
    return reasons


def variance_priors(model: Model) -> VariancePriors:
    """Return the priors of everything that stays unknown, in the order of theta."""
    factors = []
    for group in model.design.groups:
        correlation = model.priors.of(names.cor(group.name))
        eta = correlation[0].arguments[0] if correlation else 1.0
        sds = _coded(model.priors.of(names.sd(group.name)))
        factors.append((sds, [len(block) for block in group.blocks], eta))
    sigma = _coded(model.priors.of(names.SIGMA))
    sampled = [model.priors.of(names.B)[k] for k in sampled_coefficients(model)]
    return arrange_priors(sigma[0] if sigma else None, factors, _coded(sampled))


def _coded(priors: Iterable[Prior]) -> list[tuple[int, Sequence[float]]]:
    return [(CODES[prior.distribution], prior.arguments) for prior in priors]
