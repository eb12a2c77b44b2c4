"""From the linear predictor to what is asked for: expected outcomes, probabilities, outcomes.

Everything has the shape (row, draw), or (row, category, draw).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.matrices import PredictionDraws, PredictionRows
from bayes_alliance.random_streams import Stream, generator

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What is predicted.

    Parameters
    ----------
    kind
        ``"mean"``, ``"group"``, ``"probability"`` or ``"outcome"``.
    scale
        ``"response"`` or ``"link"``.
    seed
        Of the random numbers that outcomes and new groups need.
    """

    kind: str
    scale: str
    seed: int = 0

    @property
    def draws_groups(self) -> bool:
        """Whether new groups are drawn; an expected value is averaged over them instead."""
        return self.kind in ("group", "outcome")

    def is_linear(self, model: Model) -> bool:
        """Whether it is linear in the design, so that averaging may come first."""
        linear = self.scale == "link" or not model.family.on_link_scale
        return self.kind in ("mean", "group") and linear

    def categories(self, model: Model) -> tuple[str, ...]:
        """Return the categories it has a number for each of; none if it is one number."""
        return model.frame.levels if self.kind == "probability" else ()


def linear_predictor(rows: PredictionRows, draws: PredictionDraws) -> Array:
    """Return the location's linear predictor, with the effects of the groups seen."""
    eta = rows.offset[:, None] + rows.X @ draws.coefficients
    return _with_seen(eta, rows, draws, names.MEAN_PARAMETER)


def _with_seen(eta: Array, rows: PredictionRows, draws: PredictionDraws, parameter: str) -> Array:
    """Add the effects of the groups seen to the linear predictor of one parameter."""
    for group, (_, matrices) in rows.seen.items():
        for k in rows.places[parameter][group]:
            eta += matrices[k] @ draws.seen[group][k]
    return np.asarray(eta)


def new_group_variance(rows: PredictionRows, draws: PredictionDraws) -> Array:
    """Return the variance of what new groups contribute, z' G z, shape (row or 1, draw)."""
    variance = np.zeros((1, draws.total))
    for group, Z in rows.drawn.items():
        alike = len(Z) > 0 and bool((Z[:1] == Z).all())
        z = Z[:1] if alike else Z
        first, second = np.triu_indices(Z.shape[1])
        twice = np.where(first == second, 1.0, 2.0)
        products = z[:, first] * z[:, second] * twice
        variance = variance + products @ draws.covariance[group][:, first, second].T
    return np.maximum(variance, 0.0)


def quantity_of(
    model: Model, rows: PredictionRows, draws: PredictionDraws, quantity: Quantity, first: int = 0
) -> Array:
    """Return what is asked for, for every row and draw.

    Parameters
    ----------
    model, rows, draws, quantity
        What is believed, for whom, by which draws, and what.
    first
        Number of the first of these rows among all, so that random numbers do not depend on how
        the rows are cut up.
    """
    eta = linear_predictor(rows, draws)
    if quantity.kind == "outcome":
        return _outcomes(model, eta, rows, draws, quantity.seed, first)
    if quantity.kind == "group":
        for group, Z in rows.drawn.items():
            number = model.groups.index(group)
            eta += Z @ _new_effects(draws.covariance[group], quantity.seed, number)
    if quantity.is_linear(model):
        return eta
    averaged = quantity.kind != "group"  # a group that is drawn has nothing left to average over
    variance = new_group_variance(rows, draws) if averaged else np.zeros((1, draws.total))
    if quantity.kind == "probability":
        return _differences(model.family.chances(eta, draws.parameters, variance))
    return model.family.expected(eta, draws.parameters, model.frame.levels, variance)


def _differences(above: list[Array]) -> Array:
    edges = [np.ones_like(above[0]), *above, np.zeros_like(above[0])]
    pairs = pairwise(edges)
    return np.stack([upper - lower for upper, lower in pairs], axis=1)


def _outcomes(
    model: Model, eta: Array, rows: PredictionRows, draws: PredictionDraws, seed: int, first: int
) -> Array:
    """Draw new groups where they are asked for, and an outcome for each row and draw."""
    etas = {names.MEAN_PARAMETER: eta}
    for parameter, (X, offset) in rows.predicted.items():
        own = offset[:, None] + X @ draws.predicted[parameter]
        etas[parameter] = _with_seen(own, rows, draws, parameter)
    for group, Z in rows.drawn.items():
        codes, number = rows.draw_codes[group], model.groups.index(group)
        for code in np.unique(codes):
            effects = _new_effects(draws.covariance[group], seed, number, int(code))
            for parameter, linear in etas.items():
                at = rows.places[parameter][group]
                linear[codes == code] += Z[codes == code][:, at] @ effects[at]
    rng = generator(seed, Stream.PREDICTED_OUTCOMES, first)
    precision = rows.precision if np.isscalar(rows.precision) else rows.precision[:, None]
    parameters = {
        **draws.parameters,
        **{own.parameter: own.link.inverse(etas[own.parameter]) for own in model.design.predicted},
    }
    drawn = model.family.simulate(rng, eta, parameters, precision)
    return model.family.scores(model.frame.levels, drawn)


def _new_effects(covariance: Array, seed: int, *group: int) -> Array:
    """Draw the effects of one new group in each draw, from N(0, G), shape (effect, draw)."""
    noise = generator(seed, Stream.NEW_GROUPS, *group).standard_normal(covariance.shape[:2])
    return np.asarray(np.einsum("dij,dj->id", _root(covariance), noise))


def _root(covariance: Array) -> Array:
    """Return a root R of every covariance, R R' = G; effects may be perfectly correlated."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :])
