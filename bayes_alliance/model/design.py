"""The design of a model: population columns, group columns, and the same on new rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.column_order import ColumnOrder, orders_from_json
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.families.link import Link
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.group_design import GroupDesign, apply_group, build_groups
from bayes_alliance.model.linear import LinearPart, apply_part, learn_part
from bayes_alliance.model.repeats import Repeats, clients_of_rows


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """The population part of one linear predictor: of an outcome's location or another parameter.

    Parameters
    ----------
    outcome, parameter
        What it predicts: ``mu``, ``sigma``.
    link
        Through which it gives that parameter.
    X
        Its columns, shape (row, coefficient).
    coefficients
        Label of each column.
    offset
        Its known part, shape (row,).
    part
        State of its expression, plain JSON.
    """

    outcome: str
    parameter: str
    link: Link
    X: NDArray[np.float64]
    coefficients: tuple[str, ...]
    offset: NDArray[np.float64]
    part: Mapping[str, Any]

    @property
    def variable(self) -> str:
        """The container's variable with its coefficients."""
        return names.b(self.parameter)

    @property
    def dim(self) -> str:
        """The dimension over them."""
        return names.coefficient(self.parameter)

    @property
    def aliased(self) -> tuple[str, ...]:
        """Coefficients left out: their columns are combinations of simpler ones."""
        return tuple(self.part.get("aliased", ()))

    @property
    def orders(self) -> tuple[ColumnOrder, ...]:
        """What each of its columns is made of."""
        orders = orders_from_json(self.part["orders"])
        return tuple(orders[k] for k in self.part["kept"])

    def on_rows(self, rows: Any) -> Predictor:
        """Return it on some of its rows."""
        return replace(self, X=np.ascontiguousarray(self.X[rows]), offset=self.offset[rows])

    def without_columns(self, aliased: NDArray[np.bool_]) -> Predictor:
        """Leave out columns that are combinations of simpler ones, and remember which."""
        keep = ~aliased
        left_out = [n for n, gone in zip(self.coefficients, aliased, strict=True) if gone]
        kept = [place for place, own in zip(self.part["kept"], keep, strict=True) if own]
        return replace(
            self,
            X=np.ascontiguousarray(self.X[:, keep]),
            coefficients=tuple(n for n, own in zip(self.coefficients, keep, strict=True) if own),
            part={**self.part, "kept": kept, "aliased": left_out},
        )


@dataclass(frozen=True, kw_only=True)
class Design:
    """Matrices of a model on its rows.

    Parameters
    ----------
    predictors
        The population part of every linear predictor; the first is that of the location.
    groups
        One entry a grouping factor, with its effects in all of them.
    """

    predictors: tuple[Predictor, ...]
    groups: tuple[GroupDesign, ...]

    @property
    def location(self) -> Predictor:
        """The predictor of the outcome's location."""
        return self.predictors[0]

    @property
    def predicted(self) -> tuple[Predictor, ...]:
        """Those of other parameters."""
        return self.predictors[1:]

    @property
    def X(self) -> NDArray[np.float64]:  # noqa: N802
        """Population columns of the location, shape (row, coefficient)."""
        return self.location.X

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Label of each of them."""
        return self.location.coefficients

    @property
    def offset(self) -> NDArray[np.float64]:
        """Known part of the location's linear predictor, shape (row,)."""
        return self.location.offset

    @property
    def part(self) -> Mapping[str, Any]:
        """State of its expression, plain JSON."""
        return self.location.part

    @property
    def aliased(self) -> tuple[str, ...]:
        """Coefficients left out: their columns are combinations of simpler ones."""
        return tuple(
            names.effect_label(own.parameter, label)
            for own in self.predictors
            for label in own.aliased
        )

    @property
    def orders(self) -> tuple[ColumnOrder, ...]:
        """What each population column of the location is made of."""
        return self.location.orders

    @property
    def parts(self) -> tuple[Mapping[str, Any], ...]:
        """State of every expression: the populations', then the groups'."""
        return (
            *(own.part for own in self.predictors),
            *(part for group in self.groups for part in group.parts),
        )

    def group(self, name: str) -> GroupDesign:
        """Return the grouping factor of that name."""
        return next(group for group in self.groups if group.name == name)

    def with_location(self, **changes: Any) -> Design:
        """Return the design with other values in the predictor of the location."""
        return replace(self, predictors=(replace(self.location, **changes), *self.predicted))

    def on_rows(self, rows: Any, groups: Iterable[GroupDesign] | None = None) -> Design:
        """Return the design on some of its rows, with the labels of all groups kept.

        Parameters
        ----------
        rows
            Places of the rows, a mask or a slice.
        groups
            Other groups on all of its rows, in the place of its own.
        """
        chosen = self.groups if groups is None else groups
        return Design(
            predictors=tuple(own.on_rows(rows) for own in self.predictors),
            groups=tuple(replace(g, index=g.index[rows], Z=g.Z[rows]) for g in chosen),
        )


@dataclass(frozen=True, kw_only=True)
class NewDesign:
    """The same columns on new rows; a group index of -1 is a group not seen before.

    Parameters
    ----------
    X, offset
        Of the location.
    Z, index
        Of each factor, by name: the columns of its effects, and the groups.
    predicted
        Columns and offset of every other parameter that is predicted, by its name.
    """

    X: NDArray[np.float64]
    offset: NDArray[np.float64]
    Z: Mapping[str, NDArray[np.float64]]
    index: Mapping[str, NDArray[np.int64]]
    predicted: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


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
    expressions = [(names.MEAN_PARAMETER, family.link, formula.population)]
    for line in formula.predicted:
        link = family.parameter(line.parameter).link
        assert link is not None  # the formula was read with those that have one
        expressions.append((line.parameter, link, line.population))
    predictors = []
    for parameter, link, expression in expressions:
        learnt = learn_part(expression, frame.rows, data, repeats)
        thresholds = not family.intercept and parameter == names.MEAN_PARAMETER
        outcome = formula.response.outcome
        predictors.append(_predictor(outcome, parameter, link, learnt, thresholds=thresholds))
    groups = build_groups(
        formula.group_terms,
        frame.rows,
        data,
        group_may_be_row=family.group_may_be_row,
        repeats=repeats,
    )
    return Design(predictors=tuple(predictors), groups=groups)


def _predictor(
    outcome: str, parameter: str, link: Link, learnt: LinearPart, *, thresholds: bool
) -> Predictor:
    """Return a predictor on what its expression has learnt, without a constant for thresholds."""
    labels = learnt.labels
    keep = [k for k, label in enumerate(labels) if not (thresholds and label == names.INTERCEPT)]
    return Predictor(
        outcome=outcome,
        parameter=parameter,
        link=link,
        X=np.ascontiguousarray(learnt.matrix[:, keep]),
        coefficients=tuple(labels[k] for k in keep),
        offset=learnt.offset,
        part={**learnt.state, "kept": keep},
    )


def without_columns(design: Design, aliased: Mapping[str, NDArray[np.bool_]]) -> Design:
    """Leave out population columns that are combinations of simpler ones.

    Parameters
    ----------
    design
        The design.
    aliased
        Which, by the variable of their coefficients.
    """
    return replace(
        design,
        predictors=tuple(
            own.without_columns(aliased[own.variable]) if aliased[own.variable].any() else own
            for own in design.predictors
        ),
    )


def rebuild_design(design: Design, new_rows: pd.DataFrame) -> NewDesign:
    """Make the design's columns for new rows, from what it learnt on the old ones.

    Raises
    ------
    DataError
        If a column is missing or a categorical predictor has a new level.
    """
    applied = {own.parameter: _applied(own, new_rows) for own in design.predictors}
    X, offset = applied.pop(design.location.parameter)
    placed = {group.name: apply_group(group, new_rows) for group in design.groups}
    return NewDesign(
        X=X,
        offset=offset,
        Z={name: Z for name, (Z, _) in placed.items()},
        index={name: index for name, (_, index) in placed.items()},
        predicted=applied,
    )


def _applied(
    predictor: Predictor, new_rows: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    matrix, offset = apply_part(predictor.part, new_rows)
    return matrix[:, predictor.part["kept"]], offset
