"""Counts of events: as many as their rate makes probable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy import special

from bayes_alliance.model.families.family import Array, Coded, Family, Parameters
from bayes_alliance.model.families.link import LOG
from bayes_alliance.model.families.outcome_columns import as_count
from bayes_alliance.model.families.parameter import Parameter
from bayes_alliance.model.families.row_statistics import (
    SMALL_SHARE,
    RowStatistic,
    largest,
    mean_only,
    sd_only,
    shares,
    tenth_of_sd,
)

if TYPE_CHECKING:
    import pandas as pd

# NumPy draws counts up to 9e18.
_LARGEST_LOG_RATE = 41.0
_SMALLEST_MEAN = 1e-300


@dataclass(frozen=True, kw_only=True)
class Poisson(Family):
    """A count whose variance is its mean, given the groups."""

    name = "poisson"
    description = "count of events, Poisson distributed"
    links = (LOG,)
    other_names: ClassVar[Mapping[str, str | None]] = dict.fromkeys(
        ("count", "counts", "pois", "mepoisson", "loglinear"), None
    )
    purpose = "for counts of events"
    is_discrete = True
    residual_needs_mean = True
    measure = "count"
    value_words = "expected {}"
    residual_of = "a lognormal variable with the counts' mean and variance"
    residual_is = f"that of {residual_of}"

    @property
    def beside_location(self) -> tuple[Parameter, ...]:
        """None: the rate says it all."""
        return ()

    @property
    def group_may_be_row(self) -> bool:
        """Always: the variance of a count is known from its mean."""
        return True

    def code(self, column: pd.Series[Any]) -> Coded:
        """Return whole numbers from 0."""
        return as_count(column), ()

    def location_and_scale(
        self, y: Array, offset: Array, weights: Array | None
    ) -> tuple[float, float]:
        """Return the log of all events over all exposure; rates lie apart by one on that scale."""
        often = np.ones(len(y)) if weights is None else weights
        top = offset.max(initial=0.0)
        exposure = float(np.log(often @ np.exp(offset - top)) + top)
        return float(np.log(max(float(often @ y), 0.5)) - exposure), 1.0

    def small_difference(self, y: Array) -> float:
        """Return a tenth of the outcome's standard deviation."""
        return tenth_of_sd(y)

    def residual_variance(self, own: Parameters, mean: Any = None) -> Array:
        """Return that of the lognormal variable with the count's mean and variance.

        References
        ----------
        .. [1] nakagawa2017
        """
        return np.asarray(np.logaddexp(0.0, -np.log(np.maximum(mean, _SMALLEST_MEAN))))

    def log_density(self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0) -> Array:
        """Return the log probability of the count."""
        return np.asarray(y * eta - self.link.inverse(eta) - special.gammaln(y + 1.0))

    def slopes(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the count less its mean, and minus the mean."""
        mean = np.asarray(self.link.inverse(eta))
        first = np.asarray(y - mean)
        return first, np.broadcast_to(-mean, first.shape)

    def up_to(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the probabilities of fewer events and of no more."""
        mean = self.link.inverse(eta)
        fewer = np.where(np.asarray(y) > 0, special.pdtr(np.maximum(y - 1.0, 0.0), mean), 0.0)
        return fewer, np.asarray(special.pdtr(y, mean))

    def simulate(
        self, rng: np.random.Generator, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> Array:
        """Draw counts; a rate beyond 1e18, which only a wild prior has, is taken as that."""
        return rng.poisson(np.exp(np.minimum(eta, _LARGEST_LOG_RATE))).astype(float)

    def expected(
        self, eta: Array, own: Parameters, levels: Sequence[str] = (), variance: Any = None
    ) -> Array:
        """Return the mean count."""
        return np.asarray(self.link.averaged(eta, variance))

    def outcome_variance(
        self, eta: Array, own: Parameters, levels: Sequence[str] = (), variance: Any = None
    ) -> Array:
        """Return the mean, and the variance of the means of groups."""
        mean = self.expected(eta, own, levels, variance)
        return mean if variance is None else mean + _covariance(eta, variance, 0.0)

    def shared_covariance(
        self, eta: Array, shared: Array, rest: Array, own: Parameters, levels: Sequence[str] = ()
    ) -> Array:
        """Return the covariance of two lognormal means, which is known."""
        return _covariance(eta, shared, rest)

    def row_statistics(self, y: Array, levels: Sequence[str]) -> tuple[RowStatistic, ...]:
        """Return mean and sd, the share of zeros and the largest count."""
        small = self.small_difference(y)
        return (
            RowStatistic(aspect="level", of=mean_only, small=small),
            RowStatistic(aspect="distribution", of=sd_only, small=small),
            RowStatistic(aspect="distribution", of=shares([(0.0, "0")]), small=SMALL_SHARE),
            RowStatistic(aspect="distribution", of=largest, small=small),
        )

    def pymc(self, eta: Any, own: Mapping[str, Any], weight: Any) -> tuple[Any, dict[str, Any]]:
        """Return PyMC's Poisson."""
        import pymc as pm
        import pytensor.tensor as pt

        return pm.Poisson, {"mu": pt.exp(eta)}

    def misfit_remedy(self, outcome: str, *, more: bool, of_rows: bool) -> str:
        """Say whether an effect of each row can help: it adds variance, and takes none away."""
        if not more:
            return (
                f"Rows of {outcome} vary less than counts of one rate do, which a Poisson "
                "distribution cannot: its variance is its mean. Intervals are too wide rather than "
                "too narrow; say so."
            )
        if of_rows:
            return (
                f"Rows of {outcome} vary otherwise than a lognormal rate lets them, though each "
                "has an effect of its own: look for a predictor that the model lacks, and for rows "
                "in which no event can happen."
            )
        return (
            f"Rows of {outcome} vary more than counts of one rate do: give each row an effect of "
            "its own, with a column obs that numbers the rows and a term (1 | obs)."
        )

    def left_side(self, outcome: str) -> str:
        """Write the logarithm of the mean."""
        return self.link.latex.format(rf"\operatorname{{E}}({outcome})")

    def left_words(self, outcome: str) -> str:
        """Say that it is the logarithm of the mean."""
        return self.link.words.format(f"the expected {outcome}")

    def outcome_latex(self, outcome: str) -> str:
        """Write the Poisson distribution."""
        return rf"{outcome} \sim \operatorname{{Poisson}}(\operatorname{{E}}({outcome}))"

    def outcome_words(self, outcome: str) -> str:
        """Say that the variance is the mean."""
        return f"Given its expected value, {outcome} has a Poisson distribution."


def _covariance(eta: Array, shared: Any, rest: Any) -> Array:
    """Return that of two means with a shared part, on the log scale: no part of it has an end."""
    with np.errstate(divide="ignore"):
        within = np.log(-np.expm1(-np.asarray(shared)))  # minus infinity where nothing is shared
    return np.asarray(LOG.inverse(2.0 * eta + 2.0 * shared + rest + within))
