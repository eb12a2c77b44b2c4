"""The collapsed engine: NUTS on the few variance parameters of a Gaussian model.

Coefficients and group effects are integrated out exactly and drawn back afterwards, each from
its conditional normal. A draw costs the same whatever the number of rows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed.effects import Recovery
from bayes_alliance.sampling.engines.collapsed.priors import reasons_against, variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.engines.collapsed.sampler import ThetaDraws, sample_theta
from bayes_alliance.sampling.engines.collapsed.scales import Scales, scales_of
from bayes_alliance.sampling.engines.contract import Drawn
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings
from bayes_alliance.sampling.working_scale import user_scales

if TYPE_CHECKING:
    from bayes_alliance.sampling.redrawn import RedrawnEffects


class CollapsedEngine:
    """Exact integration of coefficients and group effects, NUTS for the rest."""

    name = "collapsed"
    words = (
        "with the coefficients and group effects integrated out in closed form and drawn exactly "
        "afterwards; the remaining parameters were sampled with the No-U-Turn sampler of nutpie"
    )
    sources: tuple[str, ...] = ("hoffman2014", "lai2024")
    is_joint = False
    is_quick = True
    compiles = False
    side_by_side = True
    keeps_effects = False

    def reasons_against(self, model: Model) -> list[str]:
        """Say why a model cannot be collapsed exactly; empty if it can."""
        return reasons_against(model)

    def because(self, against_others: list[str]) -> str:
        """Say what is exact."""
        return "Coefficients and group effects are integrated out exactly."

    def compile(self, model: Model) -> Any:
        """Return nothing: its kernels are compiled once a machine, not for a model."""
        return None

    def draw(self, program: Any, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Sample the variance parameters, then draw everything else given them."""
        problem = collapsed_problem(model)
        theta = sample_theta(problem, variance_priors(model), settings, progress)
        recovery = Recovery(
            model=model,
            theta=theta.values,
            seed=settings.seed,
            problem=problem,
            cores=settings.cores,
        )
        return Drawn(
            posterior=recovered_posterior(recovery),
            stats=theta.stats,
            interrupted=theta.interrupted,
            unconstrained=theta.values,
            optima=optima_of(model, theta),
        )


def optima_of(model: Model, theta: ThetaDraws) -> dict[str, Any] | None:
    """Name what the optima that compete say and weigh, shape (1, optimum, ...)."""
    found = theta.competing
    if found is None:
        return None
    scales = scales_of(found.theta[None], variance_priors(model))
    told = {
        names.WEIGHT: found.weights,
        names.SHARE_OF_DRAWS: found.draws,
        names.CROSSINGS: np.full(len(found.weights), found.crossings),
    }
    return {name: values[None] for name, values in told.items()} | _named(model, scales, 1)


def recovered_posterior(recovery: Recovery) -> dict[str, Any]:
    """Name the draws as the container does, shape (chain, draw, ...)."""
    model = recovery.model
    coefficients, effects = _coefficients_and_effects(recovery)
    chains = recovery.theta.shape[:2]
    posterior: dict[str, Any] = {}
    if model.design.coefficients:
        posterior[names.B] = coefficients.reshape(*chains, -1)
    return posterior | _named(model, recovery.scales, chains[0]) | effects


def _named(model: Model, scales: Scales, chains: int) -> dict[str, Any]:
    """Name standard deviations and correlations, each of shape (chain, draw, ...)."""
    found: dict[str, Any] = {}
    for k, group in enumerate(model.design.groups):
        own = user_scales(model, group, scales.factor[k])
        found[names.sd(group.name)] = own.sd
        if group.pairs:
            found[names.cor(group.name)] = own.cor
    if names.SIGMA in model.family.parameters:
        found[names.SIGMA] = scales.sigma
    return {name: v.reshape(chains, -1, *v.shape[1:]) for name, v in found.items()}


def _coefficients_and_effects(recovery: Recovery) -> tuple[Any, dict[str, Any]]:
    groups = recovery.model.design.groups
    if recovery.is_large:
        coefficients = recovery.coefficients()
        return coefficients, redrawn_effects(recovery, coefficients)
    coefficients, effects = recovery.everything()
    chains = recovery.theta.shape[:2]
    named = zip(groups, effects, strict=True)
    return coefficients, {names.u(g.name): v.reshape(*chains, *v.shape[1:]) for g, v in named}


def redrawn_effects(recovery: Recovery, coefficients: Any) -> dict[str, RedrawnEffects]:
    """Return the effects of every factor as promises.

    Parameters
    ----------
    recovery
        What makes them.
    coefficients
        The coefficients that were drawn with them, shape (draw, coefficient).
    """
    from bayes_alliance.sampling.redrawn import RedrawnEffects

    chains, draws, _ = recovery.theta.shape
    return {
        names.u(group.name): RedrawnEffects(
            partial(recovery.effects_again, factor=k, known=coefficients),
            (chains, draws, len(group.labels), len(group.effects)),
            recovery.step,
        )
        for k, group in enumerate(recovery.model.design.groups)
    }
