"""Where a predictor was observed, for curves over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance import names
from bayes_alliance.errors import ModelError, SamplingError, did_you_mean, listed
from bayes_alliance.model.design import Design
from bayes_alliance.posterior.shares.share_request import needed_variables
from bayes_alliance.posterior.standing import (
    check_value,
    levels_of,
    population_variables,
    sloping_variables,
)
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.parameter_view import location_of

POINTS = 25


def check_predictor(
    fit: Fit, predictor: str, at: Mapping[str, Any], *, scale: str, asked: str
) -> None:
    """Refuse a predictor that variance shares do not depend on, or that ``at`` holds fixed.

    Raises
    ------
    ModelError
        With the predictors they do depend on.
    """
    located = location_of(fit)
    if not located.model.groups:
        raise ModelError(
            asked,
            "The model has no groups, so none of its variance lies between groups.",
            f"Add a group term whose slope varies, such as (1 + {predictor} | case_manager).",
            predictor=predictor,
        )
    valid = dict.fromkeys(sloping_variables(located))
    groups = located.model.design.groups
    valid |= {e: None for g in groups for e in g.effects if e != names.INTERCEPT}
    valid |= dict.fromkeys(needed_variables(fit, scale))
    if predictor not in valid:
        hint = did_you_mean(predictor, valid)
        raise ModelError(
            asked,
            f"The slope of {predictor} does not vary between groups."
            if predictor in population_variables(fit)
            else f"They do not depend on {predictor}. {hint}".rstrip(),
            f"Ask for the curve along {_one_of(list(valid))}."
            if valid
            else "Ask for variance_shares(fit): they are the same at all values of the predictors.",
            predictor=predictor,
        )
    if predictor in at:
        raise ModelError(
            asked,
            f"at= holds {predictor} = {at[predictor]} as well.",
            f"Take {predictor} out of at=.",
            predictor=predictor,
        )


def _one_of(valid: Sequence[str]) -> str:
    return f"one of {listed(valid)}" if len(valid) > 1 else valid[0]


def values_along(fit: Fit, predictor: str, values: Sequence[Any] | None, asked: str) -> list[Any]:
    """Return the values asked for, or those over the observed range.

    Raises
    ------
    ModelError
        If an empty list is asked for, or a value that the predictor cannot have.
    SamplingError
        If none are asked for and the range is not known.
    """
    if values is not None and not len(values):
        raise ModelError(asked, f"No value of {predictor} was given.", "State finite numbers.")
    if values is not None:
        for value in values:
            check_value(predictor, value, levels_of(fit.model.design, predictor), asked)
        return list(values)
    if not (fit.has_data or is_ranged(fit, predictor) or _kept_levels(fit, predictor)):
        raise SamplingError(
            asked,
            f"The fit does not hold its rows, so the range of {predictor} is not known.",
            f"State where to look: share_curve(fit, {predictor!r}, values=[...]).",
        )
    return observed_values(fit, predictor)


def observed_values(fit: Fit, predictor: str) -> list[Any]:
    """Return evenly spaced numbers over a predictor's range, both of two, or every category.

    Raises
    ------
    SamplingError
        If the fit has no rows, and of streamed ones kept no range: it keeps those of the
        numbers whose slopes vary, and all categories.
    """
    if levels := _kept_levels(fit, predictor):
        return levels
    fit.need_data(f"The observed range of {predictor}", sums_suffice=is_ranged(fit, predictor))
    if fit.model.stream is not None:
        own = fit.model.stream.sums.ranges[predictor]
        ends = float(own.lowest.min()), float(own.highest.max())
        values = _spread(*ends, only_two=own.only_two)
        return [bool(value) for value in values] if own.truths else values
    rows = fit.model.frame.rows
    if predictor in rows.columns and not _is_number(rows[predictor]):
        return sorted(rows[predictor].unique().tolist())
    known = predictor in rows.columns
    column = rows[predictor].to_numpy(float) if known else _effect(fit.model.design, predictor)
    few = np.unique(column)
    return _spread(float(few[0]), float(few[-1]), only_two=len(few) <= 2)


def is_ranged(fit: Fit, predictor: str) -> bool:
    """Tell whether the range of a predictor was kept of rows that were streamed."""
    return fit.model.stream is not None and predictor in fit.model.stream.sums.ranges


def _kept_levels(fit: Fit, predictor: str) -> list[Any]:
    """Return the categories of a predictor of streamed rows; none of a number."""
    if fit.model.stream is None or is_ranged(fit, predictor):
        return []
    states = [part["columns"].get(predictor, {}) for part in fit.model.design.parts]
    return sorted(next((state["levels"] for state in states if state.get("levels")), []))


def _spread(lowest: float, highest: float, *, only_two: bool) -> list[Any]:
    if only_two:
        return list(dict.fromkeys([lowest, highest]))
    return [float(value) for value in np.linspace(lowest, highest, POINTS)]


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != bool


def _effect(design: Design, label: str) -> Any:
    """Return the column of an effect that is centred by group."""
    for group in design.groups:
        if label in group.effects:
            return group.Z[:, group.effects.index(label)]
    return design.X[:, design.coefficients.index(label)]
