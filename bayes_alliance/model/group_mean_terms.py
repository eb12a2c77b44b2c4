"""Which columns of an expression are ``within()`` and ``between()``, and what they learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bayes_alliance.model.expression import calls_of, describe, stateful_calls
from bayes_alliance.model.plain_json import from_json
from bayes_alliance.model.transforms import GROUP_MEANS


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
