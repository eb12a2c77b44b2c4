"""Whether the rows can be of both groups that are to be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import DataError, listed
from bayes_alliance.model.group_design import GroupDesign, combined_labels
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.counterfactual import Pair
from bayes_alliance.posterior.prediction.target import LOOKED_AT, Target

if TYPE_CHECKING:
    import pandas as pd


def check_groups_in_rows(
    model: Model, pairs: Sequence[Pair], targets: Mapping[str, Target], rows: pd.DataFrame
) -> None:
    """Refuse to compare groups on rows of upper groups in which both do not lie.

    Raises
    ------
    DataError
        If there are such rows, with what helps: other rows, or predictions one by one.
    """
    for pair in pairs:
        naming = [group for group in model.design.groups if pair.variable in group.factors]
        if not naming or pair.first is None:
            continue
        group = min(naming, key=lambda group: len(group.factors))
        upper = [factor for factor in group.factors if factor != pair.variable]
        if upper and targets[group.name] in LOOKED_AT and set(upper) <= set(rows.columns):
            _check_pair(pair, group, upper, rows)


def _check_pair(pair: Pair, group: GroupDesign, upper: list[str], rows: pd.DataFrame) -> None:
    places = rows[upper].drop_duplicates()
    first, second = (
        combined_labels(table, group.factors).isin(group.labels).to_numpy(dtype=bool)
        for table in pair.tables(places)
    )
    if (first & second).all():
        return
    where, labels = " and ".join(upper), combined_labels(places, tuple(upper)).to_numpy()
    found, remedy = _found(pair, where, labels, (first, second))
    if (first & second).any():
        inside = combined_labels(rows, tuple(upper)).isin(labels[first & second])
        remedy += f" They are {int((~inside).sum())} of {len(rows)}."
    raise DataError(
        f"The groups {pair.first} and {pair.second} of {pair.variable} were to be compared.",
        found,
        remedy,
        group=group.name,
    )


def _found(
    pair: Pair, where: str, labels: NDArray[np.object_], seen: tuple[NDArray[np.bool_], ...]
) -> tuple[str, str]:
    """Say in which upper groups they lie, and what helps."""
    first, second = seen
    both = first & second
    if both.any():
        inside = listed(labels[both])
        return (
            f"Both lie in {inside} ({where}), and there are rows of other groups of {where}.",
            f"Leave those rows out with data=, which keeps the rows of {inside}.",
        )
    if first.any() and second.any():
        return (
            f"{pair.first} lies in {listed(labels[first])} and {pair.second} in "
            f"{listed(labels[second])} ({where}), so that no row can be of both.",
            'Predict each by itself: predict(fit, rows, target="same"), with one row for each that '
            f"names its own {where}.",
        )
    value = pair.second if first.any() else pair.first
    return (
        f"The model has not seen {value} in the rows' groups of {where}.",
        f"Give rows with data= of the {where} in which both lie; where there is none, predict each "
        'by itself: predict(fit, rows, target="same").',
    )
