"""The equation in words, for those who cannot see it or do not read formulas."""

from __future__ import annotations

from bayes_alliance import names
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.report.group_words import one_group
from bayes_alliance.report.wording import joined


def equation_in_words(model: Model) -> str:
    """Say what the outcome is the sum of, and how each part is distributed."""
    left = model.family.left_words(model.outcome)
    parts = [*_common(model), *(part for g in model.design.groups for part in _deviations(g))]
    if model.family.has_residual:
        parts.append("a residual")
    sentences = [f"{left[0].upper()}{left[1:]} is the sum of {joined(parts)}."]
    sentences += [_distribution(group) for group in model.design.groups]
    return " ".join([*sentences, *_residual(model)])


def _common(model: Model) -> list[str]:
    parts = []
    coefficients = list(model.design.coefficients)
    if model.family.level is not None:
        parts.append("minus the threshold above the category")
    if names.INTERCEPT in coefficients:
        parts.append("the intercept")
    slopes = [label for label in coefficients if label != names.INTERCEPT]
    if slopes:
        what = "the coefficient of each predictor times that predictor"
        parts.append(f"{what} ({joined(slopes)})")
    return parts


def _deviations(group: GroupDesign) -> list[str]:
    one = one_group(group)
    return [
        f"the deviation of the {one} from the intercept"
        if label == names.INTERCEPT
        else f"the deviation of the {one} from the slope of {label} times {label}"
        for label in group.effects
    ]


def _distribution(group: GroupDesign) -> str:
    count, one = len(group.effects), one_group(group)
    normal = "normal around 0 with a standard deviation that is estimated"
    if count == 1:
        return f"The deviation of a {one} is {normal}."
    if not group.pairs:
        return f"The deviations of a {one} are {normal} for each, and not correlated."
    rest = "" if len(group.pairs) == count * (count - 1) // 2 else " within each group term"
    return (
        f"The deviations of a {one} are normal around 0 and may be correlated; their standard "
        f"deviations and{rest} their correlations are estimated."
    )


def _residual(model: Model) -> list[str]:
    response, family = model.formula.response, model.family
    counted = response.weights and response.weight_kind == "frequency"
    times = [f"Each row counts {response.weights} times in the likelihood."] if counted else []
    if not family.has_residual:
        said = family.outcome_words(model.outcome)
        return [said, *times] if said else times
    kind, spread = family.residual_words()
    if response.weight_kind == "known_error":
        spread = f"the known standard error {response.weights}"
    elif response.weight_kind == "precision":
        spread = f"a squared {spread} divided by {response.weights}"
    return [f"The residual is {kind} around 0 with {spread}.", *times]
