"""How large an expression and its numbers may be: a formula may come from anyone, in a fit.

``10**100000000``, a spline of as many columns, a thousand brackets in one another or ``a * b * c``
of thirty names would take the machine; no model needs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np
from formulae.expr import Binary, Grouping, Literal, Unary

from bayes_alliance.errors import ModelError, shortened

LARGEST_EXPONENT = 100
MOST_COLUMNS = 500
LONGEST = 500_000  # characters
DEEPEST = 20
MOST_SIGNS = 100  # in one function
# The transforms whose second argument, or these by name, says how many columns they make.
_MAKE_COLUMNS = ("bs", "cr", "cc", "poly")
_COUNTS = ("df", "degree")
_ADDS = ("PLUS", "MINUS")
_SIGNS = (*_ADDS, "STAR", "SLASH", "STAR_STAR", "EQUAL_EQUAL", "BANG_EQUAL", "LESS", "LESS_EQUAL")
_OPENS, _CLOSES = ("LEFT_PAREN", "LEFT_BRACE"), ("RIGHT_PAREN", "RIGHT_BRACE")
_MAKE = "Make a column of it in the table first."
MOST_TERMS = 5_000
MOST_MULTIPLIED = 30  # one after the other; a term of more than a few cannot be interpreted


def check_length(text: str) -> None:
    """Refuse a formula, or an expression of one, that takes too long to be read at all.

    Raises
    ------
    ModelError
        If it is one.
    """
    if len(text) > LONGEST:
        raise _too_large(text, f"{len(text):,} characters", f"{LONGEST:,}", "Use shorter names.")


def check_tokens(expression: str, tokens: list[Any]) -> None:
    """Refuse brackets and signs that stand too deep in one another, before they are taken apart.

    Raises
    ------
    ModelError
        If they do.
    """
    _check_exponents(expression, tokens)
    brackets: list[bool] = []
    run = signs = 0
    for before, token in pairwise([None, *tokens]):
        run = run + 1 if token.kind in _ADDS else 0
        if token.kind in _OPENS:
            named = before is not None and before.kind == "IDENTIFIER"
            brackets.append(named or token.kind == "LEFT_BRACE")
        elif token.kind in _CLOSES and brackets:
            brackets.pop()
        signs = signs + (token.kind in _SIGNS) if any(brackets) else 0
        deepest = max(len(brackets), run)
        if deepest > DEEPEST:
            raise _too_large(
                expression, f"{deepest} brackets or signs in one another", DEEPEST, _MAKE
            )
        if signs > MOST_SIGNS:
            raise _too_large(expression, f"{signs} signs in one function", MOST_SIGNS, _MAKE)


def _check_exponents(expression: str, tokens: list[Any]) -> None:
    for sign, number in pairwise(tokens):
        value = number.literal
        if sign.kind == "STAR_STAR" and isinstance(value, int | float) and value > LARGEST_EXPONENT:
            raise _too_large(expression, f"the exponent {_digits(value)}", LARGEST_EXPONENT)


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
        if hasattr(item, "op") or hasattr(item, "value"):
            value = _constant(item)
            if value is not None and not np.isfinite(value):
                raise _too_large(expression, "a number that has no end", "about 1e308")
        for count in column_counts(item):
            if not 1 <= count <= MOST_COLUMNS:
                raise _too_large(expression, f"{count:g} columns of {item.callee}()", MOST_COLUMNS)


def column_counts(call: Any) -> list[float]:
    """Return the numbers in a call that say how many columns it makes; of most calls none."""
    if getattr(call, "callee", None) not in _MAKE_COLUMNS:
        return []
    stated = [*call.args[1:2], *(call.kwargs[name] for name in _COUNTS if name in call.kwargs)]
    counts = (_constant(argument) for argument in stated)
    return [count for count in counts if count is not None]


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


def _digits(value: float) -> str:
    return str(value) if value < 10**15 else f"{value:.0e}" if value < 1e300 else "of many digits"


def _too_large(
    expression: str,
    found: str,
    most: object,
    remedy: str = "Write a smaller number, or make the column in the table first.",
) -> ModelError:
    return ModelError(
        f"The expression '{shortened(expression)}' was to be read.",
        f"It asks for {found}; there may be 1 to {most}."
        if found.startswith(("0 ", "-"))
        else f"It asks for {found}; the most there may be is {most}.",
        remedy,
        expression=expression,
    )


def check_term_count(expression: str, parsed: Any) -> None:
    """Refuse an expression of more terms than a model can have: ``a * b * c * ...`` doubles them.

    Parameters
    ----------
    expression
        As the user wrote it.
    parsed
        What formulae's parser made of it.

    Raises
    ------
    ModelError
        With the number of terms it would have.
    """
    _Count(expression).of(parsed)


class _Count:
    """The largest number of terms that a part can have; equal terms are counted twice."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def of(self, parsed: Any) -> int:
        """Count the terms of a part; chains of signs are walked, not entered one in the other."""
        chain: list[Any] = []
        while isinstance(parsed, Binary):
            chain.append(parsed)
            parsed = parsed.left
        if sum(part.operator.kind not in _ADDS for part in chain) > MOST_MULTIPLIED:
            raise self._too_many("more than 2 to the power of 30")
        found = 1
        if isinstance(parsed, Grouping):
            found = self.of(parsed.expression)
        elif isinstance(parsed, Unary):
            found = self.of(parsed.right)
        for part in reversed(chain):
            found = self._joined(found, part)
            if found > MOST_TERMS:
                raise self._too_many(f"{found:,} or more")
        return found

    def _joined(self, left: int, part: Any) -> int:
        kind, right = part.operator.kind, self.of(part.right)
        if kind == "STAR":
            return left + right + left * right
        if kind == "COLON":
            return left * right
        if kind == "STAR_STAR":
            power = part.right.value if isinstance(part.right, Literal) else 1
            whole = power if isinstance(power, int) else 1
            return max(left, sum(comb(left, k) for k in range(1, min(whole, left) + 1)))
        return left + right

    def _too_many(self, found: str) -> ModelError:
        return ModelError(
            f"The expression '{shortened(self.expression)}' was to be read.",
            f"It has {found} terms; the most there may be is {MOST_TERMS:,}.",
            "Write the terms you mean, joined by +, in the place of all combinations.",
            expression=self.expression,
        )
