"""The table of a comparison, and what it says of its models and does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import Advice, Words, listed
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.comparison.leave_one_out import LeftOutDensity

if TYPE_CHECKING:
    import pandas as pd


# sivula2020: below 4 the standard error of a difference says little.
CLEAR_DIFFERENCE = 4.0
CLEAR_ERRORS = 2.0
RULE = (
    f"A difference below {CLEAR_DIFFERENCE:g}, or below {CLEAR_ERRORS:g} standard errors, is not "
    "clear: the simpler model suffices then."
)
_FEW_GROUPS = 30
_UNSURE = 0.5  # of a log density: its relative error is then of no use
WEIGHTS = (
    "Stacking weights say how to mix the models' predictions. They come without errors, and are "
    "no probabilities of the models."
)
Array = NDArray[np.float64]
_STEPS = 20_000
_CLOSE = 1e-10


def count_parameters(model: Model) -> int:
    """Count everything that has a prior: what makes one model simpler than another."""
    correlations = sum(len(group.pairs) for group in model.design.groups)
    listed = [e for e in model.priors.entries if not _is_correlation(model, e.variable)]
    return len(listed) + correlations


def _is_correlation(model: Model, variable: str) -> bool:
    return any(variable == names.cor(group) for group in model.groups)


def comparison_table(
    densities: Mapping[str, LeftOutDensity], parameters: Mapping[str, int]
) -> tuple[pd.DataFrame, str]:
    """Return the table, the best model first, and the name of the preferred one.

    Parameters
    ----------
    densities
        By model, of the same units.
    parameters
        How many each model has.
    """
    import pandas as pd

    order = sorted(densities, key=lambda name: (-densities[name].elpd, parameters[name]))
    points = np.column_stack([densities[name].log_density for name in order])
    against = points - points[:, :1]
    copies = densities[order[0]].copies
    table = pd.DataFrame(
        {
            "elpd": copies @ points,
            "standard_error": _error_of_sum(points, copies),
            "difference": copies @ against,
            "standard_error_difference": _error_of_sum(against, copies),
            "better": (copies @ (against > 0)).astype(float),
            "weight": stacking_weights(points, copies),
            "parameters": [parameters[name] for name in order],
            "mcse": [float(np.sqrt(copies @ densities[n].mcse ** 2)) for n in order],
            "unreliable": [int(copies @ densities[name].bad) for name in order],
            "refitted": [int(densities[name].refitted.sum()) for name in order],
            "draws": [densities[name].draws for name in order],
        },
        index=pd.Index(order, name="model"),
    )
    table.loc[order[0], "better"] = np.nan
    # Ties go to the model that predicts better, which stands first.
    preferred = table.loc[near_the_best(table), "parameters"].idxmin()
    return table, str(preferred)


def near_the_best(table: pd.DataFrame) -> pd.Series[bool]:
    """Tell which models are not clearly worse than the best, itself among them."""
    gap = -table["difference"]
    return (gap < CLEAR_DIFFERENCE) | (gap < CLEAR_ERRORS * table["standard_error_difference"])


def _error_of_sum(
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    copies: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the standard error of each column's sum over rows or groups, and their copies."""
    count = copies.sum()
    centred = points - copies @ points / count
    return np.asarray(np.sqrt(count / (count - 1) * (copies @ centred**2)))


def units_in_words(count: int, unit: str) -> str:
    """Name what was left out, with its number."""
    if unit == names.ROW:
        return f"{count} rows"
    return f"{count} groups of {unit}"


def copies_in_words(rows: int, clients: int) -> str:
    """Say that one client of a row is left out at a time."""
    return (
        f"The table has {rows} rows, which by their weights stand for {clients}: each of these is "
        "left out by itself, and the others of its row stay."
    )


def choice_in_words(table: pd.DataFrame, unit: str, preferred: str) -> str:
    """Say which model suffices, and for what purpose."""
    seen = "rows" if unit == names.ROW else "groups"
    purpose = f"For predicting unseen {seen}"
    near = near_the_best(table)
    if near.sum() == 1:
        return f"{purpose} '{preferred}' is preferred."
    few, most = table.loc[near, "parameters"].agg(["min", "max"])
    if few == most:
        return f"{purpose} none is preferred: those that are not clearly worse are equally simple."
    simpler = "simpler" if near.sum() == 2 else "simplest"
    whole = "" if near.all() else " of those that are not clearly worse"
    return f"{purpose} the {simpler} model{whole}, '{preferred}', suffices."


def remedy_in_words(unit: str) -> Advice:
    """Say what bad Pareto k means, and what can be done."""
    units = "rows" if unit == names.ROW else "groups"
    told = (
        "Where Pareto k is too large the draws cannot stand in for a refit, and this elpd is "
        f"optimistic: look at those {units}"
    )
    return Advice(python=f"{told}, and raise refits= for exact refits.", command_line=f"{told}.")


def how_in_words(
    densities: Mapping[str, LeftOutDensity], all_draws: Mapping[str, int]
) -> list[Words]:
    """Say how the densities of models were come by, and where that differs from plain weights.

    Parameters
    ----------
    densities
        By model, of the same units.
    all_draws
        How many draws each model's fit has.
    """
    notes: list[Words] = []
    closed = [name for name, density in densities.items() if density.exact]
    if closed:
        notes.append(
            "Coefficients and group effects were integrated out in closed form, given the "
            f"variances: {listed(closed)}."
        )
    nested = [name for name, density in densities.items() if density.nested]
    if nested:
        notes.append(
            "The effects of smaller groups within a group were integrated out by quadrature "
            f"within quadrature: {listed(nested)}."
        )
    notes += _optimism(densities)
    notes += _refits_in_words(densities)
    far = {name: int((density.mcse > _UNSURE).sum()) for name, density in densities.items()}
    unsure = [f"{name} ({count})" for name, count in far.items() if count]
    if unsure:
        notes.append(
            f"The Monte Carlo error of some log densities exceeds {_UNSURE:g}, so far out that few "
            f"draws reach them: {listed(unsure)}."
        )
    thin = [name for name, density in densities.items() if density.draws < all_draws[name]]
    if thin:
        notes.append(f"Not all draws were used, for speed: {listed(thin)}.")
    return notes


def _optimism(densities: Mapping[str, LeftOutDensity]) -> list[Words]:
    """Say that weights flatter, where there are few groups; and how to do without them."""
    weighted = [name for name, density in densities.items() if not density.refitted.all()]
    first = next(iter(densities.values()))
    groups = len(first.log_density)
    if first.unit == names.ROW or groups >= _FEW_GROUPS or not weighted:
        return []
    told = (
        "An elpd from weighted draws is a little too high on average, which its Monte "
        f"Carlo error (mcse) does not cover; over {groups} groups this can add up: "
        f"{listed(weighted)}. More draws lessen it"
    )
    exact = 'refits="all" fits again without each group'
    return [Advice(python=f"{told}; {exact}.", command_line=f"{told} (--draws).")]


def _refits_in_words(densities: Mapping[str, LeftOutDensity]) -> list[str]:
    """Say which models were fitted again, and without what."""
    unit = "row" if next(iter(densities.values())).unit == names.ROW else "group"
    every = [name for name, density in densities.items() if density.refitted.all()]
    notes = [f"Fitted again without each {unit}: {listed(every)}."] if every else []
    counts = {name: int(density.refitted.sum()) for name, density in densities.items()}
    again = [
        f"{name} ({'once' if count == 1 else f'{count} times'})"
        for name, count in counts.items()
        if count and name not in every
    ]
    if again:
        notes.append(
            f"Fitted again without a {unit} whose Pareto k was too large: {listed(again)}."
        )
    return notes


def stacking_weights(log_density: Array, copies: NDArray[np.int64] | None = None) -> Array:
    """Return the weights of a mixture that maximise the sum of log densities (yao2018).

    The objective is concave; each step of the EM algorithm raises it, and no density underflows
    because each unit's best model counts one.

    Parameters
    ----------
    log_density
        Of every unit left out under every model, shape (unit, model).
    copies
        How often each unit counts, shape (unit,); once if left out.
    """
    each = np.ones(len(log_density)) if copies is None else copies
    often = each / each.sum()
    relative = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    weights = np.full(relative.shape[1], 1.0 / relative.shape[1])
    for _ in range(_STEPS):
        ratio = often @ (relative / (relative @ weights)[:, None])
        weights = weights * ratio
        # At the optimum no model's ratio exceeds one: the gap bounds what is left to gain.
        if ratio.max() - 1.0 < _CLOSE:
            break
    return np.asarray(weights / weights.sum())
