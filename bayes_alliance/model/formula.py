"""The formula language: what is asked, split into outcome, population parts and group terms.

Only the splitting happens here. What stands between the signs of the population part, and left
of a bar, is evaluated by formulae (see ``linear.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest

from bayes_alliance import names
from bayes_alliance.errors import ModelError, listed
from bayes_alliance.model.expression_sizes import check_length
from bayes_alliance.model.response import Response, parse_response
from bayes_alliance.model.tokens import Token, check_syntax, inside_calls, point_at, tokenize

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
    id
        The name between two bars, as in ``(1 |m| g)``: the effects of all terms of a factor that
        have it are correlated, whatever they predict. None where there is one bar.
    outcome, parameter
        What the effects are part of: the location of the outcome, or a parameter of the family.
    """

    expression: str
    factors: tuple[str, ...]
    correlated: bool
    id: str | None = None
    outcome: str = ""
    parameter: str = names.MEAN_PARAMETER


@dataclass(frozen=True, kw_only=True)
class ParameterFormula:
    """The formula of one parameter of the family, ``sigma ~ stigma + (1 | case_manager)``.

    Parameters
    ----------
    text
        As the user wrote it.
    parameter
        Name of the parameter.
    population
        The part that holds for everyone, as a formulae expression.
    """

    text: str
    parameter: str
    population: str


@dataclass(frozen=True, kw_only=True)
class Formula:
    """The formulas of a model taken apart: that of the outcome, and those of parameters.

    Parameters
    ----------
    lines
        The formulas as the user wrote them, in that order.
    response
        The outcome column and its annotations.
    population
        The part of the outcome's location that holds for everyone, as a formulae expression:
        ``1 + stigma * setting``.
    group_terms
        One entry a term, of all formulas, those of the outcome first; ``a/b`` has become two.
    predicted
        The formulas of parameters of the family.
    """

    lines: tuple[str, ...]
    response: Response
    population: str
    group_terms: tuple[GroupTerm, ...]
    predicted: tuple[ParameterFormula, ...] = ()

    @property
    def text(self) -> str:
        """All formulas for people, one behind the other."""
        return "; ".join(self.lines)

    @property
    def as_given(self) -> str | list[str]:
        """What a model is made of again: one formula, or all of them."""
        return self.lines[0] if len(self.lines) == 1 else list(self.lines)

    @property
    def populations(self) -> tuple[str, ...]:
        """The population expression of the outcome, then that of every parameter."""
        return (self.population, *(line.population for line in self.predicted))

    @property
    def expressions(self) -> tuple[str, ...]:
        """Every expression: those of the populations, then those left of bars."""
        return (*self.populations, *(term.expression for term in self.group_terms))


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One formula taken apart, whatever stands on its left."""

    text: str
    left: tuple[Token, ...]
    population: str
    group_terms: tuple[GroupTerm, ...]

    @property
    def named(self) -> str:
        """What stands on its left, where that is one name."""
        return self.left[0].text.strip("`") if len(self.left) == 1 else ""


def parse_formula(text: str | Sequence[str], parameters: Collection[str] = ()) -> Formula:
    """Take a formula apart, or all formulas of a model.

    Parameters
    ----------
    text
        For example ``"alliance ~ stigma + (1 + stigma | case_manager)"``; with
        ``"sigma ~ stigma"`` beside it, a list of both.
    parameters
        What the family has beside the location, and a formula may predict.

    Raises
    ------
    ModelError
        With the formula and a caret under the place that cannot be read; if there is no outcome,
        or more than one, or two formulas of one parameter.
    """
    lines = [_line(one) for one in ([text] if isinstance(text, str) else text)]
    outcomes = [line for line in lines if line.named not in parameters]
    if len(lines) == 1:
        outcomes = lines  # a column may be called so, and is refused by that name elsewhere
    if len(outcomes) != 1:
        raise _not_one_outcome(lines, outcomes, parameters)
    others = [line for line in lines if line is not outcomes[0]]
    doubled = [name for name, count in Counter(line.named for line in others).items() if count > 1]
    if doubled:
        raise ModelError(
            f"{len(lines)} formulas were given for one model.",
            f"More than one of them predicts {doubled[0]}.",
            "Join their terms in one formula.",
            parameter=doubled[0],
        )
    response = parse_response(outcomes[0].text, outcomes[0].left)
    ordered = [(names.MEAN_PARAMETER, outcomes[0]), *((line.named, line) for line in others)]
    return Formula(
        lines=tuple(line.text for line in lines),
        response=response,
        population=outcomes[0].population,
        group_terms=tuple(
            replace(term, outcome=response.outcome, parameter=parameter)
            for parameter, line in ordered
            for term in line.group_terms
        ),
        predicted=tuple(
            ParameterFormula(text=line.text, parameter=line.named, population=line.population)
            for line in others
        ),
    )


def _not_one_outcome(
    lines: Sequence[_Line], outcomes: Sequence[_Line], parameters: Collection[str]
) -> ModelError:
    """Say what stands on the left of formulas of which not just one is that of an outcome."""
    count = f"{len(lines)} formulas were given for one model."
    if not outcomes:
        return ModelError(
            count,
            f"None explains an outcome: {listed(line.named for line in lines) or 'nothing'} "
            "stands on their left, which are parameters of the family.",
            "Add the formula of the outcome, such as alliance ~ stigma + (1 | case_manager).",
        )
    left = [parse_response(line.text, line.left).outcome for line in outcomes]
    may = "No parameter of this family takes a formula."
    if parameters:
        may = f"Of the parameters of this family a formula may predict {listed(parameters)}."
    return ModelError(
        count,
        f"{listed(left)} stand on their left, and a model explains one outcome. {may}",
        "Keep the formula of one outcome, and fit a model for each of the others.",
        outcomes=left,
    )


def _line(text: str) -> _Line:
    """Take one formula apart."""
    check_length(text)
    tokens = tokenize(text)
    tildes = [t for t in tokens if t.text == "~" and t.kind == "symbol"]
    if len(tildes) != 1:
        place = tildes[1].start if tildes else len(text)
        raise point_at(
            text,
            place,
            f"A formula has one '~' between outcome and predictors; this one has {len(tildes)}.",
            _same_outline(tokens) or "Write it as in: alliance ~ stigma + (1 | case_manager).",
        )
    left = tuple(t for t in tokens if t.start < tildes[0].start)
    right = tuple(t for t in tokens if t.start > tildes[0].start)
    _refuse_later_words(text, tokens)
    check_syntax(text, tokens)
    if not left:
        parse_response(text, left)  # which says that nothing stands there
    population: list[str] = []
    group_terms: list[GroupTerm] = []
    for sign, term in _terms(text, right, end=len(text)):
        if any(t.text in ("|", "||") for t in term):
            group_terms.extend(_group_terms(text, sign, term))
        else:
            population.append(
                sign.text + " " + _source(text, term) if sign else _source(text, term)
            )
    return _Line(
        text=text, left=left, population=_joined(population), group_terms=tuple(group_terms)
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
    between = _between(term, bars)
    if not whole or inner or (len(bars) != 1 and between is None):
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
    right = tuple(t for t in term[1:-1] if t.start > bars[-1].start)
    if not left or not right:
        raise point_at(
            text,
            bar.start,
            "A group term needs something on both sides of its bar.",
            "Write it as in (1 | case_manager).",
        )
    expression, correlated = _source(text, left), bar.text == "|"
    return [
        GroupTerm(expression=expression, factors=factors, correlated=correlated, id=between)
        for factors in _factors(text, right)
    ]


def _between(term: tuple[Token, ...], bars: list[Token]) -> str | None:
    """Return the name between two single bars, as in ``(1 |m| g)``; None if there is none."""
    if [bar.text for bar in bars] != ["|", "|"]:
        return None
    inner = [t for t in term if bars[0].start < t.start < bars[1].start]
    return inner[0].text if len(inner) == 1 and inner[0].kind == "name" else None


def _factors(text: str, tokens: tuple[Token, ...]) -> list[tuple[str, ...]]:
    """Read ``g``, ``a:b`` or ``a/b/c``; the last gives ``a``, ``a:b`` and ``a:b:c``."""
    columns: list[str] = []
    signs: list[str] = []
    for place, token in enumerate(tokens):
        if place % 2 == 0 and token.kind in ("name", "quoted"):
            columns.append(token.text.strip("`"))
        elif place % 2 == 1 and token.text in (":", "/"):
            signs.append(token.text)
        else:
            break
    if len(columns) + len(signs) != len(tokens) or len(columns) != len(signs) + 1:
        raise point_at(
            text,
            tokens[0].start,
            "Right of the bar stand the columns that name the groups.",
            "Write g, a:b (their combinations) or a/b (b within a).",
        )
    repeated = [name for name, count in Counter(columns).items() if count > 1]
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
            factors.append(tuple(columns[: depth + 1]))
    return [*factors, tuple(columns)]


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


def _same_outline(tokens: Sequence[Token]) -> str:
    """Return what to write for a formula that has no tilde, or more than one; may be empty."""
    words = {token.text for token in tokens if token.kind == "name"}
    signs = {token.text for token in tokens if token.depth == 0 and token.kind == "symbol"}
    if "random" in words and "~" in signs:
        return "nlme's random = ~ 1 | g is here a term of the formula: + (1 | g)."
    if words & {"ON", "on"} and "~" not in signs:
        return "Mplus's ON is here a ~, and a + stands between predictors."
    if words & {"BY", "WITH"} and "~" not in signs:
        return "SPSS's y BY a WITH x is here y ~ C(a) + x."
    if "=" in signs and "~" not in signs:
        return "The outcome stands left of a ~, in the place of the =."
    return ""
