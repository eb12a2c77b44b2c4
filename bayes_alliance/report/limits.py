"""What the numbers of a report do not say."""

from __future__ import annotations

import numpy as np

from bayes_alliance import names
from bayes_alliance.data.notes.outcome_checks import piled_from
from bayes_alliance.report.prose import figure, many_groups, one_of_groups, percent, plural
from bayes_alliance.report.results import Results
from bayes_alliance.sampling.linear_predictor import frequency_weights

_FEW_GROUPS = 30
_MANY_DROPPED = 0.05
_DECISIVE = 1.0
_ENOUGH_ROWS = 20


def limits(results: Results) -> tuple[str, ...]:
    """Return the limits that apply to this fit, the most general first."""
    model = results.fit.model
    found = [
        "Everything here holds given the model and its priors. The intervals do not include "
        "the uncertainty about the model itself; the posterior predictive check looks at part "
        "of that.",
    ]
    if any(c != names.INTERCEPT for c in model.design.coefficients):
        found.append(
            "Coefficients describe what goes together. They show what would happen if a predictor "
            "were changed only where the study was designed for that, for example by random "
            "allocation."
        )
    found += _group_limits(results)
    return (*found, *_influence_limits(results), *_row_limits(results), *_bound_limits(results))


def _group_limits(results: Results) -> list[str]:
    found = []
    for group in results.fit.model.design.groups:
        count, words = len(group.labels), many_groups(group)
        if count < _FEW_GROUPS:
            found.append(
                f"There are only {count} groups ({words}), so the standard deviation "
                "between them is learnt from little, and its prior weighs in: see the share under "
                "other priors in the section on sensitivity."
                if not isinstance(results.checks.few_groups.get(group.name, ""), str)
                else f"There are only {count} groups ({words}), so the standard deviation "
                "between them is learnt from little, and its prior weighs in. Fit once more with "
                f"another prior for sd_{group.name} and see whether the conclusion stays."
            )
        found.append(
            f"The effects of {words} are shrunken towards their mean, the more so the smaller the "
            "group. Their intervals overlap widely as a rule: this is not a league table, and "
            "differences between groups may come from which people or cases they have."
        )
    return found


def _influence_limits(results: Results) -> list[str]:
    """Say so where one group decides a result; which, the section on influence says."""
    found = []
    for name, influence in results.checks.influence.items():
        if isinstance(influence, str):
            continue
        table = influence.table
        worst = float(table.loc[table["reliable"], "shift"].abs().max())
        if worst >= _DECISIVE:
            group = results.fit.model.design.group(name)
            found.append(
                f"Without {one_of_groups(group)} a result moves by {worst:.1f} posterior standard "
                "deviations: see the influence of single groups before it is generalised."
            )
    return found


def _bound_limits(results: Results) -> list[str]:
    """Say so where many rows share the highest or lowest value: a ceiling or a floor."""
    model = results.fit.model
    if not results.fit.has_data or not model.family.has_residual:
        return []
    y = model.frame.y
    often = np.broadcast_to(frequency_weights(model), len(y))
    limit = piled_from(np.unique(y))
    ends = (("highest", "ceiling", float(y.max())), ("lowest", "floor", float(y.min())))
    found = []
    for which, name, value in ends:
        share = float(np.average(y == value, weights=often))
        if share >= limit and model.clients >= _ENOUGH_ROWS:
            found.append(
                f"{percent(share)} of the rows have the {which} value of {model.outcome}, "
                f"{figure(value)}: a {name}, it seems. The model knows of none, so that slopes and "
                "differences between groups may come out too small; an ordinal model of the "
                "outcome's steps would take it into account."
            )
    return found


def _row_limits(results: Results) -> list[str]:
    model = results.fit.model
    found = []
    rows = model.frame.rows_in_table
    dropped = rows - model.frame.rows_used
    if dropped:
        much = "That is a good part of them, and " if dropped > _MANY_DROPPED * rows else "That "
        found.append(
            f"{plural(dropped, 'row')} ({percent(dropped / rows)}) had a missing value and "
            f"{'was' if dropped == 1 else 'were'} left out. {much}is harmless only if what is "
            "missing has nothing to do with the outcome once the predictors are known."
        )
    if model.family.on_link_scale and model.groups:
        found.append(
            f"The shares are on the {model.link} scale, where the residual variance is "
            f"{model.family.residual_is}. They are not shares of the variance of the outcome as it "
            "is observed."
        )
    return found
