"""What coefficients and group effects of a predicted parameter mean, in words.

A coefficient of sigma is on the scale of its link, the logarithm: its exponential is what one
point of the predictor multiplies the residual standard deviation by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import in_sentences
from bayes_alliance.model.design import Predictor
from bayes_alliance.model.spec import Model

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def predicted_sentences(model: Model, posterior: xr.Dataset, prob: float) -> list[str]:
    """Say what predictors and groups do to the parameters that a model predicts.

    Parameters
    ----------
    model
        The model.
    posterior
        Draws of coefficients, standard deviations and correlations; what is not among them is
        left out.
    prob
        Probability of the intervals.
    """
    said: list[str] = []
    for own in model.design.predicted:
        if own.variable in posterior:
            said += _coefficients(model, own, posterior[own.variable], prob)
        for group in model.design.groups:
            if names.sd(group.name) in posterior:
                said += _groups(model, group.name, own.parameter, posterior, prob)
    return said


def _coefficients(
    model: Model, predictor: Predictor, draws: xr.DataArray, prob: float
) -> list[str]:
    words = f"the {model.family.parameter(predictor.parameter).words}"
    found = []
    for place, label in enumerate(predictor.coefficients):
        ratio = np.exp(draws.to_numpy()[..., place].reshape(-1))
        if label != names.INTERCEPT:
            found.append(f"With one more of {label}, {words} is {_change(ratio, prob)}.")
    return found


def _change(ratio: Array, prob: float) -> str:
    """Say how much larger or smaller something is: ``21% larger (95% interval 16% to 26%)``."""
    middle = float(np.median(ratio))
    sign, direction = (1, "larger") if middle >= 1 else (-1, "smaller")
    ends = sign * 100 * (np.quantile(ratio, [(1 - prob) / 2, (1 + prob) / 2]) - 1)
    shown = in_sentences([sign * 100 * (middle - 1), *sorted(ends)])
    return f"{shown[0]}% {direction} ({prob:.0%} interval {shown[1]}% to {shown[2]}%)"


def _groups(
    model: Model, name: str, parameter: str, posterior: xr.Dataset, prob: float
) -> list[str]:
    """Say how far groups differ in a parameter, and whether that goes with their level."""
    group = model.design.group(name)
    places = group.places_of(parameter)
    constant = [k for k in places if group.varying[k].coefficient == names.INTERCEPT]
    if not constant:
        return []
    words = f"the {model.family.parameter(parameter).words}"
    ratio = np.exp(posterior[names.sd(name)].to_numpy()[..., constant[0]].reshape(-1))
    said = [
        f"In a group of {name} one standard deviation above the average group, {words} is "
        f"{_change(ratio, prob)}."
    ]
    level = [
        k
        for k in group.places_of(names.MEAN_PARAMETER)
        if group.varying[k].coefficient == names.INTERCEPT
    ]
    pair = (level[0], constant[0]) if level else None
    if pair in group.pairs and names.cor(name) in posterior:
        number = group.pairs.index(pair)
        said.append(
            _goes_along(posterior[names.cor(name)].to_numpy()[..., number], name, words, prob)
        )
    return said


def _goes_along(correlation: Array, name: str, words: str, prob: float) -> str:
    """Say whether groups with a higher level are those where the parameter is larger."""
    flat = correlation.reshape(-1)
    low, high = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2])
    shown = in_sentences([float(flat.mean()), float(low), float(high)])
    number = f"correlation {shown[0]}, {prob:.0%} interval {shown[1]} to {shown[2]}"
    if low <= 0 <= high:
        return (
            f"Whether it goes along with the level of the outcome between the groups of {name} "
            f"remains open ({number})."
        )
    kind = "larger" if low > 0 else "smaller"
    return f"In groups of {name} with a higher level of the outcome {words} is {kind} ({number})."
