"""Ordered answers: thresholds cut a latent variable into categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.families.categories import (
    Categories,
    as_scores,
    category_scores,
    score_note,
)
from bayes_alliance.model.families.family import Array, Coded, Parameters
from bayes_alliance.model.families.link import LOGIT, PROBIT, Link
from bayes_alliance.model.families.outcome_columns import as_ordered
from bayes_alliance.model.families.parameter import CUTPOINT, Parameter
from bayes_alliance.model.families.row_statistics import SMALL_SHARE, RowStatistic, shares

if TYPE_CHECKING:
    import pandas as pd

# A difference of two mean scores, in steps.
_SMALL_IN_STEPS = 0.1


@dataclass(frozen=True, kw_only=True)
class Cumulative(Categories):
    """``P(y <= k) = F(threshold_k - eta)``, with the distribution function of the link."""

    name = "cumulative"
    description = "ordered outcome with thresholds"
    links = (LOGIT, PROBIT)
    other_names: ClassVar[Mapping[str, str | None]] = {
        **dict.fromkeys(("ordinal", "ordered", "clm", "clmm", "polr", "ologit"), None),
        **dict.fromkeys(("cumulativelogit", "cumlogit", "meologit", "grm"), None),
        **dict.fromkeys(("oprobit", "meoprobit", "cumulativeprobit"), "probit"),
    }
    purpose = "for ordered answers"
    intercept = False
    has_moments = False
    measure = "ordinal"
    value_words = "expected {}"

    @property
    def beside_location(self) -> tuple[Parameter, ...]:
        """The thresholds."""
        return (CUTPOINT,)

    def code(self, column: pd.Series[Any]) -> Coded:
        """Return the places of the categories from 0, and their names."""
        return as_ordered(column)

    def category_scores(self, levels: Sequence[str]) -> Array:
        """Return the categories' own numbers, or their places."""
        return category_scores(levels)

    def scores(self, levels: Sequence[str], codes: Array) -> Array:
        """Return what each outcome's category counts as."""
        return as_scores(levels, codes)

    def score_note(self, levels: Sequence[str]) -> str:
        """Say what the categories count as."""
        return score_note(levels)

    def location_and_scale(
        self, y: Array, offset: Array, weights: Array | None
    ) -> tuple[float, float]:
        """Return what is known: the thresholds lie around it."""
        return float(np.average(offset, weights=weights)), 1.0

    def empirical_level(self, y: Array, levels: Sequence[str], counts: Array) -> Array:
        """Return the thresholds that give each category its share of the rows."""
        often = np.bincount(y.astype(int), counts, len(levels)) + 0.5
        return np.asarray(self.link.forward(np.cumsum(often)[:-1] / often.sum()))

    def small_difference(self, y: Array) -> float:
        """Return a tenth of a step."""
        return _SMALL_IN_STEPS

    def log_density(self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0) -> Array:
        """Return the log probability of category ``y``, 0 for the lowest.

        Differences of nearby values are taken on the log scale from whichever tail loses no digits.
        """
        low, high = self._edges(y, eta, own)
        flip = low > 0
        upper, lower = np.where(flip, -low, high), np.where(flip, -high, low)
        log_upper, log_lower = self.link.log_one(upper), self.link.log_one(lower)
        below = np.minimum(log_lower - log_upper, -1e-300)
        return np.asarray(log_upper + _log_one_minus_exp(below))

    def slopes(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the derivatives from those of the latent variable at both edges."""
        log_density = self.log_density(y, eta, own)
        low, high = self._edges(y, eta, own)
        below, bend_below = self._at_edge(low, log_density)
        above, bend_above = self._at_edge(high, log_density)
        first = below - above
        return np.asarray(first), np.asarray(bend_above - bend_below - first**2)

    def _at_edge(self, edge: Array, log_density: Array) -> tuple[Array, Array]:
        """Return the latent density there over the probability, and its slope; 0 at the ends."""
        inside = np.isfinite(edge)
        log_latent, score = self.link.latent(np.where(inside, edge, 0.0))
        ratio = np.where(inside, np.exp(log_latent - log_density), 0.0)
        return ratio, ratio * score

    def _edges(self, y: Array, eta: Array, own: Parameters) -> tuple[Array, Array]:
        """Return how far the category's two thresholds lie above the linear predictor."""
        cutpoint = own[names.CUTPOINT]
        category = np.asarray(y, dtype=int)
        edge = np.full((*cutpoint.shape[:-1], 1), np.inf)
        edges = np.concatenate([-edge, cutpoint, edge], axis=-1)
        shape = np.broadcast_shapes(eta.shape, edges.shape[:-1])
        edges = np.broadcast_to(edges, (*shape, edges.shape[-1]))
        at = np.broadcast_to(category, shape)[..., None]
        low = np.take_along_axis(edges, at, axis=-1)[..., 0] - eta
        high = np.take_along_axis(edges, at + 1, axis=-1)[..., 0] - eta
        return low, high

    def up_to(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the probabilities of lower categories, and of these and the own."""
        steps = np.exp(self.link.log_one(own[names.CUTPOINT] - eta[..., None]))
        ends = np.zeros((*steps.shape[:-1], 1))
        edges = np.concatenate([ends, steps, ends + 1], axis=-1)
        at = np.broadcast_to(np.asarray(y, dtype=int), eta.shape)[..., None]
        low = np.take_along_axis(edges, at, axis=-1)[..., 0]
        return low, np.take_along_axis(edges, at + 1, axis=-1)[..., 0]

    def simulate(
        self, rng: np.random.Generator, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> Array:
        """Draw categories, 0 for the lowest."""
        latent = self.link.forward(rng.random(eta.shape))
        return np.asarray((eta + latent)[..., None] > own[names.CUTPOINT], dtype=float).sum(-1)

    def chances(self, eta: Array, own: Parameters, variance: Any = None) -> list[Array]:
        """Return the probability of lying above each category but the last."""
        thresholds = np.moveaxis(np.asarray(own[names.CUTPOINT]), -1, 0)
        return [self.link.averaged(eta - threshold, variance) for threshold in thresholds]

    def row_statistics(self, y: Array, levels: Sequence[str]) -> tuple[RowStatistic, ...]:
        """Return the share of each category."""
        each = [(float(place), str(level)) for place, level in enumerate(levels)]
        return (RowStatistic(aspect="distribution", of=shares(each), small=SMALL_SHARE),)

    def pymc(self, eta: Any, own: Mapping[str, Any], weight: Any) -> tuple[Any, dict[str, Any]]:
        """Return an ordered distribution of the link."""
        return _ORDERED[self.link](eta, own[names.CUTPOINT])

    def misfit_remedy(self, outcome: str, *, more: bool, of_rows: bool) -> str:
        """Point to the thresholds."""
        return "Look at the priors of the thresholds, and for a predictor that the model lacks."

    def target(self, outcome: str) -> str:
        """Say that what is more probable is a higher category."""
        return f"a higher {outcome}"

    def left_side(self, outcome: str) -> str:
        """Write the link of the probability of a higher category."""
        return self.link.latex.format(rf"\Pr({outcome} > c)")

    def event_words(self, outcome: str) -> str:
        """Say that it is that of a higher category."""
        return f"that {outcome} lies above a category"


def _log_one_minus_exp(x: Array) -> Array:
    """Log of one minus the exponential of a negative number, to all digits near 0 and far off."""
    near = x > -np.log(2)
    close, far = np.where(near, x, -1.0), np.where(near, -1.0, x)
    return np.where(near, np.log(-np.expm1(close)), np.log1p(-np.exp(far)))


def _ordered_logistic(eta: Any, cutpoint: Any) -> tuple[Any, dict[str, Any]]:
    return _OrderedLogistic, {"eta": eta, "cutpoint": cutpoint}


def _ordered_probit(eta: Any, cutpoint: Any) -> tuple[Any, dict[str, Any]]:
    return _OrderedProbit, {"eta": eta, "cutpoints": cutpoint}


_ORDERED: Mapping[Link, Callable[[Any, Any], tuple[Any, dict[str, Any]]]] = {
    LOGIT: _ordered_logistic,
    PROBIT: _ordered_probit,
}


class _OrderedProbit:
    """PyMC's OrderedProbit without its table of all probabilities."""

    def __new__(cls, name: str, **arguments: Any) -> Any:
        """Add the distribution to the current model."""
        import pymc as pm

        return pm.OrderedProbit(name, **arguments, compute_p=False)

    @staticmethod
    def dist(**arguments: Any) -> Any:
        """Return the distribution without a name, for a weighted likelihood."""
        import pymc as pm

        return pm.OrderedProbit.dist(**arguments)


class _OrderedLogistic:
    """PyMC's OrderedLogistic without its table of all probabilities, which is slow to compile."""

    def __new__(cls, name: str, **arguments: Any) -> Any:
        """Add the distribution to the current model."""
        import pymc as pm

        eta, cutpoint = arguments.pop("eta"), arguments.pop("cutpoint")
        return pm.CustomDist(
            name, eta, cutpoint, logp=_cumulative_logp, dist=_cumulative_dist, **arguments
        )

    @staticmethod
    def dist(eta: Any, cutpoint: Any) -> Any:
        """Return the distribution without a name, for a weighted likelihood."""
        import pymc as pm

        return pm.CustomDist.dist(eta, cutpoint, logp=_cumulative_logp, dist=_cumulative_dist)


_FAR = 1e10  # stands for infinity: its gradient is 0, not NaN


def _cumulative_logp(value: Any, eta: Any, cutpoint: Any) -> Any:
    """Return log(F(u) - F(l)) = log F(u) + log F(-l) + log(1 - exp(l - u)), F logistic."""
    import pytensor.tensor as pt

    category = value.astype("int64")
    far = pt.constant([_FAR])
    upper = pt.concatenate([cutpoint, far])[category] - eta
    lower = pt.concatenate([-far, cutpoint])[category] - eta
    return -pt.softplus(-upper) - pt.softplus(lower) + pt.log1mexp(lower - upper)


def _cumulative_dist(eta: Any, cutpoint: Any, size: Any) -> Any:
    import pymc as pm

    return pm.OrderedLogistic.dist(eta=eta, cutpoints=cutpoint, size=size)
