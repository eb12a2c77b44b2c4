"""The variables of a slope, and the derivative of the design's columns in one of them.

The derivative is a finite difference. Rows are made in which only the predictor differs, and go
through the model's own design for new rows. Where the formula centres by group they belong to
made-up groups of which they are all the rows: a row that deviates has another one on the other
side, so that the mean and the deviation are set apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.group_mean_terms import GroupMeanTerm, group_mean_terms, with_whole_groups
from bayes_alliance.model.linear import apply_part
from bayes_alliance.model.repeats import clients_of_rows
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import frequency_weights

COLUMN, WITHIN, BETWEEN = "column", "within", "between"
Array = NDArray[np.float64]
# Of the predictor's sd: small enough for curves, large enough for the digits of a double.
_STEP = 1e-4
_FARTHER = 0.1
_SAME = 1e-6


@dataclass(frozen=True, kw_only=True)
class SlopeVariable:
    """What a slope is of, or what it depends on.

    Parameters
    ----------
    name
        As it was asked for: ``stigma``, ``between(stigma, case_manager)``.
    kind
        ``"column"``, ``"within"`` or ``"between"``.
    column
        The table's column behind it.
    observed
        Its value in every row of the model.
    levels
        Its categories in order; empty for a number.
    counts
        How many clients each row of the model stands for.
    """

    name: str
    kind: str
    column: str
    observed: NDArray[Any]
    levels: tuple[Any, ...]
    counts: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean over the clients; of a number."""
        return float(np.average(np.asarray(self.observed, dtype=float), weights=self.counts))

    @property
    def sd(self) -> float:
        """Standard deviation (n - 1) over the clients; of a number."""
        squares = (np.asarray(self.observed, dtype=float) - self.mean) ** 2
        return float(np.sqrt(self.counts @ squares / (self.counts.sum() - 1)))


def slope_variable(fit: Fit, name: str, asked: str) -> SlopeVariable:
    """Find a variable among the columns and group means of the model's population part.

    Raises
    ------
    ModelError
        If the population part does not use it.
    """
    part, rows = fit.model.design.part, fit.model.frame.rows
    counts = np.broadcast_to(frequency_weights(fit.model), len(rows)).astype(np.float64)
    terms = {term.label: term for term in group_mean_terms(part) if term.column is not None}
    if name in part["columns"]:
        return SlopeVariable(
            name=name,
            kind=COLUMN,
            column=name,
            observed=rows[name].to_numpy(),
            levels=column_levels(part["columns"][name]),
            counts=counts,
        )
    if name in terms:
        term = terms[name]
        return SlopeVariable(
            name=name,
            kind=term.kind,
            column=str(term.column),
            observed=_observed(fit, term),
            levels=(),
            counts=counts,
        )
    valid = [*part["columns"], *terms]
    raise ModelError(
        asked,
        f"The predictors do not use {name}. {did_you_mean(name, valid)}".rstrip(),
        f"They use {listed(valid) or 'no column'}.",
        name=name,
    )


def column_levels(state: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the categories of a column as the design knows it; none for a number."""
    if "levels" in state:
        return tuple(state["levels"])
    return tuple(state["numbers"]) if len(state["numbers"]) > 1 else ()


def only_two(variable: SlopeVariable) -> list[float] | None:
    """Return the two values of a number that was observed at two, such as 0 and 1; else None."""
    few = np.unique(np.asarray(variable.observed, dtype=float))
    return few.tolist() if len(few) == 2 else None


def _observed(fit: Fit, term: GroupMeanTerm) -> NDArray[np.float64]:
    rows = fit.model.frame.rows
    means = np.array([term.means[label] for label in group_labels(rows[term.group])])
    if term.kind == BETWEEN:
        return means
    return np.asarray(rows[term.column].to_numpy(dtype=float) - means)


@dataclass(frozen=True, kw_only=True)
class SlopeDesign:
    """How the design's columns change with a predictor, at stated values of a moderator.

    Parameters
    ----------
    fit
        Gives the model and its rows.
    predictor, moderator
        The two variables.
    base
        Value of every column the formula uses, where nothing else is stated.
    """

    fit: Fit
    predictor: SlopeVariable
    moderator: SlopeVariable
    base: Mapping[str, Any]

    def columns(self, values: Sequence[Any], *, shift: float = 0.0) -> Array:
        """Return the derivatives, shape (value, coefficient).

        Parameters
        ----------
        values
            Of the moderator.
        shift
            How far the predictor is from its base value, or from its group's mean where it is
            centred.
        """
        step = _STEP * self._spread()
        rows = [
            self._row(place, value, shift, sign * step, side)
            for place, value in enumerate(values)
            for sign in (1, -1)
            for side in self._sides()
        ]
        part = self.fit.model.design.part
        frame = pd.DataFrame(rows)
        matrix = apply_part(with_whole_groups(part, frame), frame)[0][:, part["kept"]]
        pairs = matrix.reshape(len(values), 2, len(self._sides()), -1)[:, :, 0]
        return np.asarray((pairs[:, 0] - pairs[:, 1]) / (2 * step))

    def is_linear(self, values: Sequence[Any]) -> bool:
        """Say whether the slope is the same wherever the predictor is."""
        here = self.columns(values)
        there = self.columns(values, shift=_FARTHER * self._spread())
        return bool(np.allclose(here, there, rtol=_SAME, atol=_SAME * np.abs(here).max()))

    def _spread(self) -> float:
        spread = self.predictor.sd
        return spread if spread > 0 else 1.0

    def _sides(self) -> tuple[int, ...]:
        return (1, -1) if self._group_columns else (1,)

    def _row(self, place: int, value: Any, shift: float, step: float, side: int) -> dict[str, Any]:
        row = dict(self.base)
        if self.moderator.kind == WITHIN:
            row[self.moderator.column] += side * value
        else:
            row[self.moderator.column] = value
        of_mean = self.predictor.kind == BETWEEN
        own = float(row[self.predictor.column])
        row[self.predictor.column] = own + (1 if of_mean else side) * (shift + step)
        group = f"a group not seen before, {place} {step if of_mean else ''}"
        return row | dict.fromkeys(self._group_columns, group)

    @cached_property
    def _group_columns(self) -> list[str]:
        part = self.fit.model.design.part
        return list(dict.fromkeys(term.group for term in group_mean_terms(part)))


def commonest(model: Model, name: str) -> Any:
    """Return the most frequent value of a column, rows counted by their frequency weights."""
    rows = model.frame.rows
    often = clients_of_rows(model.formula.response, rows)
    if often is None:
        return rows[name].mode().iloc[0]
    clients = pd.Series(often).groupby(rows[name].to_numpy()).sum()
    return clients.index[int(np.argmax(clients))]


def base_values(fit: Fit, at: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mean of every number and the most frequent category, where none is stated."""
    states, rows = fit.model.design.part["columns"], fit.model.frame.rows
    often = clients_of_rows(fit.model.formula.response, rows)
    return {
        name: at[name]
        if name in at
        else commonest(fit.model, name)
        if column_levels(state)
        else float(np.average(rows[name].astype(float), weights=often))
        for name, state in states.items()
    }
