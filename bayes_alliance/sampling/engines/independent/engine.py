"""The independent engine: nearly independent draws of the few unknowns that are left.

Coefficients and group effects are integrated out as the collapsed engine does it. What remains is
proposed from a mixture fitted to the density beforehand, and taken or not by an independence
Metropolis-Hastings step. Where the weights of the proposals say that this cannot be trusted, the
collapsed engine draws instead, and why is said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import SamplingError
from bayes_alliance.kernels.signed_scales import signed_units
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed.effects import Recovery
from bayes_alliance.sampling.engines.collapsed.engine import (
    CollapsedEngine,
    optima_of,
    recovered_posterior,
)
from bayes_alliance.sampling.engines.collapsed.optima import collapsed_optima
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import CollapsedProblem, collapsed_problem
from bayes_alliance.sampling.engines.collapsed.sampler import ThetaDraws, competing_optima, theta_of
from bayes_alliance.sampling.engines.collapsed.start import measure
from bayes_alliance.sampling.engines.contract import Drawn, Proposals
from bayes_alliance.sampling.engines.independent.adaptation import Adapted, adapt, adapt_further
from bayes_alliance.sampling.engines.independent.density import PositiveDensity
from bayes_alliance.sampling.engines.independent.draws import FrozenDraws, draw_frozen
from bayes_alliance.sampling.engines.independent.prior_points import points_of_the_prior
from bayes_alliance.sampling.engines.independent.start import first_mixture
from bayes_alliance.sampling.engines.independent.trust import trust_in
from bayes_alliance.sampling.engines.optima import Optima
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings

Array = NDArray[np.float64]

# Beyond, a batch of points is too few to learn the shape of the density from.
MOST_UNKNOWNS = 20
# Proposals worth less than this after the whole adaptation are not drawn from any further.
_HOPELESS = 0.1
_ATTEMPTS = 2
# Of what was drawn without trust, so many points are learnt from.
_MOST_TOLD = 12_000


class _NotTrustedError(Exception):
    """Independent draws are not to be had; the message is the reason, as a clause."""

    def __init__(self, reason: str, log_weights: Array | None = None) -> None:
        super().__init__(reason)
        weights = np.empty(0) if log_weights is None else log_weights
        self.proposals = Proposals(log_weights=weights, given_up=reason)


class IndependentEngine(CollapsedEngine):
    """Exact integration of coefficients and group effects, independent proposals for the rest."""

    name = "independent"
    words = (
        "with the coefficients and group effects integrated out in closed form and drawn exactly "
        "afterwards; the remaining parameters were drawn by an independence Metropolis-Hastings "
        "sampler whose proposal, a mixture of t distributions, was fitted to their density by "
        "adaptive importance sampling beforehand"
    )
    sources: tuple[str, ...] = ("tierney1994", "cornuet2012", "cappe2008")

    def because(self, against_others: list[str]) -> str:
        """Say what is exact."""
        return (
            "Coefficients and group effects are integrated out exactly; the few unknowns left are "
            "drawn almost independently."
        )

    def draw(self, program: Any, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Draw the variance parameters, then everything else given them."""
        try:
            return self._independent(model, settings, progress)
        except _NotTrustedError as found:
            proposals = found.proposals
        drawn = super().draw(program, model, settings, progress)
        return replace(drawn, proposals=proposals, engine=CollapsedEngine.name)

    def _independent(self, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Draw independently, or raise why not."""
        priors = variance_priors(model)
        if priors.size > MOST_UNKNOWNS:
            raise _NotTrustedError(
                f"{priors.size} unknowns are left, at most {MOST_UNKNOWNS} are proposed at once"
            )
        problem = collapsed_problem(model)
        size = measure(problem, priors)
        units = signed_units(priors, size.resolution)
        optima = collapsed_optima(problem, priors, units, size, settings.seed)
        density = PositiveDensity(problem, priors, units, settings.cores)
        try:
            seen = points_of_the_prior(density, priors, units, size, settings.seed)
            adapted = adapt(density, first_mixture(optima, density.signed), settings.seed, seen)
        except KeyboardInterrupt:
            raise _stopped() from None
        frozen = _trusted_draws(density, adapted, settings, progress)
        theta = _theta_draws(frozen, optima, units, priors)
        recovery = _recovery(model, problem, theta, settings)
        return Drawn(
            posterior=recovered_posterior(recovery),
            stats=theta.stats,
            interrupted=theta.interrupted,
            unconstrained=theta.values,
            optima=optima_of(model, theta),
            proposals=Proposals(log_weights=frozen.log_weights),
        )


def _trusted_draws(
    density: PositiveDensity, adapted: Adapted | None, settings: Settings, progress: Progress
) -> FrozenDraws:
    """Draw from the frozen proposal; where that is not trusted, fit it to these draws once more.

    Raises
    ------
    _NotTrustedError
        With the reason, if the draws are not to be trusted then either.
    """
    if adapted is None:
        raise _NotTrustedError("no proposal about the optima has a density")
    if adapted.shares[-1] < _HOPELESS:
        raise _NotTrustedError(
            f"after {len(adapted.shares)} batches the proposals still fit the posterior badly: "
            f"their weights are worth {adapted.shares[-1]:.1%} of them"
        )
    reason, weights = "", np.empty(0)
    for attempt in range(_ATTEMPTS):
        frozen = draw_frozen(density, adapted, settings, progress, attempt)
        if frozen is None:
            raise _stopped()
        reason, weights = trust_in(frozen.log_weights).reason_against, frozen.log_weights
        if not reason:
            return frozen
        if frozen.interrupted:
            raise _stopped()
        told = slice(None, _MOST_TOLD)
        adapted = adapt_further(
            adapted, frozen.proposed[told], frozen.proposed_values[told], settings.seed
        )
    raise _NotTrustedError(reason, weights)


def _stopped() -> SamplingError:
    return SamplingError(
        "Sampling was interrupted.",
        "No draw that can be trusted had been made, so there is nothing to keep.",
        "Let it run longer.",
        interrupted=True,
    )


def _theta_draws(
    frozen: FrozenDraws, optima: Optima, units: Any, priors: VariancePriors
) -> ThetaDraws:
    """Turn places into draws of theta with their statistics."""
    values = theta_of(frozen.places, units, priors)
    return ThetaDraws(
        values=values,
        stats={"acceptance_rate": frozen.moved, "lp": frozen.values},
        interrupted=frozen.interrupted,
        competing=competing_optima(optima, values, units, priors),
    )


def _recovery(
    model: Model, problem: CollapsedProblem, theta: ThetaDraws, settings: Settings
) -> Recovery:
    return Recovery(
        model=model, theta=theta.values, seed=settings.seed, problem=problem, cores=settings.cores
    )
