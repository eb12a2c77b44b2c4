"""Design rows at predictor values that the user stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.errors import Advice, ModelError, listed
from bayes_alliance.model.column_order import ColumnOrder, orders_from_json
from bayes_alliance.model.expression import has_offset
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.linear import apply_part
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.fit import Fit

Array = NDArray[np.float64]
# One value a design row, by the name of a column or of an effect; of a category it may be the
# share of each level, over which the row is then averaged.
Values = Mapping[str, Sequence[Any]]
_MOST_LEVELS = 20_000


def sloping_variables(fit: Fit) -> tuple[str, ...]:
    """Return what the slopes that vary between groups depend on, in order.

    Columns, or the effects themselves where they are centred by group (``within(stigma, g)``).
    """
    return own_variables([part for group in fit.model.design.groups for part in group.parts])


def own_variables(parts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what some expressions of a formula depend on, in order."""
    return tuple(dict.fromkeys(name for part in parts for name in _variables(part)))


def population_variables(fit: Fit) -> tuple[str, ...]:
    """Return what the population part depends on: columns, or effects centred by group."""
    return tuple(_variables(fit.model.design.part))


def _variables(state: Mapping[str, Any]) -> list[str]:
    if not state["has_group_means"]:
        return list(state["columns"])
    # What is centred by group has a value of its own, whatever its column's; products of such
    # numbers follow from theirs.
    pairs = zip(state["labels"], orders_from_json(state["orders"]), strict=True)
    return [label for label, own in pairs if not own.is_constant and not _is_product(own)]


def _is_product(order: ColumnOrder) -> bool:
    return order.degree > 1 and not order.factors


def effect_rows(group: GroupDesign, values: Values, count: int) -> Array:
    """Return the columns of a group's effects at stated values, shape (value, effect)."""
    return np.column_stack([_columns(state, values, count)[0] for state in group.parts])


def population_rows(model: Model, values: Values, count: int) -> tuple[Array, Array]:
    """Return the population columns and the offset at stated values.

    Raises
    ------
    ModelError
        If effects are stated by their labels and the model has an offset, whose column is not.
    """
    state = model.design.part
    matrix, offset, by_label = _columns(state, values, count)
    if by_label and (np.any(model.design.offset) or (model.stream and has_offset(state))):
        raise ModelError(
            f"Rows were asked for at {listed(values)}.",
            "The model has an offset, and its column was not stated.",
            f"State the columns themselves: {listed(state['columns'])}.",
        )
    return matrix[:, state["kept"]], offset


def population_columns(model: Model, values: Values, count: int) -> Array:
    """Return the population columns at stated values, whatever the offset is there."""
    state = model.design.part
    return np.asarray(_columns(state, values, count)[0][:, state["kept"]])


def _columns(state: Mapping[str, Any], values: Values, count: int) -> tuple[Array, Array, bool]:
    """Return matrix, offset, and whether they were made from labels, not from columns."""
    labels = state["labels"]
    columns = list(state["columns"])
    if columns and not state["has_group_means"] and all(name in values for name in columns):
        rows, weights, place = _every_level({name: values[name] for name in columns}, count)
        matrix, offset = apply_part(state, rows)
        if len(rows) > count:
            matrix, offset = (_averaged(part, weights, place, count) for part in (matrix, offset))
        return matrix, offset, False
    orders = orders_from_json(state["orders"])
    stacked = [_by_label(k, own, values, count) for k, own in zip(labels, orders, strict=True)]
    matrix = np.column_stack(stacked) if stacked else np.zeros((count, 0))
    return matrix, np.zeros(count), bool(columns)


def _by_label(label: str, order: ColumnOrder, values: Values, count: int) -> Array:
    """Return a column that is stated by its label, or made of those that are; else ones."""
    if label in values:
        return np.asarray(values[label], float)
    one = np.ones(count)
    if not _is_product(order) or not all(part in values for part in order.parts):
        return one
    powers = [np.asarray(values[part], float) ** power for part, power in order.parts.items()]
    return np.asarray(order.factor * np.prod([one, *powers], axis=0))


def _every_level(values: Values, count: int) -> tuple[pd.DataFrame, Array, NDArray[np.int64]]:
    """Write a value that is an average over levels as one row a level.

    Returns the rows, the weight of each, and the place of the value it belongs to.
    """
    rows: list[dict[str, Any]] = []
    weights: list[float] = []
    places: list[int] = []
    for k in range(count):
        own = {name: _levels_of_value(column[k]) for name, column in values.items()}
        size = int(np.prod([len(levels) for levels in own.values()], dtype=np.int64))
        if size > _MOST_LEVELS:
            raise ModelError(
                f"An average over the levels of {listed(own)} was asked for.",
                f"There are {size:,} combinations of them.",
                Advice(
                    python="State the level of some of them with at=.",
                    command_line="Join some of their categories in the file.",
                ),
            )
        for chosen in product(*(levels.items() for levels in own.values())):
            rows.append(dict(zip(own, (level for level, _ in chosen), strict=True)))
            weights.append(float(np.prod([share for _, share in chosen])))
            places.append(k)
    return pd.DataFrame(rows, columns=list(values)), np.asarray(weights), np.asarray(places)


def _levels_of_value(value: Any) -> Mapping[Any, float]:
    return value if isinstance(value, Mapping) else {value: 1.0}


def _averaged(part: Array, weights: Array, place: NDArray[np.int64], count: int) -> Array:
    summed = np.zeros((count, *part.shape[1:]))
    np.add.at(summed, place, weights.reshape(-1, *(1,) * (part.ndim - 1)) * part)
    return summed
