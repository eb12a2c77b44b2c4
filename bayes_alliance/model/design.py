"""The design of a model: population columns, group columns, and the same on new rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.column_order import ColumnOrder, orders_from_json
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.group_design import GroupDesign, apply_group, build_groups
from bayes_alliance.model.linear import apply_part, learn_part
from bayes_alliance.model.repeats import Repeats, clients_of_rows


@dataclass(frozen=True, kw_only=True)
class Design:
    """Matrices of a model on its rows.

    Parameters
    ----------
    X
        Population columns, shape (row, coefficient).
    coefficients
        Label of each column.
    offset
        Known part of the linear predictor, shape (row,).
    groups
        One entry a grouping factor.
    part
        State of the population expression, plain JSON.
    """

    X: NDArray[np.float64]
    coefficients: tuple[str, ...]
    offset: NDArray[np.float64]
    groups: tuple[GroupDesign, ...]
    part: Mapping[str, Any]

    @property
    def aliased(self) -> tuple[str, ...]:
        """Coefficients left out: their columns are combinations of simpler ones."""
        return tuple(self.part.get("aliased", ()))

    @property
    def orders(self) -> tuple[ColumnOrder, ...]:
        """What each population column is made of."""
        orders = orders_from_json(self.part["orders"])
        return tuple(orders[k] for k in self.part["kept"])

    @property
    def parts(self) -> tuple[Mapping[str, Any], ...]:
        """State of every expression: the population's, then the groups'."""
        return (self.part, *(part for group in self.groups for part in group.parts))

    def group(self, name: str) -> GroupDesign:
        """Return the grouping factor of that name."""
        return next(group for group in self.groups if group.name == name)


@dataclass(frozen=True, kw_only=True)
class NewDesign:
    """The same columns on new rows; a group index of -1 is a group not seen before."""

    X: NDArray[np.float64]
    offset: NDArray[np.float64]
    Z: Mapping[str, NDArray[np.float64]]
    index: Mapping[str, NDArray[np.int64]]


def build_design(formula: Formula, frame: ModelFrame, data: pd.DataFrame, family: Family) -> Design:
    """Evaluate the formula on the model's rows.

    Parameters
    ----------
    formula, frame, family
        The parsed formula, the rows it uses, and the family (ordinal models have no intercept:
        thresholds take its place).
    data
        The whole table; group means use all rows that have the predictor.
    """
    repeats = Repeats(
        of_rows=clients_of_rows(formula.response, frame.rows),
        of_table=clients_of_rows(formula.response, data),
    )
    part = learn_part(formula.population, frame.rows, data, repeats)
    X, coefficients, state = part.matrix, part.labels, dict(part.state)
    keep = [k for k, label in enumerate(coefficients) if family.intercept or not _constant(label)]
    state["kept"] = keep
    groups = build_groups(
        formula.group_terms,
        frame.rows,
        data,
        group_may_be_row=family.group_may_be_row,
        repeats=repeats,
    )
    return Design(
        X=np.ascontiguousarray(X[:, keep]),
        coefficients=tuple(coefficients[k] for k in keep),
        offset=part.offset,
        groups=groups,
        part=state,
    )


def without_columns(design: Design, aliased: NDArray[np.bool_]) -> Design:
    """Leave out population columns that are combinations of simpler ones, and remember which."""
    keep = ~aliased
    names_left_out = [n for n, gone in zip(design.coefficients, aliased, strict=True) if gone]
    kept = [place for place, own in zip(design.part["kept"], keep, strict=True) if own]
    return replace(
        design,
        X=np.ascontiguousarray(design.X[:, keep]),
        coefficients=tuple(n for n, own in zip(design.coefficients, keep, strict=True) if own),
        part={**design.part, "kept": kept, "aliased": names_left_out},
    )


def _constant(label: str) -> bool:
    return label == names.INTERCEPT


def rebuild_design(design: Design, new_rows: pd.DataFrame) -> NewDesign:
    """Make the design's columns for new rows, from what it learnt on the old ones.

    Raises
    ------
    DataError
        If a column is missing or a categorical predictor has a new level.
    """
    matrix, offset = apply_part(design.part, new_rows)
    placed = {group.name: apply_group(group, new_rows) for group in design.groups}
    return NewDesign(
        X=matrix[:, design.part["kept"]],
        offset=offset,
        Z={name: Z for name, (Z, _) in placed.items()},
        index={name: index for name, (_, index) in placed.items()},
    )
