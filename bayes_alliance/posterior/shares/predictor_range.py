"""Where a predictor was observed, for curves over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance import names
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.design import Design
from bayes_alliance.posterior.shares.share_request import RESPONSE
from bayes_alliance.posterior.shares.stated_values import population_variables, sloping_variables
from bayes_alliance.sampling.fit import Fit

POINTS = 25


def check_predictor(
    fit: Fit, predictor: str, at: Mapping[str, Any], *, scale: str, asked: str
) -> None:
    """Refuse a predictor that variance shares do not depend on, or that is fixed as well.

    Raises
    ------
    ModelError
        With the predictors they do depend on.
    """
    valid = dict.fromkeys(sloping_variables(fit))
    valid |= {e: None for g in fit.model.design.groups for e in g.effects if e != names.INTERCEPT}
    if scale == RESPONSE and fit.model.family.on_link_scale:
        valid |= dict.fromkeys(population_variables(fit))
    if predictor not in valid:
        hint = did_you_mean(predictor, valid)
        raise ModelError(
            asked,
            f"The slope of {predictor} does not vary between groups."
            if predictor in population_variables(fit)
            else f"They do not depend on {predictor}. {hint}".rstrip(),
            f"They depend on: {listed(valid) or 'no predictor'}.",
            predictor=predictor,
        )
    if predictor in at:
        raise ModelError(
            asked,
            f"at= holds {predictor} = {at[predictor]} as well.",
            f"Take {predictor} out of at=.",
            predictor=predictor,
        )


def observed_values(fit: Fit, predictor: str) -> list[Any]:
    """Return values over a predictor's observed range: both of two, or every category.

    Raises
    ------
    SamplingError
        If the fit was saved without its rows.
    """
    fit.need_data(f"The observed range of {predictor}")
    rows = fit.model.frame.rows
    if predictor in rows.columns and not _is_number(rows[predictor]):
        return sorted(rows[predictor].unique().tolist())
    known = predictor in rows.columns
    column = rows[predictor].to_numpy(float) if known else _effect(fit.model.design, predictor)
    few = np.unique(column)
    if len(few) <= 2:
        return [float(value) for value in few]
    return [float(value) for value in np.linspace(few[0], few[-1], POINTS)]


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != bool


def _effect(design: Design, label: str) -> Any:
    """Return the column of an effect that is centred by group."""
    for group in design.groups:
        if label in group.effects:
            return group.Z[:, group.effects.index(label)]
    return design.X[:, design.coefficients.index(label)]
