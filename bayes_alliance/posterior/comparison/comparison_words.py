"""What a comparison says of its models, and what it does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.posterior.comparison.comparison_table import (
    CLEAR_DIFFERENCE,
    CLEAR_ERRORS,
    near_the_best,
)

if TYPE_CHECKING:
    import pandas as pd

RULE = (
    f"A difference below {CLEAR_DIFFERENCE:g}, or below {CLEAR_ERRORS:g} standard errors, is no "
    "clear one: the simpler model suffices then."
)
WEIGHTS = (
    "Stacking weights say how to mix the models' predictions. They come without errors, and are "
    "no probabilities of the models."
)


def units_in_words(count: int, unit: str) -> str:
    """Name what was left out, with its number."""
    if unit == names.ROW:
        return f"{count} rows"
    return f"{count} groups of {unit}"


def choice_in_words(table: pd.DataFrame, unit: str, preferred: str) -> str:
    """Say which model suffices, and for what purpose."""
    seen = "rows" if unit == names.ROW else "groups"
    purpose = f"By prediction of unseen {seen} alone"
    near = near_the_best(table)
    if near.sum() == 1:
        return f"{purpose}, '{preferred}' is preferred."
    whole = "there is no clear difference" if near.all() else "some are not clearly worse"
    few, most = table.loc[near, "parameters"].agg(["min", "max"])
    if few == most:
        return f"{purpose} {whole}, and none of these models is the simpler one."
    simpler = "simpler" if near.sum() == 2 else "simplest"
    return f"{purpose} {whole}; the {simpler} model, '{preferred}', suffices for that purpose."


def remedy_in_words(unit: str) -> str:
    """Say what bad Pareto k means, and what can be done."""
    if unit == names.ROW:
        return (
            "Where Pareto k is too large the draws cannot stand in for a refit, and this elpd is "
            "optimistic: look at those rows. Exact refits are meant for groups, which is another "
            "question."
        )
    return (
        "Where Pareto k is too large the draws cannot stand in for a refit, and this elpd is "
        "optimistic: look at those groups, and raise refits= for exact refits."
    )
