"""How probable it is that what a term adds is small, whatever the evidence for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import in_sentences, number
from bayes_alliance.model.default_priors import COEFFICIENT_WIDTH, GROUP_WIDTH
from bayes_alliance.model.prior_table import LEVELS_ALIKE, PriorEntry
from bayes_alliance.model.spec import Model, defaults_of
from bayes_alliance.posterior.evidence.prior_weights import DrawsOfPriors

# A coefficient below a tenth of the outcome's standard deviation per one of its column, a
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

    None where there are no draws of what has the priors, or where these are about levels of a
    category together: none of their numbers is a size by itself.

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
    if not entries or any(e.place not in draws.values or e.stands == LEVELS_ALIKE for e in entries):
        return None
    limits = [_limit(model, entry) for entry in entries]
    small = np.ones(next(iter(draws.values.values())).shape, dtype=bool)
    for entry, limit in zip(entries, limits, strict=True):
        small &= np.abs(draws.values[entry.place] - around) < limit
    words = [_words(model, e, limit, around) for e, limit in zip(entries, limits, strict=True)]
    text = words[0] if len(words) == 1 else f"all {len(words)} are small (the first: {words[0]})"
    return SmallEffect(text, float(small.mean()))


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
