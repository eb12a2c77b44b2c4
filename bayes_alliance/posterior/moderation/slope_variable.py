"""A variable of a slope: a column, or a predictor's deviation from or mean of its group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.group_mean_terms import GroupMeanTerm, group_mean_terms
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import frequency_weights

COLUMN, WITHIN, BETWEEN = "column", "within", "between"


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
