"""Small change of the report's prose: numbers, intervals, lists, probabilities in words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bayes_alliance.display import number

_MINUS = "\N{MINUS SIGN}"


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


def joined(words: Iterable[str]) -> str:
    """Join words with commas and an ``and``."""
    *first, last = list(words)
    return f"{', '.join(first)} and {last}" if first else last


def plural(value: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"
