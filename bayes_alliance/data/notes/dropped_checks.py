"""Rows that a missing value drops: how many in each arm and at each occasion."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels, sorted_labels
from bayes_alliance.data.report import Note
from bayes_alliance.errors import listed

# An arm or an occasion has at most so many values; others than the model's own at most so many.
_MOST_VALUES, _MOST_ELSEWHERE = 10, 4
# Rows are dropped unevenly where chance would do it so rarely, all columns looked at together.
_BY_CHANCE = 1e-3
_COLUMNS_SHOWN = 2
_ENDING = " More than chance would have it."


def note_where_dropped(
    table: pd.DataFrame,
    dropped: NDArray[np.bool_],
    *,
    used: Collection[str],
    outcome: str | None,
    groups: Collection[str],
) -> list[Note]:
    """Say how many rows each arm and each occasion loses.

    Parameters
    ----------
    table
        All rows.
    dropped
        Which of them lack a value, shape (row,).
    used
        Columns of the model; of others only those are named where rows are dropped unevenly.
    outcome, groups
        The outcome, and the columns of groups: neither is an arm or an occasion.
    """
    if not dropped.any() or dropped.all():
        return []
    found = [
        (own[0], str(name), own[1])
        for name in table.columns
        if name != outcome
        and name not in groups
        and (own := _by_value(table[name], dropped, used=name in used)) is not None
    ]
    limit = _BY_CHANCE / max(len(found), 1)
    shown = [own for own in sorted(found) if own[0] < limit or own[1] in used]
    if not shown:
        return []
    shown = shown[:_COLUMNS_SHOWN]
    # What is the same in all rows of a group may be a group of a level above, such as an agency.
    above = any(name not in used and _holds_groups(table, name, groups) for _, name, _ in shown)
    return [_note(shown, limit, above=above)]


def _note(shown: list[tuple[float, str, str]], limit: float, *, above: bool) -> Note:
    """Say it of the columns shown: how likely chance does it, the name, rows by value."""
    uneven = shown[0][0] < limit
    columns = tuple(name for _, name, _ in shown)
    what, ending = "Rows that lack a value and are dropped.", _ENDING if uneven else ""
    parts = " ".join(f"By {name}: {told}." for _, name, told in shown)
    return Note(
        level="caution" if uneven else "fine",
        code="dropped_where",
        message=f"{what} {parts}{ending}",
        unnamed=f"{what} How many differs by {listed(columns)}.{ending}" if above else "",
        columns=columns,
        value=shown[0][0],
        threshold=limit,
        remedy="Rows that are missing for a reason make the rest another population: say who "
        "is missing, and add what predicts it to the model."
        if uneven
        else "",
    )


def _holds_groups(table: pd.DataFrame, name: str, groups: Collection[str]) -> bool:
    """Tell whether every group of a column of groups lies in one value of another column."""
    return any((table.groupby(own, observed=True)[name].nunique() <= 1).all() for own in groups)


def _by_value(
    column: pd.Series[Any], dropped: NDArray[np.bool_], *, used: bool
) -> tuple[float, str] | None:
    """Return how likely chance drops rows so unevenly, and the rows dropped by value."""
    from scipy import stats

    kind = column.dtype
    if pd.api.types.is_float_dtype(kind) and not (column.dropna() == column.dropna().round()).all():
        return None
    most = _MOST_VALUES if used else _MOST_ELSEWHERE
    if pd.api.types.is_object_dtype(kind) or not 2 <= column.nunique() <= most:
        return None
    labels = group_labels(column)
    values = sorted_labels(labels.dropna().unique())
    rows = np.array([int((labels == value).sum()) for value in values])
    lost = np.array([int(dropped[(labels == value).to_numpy()].sum()) for value in values])
    if lost.sum() in (0, rows.sum()):
        return None
    chance = float(stats.chi2_contingency(np.stack([lost, rows - lost])).pvalue)
    told = ", ".join(
        f"{n} of {of} ({n / of:.1%}) where it is {value}"
        for value, n, of in zip(values, lost, rows, strict=True)
    )
    return chance, told
