"""The model said in words."""

from __future__ import annotations

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.report.group_words import many_groups, one_group
from bayes_alliance.report.wording import joined


def varying_words(model: Model) -> tuple[str, ...]:
    """Say, for each grouping factor, what varies between its groups."""
    sentences = []
    for group in model.design.groups:
        what = joined(_effect_words(effect) for effect in group.effects)
        together = " Their correlation is estimated too." if len(group.pairs) == 1 else ""
        together = " Their correlations are estimated too." if len(group.pairs) > 1 else together
        verb = "varies" if len(group.effects) == 1 else "vary"
        sentences.append(
            f"{what[0].upper()}{what[1:]} {verb} between {many_groups(group)}: each "
            f"{one_group(group)} has a deviation of its own from the common value, drawn from a "
            f"normal distribution whose standard deviation is estimated.{together}"
        )
    return tuple(sentences) or ("Nothing varies between groups.",)


def _effect_words(effect: str) -> str:
    return "the intercept" if effect == names.INTERCEPT else f"the slope of {effect}"


def family_words(model: Model) -> str:
    """Name the family and its link."""
    family = model.family
    description = family.description[0].upper() + family.description[1:]
    link = "" if not model.link.transforms else f", {model.link} link"
    return f"{description} ({family.name}{link})"
