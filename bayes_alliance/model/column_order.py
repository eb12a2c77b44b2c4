"""What each column of a design is made of: powers of numbers, categories, and which stand below it.

``x`` stands below ``I(x**2)`` and ``x:z``; two columns of one category stand beside each other.
The order says on which columns a default prior is freed from the place of the predictors' zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class ColumnOrder:
    """The order of one column.

    Parameters
    ----------
    powers
        Power of each number in it: ``{"x": 1, "z": 1}`` for ``x:z``. A function such as
        ``log(x)`` or a spline counts as a number of its own.
    factors
        The categories in it.
    term
        Which term of its expression it comes from; terms of categories have several columns.
    coding
        For each component of the term, the number of its columns and whether they compare each
        other level with a reference level.
    """

    powers: Mapping[str, int] = field(default_factory=dict)
    factors: frozenset[str] = frozenset()
    term: int = 0
    coding: tuple[tuple[int, bool], ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether it is the constant."""
        return not self.powers and not self.factors

    @property
    def degree(self) -> int:
        """How many numbers and categories are multiplied in it."""
        return sum(self.powers.values()) + len(self.factors)

    def below(self, other: ColumnOrder) -> bool:
        """Tell whether this order is properly lower than another."""
        fewer = all(power <= other.powers.get(name, 0) for name, power in self.powers.items())
        same = self.powers == other.powers and self.factors == other.factors
        return fewer and self.factors <= other.factors and not same


def orders_of(design: Any) -> tuple[ColumnOrder, ...]:
    """Return the order of each column of a design that formulae has evaluated."""
    if design.common is None:
        return ()
    orders: list[ColumnOrder] = []
    for number, term in enumerate(design.common.terms.values()):
        if term.kind != "offset":
            orders += [_term_order(term, number)] * len(term.labels)
    return tuple(orders)


def orders_to_json(orders: Sequence[ColumnOrder]) -> list[dict[str, Any]]:
    """Return the orders as plain JSON."""
    return [
        {
            "powers": dict(order.powers),
            "factors": sorted(order.factors),
            "term": order.term,
            "coding": [list(own) for own in order.coding],
        }
        for order in orders
    ]


def orders_from_json(saved: Sequence[Mapping[str, Any]]) -> tuple[ColumnOrder, ...]:
    """Undo :func:`orders_to_json`."""
    return tuple(
        ColumnOrder(
            powers=own["powers"],
            factors=frozenset(own["factors"]),
            term=own["term"],
            coding=tuple((int(size), bool(plain)) for size, plain in own["coding"]),
        )
        for own in saved
    )


def _term_order(term: Any, number: int) -> ColumnOrder:
    powers: dict[str, int] = {}
    factors: set[str] = set()
    coding: list[tuple[int, bool]] = []
    for component in getattr(term, "components", []):
        values = np.asarray(component.value)
        columns = 1 if values.ndim == 1 else values.shape[1]
        categoric = component.kind == "categoric"
        if categoric:
            factors.add(str(component.name))
        else:
            own = _powers(component) if columns == 1 else {str(component.name): 1}
            for name, power in own.items():
                powers[name] = powers.get(name, 0) + power
        coding.append((columns, categoric and _compares_with_reference(component, values)))
    return ColumnOrder(powers=powers, factors=frozenset(factors), term=number, coding=tuple(coding))


def _compares_with_reference(component: Any, values: np.ndarray[Any, Any]) -> bool:
    """Tell treatment coding from sum coding and from one column a level."""
    indicators = bool(np.isin(values, (0.0, 1.0)).all())
    return indicators and not component.spans_intercept


def _powers(component: Any) -> dict[str, int]:
    """Return the powers in one numeric component: those of ``x`` and ``z`` in ``I(x**2 * z)``."""
    call = getattr(component, "call", None)
    if call is None:
        return {str(component.name): 1}
    found = _powers_of_call(call)
    return {str(component.name): 1} if found is None else found


def _powers_of_call(call: Any) -> dict[str, int] | None:
    if call.callee != "I" or len(call.args) != 1:
        return None
    return _monomial(call.args[0])


def _monomial(item: Any) -> dict[str, int] | None:
    """Return the powers of a product of numbers, shifted and scaled or not; None for the rest."""
    if hasattr(item, "callee"):
        return _powers_of_call(item) if item.callee == "I" else {str(item): 1}
    if hasattr(item, "name"):
        return {str(item.name): 1}
    if not hasattr(item, "op"):
        return {}
    parts = [_monomial(argument) for argument in item.args]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if len(parts) == 1:
        return known[0]
    return _joined(item.op.__name__, known, item.args)


def _joined(operation: str, parts: list[dict[str, int]], arguments: Any) -> dict[str, int] | None:
    first, second = parts
    if operation == "mul":
        return _added(first, second)
    if operation in ("add", "sub") and not (first and second):
        return first or second
    if operation == "truediv" and not second:
        return first
    if operation == "pow" and not second:
        exponent = getattr(arguments[1], "value", None)
        if isinstance(exponent, int | float) and exponent == int(exponent) and exponent > 0:
            return {name: power * int(exponent) for name, power in first.items()}
    return None


def _added(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in _names(first, second)}


def _names(first: Mapping[str, int], second: Mapping[str, int]) -> Iterator[str]:
    return iter(dict.fromkeys([*first, *second]))
