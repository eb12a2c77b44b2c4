"""Short phrases for a report's prose: numbers, lists and intervals, groups and effects."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bayes_alliance.display import number
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.group_mean_terms import group_mean_terms, interacting_components
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.standing_effects import PlacedEffect

_MINUS = "\N{MINUS SIGN}"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # in XML
_VOWELS = "aeiou"
_SHORTEST_WORD = 4


def figure(value: float, *, digits: int = 3) -> str:
    """Write a number for prose and tables, with a real minus sign."""
    return number(float(value), digits=digits).replace("-", _MINUS)


def with_minus(text: str) -> str:
    """Set a real minus sign before the numbers of a sentence."""
    return re.sub(r"(?<![\w.\-])-(?=\d)", _MINUS, text)


def short(value: float) -> str:
    """Write a number that is mentioned in passing, with two digits."""
    return figure(value, digits=2)


def count(value: float) -> str:
    """Write a whole number, in thousands from 10,000 on."""
    return f"{round(value):,}" if abs(value) >= 10_000 else f"{round(value)}"


def percent(share: float) -> str:
    """Write a share as a percentage; small ones keep a digit and none is rounded to nothing."""
    if share != share:
        return "–"
    value = 100 * share
    if 0 < value < 0.1:
        return "under 0.1%"
    if 99.9 < value < 100:
        return "over 99.9%"
    return f"{value:.0f}%" if 9.95 <= value <= 99 or value in (0, 100) else f"{value:.1f}%"


def probability(value: float) -> str:
    """Write a probability; what the draws cannot tell from 0 or 1 is not rounded to it."""
    if value > 0.999:
        return "over 0.999"
    if value < 0.001:
        return "under 0.001"
    return f"{value:.3f}" if value > 0.99 or value < 0.01 else f"{value:.2f}"


def between(lower: float, upper: float, *, digits: int = 3) -> str:
    """Write an interval for prose."""
    return f"{figure(lower, digits=digits)} to {figure(upper, digits=digits)}"


def readable(text: str) -> str:
    """Replace the signs that no Word document and no drawing may hold."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def joined(words: Iterable[str]) -> str:
    """Join words with commas and an ``and``."""
    *first, last = list(words)
    return f"{', '.join(first)} and {last}" if first else last


def plural(value: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def column_words(column: str) -> str:
    """Write a column's name as words: ``case_manager`` becomes ``case manager``."""
    words = " ".join(column.replace("_", " ").replace(".", " ").split())
    return words.removesuffix(" id") or column


def is_word(column: str) -> bool:
    """Tell whether a column's name reads as words, so that it can take a plural."""
    words = column_words(column)
    return len(words) >= _SHORTEST_WORD and words.replace(" ", "").isalpha() and words[-1] != "s"


def one_group(group: GroupDesign) -> str:
    """Name one group: ``case manager``, or ``case manager within agency``."""
    if not all(is_word(factor) for factor in group.factors):
        return f"group of {group.name}"
    return " within ".join(column_words(factor) for factor in reversed(group.factors))


def many_groups(group: GroupDesign) -> str:
    """Name the groups: ``case managers``, or ``case managers within agencies``."""
    if not all(is_word(factor) for factor in group.factors):
        return f"the groups of {group.name}"
    return " within ".join(_plural(column_words(factor)) for factor in reversed(group.factors))


def counted_groups(group: GroupDesign) -> str:
    """Count the groups: ``30 case managers``, ``1 case manager`` or ``30 groups of cm``."""
    number = len(group.labels)
    if not all(is_word(factor) for factor in group.factors):
        return plural(number, f"group of {group.name}", f"groups of {group.name}")
    return plural(number, one_group(group), many_groups(group))


def one_of_groups(group: GroupDesign) -> str:
    """Name one among the groups: ``one of the case managers``."""
    words = many_groups(group)
    return f"one of {words}" if words.startswith("the ") else f"one of the {words}"


def one_more(model: Model, coefficient: str, placed: PlacedEffect | None = None) -> str:
    """Name one unit more of what a coefficient multiplies, and where the coefficient holds.

    Parameters
    ----------
    model
        The model.
    coefficient
        Its label, or the name of the predictor whose slope it is.
    placed
        What it is where it is said at the means of what it interacts with; if not given, it is the
        coefficient of the design as written.
    """
    part = model.design.part
    terms = {term.label: term for term in group_mean_terms(part)}
    if coefficient in terms:
        term = terms[coefficient]
        groups = (
            _plural(column_words(term.group)) if is_word(term.group) else f"groups of {term.group}"
        )
        what = f"mean {term.predictor}" if term.kind == "between" else term.predictor
        words = f"One unit more of {what} {term.kind} {groups}"
    elif placed is not None and placed.contrast is not None:
        name, level, reference = placed.contrast
        words = f"The level {level} of {name}, compared with {reference},"
    elif coefficient in part["columns"]:
        words = f"One unit more of {coefficient}"
    else:
        words = f"The term {coefficient}"
    if placed is not None:
        return f"{words.removesuffix(',')}, {placed.where}," if placed.where else words
    if coefficient in interacting_components(part):
        return f"{words}, where what it interacts with is 0,"
    return words


def all_groups(model: Model) -> str:
    """Name the groups of every factor."""
    return joined(many_groups(group) for group in model.design.groups)


def level_name(model: Model, level: str) -> str:
    """Name a level of the variance shares for people."""
    for group in model.design.groups:
        if group.name == level:
            return f"between {many_groups(group)}"
    return "within groups (residual)" if model.groups else "residual"


def _plural(words: str) -> str:
    if words.endswith("y") and words[-2] not in _VOWELS:
        return f"{words[:-1]}ies"
    return f"{words}s"
