"""The families: what an outcome's distribution is, in numpy, for one draw or for many.

The density and the simulator here are written once in numpy and used for log likelihoods and
predictive checks; PyMC's own are used for sampling, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance.errors import ModelError, listed
from bayes_alliance.model import densities
from bayes_alliance.model.other_words import same_family

Array = NDArray[np.float64]
Parameters = Mapping[str, Array]
OutcomeKind = Literal["numeric", "binary", "ordinal"]
_LOGIT_VARIANCE = float(np.pi**2 / 3)
_CLOGLOG_VARIANCE = float(np.pi**2 / 6)
LINKS: Mapping[str, Callable[[float], float]] = {
    "logit": lambda share: float(special.logit(share)),
    "probit": lambda share: float(special.ndtri(share)),
    "cloglog": lambda share: float(np.log(-np.log1p(-share))),
}
LINK_VARIANCE = {"logit": _LOGIT_VARIANCE, "probit": 1.0, "cloglog": _CLOGLOG_VARIANCE}


@dataclass(frozen=True, kw_only=True)
class Family:
    """A distribution of the outcome given the linear predictor.

    Parameters
    ----------
    name
        As the user writes it.
    links
        Links it may have; the first is the default.
    parameters
        Its own parameters, in the container's words.
    outcome
        What the outcome column must hold.
    intercept
        Whether the design has an intercept (thresholds take its place in ordinal models).
    log_density
        ``(y, eta, parameters, link, weight)`` to log density, each row.
    simulate
        ``(rng, eta, parameters, link, weight)`` to new outcomes.
    description
        One phrase for people.
    heavier_tails
        Name of the family for the same outcomes whose tails are heavier; empty if there is none.
    """

    name: str
    links: tuple[str, ...]
    parameters: tuple[str, ...]
    outcome: OutcomeKind
    log_density: Callable[..., Array]
    simulate: Callable[..., Array]
    description: str
    intercept: bool = True
    heavier_tails: str = ""

    def residual_variance(self, parameters: Parameters, link: str) -> Any:
        """Return the level-1 variance a draw; NaN where it does not exist (nu <= 2)."""
        if self.outcome == "numeric" and "sigma" not in self.parameters:
            return np.full(1, np.nan)
        if self.name == "gaussian":
            return parameters["sigma"] ** 2
        if self.name == "student":
            nu = parameters["nu"]
            exists = nu > 2
            ratio = np.where(exists, nu / np.where(exists, nu - 2, 1.0), np.nan)
            return parameters["sigma"] ** 2 * ratio
        return np.full(1, LINK_VARIANCE[link])

    def location_and_scale(
        self, y: Array, offset: Array, weights: Array | None, link: str
    ) -> tuple[float, float]:
        """Return where the linear predictor lies and how far outcomes lie apart, on its scale.

        Parameters
        ----------
        y, offset
            The outcome as numbers, and the known part of the linear predictor, shape (row,).
        weights
            How often each row counts, or None.
        link
            One of the family's links.
        """
        if self.outcome == "numeric":
            rest = y - offset
            centre = float(np.average(rest, weights=weights))
            count = float(len(y)) if weights is None else float(weights.sum())
            squares = float(np.average((rest - centre) ** 2, weights=weights))
            scale = float(np.sqrt(squares * count / max(count - 1.0, 1.0)))
            return centre, scale if scale > 0.0 else 1.0
        if self.outcome == "ordinal":  # the thresholds lie around what is known
            return float(np.average(offset, weights=weights)), 1.0
        share = float(np.average(y, weights=weights))
        return LINKS[link](share) - float(np.average(offset, weights=weights)), 1.0

    @property
    def on_link_scale(self) -> bool:
        """Whether the residual variance is that of the link, not of the outcome."""
        return self.outcome != "numeric"


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="gaussian",
            links=("identity",),
            parameters=("sigma",),
            outcome="numeric",
            log_density=densities.gaussian,
            simulate=densities.simulate_gaussian,
            description="normal outcome",
            heavier_tails="student",
        ),
        Family(
            name="student",
            links=("identity",),
            parameters=("sigma", "nu"),
            outcome="numeric",
            log_density=densities.student,
            simulate=densities.simulate_student,
            description="Student-t outcome, robust to outliers",
        ),
        Family(
            name="bernoulli",
            links=("logit", "probit", "cloglog"),
            parameters=(),
            outcome="binary",
            log_density=densities.bernoulli,
            simulate=densities.simulate_bernoulli,
            description="yes-or-no outcome",
        ),
        Family(
            name="cumulative",
            links=("logit", "probit"),
            parameters=("cutpoint",),
            outcome="ordinal",
            log_density=densities.cumulative,
            simulate=densities.simulate_cumulative,
            description="ordered outcome with thresholds",
            intercept=False,
        ),
    )
}


def find_family(name: str, link: str | None, *, known_error: bool = False) -> tuple[Family, str]:
    """Return the family and the link to use; with known standard errors it has no sigma.

    Raises
    ------
    ModelError
        For a name or link that is not there; it lists the ones that are.
    """
    if name not in FAMILIES:
        hint = same_family(name, {known: family.links for known, family in FAMILIES.items()})
        raise ModelError(
            f"The family {name!r} was asked for.",
            "There is no such family.",
            *([hint] if hint else []),
            f"The families are {listed(FAMILIES)}.",
            family=name,
        )
    family = FAMILIES[name]
    chosen = family.links[0] if link is None else link
    if chosen not in family.links:
        raise ModelError(
            f"The link {link!r} was asked for with the family {name}.",
            f"{name} has no such link.",
            f"It has {listed(family.links)}.",
            link=link,
        )
    if known_error:
        family = _without_sigma(family)
    return family, chosen


def _without_sigma(family: Family) -> Family:
    if "sigma" not in family.parameters:
        raise ModelError(
            f"Known standard errors were given for the family {family.name}.",
            "Only a numeric outcome has a standard error.",
            "Take se() out, or choose gaussian or student.",
        )
    return replace(family, parameters=tuple(p for p in family.parameters if p != "sigma"))
