"""What each column of a design is made of: powers of numbers, categories, and which stand below it.

``x`` stands below ``I(x**2)`` and ``x:z``; two columns of one category stand beside each other.
The order says on which columns a default prior is freed from the place of the predictors' zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

# How one component of a term is coded: a number's columns; a category's levels against a reference
# level, against their mean, or with one column a level.
Coding = Literal["number", "treatment", "sum", "full"]
# Functions that only shift a number, or shift and scale it.
_SHIFTS, _SCALES = ("center",), ("scale", "standardize")


@dataclass(frozen=True, kw_only=True)
class ColumnOrder:
    """The order of one column.

    Parameters
    ----------
    powers
        Power of each variable in it: ``{"x": 1, "z": 1}`` for ``x:z`` and ``scale(x):z``. Another
        function such as ``log(x)`` or a spline counts as a variable of its own.
    parts
        The same for what is multiplied as it is written: ``scale(x)`` is not ``x``.
    factor
        What the product of the parts is multiplied by: 0.01 in ``I(x**2 / 100)``.
    factors
        The categories in it.
    term, column
        Which term of its expression it comes from, and which column of that it is.
    coding
        For each component of the term, the number of its columns and how they are coded.
    """

    powers: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)
    factor: float = 1.0
    factors: frozenset[str] = frozenset()
    term: int = 0
    column: int = 0
    coding: tuple[tuple[int, Coding], ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether it is the constant."""
        return not self.powers and not self.factors

    @property
    def degree(self) -> int:
        """How many numbers and categories are multiplied in it."""
        return sum(self.powers.values()) + len(self.factors)

    @property
    def number_columns(self) -> tuple[int, ...]:
        """Which column of each number with several columns it has, such as of a spline."""
        sizes = [size for size, _ in self.coding]
        places = np.unravel_index(self.column, sizes) if sizes else ()
        several = [kind == "number" and size > 1 for size, kind in self.coding]
        return tuple(int(p) for p, own in zip(places, several, strict=True) if own)

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
            orders += [_column(term, number, column) for column in range(len(term.labels))]
    return tuple(orders)


def orders_to_json(orders: Sequence[ColumnOrder]) -> list[dict[str, Any]]:
    """Return the orders as plain JSON."""
    return [
        {
            "powers": dict(order.powers),
            "parts": dict(order.parts),
            "factor": order.factor,
            "factors": sorted(order.factors),
            "term": order.term,
            "column": order.column,
            "coding": [list(own) for own in order.coding],
        }
        for order in orders
    ]


def orders_from_json(saved: Sequence[Mapping[str, Any]]) -> tuple[ColumnOrder, ...]:
    """Undo :func:`orders_to_json`."""
    return tuple(
        ColumnOrder(
            powers=own["powers"],
            parts=own["parts"],
            factor=own["factor"],
            factors=frozenset(own["factors"]),
            term=own["term"],
            column=own["column"],
            coding=tuple((int(size), kind) for size, kind in own["coding"]),
        )
        for own in saved
    )


def _column(term: Any, number: int, column: int) -> ColumnOrder:
    product = _Product({}, {}, 1.0)
    factors: set[str] = set()
    coding: list[tuple[int, Coding]] = []
    for component in getattr(term, "components", []):
        values = np.asarray(component.value)
        columns = 1 if values.ndim == 1 else values.shape[1]
        if component.kind == "categoric":
            factors.add(_category(component))
            coding.append((columns, _coding(component, values)))
        else:
            product = product.times(_number(component, columns))
            coding.append((columns, "number"))
    return ColumnOrder(
        powers=product.powers,
        parts=product.parts,
        factor=abs(product.factor),
        factors=frozenset(factors),
        term=number,
        column=column,
        coding=tuple(coding),
    )


def _category(component: Any) -> str:
    """Return the variable behind a category: ``a`` in ``C(a, Sum)`` too."""
    arguments = getattr(getattr(component, "call", None), "args", ())
    return str(getattr(arguments[0], "name", component.name) if arguments else component.name)


def _coding(component: Any, values: np.ndarray[Any, Any]) -> Coding:
    if component.spans_intercept:
        return "full"
    return "treatment" if np.isin(values, (0.0, 1.0)).all() else "sum"


class _Product(NamedTuple):
    """A product of numbers, shifted or not: powers by variable, by part, and a constant factor."""

    powers: dict[str, int]
    parts: dict[str, int]
    factor: float

    def times(self, other: _Product) -> _Product:
        """Multiply two products."""
        powers, parts = _added(self.powers, other.powers), _added(self.parts, other.parts)
        return _Product(powers, parts, self.factor * other.factor)

    def over(self, divisor: float) -> _Product:
        """Divide by a constant."""
        return _Product(self.powers, self.parts, self.factor / divisor)

    def to_the(self, power: int) -> _Product:
        """Take a whole power."""
        powers = {name: own * power for name, own in self.powers.items()}
        parts = {name: own * power for name, own in self.parts.items()}
        return _Product(powers, parts, self.factor**power)


def _number(component: Any, columns: int) -> _Product:
    """Return what one numeric component is: ``x**2`` times ``z`` in ``I(x**2 * z)``."""
    call = getattr(component, "call", None)
    if call is None or columns > 1:
        return _itself(str(component.name))
    return _product(call) or _itself(str(component.name))


def _itself(name: str) -> _Product:
    return _Product({name: 1}, {name: 1}, 1.0)


def _product(item: Any) -> _Product | None:
    """Return a product of numbers; None for what is none, such as a sum of two variables."""
    if hasattr(item, "callee"):
        return _product_of_call(item)
    if hasattr(item, "name"):
        return _itself(str(item.name))
    if not hasattr(item, "op"):
        value = getattr(item, "value", None)
        return _Product({}, {}, float(value)) if isinstance(value, int | float) else None
    parts = [_product(argument) for argument in item.args]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else _joined(item.op.__name__, *known)


def _product_of_call(call: Any) -> _Product | None:
    inner = _product(call.args[0]) if len(call.args) == 1 else None
    if call.callee == "I":
        return inner
    plain = inner is not None and list(inner.powers.values()) == [1]
    if inner is not None and plain and call.callee in _SHIFTS:
        return inner
    if inner is not None and plain and call.callee in _SCALES:
        return _Product(inner.powers, {str(call): 1}, 1.0)
    return _itself(str(call))


def _joined(operation: str, first: _Product, second: _Product) -> _Product | None:
    if operation == "mul":
        return first.times(second)
    if operation in ("add", "sub") and not (first.powers and second.powers):
        return first if first.powers else second
    if operation == "truediv" and not second.powers and second.factor:
        return first.over(second.factor)
    if operation == "pow" and not second.powers:
        whole = second.factor == int(second.factor) and second.factor > 0
        return first.to_the(int(second.factor)) if whole else None
    return None


def _added(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    both = dict.fromkeys([*first, *second])
    return {name: first.get(name, 0) + second.get(name, 0) for name in both}
