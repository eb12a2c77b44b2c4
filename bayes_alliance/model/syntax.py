"""Signs and operands of a formula in turn: what formulae would skip in silence is pointed at."""

from __future__ import annotations

from itertools import pairwise

from bayes_alliance.model.tokens import Token, point_at

_OPERANDS = {"name", "quoted", "number", "text"}
_SIGNS = {"*", "/", ":", "**", "^", "==", "!=", "<=", ">=", "<", ">", "="}
_ONLY_IN_CALLS = {"==", "!=", "<=", ">=", "<", ">", "=", ","}
_POWERS = {"^", "**"}
_NEVER = {"%", "//", "[", "]"}


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
