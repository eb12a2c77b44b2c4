"""The language of claims: ``abs(b[stigma]) < 2 * sd_case_manager[Intercept]``, read into a tree.

What can be named is handed in; a label may hold any text, since the longest known name that
stands at a place is taken, blanks and quotation marks aside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import ModelError, did_you_mean, listed

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
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WORD = re.compile(r"[^\W\d][\w.:]*")
_AND = re.compile(r"and(?!\w)")
_IGNORED = " \t\r\n\"'"
_EXAMPLES = "'stigma < 0', 'sd_case_manager[stigma] > 0.1' or '-1 < b[stigma] + b[age] < 1'"


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


def parse_hypothesis(text: str, written: Mapping[str, str]) -> tuple[Comparison, ...]:
    """Read a claim.

    Parameters
    ----------
    text
        One comparison, a chain of them (``a < b < c`` is ``a < b`` and ``b < c``), or several
        joined by ``and``.
    written
        From every way a quantity may be written to its full name.

    Raises
    ------
    ModelError
        For what is no comparison, an unknown name, or a claim of equality.
    """
    reader = _Reader(text, written)
    found = [*_comparisons(reader)]
    while reader.joins():
        found += _comparisons(reader)
    reader.finish()
    return tuple(found)


def _comparisons(reader: _Reader) -> list[Comparison]:
    """Read one comparison, or a chain of them."""
    parts, signs = [reader.sum()], []
    while (sign := reader.take(COMPARISONS)) is not None:
        signs.append(sign)
        parts.append(reader.sum())
    if not signs:
        reader.refuse_uncompared()
    return [
        Comparison(left=left, sign=sign, right=right)
        for left, sign, right in zip(parts, signs, parts[1:], strict=False)
    ]


def _compact(text: str) -> str:
    return "".join(letter for letter in text if letter not in _IGNORED)


class _Reader:
    """One pass over the text, from left to right."""

    def __init__(self, text: str, written: Mapping[str, str]) -> None:
        self.text, self.place = text, 0
        self.number = (-1, "")  # where the last number ends, and the number
        self.asked = f"The claim {text!r} was to be judged."
        self.written = written
        # The longest first, so that stigma:age is not taken for stigma.
        by_length = sorted(((_compact(w), full) for w, full in written.items()), key=_by_length)
        self.known: dict[str, list[tuple[str, str]]] = {}
        for name, full in by_length:
            self.known.setdefault(name[:1], []).append((name, full))

    def sum(self) -> Expression:
        """Read terms joined by + and -."""
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Expression:
        return self._chain(("*", "/"), self._signed)

    def _chain(self, symbols: tuple[str, ...], part: Callable[[], Expression]) -> Expression:
        result = part()
        while (symbol := self.take(symbols)) is not None:
            result = joined(symbol, result, part())
        return result

    def _signed(self) -> Expression:
        if self.take(("+",)) is not None:
            return self._signed()
        if self.take(("-",)) is None:
            return self._power()
        inner = self._signed()
        return Expression(
            text=f"-{inner.inside(MINUS)}",
            binding=MINUS,
            values=lambda draws: -inner.values(draws),
            quantities=inner.quantities,
        )

    def _power(self) -> Expression:
        base = self._operand()
        if self.take(("**", "^")) is None:
            return base
        return joined("**", base, self._signed())

    def _operand(self) -> Expression:
        quantity = self._quantity()
        if quantity is not None:
            return quantity
        number = _NUMBER.match(self.text, self.place)
        if number is not None:
            self.place = number.end()
            self.number = (self.place, number.group())
            value = float(number.group())
            return Expression(text=number.group(), binding=ATOM, values=lambda _: value)
        function = self.take(tuple(f"{name}(" for name in FUNCTIONS))
        if function is not None:
            return self._called(function[:-1])
        if self.take(("(",)) is not None:
            return self._closed()
        return self._refuse_operand()

    def _quantity(self) -> Expression | None:
        """Read the longest known name that stands here."""
        self._skip(" \t\r\n")
        start, quoted = self.place, self.text[self.place : self.place + 1] in {'"', "'"}
        first = next((c for c in self.text[start:] if c not in _IGNORED), "")
        for name, full in self.known.get(first, ()):
            end = _end_of(self.text, start, name)
            if end is not None and not re.match(r"[\w.:\[(]", self.text[end:]):
                self.place = end + 1 if quoted and self.text[end : end + 1] in {'"', "'"} else end
                return named(full)
        return None

    def _called(self, function: str) -> Expression:
        inner = self._closed()
        return Expression(
            text=f"{function}({inner.text})",
            binding=ATOM,
            values=lambda draws: FUNCTIONS[function](inner.values(draws)),
            quantities=inner.quantities,
        )

    def _closed(self) -> Expression:
        inner = self.sum()
        if self.take((")",)) is None:
            raise ModelError(self.asked, "A parenthesis is not closed.", "Close it with ')'.")
        return inner

    def take(self, symbols: Mapping[str, Any] | tuple[str, ...]) -> str | None:
        """Step over one of the symbols, if it is the next; the first that fits."""
        self._skip(" \t\r\n")
        for symbol in symbols:
            longer = symbol == "*" and self.text.startswith("**", self.place)
            if self.text.startswith(symbol, self.place) and not longer:
                self.place += len(symbol)
                return symbol
        return None

    def _skip(self, letters: str) -> None:
        while self.place < len(self.text) and self.text[self.place] in letters:
            self.place += 1

    def joins(self) -> bool:
        """Step over ``and``, if it is next."""
        self._skip(" \t\r\n")
        found = _AND.match(self.text, self.place)
        self.place = found.end() if found else self.place
        return found is not None

    def refuse_uncompared(self) -> None:
        """Refuse what compares nothing, unless what is left over says why."""
        self.finish()
        raise ModelError(self.asked, "It compares nothing.", f"Write it as in {_EXAMPLES}.")

    def finish(self) -> None:
        """Refuse a claim of equality, and what is left over."""
        self._skip(" \t\r\n")
        end, number = self.number
        after_number = end >= 0 and not self.text[end : self.place].strip()
        rest = self.text[self.place :]
        if rest.startswith(("=", "!=")):
            raise ModelError(
                self.asked,
                "A quantity on a continuous scale equals a point with probability 0.",
                "Ask how much of it lies close by, with '<' and rope=(-0.1, 0.1), or compare the "
                "models with and without it, with bayes_factors.",
            )
        if not rest:
            return
        raise ModelError(
            self.asked,
            f"Something is wrong at {rest!r}.",
            _missing_sign(rest, number if after_number else ""),
        )

    def _refuse_operand(self) -> Expression:
        rest = self.text[self.place :].lstrip(_IGNORED)
        word = _WORD.match(rest)
        if word is None:
            where = f"before {rest!r}" if rest else "at the end"
            raise ModelError(
                self.asked, f"A quantity or a number is missing {where}.", f"Write {_EXAMPLES}."
            )
        name = word.group() + _bracketed(rest[word.end() :])
        elements = [
            full for full in dict.fromkeys(self.written.values()) if full.startswith(f"{name}[")
        ]
        if elements:
            raise ModelError(
                self.asked,
                f"{name} has {len(elements)} elements.",
                f"Name one of them: {listed(elements)}.",
                name=name,
                elements=elements,
            )
        valid = [w for w in self.written if w.startswith("u_") == name.startswith("u_")]
        raise ModelError(
            self.asked,
            f"The fit has no {name}. {did_you_mean(name, valid)}".rstrip(),
            f"It has {listed(dict.fromkeys(self.written[w] for w in valid))}.",
            name=name,
        )


def _missing_sign(rest: str, number: str) -> str:
    """Say what to write between what was read, a number or something else, and the rest."""
    word = _WORD.match(rest)
    name = word.group() if word else ""
    if rest[0] in "&|" or name in ("and", "or"):
        return "Claims are joined with 'and'; one against another has a claim for each."
    if number and (name or rest[0] == "("):
        factor = name + _bracketed(rest[len(name) :])
        return f"A product needs its sign: write {number} * {factor}."
    return f"Between two quantities stands one of {listed([*BINARY, *COMPARISONS], shown=9)}."


def _by_length(entry: tuple[str, str]) -> int:
    return -len(entry[0])


def _end_of(text: str, start: int, name: str) -> int | None:
    """Return where a name that begins at ``start`` ends; None if another text stands there."""
    place = start
    for letter in name:
        while place < len(text) and text[place] in _IGNORED:
            place += 1
        if place == len(text) or text[place] != letter:
            return None
        place += 1
    return place


def _bracketed(text: str) -> str:
    """Return what stands in brackets or parentheses right here, with them; else nothing."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "[(") - (letter in "])")
        if depth == 0:
            return text[: place + 1] if place else ""
    return text
