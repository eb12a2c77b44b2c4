"""The formula language: what is asked, split into outcome, population part and group terms.

Only the splitting happens here. What stands between the signs of the population part, and left
of a bar, is evaluated by formulae (see ``linear.py``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from bayes_alliance.model.expression_sizes import check_length
from bayes_alliance.model.other_words import same_outline
from bayes_alliance.model.response import Response, parse_response
from bayes_alliance.model.syntax import check_syntax, inside_calls
from bayes_alliance.model.tokens import Token, point_at, tokenize

_LATER = {"mm", "trials", "cens", "mvbind"}


@dataclass(frozen=True, kw_only=True)
class GroupTerm:
    """One ``(expression | factors)`` of a formula.

    Parameters
    ----------
    expression
        What varies between the groups, as written: ``1 + stigma``.
    factors
        The columns whose combinations are the groups: ``("agency", "case_manager")``.
    correlated
        True for ``|``, False for ``||``.
    """

    expression: str
    factors: tuple[str, ...]
    correlated: bool


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A formula taken apart.

    Parameters
    ----------
    text
        The formula as the user wrote it.
    response
        The outcome column and its annotations.
    population
        The part that holds for everyone, as a formulae expression: ``1 + stigma * setting``.
    group_terms
        One entry a term; ``a/b`` has become two.
    """

    text: str
    response: Response
    population: str
    group_terms: tuple[GroupTerm, ...]


def parse_formula(text: str) -> Formula:
    """Take a formula apart.

    Parameters
    ----------
    text
        For example ``"alliance ~ stigma + (1 + stigma | case_manager)"``.

    Raises
    ------
    ModelError
        With the formula and a caret under the place that cannot be read.
    """
    check_length(text)
    tokens = tokenize(text)
    tildes = [t for t in tokens if t.text == "~" and t.kind == "symbol"]
    if len(tildes) != 1:
        place = tildes[1].start if tildes else len(text)
        raise point_at(
            text,
            place,
            f"A formula has one '~' between outcome and predictors; this one has {len(tildes)}.",
            same_outline(tokens) or "Write it as in: alliance ~ stigma + (1 | case_manager).",
        )
    left = tuple(t for t in tokens if t.start < tildes[0].start)
    right = tuple(t for t in tokens if t.start > tildes[0].start)
    _refuse_later_words(text, tokens)
    check_syntax(text, tokens)
    response = parse_response(text, left)
    population: list[str] = []
    group_terms: list[GroupTerm] = []
    for sign, term in _terms(text, right, end=len(text)):
        if any(t.text in ("|", "||") for t in term):
            group_terms.extend(_group_terms(text, sign, term))
        else:
            population.append(
                sign.text + " " + _source(text, term) if sign else _source(text, term)
            )
    return Formula(
        text=text,
        response=response,
        population=_joined(population),
        group_terms=tuple(group_terms),
    )


def _joined(terms: list[str]) -> str:
    if not terms:
        return "1"
    expression = " ".join(terms)
    return expression.removeprefix("+ ")


def _source(text: str, tokens: tuple[Token, ...]) -> str:
    """Return the formula's own text from the first to the last token, as formulae reads it."""
    pieces, place = [], tokens[0].start
    arithmetic = inside_calls(tokens)
    for token, following in zip_longest(tokens, tokens[1:]):
        word = _for_formulae(token, following, in_call=token in arithmetic)
        # Blanks of every kind are plain ones: formulae knows four, and texts bring others along.
        pieces += [" " * (token.start - place), word]
        place = token.end
    return "".join(pieces)


def _for_formulae(token: Token, following: Token | None, *, in_call: bool) -> str:
    """Write ``^`` as power, and between backquotes the names that formulae takes for no column."""
    if token.text == "^":
        return "**"
    called = following is not None and following.text in ("(", "=")
    literal = not in_call and token.text in ("True", "False", "None")
    unread = token.kind == "name" and not called and (literal or not token.text[0].isalpha())
    return f"`{token.text}`" if unread else token.text


def _terms(
    text: str, tokens: tuple[Token, ...], *, end: int
) -> list[tuple[Token | None, tuple[Token, ...]]]:
    """Split at the plus and minus signs outside all brackets."""
    if not tokens:
        raise point_at(text, end, "Nothing stands right of the '~'.", "Write at least a 1.")
    terms: list[tuple[Token | None, tuple[Token, ...]]] = []
    sign: Token | None = None
    current: list[Token] = []
    for token in tokens:
        if token.depth == 0 and token.kind == "symbol" and token.text in "+-":
            if current:
                terms.append((sign, tuple(current)))
            elif sign is not None or terms:
                raise _missing_term(text, token.start)
            sign, current = token, []
        else:
            current.append(token)
    if not current:
        raise _missing_term(text, end)
    terms.append((sign, tuple(current)))
    return terms


def _missing_term(text: str, place: int) -> Exception:
    return point_at(text, place, "A term is missing here.", "Remove the sign or write the term.")


def _group_terms(text: str, sign: Token | None, term: tuple[Token, ...]) -> list[GroupTerm]:
    """Read ``(expression | factors)``, with ``a/b`` and ``a:b`` on its right."""
    opens, closes = term[0], term[-1]
    bars = [t for t in term if t.text in ("|", "||") and t.depth == 1]
    whole = opens.text == "(" and closes.text == ")" and closes.depth == 0
    inner = [t for t in term[1:-1] if t.depth == 0]
    if not whole or inner or len(bars) != 1:
        place = bars[0].start if bars else opens.start
        raise point_at(
            text,
            place,
            "A group term stands in brackets of its own with one bar in it.",
            "Write it as in: stigma + (1 + stigma | case_manager).",
        )
    if sign is not None and sign.text == "-":
        raise point_at(
            text, sign.start, "A group term cannot be taken away.", "Leave it out instead."
        )
    bar = bars[0]
    left = tuple(t for t in term[1:-1] if t.start < bar.start)
    right = tuple(t for t in term[1:-1] if t.start > bar.start)
    if not left or not right:
        raise point_at(
            text,
            bar.start,
            "A group term needs something on both sides of its bar.",
            "Write it as in (1 | case_manager).",
        )
    expression, correlated = _source(text, left), bar.text == "|"
    return [
        GroupTerm(expression=expression, factors=factors, correlated=correlated)
        for factors in _factors(text, right)
    ]


def _factors(text: str, tokens: tuple[Token, ...]) -> list[tuple[str, ...]]:
    """Read ``g``, ``a:b`` or ``a/b/c``; the last gives ``a``, ``a:b`` and ``a:b:c``."""
    names: list[str] = []
    signs: list[str] = []
    for place, token in enumerate(tokens):
        if place % 2 == 0 and token.kind in ("name", "quoted"):
            names.append(token.text.strip("`"))
        elif place % 2 == 1 and token.text in (":", "/"):
            signs.append(token.text)
        else:
            break
    if len(names) + len(signs) != len(tokens) or len(names) != len(signs) + 1:
        raise point_at(
            text,
            tokens[0].start,
            "Right of the bar stand the columns that name the groups.",
            "Write g, a:b (their combinations) or a/b (b within a).",
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise point_at(
            text,
            tokens[0].start,
            f"The column {repeated[0]} names the groups twice.",
            "Each column may stand once right of a bar.",
        )
    factors: list[tuple[str, ...]] = []
    for depth, sign in enumerate(signs):
        if sign == "/":
            factors.append(tuple(names[: depth + 1]))
    return [*factors, tuple(names)]


def _refuse_later_words(text: str, tokens: tuple[Token, ...]) -> None:
    for token, following in pairwise(tokens):
        if token.text in _LATER and following.text == "(":
            raise point_at(
                text,
                token.start,
                f"{token.text}() is not part of this version's formula language.",
                "It has weights() and se() on the outcome, offset(), within(), between(), scale(), "
                "center(), poly(), bs() and (... | group) terms.",
            )
