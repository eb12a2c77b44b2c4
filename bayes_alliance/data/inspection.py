"""One inspection of a table's columns, before a model and for it: what is odd, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.columns import numbers_of, zero_one
from bayes_alliance.data.labels import group_labels
from bayes_alliance.data.notes.code_checks import holds_codes, note_codes
from bayes_alliance.data.notes.dropped_checks import note_where_dropped
from bayes_alliance.data.notes.group_checks import note_groups, note_ids, note_variation
from bayes_alliance.data.notes.levels import ids_of, note_levels
from bayes_alliance.data.notes.name_checks import note_alike_names
from bayes_alliance.data.notes.outcome_checks import note_outcome, note_outcome_shape
from bayes_alliance.data.notes.predictor_uses import note_few_values, note_many_levels
from bayes_alliance.data.notes.repeat_checks import note_repeated_ids
from bayes_alliance.data.notes.table_checks import (
    note_duplicate_columns,
    note_infinite,
    note_lost_categories,
    note_missing,
    note_numbers_as_text,
    note_repeated_rows,
    note_size,
)
from bayes_alliance.data.notes.text_checks import holds_dates, note_text
from bayes_alliance.data.reading_notes import notes_on_reading
from bayes_alliance.data.report import ColumnReport, DataReport, GroupReport, Level, Note
from bayes_alliance.errors import Advice, DataError, Words, did_you_mean, listed

Floats = NDArray[np.float64]

# Text with more values than this share of the rows is remarks, not the names of groups.
_NAMES = 0.5
_COMMONEST = 3
_LONGEST = 24
_ODD = {
    "all_missing": "empty",
    "code_as_number": "names or amounts?",
    "codes": "codes?",
    "dates": "dates",
    "decimal_comma": "decimal commas",
    "infinite": "infinite values",
    "joined_ids": "numbers and text",
    "numbers_as_text": "numbers written in two ways",
    "outcome_at_end": "piled at an end",
    "outcome_counts": "a count",
    "outcome_shares": "a share",
    "repeated_ids": "rows of one are alike",
    "similar_ids": "names that may be one",
    "two_names": "two names in a cell",
    "words_among_numbers": "words among numbers",
}


@dataclass(frozen=True, kw_only=True)
class ColumnUses:
    """What the columns of a table are used for.

    Parameters
    ----------
    outcome
        The outcome's column; None if none is known.
    numeric
        Whether the outcome is a number whose distribution the model takes to be normal or nearly.
    groups
        Columns that name groups.
    predictors
        Columns that a model uses as they stand: numbers as numbers.
    categories
        Columns that it takes as categories whatever they hold.
    weights
        Columns that say how much a row counts.
    in_a_model
        Whether this is all that is used; else it is what was named of a table.
    """

    outcome: str | None = None
    numeric: bool = True
    groups: tuple[str, ...] = ()
    predictors: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    weights: frozenset[str] = frozenset()
    in_a_model: bool = False


def check_data(
    data: pd.DataFrame, outcome: str | None = None, groups: str | Sequence[str] = ()
) -> DataReport:
    """Look at a table of clients: its columns, groups, caseloads, and what would trouble a model.

    A model looks at the columns that it uses in the same way: ``model.data_report``, the report
    and :func:`diagnose` say what was found there.

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
        A table with one row for each group column, another (``columns_table``) with one row for
        each column, and the notes. Notes of level ``bad`` stand in the way of a model, ``caution``
        asks for a look, ``fine`` informs.

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
    return look_at_table(data, ColumnUses(outcome=outcome, groups=names))


def look_at_table(
    data: pd.DataFrame, uses: ColumnUses, *, repeats: Floats | None = None
) -> DataReport:
    """Return the report on a table that can be looked at.

    Parameters
    ----------
    data
        The table; of a model, the rows and columns that it uses.
    uses
        What they are used for.
    repeats
        How many clients each row stands for; one each if None.
    """
    table = data.loc[:, ~data.columns.duplicated()]
    plain = _with_plain_objects(table)
    outcome, names = uses.outcome, uses.groups
    used = [*([outcome] if outcome is not None else []), *names] or list(table.columns)
    # What was left out or renamed counts for a model too; how a text was saved does not.
    read = [n for n in notes_on_reading(data) if n.level != "fine" or not uses.in_a_model]
    notes = [
        *read,
        *note_size(data),
        *note_duplicate_columns(data),
        # Rows that differ in other columns look alike among a model's: no client came twice.
        *(() if uses.in_a_model else note_repeated_rows(plain)),
        *note_missing(table, used),
        *note_infinite(table, used),
        *note_numbers_as_text(table),
        *note_lost_categories(table),
        *(
            note_outcome(numbers_of(table[outcome]))
            if outcome is not None and not uses.in_a_model
            else ()
        ),
        *look_at_columns(table, uses),
        *_dropped(table, uses),
    ]
    reports, on_groups = _look_at_groups(table, plain, uses, repeats)
    notes += [*on_groups, *_notes_on_pairs(table, names)]
    described = () if uses.in_a_model else describe_columns(table, notes)
    return DataReport(
        rows=len(data),
        outcome=outcome,
        groups=tuple(reports),
        notes=tuple(notes),
        columns=described,
    )


def _look_at_groups(
    table: pd.DataFrame, plain: pd.DataFrame, uses: ColumnUses, repeats: Floats | None
) -> tuple[list[GroupReport], list[Note]]:
    """Look at each column of groups: its ids, caseloads, and what varies inside them."""
    reports: list[GroupReport] = []
    notes: list[Note] = []
    names = uses.groups
    others = plain[[column for column in table.columns if column not in names]]
    for name in names:
        labels = group_labels(table[name])
        report = GroupReport(name=name, caseloads=_caseloads(labels, repeats))
        reports.append(report)
        notes += note_ids(table[name], report.caseloads)
        one_row_each = not labels.dropna().duplicated().any()
        found = note_groups(report, len(table))
        notes += [note for note in found if one_row_each or note.code != "group_is_row"]
        notes += note_variation(others, labels, uses.outcome)
    return reports, notes


def look_at_columns(table: pd.DataFrame, uses: ColumnUses) -> list[Note]:
    """Look at every column by itself, and beside the outcome where there is one."""
    y = _numbers(table[uses.outcome]) if uses.outcome in table.columns else None
    # A slope on an outcome that holds codes itself would say nothing.
    coded = y is not None and holds_codes(y)
    notes: list[Note] = []
    for name in table.columns:
        column, role = numbers_of(table[name]), str(name)
        if role in uses.weights:
            continue
        if role in uses.groups:
            # A code among ids is a group of its own, however the ids are written.
            notes += note_codes(column, as_ids=True) if _is_number(column) else []
        elif _is_number(column):
            notes += _on_number(column, None if role == uses.outcome else y, uses, coded=coded)
        else:
            notes += _on_text(column, uses)
    if y is not None and uses.numeric and _is_number(numbers_of(table[uses.outcome])):
        values = y.to_numpy(dtype="float64", na_value=np.nan)
        known = values[np.isfinite(values)]
        notes += note_outcome_shape(str(uses.outcome), known, normal=uses.in_a_model)
    if not uses.in_a_model and y is not None and uses.groups:
        unused = [n for n in table.columns if n != uses.outcome and n not in uses.groups]
        ids = [pd.factorize(group_labels(table[n]))[0].astype(np.int64) for n in uses.groups]
        values = y.to_numpy(dtype="float64", na_value=np.nan)
        notes += note_repeated_ids(table, unused, ids, values)
    return notes


def _dropped(table: pd.DataFrame, uses: ColumnUses) -> list[Note]:
    """Look at the rows that lack what was named; a model looks at those that it drops itself."""
    named = [*([uses.outcome] if uses.outcome is not None else []), *uses.groups]
    if uses.in_a_model or not named:
        return []
    lacking = table[named].isna().any(axis=1).to_numpy()
    groups = uses.groups
    return note_where_dropped(table, lacking, used=(), outcome=uses.outcome, groups=groups)


def _on_number(
    column: pd.Series[Any], y: pd.Series[Any] | None, uses: ColumnUses, *, coded: bool
) -> list[Note]:
    name = str(column.name)
    if name in uses.categories:
        return note_many_levels(name, column.nunique(), len(column))
    notes = note_codes(column, None if coded else y)
    if y is not None and (name in uses.predictors or not uses.in_a_model):
        notes += note_few_values(column, y)
    return notes


def _on_text(column: pd.Series[Any], uses: ColumnUses) -> list[Note]:
    name = str(column.name)
    predictor = name in uses.predictors or name in uses.categories
    notes = note_text(column, used=predictor)
    if notes or column.dtype == object or pd.api.types.is_bool_dtype(column.dtype):
        return notes
    values = column.nunique()
    few = values <= _NAMES * len(column)
    if predictor or few:
        level: Level = "caution" if predictor else "fine"
        notes += note_many_levels(name, values, len(column), level=level)
    if predictor or few:
        notes += note_alike_names([str(value) for value in column.dropna().unique()], name)
    return notes


def _is_number(column: pd.Series[Any]) -> bool:
    kind = column.dtype
    return bool(
        pd.api.types.is_numeric_dtype(kind)
        and not pd.api.types.is_bool_dtype(kind)
        and not pd.api.types.is_complex_dtype(kind)
    )


def _numbers(column: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return the outcome as numbers, ordered categories by their place; None if it has none."""
    column = numbers_of(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = pd.Series(column.cat.codes, index=column.index, name=column.name, dtype="float64")
        return codes.where(codes >= 0)
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("float64")
    return column if _is_number(column) else None


def _caseloads(labels: pd.Series[Any], repeats: Floats | None) -> pd.Series[Any]:
    """Return the rows of each group, largest first, each as often as it counts."""
    if repeats is None:
        return labels.value_counts().rename("rows")
    clients = pd.Series(repeats, index=labels.index).groupby(labels).sum()
    in_order = clients.sort_values(ascending=False, kind="stable").rename("rows")
    return in_order.astype(int) if (clients == clients.round()).all() else in_order


def _notes_on_pairs(table: pd.DataFrame, names: Sequence[str]) -> list[Note]:
    read = [ids_of(table[name]) for name in names]
    return [note for up, low in combinations(read, 2) for note in note_levels(up, low)]


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


def _advice(name: str, data: pd.DataFrame) -> Words:
    if any(mark in str(name) for mark in "/:|"):
        return Advice(
            python="Give the group columns one by one, such as groups=('agency', 'case_manager').",
            command_line="Give the group columns one by one, such as --group agency --group "
            "case_manager.",
        )
    return f"{did_you_mean(str(name), data.columns)}Name a column as the table spells it."


def describe_columns(table: pd.DataFrame, notes: Iterable[Note]) -> tuple[ColumnReport, ...]:
    """Describe every column; what is odd is what the notes say of it."""
    odd: dict[str, list[str]] = {}
    for note in notes:
        for name in note.columns:
            if note.code in _ODD:
                odd.setdefault(name, []).append(_ODD[note.code])
    return tuple(_described(table[name], odd.get(str(name), [])) for name in table.columns)


def _described(column: pd.Series[Any], odd: list[str]) -> ColumnReport:
    column = numbers_of(column)
    present = column.dropna()
    if column.dtype == object:
        present = present.astype("str")
    often = present.value_counts()
    kind = _kind(column, present, len(often))
    numeric = kind in ("numbers", "whole numbers") and len(often) > 0
    ordered = numeric or kind == "dates"
    return ColumnReport(
        name=str(column.name),
        kind=kind,
        values=len(often),
        extent=f"{_shown(present.min())} to {_shown(present.max())}" if ordered else "",
        missing=len(column) - len(present),
        commonest=_commonest(often, len(present)),
        odd=", ".join(dict.fromkeys(odd)),
    )


def _kind(column: pd.Series[Any], present: pd.Series[Any], values: int) -> str:
    if not values:
        return "empty"
    if values == 1:
        return "constant"
    if values == 2 and zero_one(present) is not None:
        return "yes or no"
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categories"
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = present.to_numpy(dtype="float64", na_value=np.nan)
        with np.errstate(invalid="ignore"):
            return "whole numbers" if (numbers == np.round(numbers)).all() else "numbers"
    return "dates" if holds_dates(column) else "text"


def _commonest(often: pd.Series[Any], rows: int) -> str:
    """Return the values of most rows, unless nearly every row has its own."""
    if not len(often) or 2 * len(often) > rows:
        return ""
    return ", ".join(f"{_shown(value)} ({int(n)})" for value, n in often.head(_COMMONEST).items())


def _shown(value: object) -> str:
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    text = str(value.date()) if isinstance(value, pd.Timestamp) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
