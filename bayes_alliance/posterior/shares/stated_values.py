"""Design rows at predictor values that the user stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import ModelError, listed
from bayes_alliance.model.expression import has_offset
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.linear import apply_part
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.fit import Fit

Array = NDArray[np.float64]
# One value a design row, by the name of a column or of an effect.
Values = Mapping[str, Sequence[Any]]


def sloping_variables(fit: Fit) -> tuple[str, ...]:
    """Return what the slopes that vary between groups depend on, in order.

    Columns, or the effects themselves where they are centred by group (``within(stigma, g)``).
    """
    states = [state for group in fit.model.design.groups for state in group.parts]
    return tuple(dict.fromkeys(name for state in states for name in _variables(state)))


def population_variables(fit: Fit) -> tuple[str, ...]:
    """Return what the population part depends on: columns, or effects centred by group."""
    return tuple(_variables(fit.model.design.part))


def _variables(state: Mapping[str, Any]) -> list[str]:
    if not state["has_group_means"]:
        return list(state["columns"])
    # What is centred by group has a value of its own, whatever its column's.
    return [label for label in state["labels"] if label != names.INTERCEPT]


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


def _columns(state: Mapping[str, Any], values: Values, count: int) -> tuple[Array, Array, bool]:
    """Return matrix, offset, and whether they were made from labels, not from columns."""
    labels = state["labels"]
    columns = list(state["columns"])
    if columns and not state["has_group_means"] and all(name in values for name in columns):
        rows = pd.DataFrame({name: list(values[name]) for name in columns}, index=range(count))
        return *apply_part(state, rows), False
    one = np.ones(count)
    stacked = [np.asarray(values[k], float) if k in values else one for k in labels]
    matrix = np.column_stack(stacked) if stacked else np.zeros((count, 0))
    return matrix, np.zeros(count), bool(columns)
