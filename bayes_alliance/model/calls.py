"""formulae's function calls, where two of them are ours: calls compare, ``C()`` sees whole numbers.

formulae raises an error where it should say that ``scale(log(x))`` is not ``scale(x)``. The
classes here are made for one formula at a time; nothing of the library is changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from formulae.parser import Parser
from formulae.resolver import Resolver
from formulae.scanner import Scanner
from formulae.terms import Call, Model, Term
from formulae.terms.call_resolver import CallResolver, LazyCall, LazyVariable

from bayes_alliance.model.expression_sizes import check_exponents

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
    def visitCallExpr(self, expr: Any) -> Any:  # noqa: N802
        return Term(Call(_CallResolver(expr).resolve()))


def parsed_expression(expression: str) -> Any:
    """Return formulae's description of an expression."""
    tokens = Scanner(expression).scan()
    check_exponents(expression, tokens)
    found = _Resolver(Parser(tokens).parse()).resolve()
    return found if isinstance(found, Model) else Model(found)


def is_column(argument: Any) -> bool:
    """Tell whether an argument of a call is a column as it stands."""
    return isinstance(argument, LazyVariable)
