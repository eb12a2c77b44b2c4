"""How many terms a parsed expression will have, counted before they are multiplied out."""

from __future__ import annotations

from math import comb
from typing import Any

from formulae.expr import Binary, Grouping, Literal, Unary

from bayes_alliance.errors import ModelError, shortened

MOST_TERMS = 5_000
MOST_MULTIPLIED = 30  # one after the other; a term of more than a few cannot be interpreted
_ADDS = ("PLUS", "MINUS")


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
