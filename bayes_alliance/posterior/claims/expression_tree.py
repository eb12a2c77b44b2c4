"""What a claim is read into: expressions with their text, and the signs between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
}
BINARY: Mapping[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "+": (1, np.add),
    "-": (1, np.subtract),
    "*": (2, np.multiply),
    "/": (2, np.divide),
    "**": (4, np.power),
}
MINUS, ATOM = 3, 5  # how tightly a leading minus and a single name bind
COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "<": np.less,
    ">": np.greater,
}


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A number, a quantity of the fit, or an operation on such.

    Parameters
    ----------
    text
        As it was read, in full names.
    binding
        How tightly its outermost operation binds.
    values
        From the draws of each quantity, by its name, to the expression's own draws.
    quantities
        Names of the quantities in it.
    """

    text: str
    binding: int
    values: Callable[[Mapping[str, Array]], Any]
    quantities: tuple[str, ...] = ()

    def inside(self, binding: int) -> str:
        """Return the text, in parentheses where it binds less tightly."""
        return self.text if self.binding >= binding else f"({self.text})"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two expressions and the sign between them."""

    left: Expression
    sign: str
    right: Expression

    @property
    def text(self) -> str:
        """The comparison in full names."""
        return f"{self.left.text} {self.sign} {self.right.text}"

    @property
    def difference(self) -> str:
        """Left minus right, as text; a zero on the right is left out."""
        if self.right.text == "0":
            return self.left.text
        right = self.right.inside(ATOM if self.right.text.startswith("-") else 2)
        return f"{self.left.inside(1)} - {right}"


def named(quantity: str) -> Expression:
    """Return the quantity of that full name as an expression."""
    return Expression(
        text=quantity,
        binding=ATOM,
        values=lambda draws: draws[quantity],
        quantities=(quantity,),
    )


def joined(symbol: str, left: Expression, right: Expression) -> Expression:
    """Put two expressions together by one of the signs of :data:`BINARY`."""
    binding, function = BINARY[symbol]
    power = symbol == "**"
    return Expression(
        text=f"{left.inside(binding + power)} {symbol} {right.inside(binding + (not power))}",
        binding=binding,
        values=lambda draws: function(left.values(draws), right.values(draws)),
        quantities=left.quantities + right.quantities,
    )
