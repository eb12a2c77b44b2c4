"""Which columns of an expression are ``within()`` and ``between()``, and what they learnt.

The mean that a row's group has is known, stated with the row, or else that of an average group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels
from bayes_alliance.model.expression import (
    calls_of,
    describe,
    group_mean_name,
    group_means_of,
    stateful_calls,
    uses_of,
    without_blanks,
)
from bayes_alliance.model.linear import prepared
from bayes_alliance.model.plain_json import from_json, to_json
from bayes_alliance.model.predictor_checks import as_numbers
from bayes_alliance.model.transforms import GROUP_MEANS, average_mean

STATED, OWN, AVERAGE = "stated", "own", "average"


@dataclass(frozen=True, kw_only=True)
class GroupMeanTerm:
    """One ``within(predictor, group)`` or ``between(predictor, group)`` of an expression.

    Parameters
    ----------
    label
        Of its column: ``within(stigma, case_manager)``.
    kind
        ``"within"`` or ``"between"``.
    predictor
        As written: ``stigma``, ``log(income)``.
    column
        The table's column if the predictor is nothing else, or None.
    group
        The column of the groups.
    means, sizes
        Mean and number of rows of each group, by label.
    """

    label: str
    kind: str
    predictor: str
    column: str | None
    group: str
    means: Mapping[str, float]
    sizes: Mapping[str, int]


def group_mean_terms(state: Mapping[str, Any]) -> tuple[GroupMeanTerm, ...]:
    """Return the terms of a learnt expression, each once, from its recorded state."""
    description = describe(state["expression"], state["columns"])
    calls = stateful_calls(description)
    learnt = {id(call): own for call, own in zip(calls, state["learnt"], strict=True)}
    terms: dict[str, GroupMeanTerm] = {}
    for component in calls_of(description):
        if component.call.callee not in GROUP_MEANS:
            continue
        predictor, group = component.call.args
        own = from_json(learnt[id(component.call)])
        terms[component.name] = GroupMeanTerm(
            label=component.name,
            kind=component.call.callee,
            predictor=str(predictor).strip("`"),
            column=_plain_column(predictor, state["columns"]),
            group=str(group).strip("`"),
            means=own["means"],
            sizes=own["sizes"],
        )
    return tuple(terms.values())


@dataclass(frozen=True, kw_only=True)
class GroupMean:
    """The mean of a predictor in each group, which ``within`` and ``between`` share.

    Parameters
    ----------
    name
        Of the column in which rows may state it: ``between(stigma, case_manager)``.
    predictor, column, group
        As :class:`GroupMeanTerm` has them.
    means
        By label of the group.
    average
        What a row has whose group was not seen and that states none.
    """

    name: str
    predictor: str
    column: str | None
    group: str
    means: Mapping[str, float]
    average: float

    def column_of(self, rows: pd.DataFrame) -> Any:
        """Return the column in which rows state the mean, however its name is spaced; or None."""
        wanted = without_blanks(self.name)
        return next((c for c in rows.columns if without_blanks(str(c)) == wanted), None)

    def sources(self, rows: pd.DataFrame) -> NDArray[np.str_]:
        """Return where the mean of each row comes from: ``stated``, ``own`` or ``average``."""
        source = np.full(len(rows), AVERAGE)
        if self.group in rows.columns:
            source[group_labels(rows[self.group]).isin(self.means).to_numpy()] = OWN
        column = self.column_of(rows)
        if column is not None:
            source[rows[column].notna().to_numpy()] = STATED
        return source

    def of(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Return the mean that is taken for each row."""
        source, values = self.sources(rows), np.full(len(rows), self.average)
        own, stated = source == OWN, source == STATED
        if own.any():
            values[own] = group_labels(rows[self.group])[own].map(self.means)
        if stated.any():
            values[stated] = as_numbers(rows[self.column_of(rows)])[stated]
        return values


def group_means(parts: Iterable[Mapping[str, Any]]) -> dict[str, GroupMean]:
    """Return every group mean that learnt expressions use, by the name of its column."""
    found: dict[str, GroupMean] = {}
    for state in parts:
        if not state["has_group_means"]:
            continue
        calls = stateful_calls(describe(state["expression"], state["columns"]))
        for call, learnt in zip(calls, state["learnt"], strict=True):
            if call.callee in GROUP_MEANS:
                predictor, group = call.args
                own, name = from_json(learnt), group_mean_name(call)
                average = own.get("average")
                if average is None:
                    average = average_mean(own["means"], own.get("sizes", {}))
                found[name] = GroupMean(
                    name=name,
                    predictor=str(predictor).strip("`"),
                    column=_plain_column(predictor, state["columns"]),
                    group=str(group).strip("`"),
                    means=own["means"],
                    average=average,
                )
    return found


def with_whole_groups(state: Mapping[str, Any], rows: pd.DataFrame) -> Mapping[str, Any]:
    """Return a learnt expression that also knows the groups of these rows, which are all of them.

    Only here do rows make the mean of a new group; the average group stays as it was.
    """
    if not state["has_group_means"]:
        return state
    description = describe(state["expression"], state["columns"])
    plain = prepared(rows[list(state["columns"])], uses_of(description).ids)
    learnt: list[Any] = []
    for call, kept in zip(stateful_calls(description), state["learnt"], strict=True):
        vars(call.stateful_transform).update(from_json(kept))
    for call, kept in zip(stateful_calls(description), state["learnt"], strict=True):
        own = from_json(kept)
        if call.callee in GROUP_MEANS:
            further = group_means_of(call, plain)
            sizes = {**dict.fromkeys(further, 0), **own["sizes"]}
            own = {**own, "means": {**further, **own["means"]}, "sizes": sizes}
        learnt.append(to_json(own))
    return {**state, "learnt": learnt}


def _plain_column(argument: Any, columns: Mapping[str, Any]) -> str | None:
    name = str(argument).strip("`")
    return name if name in columns and not hasattr(argument, "callee") else None


def interacting_components(state: Mapping[str, Any]) -> frozenset[str]:
    """Return what stands in an interaction, each component as written."""
    description = describe(state["expression"], state["columns"])
    return frozenset(
        component.name
        for term in description.common_terms
        for component in getattr(term, "components", [])
        if len(term.components) > 1
    )
