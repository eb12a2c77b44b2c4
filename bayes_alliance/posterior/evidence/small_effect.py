"""How probable it is that what a term adds is small, whatever the evidence for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import in_sentences, number
from bayes_alliance.model.column_order import Coding
from bayes_alliance.model.default_priors import COEFFICIENT_WIDTH, GROUP_WIDTH
from bayes_alliance.model.prior_table import LEVELS_ALIKE, PriorEntry
from bayes_alliance.model.spec import Model, defaults_of
from bayes_alliance.posterior.evidence.scaled_evidence import DrawsOfPriors

Array = NDArray[np.float64]
# A coefficient below a tenth of the outcome's standard deviation per one of its column (two levels
# of a category below a fifth of it apart: its half range counts as one), a
# standard deviation of group effects below 5% of the outcome's variance.
_COEFFICIENT, _SHARE = 0.1, 0.05


class SmallEffect(NamedTuple):
    """What is small, in words, and the posterior probability that it is."""

    words: str
    probability: float


def small_effect(
    model: Model, entries: Sequence[PriorEntry], draws: DrawsOfPriors, *, around: float = 0.0
) -> SmallEffect | None:
    """Return how probable it is that all parameters of a term are small.

    Of a category that is the range of the effects of its levels, the reference level's included:
    how far the two lie apart that differ most. None where there are no draws of what has the
    priors, or where these are about some levels of a category only, or of a product of
    categories: none of their numbers is a size by itself.

    Parameters
    ----------
    model
        The model that has them.
    entries
        Their priors, of which the user's own say nothing of what is small.
    draws
        Their draws.
    around
        From where coefficients count.
    """
    if not entries or any(entry.place not in draws.values for entry in entries):
        return None
    alone = [entry for entry in entries if entry.stands != LEVELS_ALIKE]
    sizes = [_size_of(model, entry, draws, around) for entry in alone]
    tied = [entry for entry in entries if entry.stands == LEVELS_ALIKE]
    if tied:
        if around != 0.0:
            return None
        ranges = _ranges(model, tied, draws)
        if ranges is None:
            return None
        sizes += ranges
    small = np.logical_and.reduce([size.values < size.limit for size in sizes])
    first = sizes[0].words
    several = "both" if len(sizes) == 2 else f"all {len(sizes)}"
    text = first if len(sizes) == 1 else f"{several} are small (the first: {first})"
    return SmallEffect(text, float(small.mean()))


class _Size(NamedTuple):
    """Draws of a size, the limit below which it is small, and that in words."""

    values: Array
    limit: float
    words: str


def _size_of(model: Model, entry: PriorEntry, draws: DrawsOfPriors, around: float) -> _Size:
    limit = _limit(model, entry)
    values = np.abs(draws.values[entry.place] - around)
    return _Size(values, limit, _words(model, entry, limit, around))


def _ranges(
    model: Model, entries: Sequence[PriorEntry], draws: DrawsOfPriors
) -> list[_Size] | None:
    """Return the range of the effects of each category's levels, or None if some have none."""
    orders = model.design.orders
    place = {label: k for k, label in enumerate(model.design.coefficients)}
    own = {place[str(entry.element)]: entry for entry in entries}
    found = []
    for term in dict.fromkeys(orders[k].term for k in own):
        places = [k for k, order in enumerate(orders) if order.term == term]
        coding = orders[places[0]].coding
        if len(coding) != 1 or not own.keys() >= set(places) or coding[0][0] != len(places):
            return None
        # Their priors stand on combinations of these coefficients, and of no others.
        to_working = model.priors.basis.coefficients.to_working[np.ix_(places, places)]
        working = np.stack([draws.values[own[k].place] for k in places], axis=-1)
        coefficients = np.linalg.solve(to_working, working[..., None])[..., 0]
        levels = _of_all_levels(coefficients, coding[0][1])
        limit = _limit(model, own[places[0]]) * _apart(*coding[0])
        (factor,) = orders[places[0]].factors
        words = f"no two levels of {factor} differ by {number(limit)} or more"
        found.append(_Size(np.ptp(levels, axis=-1), limit, words))
    return found


def _of_all_levels(coefficients: Array, kind: Coding) -> Array:
    """Return the effects of all levels, shape (..., level): that without a column is the rest."""
    last = np.zeros_like(coefficients[..., :1])
    if kind == "sum":
        last = -coefficients.sum(axis=-1, keepdims=True)
    return np.concatenate([coefficients, last], axis=-1)


def _apart(size: int, kind: Coding) -> float:
    """Return the prior sd of the difference of two levels over that of a coefficient."""
    return float(np.sqrt(2 * (size + 1) / size)) if kind == "sum" else 1.0


def _limit(model: Model, entry: PriorEntry) -> float:
    """Return the size below which a parameter counts as small, in its own unit."""
    prior = entry.prior
    if entry.chosen:
        defaults = defaults_of(model)
        prior = defaults.priors[entry.place]
        if not entry.at_means:
            prior = defaults.as_written.get(entry.place, prior)
    else:
        prior = next(own.prior for own in model.priors.entries if own.place == entry.place)
    width = prior.arguments[-1]
    if entry.variable == names.B:
        return _COEFFICIENT * width / COEFFICIENT_WIDTH
    return float(np.sqrt(_SHARE)) * width / GROUP_WIDTH


def _words(model: Model, entry: PriorEntry, limit: float, around: float) -> str:
    where = f" {entry.stands}" if entry.at_means else ""
    if entry.variable == names.B:
        low, high = in_sentences([around - limit, around + limit])
        return f"{entry.key}{where} lies between {low} and {high}"
    size = number(limit)
    of = "" if model.family.on_link_scale else f" ({_SHARE:.0%} of the variance of {model.outcome})"
    return f"{entry.key}{where} is below {size}{of}"
