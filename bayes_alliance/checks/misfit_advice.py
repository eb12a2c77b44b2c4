"""What to do about data that a model does not reproduce, by what is in the outcome's column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.checks.outcome_statistics import Looked
from bayes_alliance.data.outcome_shape import PILED_WHERE_UNLIKE, note_outcome_shape
from bayes_alliance.errors import Advice, Words
from bayes_alliance.model.spec import Model

Array = NDArray[np.float64]
# Whole numbers of so many values are ordered categories rather than a quantity.
FEW_STEPS = 10
_FEWEST_PILED = 5
_SKEWED = 1.0
_NO_FAMILY = frozenset({"outcome_counts", "outcome_shares"})
_SDS, _CLIENTS = "standard deviations", "predictions of single rows"


def advice_on(model: Model, looked: Looked, *, heavy_tails: bool, more: bool) -> Words:
    """Return what to do about an aspect of the data that the model does not reproduce.

    Parameters
    ----------
    model, looked
        The model, and the aspect.
    heavy_tails
        Whether residuals lie farther out than the model has them.
    more
        Whether the statistic that is farthest off is larger in the data than simulated.
    """
    if looked.aspect == "distribution":
        return _on_distribution(model, heavy_tails=heavy_tails, more=more)
    if looked.aspect == "slopes":
        return _on_slopes(model, looked)
    if looked.aspect == "means":
        return _see(
            f"Look for groups of {looked.group} that stand out, and for a predictor of the groups "
            "that the model lacks",
            looked.group,
        )
    if looked.aspect == "sds":
        return _see(
            f"Clients differ more within some groups of {looked.group} than within others, and the "
            "model has one residual standard deviation for all: intervals of single groups are too "
            "wide in some and too narrow in others",
            looked.group,
        )
    return "Look at the priors: they hold the model away from the data."


def depends_on(model: Model, looked: Looked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which answers may change in a model that reproduces an aspect, and which less."""
    slopes = "the average slopes"
    if looked.aspect == "distribution":
        if model.frame.levels:
            return ("the predicted shares of the answers",), (slopes,)
        return (_SDS, "shares of the variance", _CLIENTS), (slopes,)
    if looked.aspect == "means":
        group = looked.group
        return (f"how much {group} matters", f"what is said of single groups of {group}"), (slopes,)
    if looked.aspect == "sds":
        return (f"intervals of single groups of {looked.group}", _CLIENTS), (slopes,)
    if looked.aspect == "slopes":
        slope, group = looked.slope, looked.group
        if slope in model.design.group(group).effects:
            return (f"how much the slope of {slope} varies between groups of {group}",), (slopes,)
        return (f"the interval of the slope of {slope}",), ()
    return ("every answer",), ()


def _on_distribution(model: Model, *, heavy_tails: bool, more: bool) -> Words:
    """Say which form of the outcome there is, from the values that were observed."""
    name, y = model.outcome, model.frame.y
    if not model.family.has_residual:
        of_rows = any(len(group.labels) == len(y) for group in model.design.groups)
        return model.family.misfit_remedy(name, more=more, of_rows=of_rows)
    values, whole = np.unique(y), bool((y == np.round(y)).all())
    if len(values) == 2:
        coded = list(values) == [0, 1]
        after = "" if coded else "after coding them as 0 and 1"
        return _family(f"{name} has two values only", "bernoulli", after)
    # What was seen in the data says the same.
    seen = [note for note in note_outcome_shape(name, y) if note.code in _NO_FAMILY]
    if seen:
        return seen[0].remedy
    if whole and len(values) <= FEW_STEPS:
        return _family(f"{name} has {len(values)} values only, in steps", "cumulative")
    piled = _piled_up(y, values)
    if piled:
        return (
            f"{piled}; the model does not know that the scale ends there. Take slopes as averages, "
            "do not rely on predictions of single rows, and say that who "
            "lies beyond its end is not distinguished."
        )
    skewness = float(np.mean((y - y.mean()) ** 3) / y.std() ** 3)
    if values[0] > 0 and skewness > _SKEWED:
        return _logarithm(f"{name} is above 0 and skewed: analyse its logarithm", name)
    if heavy_tails and model.family.heavier_tails:
        return _family("If single outcomes lie far out", model.family.heavier_tails)
    return _see(
        f"The model may predict values of {name} that its scale does not have: take slopes as "
        "averages, and do not rely on predictions of single rows",
        "",
    )


def _piled_up(y: Array, values: Array) -> str:
    """Say how many rows have the lowest or highest value, where that is a floor or ceiling."""
    found = []
    for end, which in ((values[0], "lowest"), (values[-1], "highest")):
        count = int((y == end).sum())
        if count >= max(_FEWEST_PILED, PILED_WHERE_UNLIKE * len(y)):
            found.append(f"{count} of {len(y)} rows have the {which} value, {end:g}")
    return " and ".join(found)


def _family(why: str, family: str, after: str = "") -> Advice:
    then = f", {after}" if after else ""
    return Advice(
        python=f'{why}: use family="{family}"{then}.',
        command_line=f"{why}: fit the model with --family {family}{then}.",
    )


def _logarithm(why: str, name: str) -> Advice:
    return Advice(
        python=f"{why}, data.assign(**{{{f'log_{name}'!r}: np.log(data[{name!r}])}}).",
        command_line=f"{why}, in a new column of the file.",
    )


def _see(what: str, group: str) -> Advice:
    chosen = f', group="{group}"' if group else ""
    return Advice(
        python=f"{what}. check_predictive(fit{chosen}).plot() shows it.",
        command_line=f"{what}. Its picture is among the predictive checks.",
    )


def _on_slopes(model: Model, looked: Looked) -> Words:
    slope, group = looked.slope, looked.group
    if slope in model.design.group(group).effects:
        return _see(f"Look for groups of {group} with a slope of {slope} that stands out", group)
    plain = slope in model.frame.rows.columns
    how = f": (1 + {slope} | {group})" if plain and ":" not in group else ""
    return f"Let the slope of {slope} vary between the groups of {group}{how}."
