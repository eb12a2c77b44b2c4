"""A group for rows that name none: it stands at the average of the group means.

``within(x, g)`` and ``between(x, g)`` ask every row for its group. A row of a grid has none; it
gets one whose mean is the average over the rows the model has learnt from, so that ``within``
is the distance to the overall mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bayes_alliance.model.design import Design
from bayes_alliance.model.expression import describe, group_mean_columns
from bayes_alliance.model.plain_json import from_json, to_json

TYPICAL = "(average group)"


def grouping_columns(part: Mapping[str, Any]) -> set[str]:
    """Return the columns that only name groups inside ``within`` and ``between``."""
    return set(group_mean_columns(describe(part["expression"], part["columns"])))


def with_typical_group(design: Design) -> Design:
    """Return the design with a further group that stands at the average."""
    return replace(
        design,
        part=_extended(design.part),
        groups=tuple(
            replace(group, parts=tuple(_extended(part) for part in group.parts))
            for group in design.groups
        ),
    )


def _extended(part: Mapping[str, Any]) -> Mapping[str, Any]:
    if not part["has_group_means"]:
        return part
    return {**part, "learnt": [_with_average(state) for state in part["learnt"]]}


def _with_average(state: Any) -> Any:
    learnt = from_json(state)
    if "sizes" not in learnt or not learnt["means"]:
        return state
    sizes = [learnt["sizes"][group] for group in learnt["means"]]
    average = float(np.average(list(learnt["means"].values()), weights=sizes))
    return to_json({**learnt, "means": {**learnt["means"], TYPICAL: average}})
