"""The words of a formula, where they stand, and which may follow which: an error points at a place.

What formulae would skip in silence is pointed at too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from bayes_alliance.errors import Advice, ModelError, Words
from bayes_alliance.model.expression_sizes import DEEPEST
from bayes_alliance.model.other_words import same_sign

_TOKEN = re.compile(
    r"""
      (?P<blank>\s+)
    | (?P<quoted>`[^`]+`)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<number>\d+(?:\.\d+)?|\.\d+)
    | (?P<name>[^\W\d]\w*(?:\.\w+)*)
    | (?P<symbol>\|\||\*\*|==|!=|<=|>=|//|[~|+\-*/:^(),=<>\[\]{}%])
    """,
    re.VERBOSE,
)
_OPENERS = {"(": ")", "[": "]", "{": "}"}
_CLOSERS = set(_OPENERS.values())
_LONGEST_LINE = 140
_OPERANDS = {"name", "quoted", "number", "text"}
_SIGNS = {"*", "/", ":", "**", "^", "==", "!=", "<=", ">=", "<", ">", "="}
_ONLY_IN_CALLS = {"==", "!=", "<=", ">=", "<", ">", "=", ","}
_POWERS = {"^", "**"}
_NEVER = {"%", "//", "[", "]"}


@dataclass(frozen=True, kw_only=True)
class Token:
    """One word of a formula: its kind, text, place and the depth of brackets around it."""

    kind: str
    text: str
    start: int
    depth: int

    @property
    def end(self) -> int:
        """Place just behind the word."""
        return self.start + len(self.text)


def point_at(formula: str, place: int, *sentences: Words) -> ModelError:
    """Return a ModelError that shows the formula, or what is near, with a caret at ``place``."""
    line, before = _near(formula, place)
    picture = f"\n    {line}\n    {' ' * before}^\n"
    asked, found, *rest = sentences
    shown: Words = f"{picture}{found}"
    if not isinstance(found, str):
        own = {"python": picture + found.python, "command_line": picture + found.command_line}
        shown = Advice(**own)
    return ModelError(asked, shown, *rest, formula=formula, place=place)


def _near(formula: str, place: int) -> tuple[str, int]:
    """Return the formula on one line, or the part around a place, and the signs before it."""
    line = "".join(sign if sign.isprintable() else " " for sign in formula)
    if len(line) <= _LONGEST_LINE:
        return line, place
    start = max(0, place - _LONGEST_LINE // 2)
    end = start + _LONGEST_LINE
    left, right = "..." if start else "", "..." if end < len(line) else ""
    return f"{left}{line[start:end]}{right}", len(left) + place - start


def tokenize(formula: str) -> tuple[Token, ...]:
    """Split a formula into tokens; brackets are matched and depths recorded.

    Raises
    ------
    ModelError
        At a character that has no meaning in a formula, or at an unmatched bracket.
    """
    tokens: list[Token] = []
    open_brackets: list[Token] = []
    place = 0
    while place < len(formula):
        match = _TOKEN.match(formula, place)
        if match is None:
            raise point_at(
                formula,
                place,
                f"The formula has a character that means nothing here: {formula[place]!r}.",
                same_sign(formula[place])
                or "Names with blanks or signs go in backquotes, as in `wai total`.",
            )
        kind, text = str(match.lastgroup), match.group()
        if kind != "blank":
            depth = len(open_brackets) - (text in _CLOSERS)
            token = Token(kind=kind, text=text, start=place, depth=depth)
            _match_brackets(formula, token, open_brackets)
            tokens.append(token)
        place = match.end()
    if open_brackets:
        last = open_brackets[-1]
        raise point_at(
            formula,
            last.start,
            f"The formula opens a {last.text!r} that is never closed.",
            f"Add the {_OPENERS[last.text]!r}.",
        )
    return tuple(tokens)


def _match_brackets(formula: str, token: Token, open_brackets: list[Token]) -> None:
    if token.kind != "symbol":
        return
    if token.text in _OPENERS:
        open_brackets.append(token)
        if len(open_brackets) > DEEPEST:
            raise point_at(
                formula,
                token.start,
                f"More than {DEEPEST} brackets stand in one another here.",
                "Take out those that are not needed, or make a column in the table first.",
            )
    elif token.text in _CLOSERS:
        if not open_brackets or _OPENERS[open_brackets[-1].text] != token.text:
            raise point_at(
                formula,
                token.start,
                f"The formula closes a {token.text!r} that was not opened.",
                "Remove it, or add the bracket it belongs to.",
            )
        open_brackets.pop()


def check_syntax(formula: str, tokens: tuple[Token, ...]) -> None:
    """Check that signs stand between operands; plus and minus may also stand before one.

    Raises
    ------
    ModelError
        At a sign that formulas do not have or that lacks an operand, or between two operands.
    """
    arithmetic = inside_calls(tokens)
    for token in tokens:
        if token.kind == "symbol":
            _check_meaning(formula, token)
    for before, after in pairwise(tokens):
        if _ends_operand(before) and _starts_operand(after) and not _calls(before, after):
            raise point_at(
                formula,
                after.start,
                f"Between {before.text!r} and {after.text!r} a sign is missing.",
                "Terms are joined by + - * or :, and names with blanks go in backquotes.",
            )
        if before.text in _SIGNS and not (_starts_operand(after) or after.text in ("+", "-")):
            raise _lonely(formula, before)
        if after.text in _SIGNS and not _ends_operand(before):
            raise _lonely(formula, after)
        if before.text in ("+", "-") and after.text in (")", "}", ","):
            raise _lonely(formula, before)
        if after.text in _POWERS and before.kind in ("name", "quoted") and after not in arithmetic:
            raise _power_of_one(formula, before, after)
    if tokens and tokens[-1].text in _SIGNS:
        raise _lonely(formula, tokens[-1])


def inside_calls(tokens: tuple[Token, ...]) -> set[Token]:
    """Return the tokens in a function's brackets or in braces, where arithmetic is read."""
    inside: set[Token] = set()
    calls: list[bool] = []
    for place, token in enumerate(tokens):
        if any(calls):
            inside.add(token)
        if token.text in ("(", "{", "["):
            named = place > 0 and tokens[place - 1].kind == "name"
            calls.append(named or token.text == "{")
        elif token.text in (")", "}", "]"):
            calls.pop()
    return inside


def _power_of_one(formula: str, column: Token, sign: Token) -> Exception:
    return point_at(
        formula,
        sign.start,
        f"The power of one column means, in a formula, the column {column.text} itself.",
        f"For its square write I({column.text}**2), or poly({column.text}, 2) for a curve.",
    )


def _check_meaning(formula: str, token: Token) -> None:
    outside = token.depth == 0 and token.text in _ONLY_IN_CALLS
    if outside or token.text in _NEVER:
        raise point_at(
            formula,
            token.start,
            f"The sign {token.text!r} has no meaning here.",
            "Terms are joined by + - * or :; arithmetic goes in I(), for example I(stigma > 0). "
            "For anything else, make a column first.",
        )


def _starts_operand(token: Token) -> bool:
    return token.kind in _OPERANDS or token.text in ("(", "{")


def _ends_operand(token: Token) -> bool:
    return token.kind in _OPERANDS or token.text in (")", "}")


def _calls(before: Token, after: Token) -> bool:
    return before.kind == "name" and after.text == "("


def _lonely(formula: str, token: Token) -> Exception:
    return point_at(
        formula,
        token.start,
        f"The sign {token.text!r} lacks a term beside it.",
        "Remove the sign or write the term.",
    )
