"""What a comparison says of its models, and what it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.errors import Advice, Words, listed
from bayes_alliance.posterior.comparison.comparison_table import (
    CLEAR_DIFFERENCE,
    CLEAR_ERRORS,
    near_the_best,
)
from bayes_alliance.posterior.comparison.leave_one_out import LeftOutDensity

if TYPE_CHECKING:
    import pandas as pd

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
