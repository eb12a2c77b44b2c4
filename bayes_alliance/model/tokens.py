"""The words of a formula and where they stand, so that an error can point at its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
