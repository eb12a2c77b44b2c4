"""How large the numbers of an expression may be: a formula may come from anyone, in a fit.

``10**100000000`` or a spline of as many columns would take the machine; no model needs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from bayes_alliance.errors import ModelError

LARGEST_EXPONENT = 100
MOST_COLUMNS = 500
# The transforms whose second argument, or these by name, says how many columns they make.
_MAKE_COLUMNS = ("bs", "cr", "cc", "poly")
_COUNTS = ("df", "degree")


def check_exponents(expression: str, tokens: list[Any]) -> None:
    """Refuse an exponent that is too large before anything is multiplied out.

    Raises
    ------
    ModelError
        If one is.
    """
    for sign, number in pairwise(tokens):
        value = number.literal
        if sign.kind == "STAR_STAR" and isinstance(value, int | float) and value > LARGEST_EXPONENT:
            raise _too_large(expression, f"the exponent {value}", LARGEST_EXPONENT)


def check_sizes(expression: str, calls: Iterator[Any]) -> None:
    """Refuse numbers, in the functions of an expression, that no model needs.

    Parameters
    ----------
    expression
        As the user wrote it.
    calls
        Its functions, as formulae has read them.

    Raises
    ------
    ModelError
        If one is too large.
    """
    pending = list(calls)
    while pending:
        item = pending.pop()
        arguments = [*getattr(item, "args", ()), *getattr(item, "kwargs", {}).values()]
        pending += arguments
        if hasattr(item, "op"):
            value = _constant(item)
            if value is not None and not np.isfinite(value):
                raise _too_large(expression, "a number that has no end", "about 1e308")
        if getattr(item, "callee", None) in _MAKE_COLUMNS:
            for count in _counts_of(item):
                if count is not None and not count <= MOST_COLUMNS:
                    raise _too_large(
                        expression, f"{count:g} columns of {item.callee}()", MOST_COLUMNS
                    )


def _counts_of(call: Any) -> list[float | None]:
    return [
        *(_constant(argument) for argument in call.args[1:2]),
        *(_constant(call.kwargs[name]) for name in _COUNTS if name in call.kwargs),
    ]


def _constant(item: Any) -> float | None:
    """Return the value of what is made of numbers alone; None where a column is in it."""
    if hasattr(item, "op"):
        values = [_constant(argument) for argument in item.args]
        if any(value is None for value in values):
            return None
        with np.errstate(all="ignore"):
            return float(item.op(*(np.float64(value) for value in values)))
    value = getattr(item, "value", None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return np.inf
    return None


def _too_large(expression: str, found: str, most: object) -> ModelError:
    return ModelError(
        f"The expression '{_shortened(expression)}' was to be read.",
        f"It asks for {found}; the most there may be is {most}.",
        "Write a smaller number, or make the column in the table first.",
        expression=expression,
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."
