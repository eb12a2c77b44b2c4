"""Notes about one group column: its ids, its number of groups, what varies inside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.labels import id_label
from bayes_alliance.data.notes.name_checks import note_alike_names, note_two_names
from bayes_alliance.data.report import GroupReport, Level, Note
from bayes_alliance.errors import listed

# Fewer than these, and the groups say little, or little enough for the prior to show.
_VERY_FEW = 10
_FEW = 50
# Groups of so many rows in the middle look like clients with a row or two each.
_HANDFUL = 2
_START = 10_000


def note_ids(ids: pd.Series, caseloads: pd.Series) -> list[Note]:
    """Look at the ids themselves: numbers used as labels, one id under two names."""
    name = str(ids.name)
    return [
        *_note_number_ids(ids, name),
        *_note_joined_ids(ids, name),
        *note_alike_names(map(str, caseloads.index), name),
        *note_two_names([str(label) for label in caseloads.index], name),
    ]


def note_groups(group: GroupReport, rows: int) -> list[Note]:
    """Look at the number of groups and their caseloads."""
    if group.groups == 0:
        return []
    if group.groups == 1:
        return [
            Note(
                level="bad",
                code="one_group",
                message=f"{group.name} has one group only, {group.caseloads.index[0]}: nothing can"
                " be said about differences between groups. Leave it out, or add other groups.",
                columns=(group.name,),
            )
        ]
    return [*_note_few_groups(group), *_note_small_groups(group, rows)]


def note_variation(table: pd.DataFrame, labels: pd.Series, outcome: str | None) -> list[Note]:
    """Find columns that do not vary inside any group (``table`` holds no group column)."""
    known = labels.notna().to_numpy()
    inside = table[known]
    groups = labels[known]
    if inside.empty or not groups.duplicated().any():
        return []
    keys = pd.factorize(groups)[0]
    flat = [str(name) for name in inside.columns if _is_flat(inside[name], keys)]
    notes = []
    if outcome in flat:
        flat.remove(outcome)
        notes.append(
            Note(
                level="bad",
                code="outcome_constant_within_groups",
                message=f"{outcome} is the same for all rows of a {labels.name}: it seems to be"
                " a group mean copied to each row. Use the clients' own values.",
                columns=(outcome,),
            )
        )
    if flat:
        notes.append(
            Note(
                level="fine",
                code="constant_within_groups",
                message=f"{listed(flat)} {'does' if len(flat) == 1 else 'do'} not vary within"
                f" {labels.name}: level-2 information, which can have no slope that varies by"
                f" {labels.name}.",
                columns=tuple(flat),
            )
        )
    return notes


def _is_flat(column: pd.Series, groups: NDArray[np.int64]) -> bool:
    """Tell whether a column differs between groups and never within one."""
    # Most columns vary among the first rows already.
    for rows in (_START, len(column)):
        if (column.iloc[:rows].groupby(groups[:rows]).nunique() > 1).any():
            return False
    return bool(column.nunique() > 1)


def _note_number_ids(ids: pd.Series, name: str) -> list[Note]:
    present = ids.dropna()
    if present.empty or not pd.api.types.is_numeric_dtype(ids) or ids.dtype == np.bool_:
        return []
    values = present.to_numpy(dtype="float64")
    level: Level = "caution"
    unnamed = ""
    if pd.api.types.is_integer_dtype(ids):
        level, code = "fine", "numeric_ids"
        what = "has numbers as ids: used as labels, their size means nothing."
    elif np.all(values == np.trunc(values)):
        code = "float_ids"
        often = "most often because some are missing"
        what = (
            f"has decimal numbers as ids (such as {present.iloc[0]}), {often}."
            f" They are used as labels ({int(present.iloc[0])}); check the missing ones."
        )
        unnamed = f"{name} has decimal numbers as ids, {often}; check the missing ones."
    else:
        code = "fractional_ids"
        odd = present[values != np.trunc(values)].iloc[0]
        asked = "a measurement, not an id? Name the group column."
        what, unnamed = f"has fractions (such as {odd}): {asked}", f"{name} has fractions: {asked}"
    return [
        Note(level=level, code=code, message=f"{name} {what}", columns=(name,), unnamed=unnamed)
    ]


def _note_joined_ids(ids: pd.Series, name: str) -> list[Note]:
    """Say which ids are one group though the table has them as two: 1 and '1'."""
    alike: dict[str, list[object]] = {}
    for value in ids.dropna().unique() if ids.dtype == object else ():
        alike.setdefault(id_label(value), []).append(value)
    joined = [" and ".join(map(repr, values)) for values in alike.values() if len(values) > 1]
    if not joined:
        return []
    what = f"{name} has ids that are numbers in some rows and text in others"
    return [
        Note(
            level="caution",
            code="joined_ids",
            message=f"{what}: {listed(joined)}. They count as one group each.",
            unnamed=f"{what}. They count as one group each.",
            columns=(name,),
        )
    ]


def _note_few_groups(group: GroupReport) -> list[Note]:
    if group.groups >= _FEW:
        return []
    if group.groups < _VERY_FEW:
        what = (
            "too few to say much about how groups differ. The prior decides much of their standard"
            " deviation: show the result under other priors, or use fixed effects."
        )
    else:
        what = (
            "how much they differ is uncertain and depends on the prior."
            " Show the result under other priors."
        )
    return [
        Note(
            level="caution",
            code="few_groups",
            message=f"{group.name} has {group.groups} groups: {what}",
            columns=(group.name,),
        )
    ]


def _note_small_groups(group: GroupReport, rows: int) -> list[Note]:
    if (group.caseloads == 1).all():
        return [
            Note(
                level="bad",
                code="group_is_row",
                message=f"Each of the {rows} rows has its own {group.name}: the variance of the"
                " groups and that of the residual are not identified. Name the column that clients"
                " share, or, if these are"
                " results with known standard errors, use those.",
                columns=(group.name,),
            )
        ]
    handful = _note_handful(group)
    if not group.one_client:
        return handful
    most = 2 * group.one_client > group.groups
    return [
        Note(
            level="caution" if most else "fine",
            code="one_client_groups",
            message=f"{group.one_client} of {group.groups} {group.name} groups have one row. They"
            " stay in the model, but say nothing about differences within a group.",
            columns=(group.name,),
        ),
        *handful,
    ]


def _note_handful(group: GroupReport) -> list[Note]:
    """Ask whether groups of a row or two are clients, where who they see was meant."""
    if group.median > _HANDFUL or group.groups < _VERY_FEW:
        return []
    most = 2 * group.one_client > group.groups
    return [
        Note(
            level="caution" if most else "fine",
            code="groups_like_clients",
            message=f"The middle one of {group.groups} {group.name} has {group.median:g}"
            f" {'row' if group.median == 1 else 'rows'}: that is how clients look, not who they"
            " see.",
            columns=(group.name,),
            value=group.median,
            threshold=float(_HANDFUL),
            remedy="If clients were not meant, name the column of case managers, teams or"
            " agencies.",
        )
    ]
