"""formulae's function calls, where two of them are ours: calls compare, ``C()`` sees whole numbers.

formulae raises an error where it should say that ``scale(log(x))`` is not ``scale(x)``, enters one
sign after the other until Python's stack ends, and takes ' for the end of "it's". The classes here
are made for one formula at a time; nothing of the library is changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from formulae.expr import Binary
from formulae.parser import Parser
from formulae.resolver import Resolver
from formulae.scanner import ScanError, Scanner
from formulae.terms import Call, Model, Term
from formulae.terms.call_resolver import CallResolver, LazyCall, LazyVariable

from bayes_alliance.errors import ModelError
from bayes_alliance.model.expression_sizes import check_length, check_term_count, check_tokens

CATEGORY_CALLS = ("C", "S", "T")


class _Comparable(LazyCall):  # type: ignore[misc]
    """A call that may be compared with anything."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LazyCall) and bool(super().__eq__(other))

    __hash__ = LazyCall.__hash__


class _Levels(LazyVariable):  # type: ignore[misc]
    """A column whose values are categories: 2.0 is the category 2, however it is stored."""

    def eval(self, data_mask: Any, env: Any) -> Any:
        values = super().eval(data_mask, env)
        if pd.api.types.is_float_dtype(values.dtype) and (values == np.round(values)).all():
            return values.astype(np.int64)
        return values


class _CallResolver(CallResolver):  # type: ignore[misc]
    def visitCallExpr(self, expr: Any) -> _Comparable:  # noqa: N802
        call = super().visitCallExpr(expr)
        args = list(call.args)
        if call.callee in CATEGORY_CALLS and args and isinstance(args[0], LazyVariable):
            args[0] = _Levels(args[0].name)
        return _Comparable(call.callee, args, call.kwargs)


class _Resolver(Resolver):  # type: ignore[misc]
    def visitBinaryExpr(self, expr: Any) -> Any:  # noqa: N802
        """Join a chain of signs from its left end, as entering it from the right would."""
        chain: list[Any] = []
        while isinstance(expr, Binary):
            chain.append(expr)
            expr = expr.left
        found = expr.accept(self)
        by_name: dict[str, list[Any]] = {}
        for part in reversed(chain):
            right = part.right.accept(self)
            if part.operator.kind == "PLUS" and isinstance(found, Model) and type(right) is Term:
                by_name = by_name or _by_name(found.common_terms)
                _add(right, found.common_terms, by_name)
            else:
                found, by_name = _joined(found, part.operator, right), {}
        return found

    def visitCallExpr(self, expr: Any) -> Any:  # noqa: N802
        return Term(Call(_CallResolver(expr).resolve()))


def _joined(left: Any, operator: Any, right: Any) -> Any:
    """Let formulae join what stands beside a sign, but for powers that it passes over."""
    if operator.kind == "STAR_STAR" and type(left) is Term:
        raise ModelError(
            f"The power of {left.name} was to be a term.",
            f"In a formula that is {left.name} itself.",
            f"For its square write I({left.name}**2), or for a curve poly({left.name}, 2).",
        )
    return Resolver(None).visitBinaryExpr(Binary(_Read(left), operator, _Read(right)))


def _by_name(terms: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for term in terms:
        found.setdefault(term.name, []).append(term)
    return found


def _add(term: Any, terms: list[Any], by_name: dict[str, list[Any]]) -> None:
    """Add a term that is not there, as formulae does; equal terms have one name."""
    alike = by_name.setdefault(term.name, [])
    if term not in alike:
        alike.append(term)
        terms.append(term)


class _Read:
    """What stands beside a sign and has been read."""

    def __init__(self, found: Any) -> None:
        self.found = found

    def accept(self, _reader: Any) -> Any:
        return self.found


class _Scanner(Scanner):  # type: ignore[misc]
    current: int

    def char(self) -> None:
        """Read a text up to the sign it began with."""
        opened = self.code[self.start]
        end = self.code.find(opened, self.current)
        if end < 0:
            raise ScanError("Unterminated string.")
        self.current = end + 1
        self.add_token("STRING", self.code[self.start + 1 : end])


def parsed_expression(expression: str) -> Any:
    """Return formulae's description of an expression."""
    check_length(expression)
    tokens = _Scanner(expression).scan()
    check_tokens(expression, tokens)
    parsed = Parser(tokens).parse()
    check_term_count(expression, parsed)
    found = _Resolver(parsed).resolve()
    return found if isinstance(found, Model) else Model(found)


def is_column(argument: Any) -> bool:
    """Tell whether an argument of a call is a column as it stands."""
    return isinstance(argument, LazyVariable)
