"""The verb that looks at a table before a model does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.columns import numbers_of
from bayes_alliance.data.group_checks import note_groups, note_ids, note_variation
from bayes_alliance.data.labels import group_labels
from bayes_alliance.data.level_checks import note_levels
from bayes_alliance.data.outcome_checks import note_outcome
from bayes_alliance.data.report import DataReport, GroupReport, Note
from bayes_alliance.data.table_checks import (
    note_duplicate_columns,
    note_infinite,
    note_lost_categories,
    note_missing,
    note_numbers_as_text,
    note_repeated_rows,
    note_size,
)
from bayes_alliance.errors import DataError, did_you_mean, listed


def check_data(
    data: pd.DataFrame, outcome: str | None = None, groups: str | Sequence[str] = ()
) -> DataReport:
    """Look at a table of clients: groups, caseloads, and what would trouble a model.

    Parameters
    ----------
    data : pandas.DataFrame
        One row for each observation.
    outcome : str, optional
        Column of the outcome.
    groups : str or sequence of str
        Group columns; several are given from the upper level to the lower, such as
        ``("agency", "case_manager")``.

    Returns
    -------
    DataReport
        A table with one row for each group column, and the notes. Notes of level ``bad`` stand in
        the way of a model, ``caution`` asks for a look, ``fine`` informs.

    Raises
    ------
    DataError
        If the table is empty or a named column is not there.

    Examples
    --------
    >>> from bayes_alliance.data.examples import load_example
    >>> study = load_example("simulated_study")
    >>> check_data(study, outcome="alliance", groups="case_manager").table["groups"].tolist()
    [30]
    """
    names = (groups,) if isinstance(groups, str) else tuple(dict.fromkeys(groups))
    _check_usable(data, outcome, names)
    return look_at_table(data, outcome=outcome, groups=names)


def look_at_table(
    data: pd.DataFrame,
    *,
    outcome: str | None,
    groups: Sequence[str],
    repeats: NDArray[np.float64] | None = None,
) -> DataReport:
    """Return the report on a table that can be looked at.

    Parameters
    ----------
    data, outcome, groups
        As :func:`check_data` has them, and checked.
    repeats
        How many clients each row stands for; one each if None.
    """
    names = tuple(groups)
    table = data.loc[:, ~data.columns.duplicated()]
    plain = _with_plain_objects(table)
    used = [*([outcome] if outcome is not None else []), *names] or list(table.columns)
    notes = [
        *note_size(data),
        *note_duplicate_columns(data),
        *note_repeated_rows(plain),
        *note_missing(table, used),
        *note_infinite(table, used),
        *note_numbers_as_text(table),
        *note_lost_categories(table),
        *(note_outcome(numbers_of(table[outcome])) if outcome is not None else ()),
    ]
    reports = []
    others = plain[[column for column in table.columns if column not in names]]
    for name in names:
        labels = group_labels(table[name])
        report = GroupReport(name=name, caseloads=_caseloads(labels, repeats))
        reports.append(report)
        notes += note_ids(table[name], report.caseloads)
        one_row_each = not labels.dropna().duplicated().any()
        found = note_groups(report, len(table))
        notes += [note for note in found if one_row_each or note.code != "group_is_row"]
        notes += note_variation(others, labels, outcome)
    notes += _notes_on_pairs(table, names)
    return DataReport(rows=len(data), outcome=outcome, groups=tuple(reports), notes=tuple(notes))


def _caseloads(labels: pd.Series[Any], repeats: NDArray[np.float64] | None) -> pd.Series[Any]:
    """Return the rows of each group, largest first, each as often as it counts."""
    if repeats is None:
        return labels.value_counts().rename("rows")
    clients = pd.Series(repeats, index=labels.index).groupby(labels).sum()
    in_order = clients.sort_values(ascending=False, kind="stable").rename("rows")
    return in_order.astype(int) if (clients == clients.round()).all() else in_order


def _notes_on_pairs(table: pd.DataFrame, names: Sequence[str]) -> list[Note]:
    pairs = combinations(names, 2)
    return [note for up, low in pairs for note in note_levels(table[up], table[low])]


def _with_plain_objects(table: pd.DataFrame) -> pd.DataFrame:
    """Write Python objects as text: lists and the like cannot be compared or counted."""
    objects = [column for column in table.columns if table[column].dtype == object]
    return table.astype(dict.fromkeys(objects, "str"))


def _check_usable(data: pd.DataFrame, outcome: str | None, groups: Sequence[str]) -> None:
    if not isinstance(data, pd.DataFrame):
        raise DataError(
            "A table was to be checked.",
            f"It is a {type(data).__name__}, not a pandas DataFrame.",
            "Read a file with read_table, or build one with pandas.DataFrame.",
        )
    if not len(data) or not len(data.columns):
        raise DataError(
            "A table was to be checked.",
            f"It is empty: {len(data)} rows and {len(data.columns)} columns.",
            "Check the file it came from, or the filter that made it.",
        )
    wanted = [*([outcome] if outcome is not None else []), *groups]
    absent = [name for name in wanted if name not in data.columns]
    if absent:
        raise DataError(
            f"The column '{absent[0]}' was to be checked.",
            f"The table has {listed(data.columns)}.",
            _advice(absent[0], data),
            missing=absent,
            columns=list(data.columns),
        )
    if outcome in groups:
        raise DataError(
            f"'{outcome}' was named as the outcome and as a group.",
            "A column cannot be both.",
            "Name another column for one of them.",
            column=outcome,
        )


def _advice(name: str, data: pd.DataFrame) -> str:
    if any(mark in str(name) for mark in "/:|"):
        return "Give the group columns one by one, such as groups=('agency', 'case_manager')."
    return f"{did_you_mean(str(name), data.columns)}Name a column as the table spells it."
