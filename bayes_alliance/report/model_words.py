"""The model said in words and as an equation."""

from __future__ import annotations

import textwrap

from bayes_alliance import names
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.report.group_words import many_groups, one_group
from bayes_alliance.report.wording import joined

_WIDTH = 84
_LINK_WORDS = {
    "identity": "{outcome}",
    "logit": "log odds of {target}",
    "probit": "probit of the probability of {target}",
    "cloglog": "complementary log-log of the probability of {target}",
}


def equation(model: Model) -> str:
    """Write the model as lines of an equation, every parameter by the name it has in the tables."""
    left = _left_side(model)
    lines = [_wrapped(left, _population(model))]
    indent = " " * len(left)
    lines += [_wrapped(indent, _effects(group), sign="+") for group in model.design.groups]
    if model.family.parameters and not model.family.on_link_scale:
        lines.append(_wrapped(indent, ["residual"], sign="+"))
    return "\n".join([*lines, "", *_distributions(model)])


def _left_side(model: Model) -> str:
    target = f"({model.outcome} = 1)"
    if model.family.outcome == "ordinal":
        target = f"({model.outcome} above category k)"
    return _LINK_WORDS[model.link].format(outcome=model.outcome, target=target)


def _population(model: Model) -> list[str]:
    cutpoint = ["−cutpoint[k]"] if names.CUTPOINT in model.family.parameters else []
    return [*cutpoint, *(_product(names.B, c) for c in model.design.coefficients)] or ["0"]


def _effects(group: GroupDesign) -> list[str]:
    return [_product(f"u_{group.name}", effect) for effect in group.effects]


def _product(parameter: str, label: str) -> str:
    own = f"{parameter}[{label}]"
    return own if label == names.INTERCEPT else f"{own} × {label}"


def _wrapped(left: str, terms: list[str], *, sign: str = "=") -> str:
    indent = " " * (len(left) + 3)
    return textwrap.fill(
        " + ".join(terms).replace(" × ", "\0"),
        width=_WIDTH,
        initial_indent=f"{left} {sign} ",
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\0", " × ")


def _distributions(model: Model) -> list[str]:
    lines = []
    for group in model.design.groups:
        linked = ", correlated by cor" if group.pairs else ""
        lines.append(
            f"u_{group.name} ~ Normal(0, sd_{group.name}){linked}, one for each {one_group(group)}"
        )
    if model.family.name == "gaussian":
        lines.append(f"residual ~ Normal(0, sigma){_weighted(model)}")
    if model.family.name == "student":
        lines.append(f"residual ~ Student-t(nu degrees of freedom, 0, sigma){_weighted(model)}")
    return lines


def _weighted(model: Model) -> str:
    response = model.formula.response
    if response.weights is None or response.weight_kind != "precision":
        return ""
    return f", variance divided by {response.weights}"


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
            f"{one_group(group)} has a departure of its own from the common value, drawn from a "
            f"normal distribution whose spread is estimated.{together}"
        )
    return tuple(sentences) or ("Nothing varies between groups.",)


def _effect_words(effect: str) -> str:
    return "the intercept" if effect == names.INTERCEPT else f"the slope of {effect}"


def family_words(model: Model) -> str:
    """Name the family and its link."""
    family = model.family
    description = family.description[0].upper() + family.description[1:]
    link = "" if model.link == "identity" else f", {model.link} link"
    return f"{description} ({family.name}{link})"
