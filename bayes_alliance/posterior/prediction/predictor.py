"""The columns a prediction needs: predictors, groups, and what they are like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bayes_alliance.model.expression import describe, group_mean_columns
from bayes_alliance.model.group_mean_terms import GroupMean, group_means
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.target import LOOKED_AT, Target
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd


def grouping_columns(part: Mapping[str, Any]) -> set[str]:
    """Return the columns that only name groups inside ``within`` and ``between``."""
    return set(group_mean_columns(describe(part["expression"], part["columns"])))


def means_by_group(model: Model) -> dict[str, GroupMean]:
    """Return the group means that rows may state, by the names of their columns."""
    return group_means(model.design.parts)


def predictor_columns(model: Model) -> dict[str, Mapping[str, Any]]:
    """Return every column that is a predictor, with its levels or typical number.

    Columns that only name groups, inside ``within`` and ``between`` too, are left out.
    The order is that of the formula.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for part in model.design.parts:
        naming = grouping_columns(part) if part["has_group_means"] else set()
        columns = [name for name in part["columns"] if name not in naming]
        for name in sorted(columns, key=lambda name: (part["expression"].find(name), name)):
            found.setdefault(name, part["columns"][name])
    return found


def grouping_factors(model: Model) -> tuple[str, ...]:
    """Return every column that names groups, each once."""
    factors = [factor for group in model.design.groups for factor in group.factors]
    for part in model.design.parts:
        if part["has_group_means"]:
            factors += sorted(grouping_columns(part))
    return tuple(dict.fromkeys(factors))


def shown_columns(fit: Fit, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what an estimate for a row is shown beside: its predictors and groups."""
    model = fit.model
    used = dict.fromkeys(
        [*predictor_columns(model), *grouping_factors(model), *means_by_group(model)]
    )
    own = fit.has_data and rows is model.frame.rows
    order = used if own else rows.columns  # the order of a grid is the user's own
    return rows[[name for name in order if name in used and name in rows.columns]]


def telling_columns(
    model: Model, columns: Iterable[str], targets: Mapping[str, Target]
) -> tuple[str, ...]:
    """Return those columns an estimate for a row depends on.

    A column that only names groups tells nothing where groups seen are not the target: what it
    names is not whom the estimate is about.
    """
    asked = {f for g in model.design.groups if targets[g.name] in LOOKED_AT for f in g.factors}
    named = {f for g in model.design.groups for f in g.factors}
    for part in model.design.parts:
        asked |= grouping_columns(part) if part["has_group_means"] else set()
    idle = named - asked - set(predictor_columns(model))
    return tuple(name for name in columns if name not in idle)


def is_categorical(state: Mapping[str, Any]) -> bool:
    """Whether a predictor has levels, in words or as numbers that stand for categories."""
    return "levels" in state or len(state["numbers"]) > 1


def levels_of(state: Mapping[str, Any]) -> list[Any]:
    """Return the levels of a categorical predictor, the reference first."""
    return list(state.get("levels", state.get("numbers")))


def typical_value(state: Mapping[str, Any]) -> Any:
    """Return the mean of a numeric predictor, the reference level of a categorical one."""
    return levels_of(state)[0]
