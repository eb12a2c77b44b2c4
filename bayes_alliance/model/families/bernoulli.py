"""Yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bayes_alliance.model.families.categories import Categories
from bayes_alliance.model.families.family import Array, Coded, Parameters
from bayes_alliance.model.families.link import CLOGLOG, LOGIT, PROBIT
from bayes_alliance.model.families.outcome_columns import as_yes_or_no
from bayes_alliance.model.families.parameter import Parameter
from bayes_alliance.model.families.row_statistics import SMALL_SHARE, RowStatistic, shares

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Bernoulli(Categories):
    """A 1 with the probability that the link gives."""

    name = "bernoulli"
    description = "yes-or-no outcome"
    links = (LOGIT, PROBIT, CLOGLOG)
    other_names: ClassVar[Mapping[str, str | None]] = {
        **dict.fromkeys(("binomial", "binary", "logit", "logistic", "glogit"), None),
        **dict.fromkeys(("dichotomous", "melogit", "meqrlogit"), None),
        **dict.fromkeys(("probit", "meprobit"), "probit"),
        "cloglog": "cloglog",
    }
    purpose = "for an outcome of 0 and 1"
    is_probability = True
    measure = "binary"
    value_words = "probability of {} = 1"

    @property
    def beside_location(self) -> tuple[Parameter, ...]:
        """None: a probability says it all."""
        return ()

    def code(self, column: pd.Series[Any]) -> Coded:
        """Return zeros and ones."""
        return as_yes_or_no(column), ()

    def categories(self, levels: Sequence[str]) -> tuple[str, ...]:
        """Return no and yes."""
        return "0", "1"

    def category_scores(self, levels: Sequence[str]) -> Array:
        """Return 0 and 1."""
        return np.array([0.0, 1.0])

    def location_and_scale(
        self, y: Array, offset: Array, weights: Array | None
    ) -> tuple[float, float]:
        """Return the link of the share of ones."""
        share = float(np.average(y, weights=weights))
        return float(self.link.forward(share)) - float(np.average(offset, weights=weights)), 1.0

    def small_difference(self, y: Array) -> float:
        """Return five percentage points."""
        return SMALL_SHARE

    def log_density(self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0) -> Array:
        """Return the log probability of what was observed."""
        return np.where(y == 1, self.link.log_one(eta), self.link.log_zero(eta))

    def slopes(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the derivatives, which the link knows."""
        one, zero = self.link.slopes_of_one(eta), self.link.slopes_of_zero(eta)
        return np.where(y == 1, one[0], zero[0]), np.where(y == 1, one[1], zero[1])

    def up_to(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the probabilities of less and of no more."""
        one = np.exp(self.link.log_one(eta))
        return np.where(y == 1, 1 - one, 0.0), np.where(y == 1, 1.0, 1 - one)

    def simulate(
        self, rng: np.random.Generator, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> Array:
        """Draw zeros and ones."""
        return (np.log(rng.random(eta.shape)) < self.link.log_one(eta)).astype(float)

    def chances(self, eta: Array, own: Parameters, variance: Any = None) -> list[Array]:
        """Return the probability of a 1."""
        return [self.link.averaged(eta, variance)]

    def row_statistics(self, y: Array, levels: Sequence[str]) -> tuple[RowStatistic, ...]:
        """Return the share of ones."""
        return (RowStatistic(aspect="level", of=shares([(1.0, "1")]), small=SMALL_SHARE),)

    def pymc(self, eta: Any, own: Mapping[str, Any], weight: Any) -> tuple[Any, dict[str, Any]]:
        """Return PyMC's Bernoulli, by the log odds: a probability next to 1 has no digits left."""
        import pymc as pm

        return pm.Bernoulli, {"logit_p": self.link.log_odds(eta)}

    def misfit_remedy(self, outcome: str, *, more: bool, of_rows: bool) -> str:
        """Point to the predictors: nothing else says how ones and zeros are distributed."""
        return "Look for a predictor that the model lacks."

    def target(self, outcome: str) -> str:
        """Say that what is more probable is a 1."""
        return f"{outcome} being 1"

    def left_side(self, outcome: str) -> str:
        """Write the link of the probability of a 1."""
        return self.link.latex.format(rf"\Pr({outcome} = 1)")

    def event_words(self, outcome: str) -> str:
        """Say that it is that of a 1."""
        return f"that {outcome} is 1"
