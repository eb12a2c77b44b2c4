"""The derivative of the design's columns with respect to one predictor, by finite difference.

Rows are made in which only the predictor differs, and go through the model's own design for new
rows. Where the formula centres by group they belong to made-up groups of which they are all the
rows: a row that deviates has another one on the other side, so that the mean and the deviation
are set apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.model.group_mean_terms import group_mean_terms, with_whole_groups
from bayes_alliance.model.linear import apply_part
from bayes_alliance.model.repeats import clients_of_rows
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.moderation.slope_variable import (
    BETWEEN,
    WITHIN,
    SlopeVariable,
    column_levels,
)
from bayes_alliance.sampling.fit import Fit

Array = NDArray[np.float64]
# Of the predictor's sd: small enough for curves, large enough for the digits of a double.
_STEP = 1e-4
_FARTHER = 0.1
_SAME = 1e-6


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
