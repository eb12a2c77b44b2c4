"""Where the priors of a model stand, in sentences that need no formula."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bayes_alliance import names
from bayes_alliance.model.default_priors import Element
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior_table import MEAN_OF_ALL
from bayes_alliance.model.spec import Model
from bayes_alliance.model.standing import coefficient_standing
from bayes_alliance.report.group_words import many_groups
from bayes_alliance.report.prior_equation import moved_elements
from bayes_alliance.report.wording import joined

_SHOWN = 5


def standing_words(model: Model) -> tuple[str, ...]:
    """Say of each kind of prior that stands elsewhere what it is about; nothing if none does."""
    moved = moved_elements(model)
    found = [*_level(model, moved), *_coefficients(model, moved)]
    found += [word for group in model.design.groups for word in _spread(group, moved)]
    if moved:
        found.append(
            "In the formulas a star marks what such a prior is about; the last lines say what it "
            "is made of, with rounded numbers."
        )
    return tuple(found)


def _level(model: Model, moved: Collection[Element]) -> list[str]:
    """Speak of the intercept, or of what takes its place."""
    outcome = model.outcome
    if (names.B, names.INTERCEPT) in moved:
        return [
            f"The prior of the intercept is about {outcome} where every predictor has its mean, "
            "not where every predictor is 0. So it says the same wherever a predictor has its zero."
        ]
    if any(variable == names.CUTPOINT for variable, _ in moved):
        return [
            "The priors of the thresholds are about where they lie when every predictor has its "
            "mean."
        ]
    first = [e.element for e in model.priors.entries if e.stands == MEAN_OF_ALL]
    if first:
        return [
            f"The prior that stands beside {first[0]} is about the mean of {outcome} over all "
            "rows; those of the other categories are about their differences from it."
        ]
    return []


def _coefficients(model: Model, moved: Collection[Element]) -> list[str]:
    """Speak of slopes that change with other predictors, and of categories."""
    labels, orders = model.design.coefficients, model.design.orders
    ties = coefficient_standing(model.priors, model.design).ties
    levels = {labels[place] for places, _ in ties for place in places}
    taken = {e.element for e in model.priors.entries if e.stands == MEAN_OF_ALL}
    slopes = [
        label
        for label, order in zip(labels, orders, strict=False)
        if (names.B, label) in moved and not order.is_constant and label not in levels | taken
    ]
    found = []
    if slopes:
        several = len(slopes) > 1
        effects, are = ("effects", "Their priors are") if several else ("effect", "Its prior is")
        found.append(
            f"The {effects} of {_some(slopes)} {'change' if several else 'changes'} along a "
            f"predictor. {are} about the effect where the predictors have their means, averaged "
            "over categories."
        )
    if levels:
        found.append(
            "Categories are compared with a reference. Their priors hang together so that any two "
            "categories are expected to differ alike, the reference among them."
        )
    return found


def _spread(group: GroupDesign, moved: Collection[Element]) -> list[str]:
    elements = [effect for effect in group.effects if (names.sd(group.name), effect) in moved]
    if not elements:
        return []
    of = joined(
        "the intercept" if effect == names.INTERCEPT else f"the slope of {effect}"
        for effect in elements[:_SHOWN]
    )
    return [
        f"The prior of the standard deviation between {many_groups(group)} in {of} holds where "
        "the predictors have their means. At other values of the predictors that standard "
        "deviation follows from it, from that of the slopes and from their correlation."
    ]


def _some(labels: Sequence[str]) -> str:
    rest = len(labels) - _SHOWN
    return joined(labels[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
