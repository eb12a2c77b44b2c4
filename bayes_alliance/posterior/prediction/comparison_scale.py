"""How two predictions are compared: their difference, their ratio, the ratio of their odds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import ModelError, did_you_mean
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.expected import Quantity

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ComparisonScale:
    """A way to compare.

    Parameters
    ----------
    words
        Its name in a sentence, before what is compared.
    sign
        What stands between the two values in a label.
    nothing
        Its value where both predictions are equal.
    compare
        From both predictions to it.
    """

    words: str
    sign: str
    nothing: float
    compare: Callable[[Array, Array], Array]

    def combine(self, values: Sequence[Array], places: slice) -> Array:
        """Compare the second predictions with the first."""
        return self.compare(values[0], values[1])


def _ratio(first: Array, second: Array) -> Array:
    if min(first.min(initial=1.0), second.min(initial=1.0)) <= 0.0:
        raise ModelError(
            "The ratio of two predictions was asked for.",
            "In some draws a prediction is 0 or less, and a ratio has no meaning there.",
            "Ask for the difference instead.",
        )
    return np.asarray(second / first)


def _odds_ratio(first: Array, second: Array) -> Array:
    return _ratio(first / (1.0 - first), second / (1.0 - second))


COMPARISONS = {
    "difference": ComparisonScale(
        words="difference in", sign="−", nothing=0.0, compare=lambda a, b: np.asarray(b - a)
    ),
    "ratio": ComparisonScale(words="ratio of", sign="/", nothing=1.0, compare=_ratio),
    "odds ratio": ComparisonScale(
        words="odds ratio of", sign="/", nothing=1.0, compare=_odds_ratio
    ),
}


def asked_comparison(model: Model, comparison: str, quantity: Quantity) -> ComparisonScale:
    """Return the way to compare.

    Raises
    ------
    ModelError
        If there is no such way, or it makes no sense for what is predicted.
    """
    if comparison not in COMPARISONS:
        raise ModelError(
            f"A contrast was asked for with comparison={comparison!r}.",
            f"There is no such comparison. {did_you_mean(str(comparison), COMPARISONS)}".rstrip(),
            f"It is one of {', '.join(COMPARISONS)}.",
        )
    if comparison != "difference" and quantity.scale == "link" and model.family.on_link_scale:
        raise ModelError(
            f"The {comparison} of two linear predictors was asked for.",
            "Zero is nothing special on the link scale, so a ratio has no meaning there.",
            "Ask for the difference; with the logit link its exponential is an odds ratio.",
        )
    probabilities = model.family.is_probability or quantity.kind == "probability"
    if comparison == "odds ratio" and not probabilities:
        raise ModelError(
            f"Odds ratios of the expected {model.outcome} were asked for.",
            "Only probabilities have odds.",
            "Ask for the difference or the ratio, or, for ordered categories, for "
            "kind='probability'.",
        )
    return COMPARISONS[comparison]
