"""What a streamed model used of its table: told from counts, for the rows are not there."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pandas as pd

from bayes_alliance.data.labels import group_labels
from bayes_alliance.data.notes.group_checks import note_groups, note_ids
from bayes_alliance.data.notes.levels import ids_of, note_levels
from bayes_alliance.data.notes.predictor_uses import note_many_levels
from bayes_alliance.data.notes.table_checks import note_lost_categories
from bayes_alliance.data.report import DataReport, GroupReport, Note
from bayes_alliance.data.scan_queries import ROWS
from bayes_alliance.errors import Advice
from bayes_alliance.model.data_report import (
    ModelDataReport,
    answered,
    design_notes,
    missing_notes,
)
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.repeats import as_counts
from bayes_alliance.model.streaming.rows import StreamedRows
from bayes_alliance.model.weight_checks import streamed_frequency_weights, weight_notes


def build_streamed_report(
    formula: Formula, stream: StreamedRows, family: Family
) -> ModelDataReport:
    """Describe what a streamed model used and dropped.

    The places of dropped rows are not kept, and whether a column varies inside groups is not
    looked at; columns that the model does not use only for ids that repeat.
    """
    frame = stream.frame
    columns = list(dict.fromkeys(f for term in formula.group_terms for f in term.factors))
    cells = stream.cells.assign(**{ROWS: as_counts(stream.sums.repeats)})
    nesting = _nesting(cells, columns, frame.rows_used)
    weights = streamed_frequency_weights(formula.response, stream.sums, frame.rows_used)
    dropped = frame.rows_in_table - frame.rows_used
    notes = [
        *missing_notes(frame, stream.design, dropped),
        *design_notes(stream.typical_design, family),
        _not_looked_at(),
        *_many_levels(stream),
        *_level_notes(stream),
        *frame.told,
        *note_lost_categories(frame.rows),
        *weight_notes(weights),
        *(
            note
            for note in nesting.notes
            if not (family.group_may_be_row and note.code == "group_is_row")
            and not answered(note, formula)
        ),
    ]
    order = {"bad": 0, "caution": 1, "fine": 2}
    return ModelDataReport(
        rows_in_table=frame.rows_in_table,
        rows_used=frame.rows_used,
        clients=None if weights is None else weights.clients,
        missing=dict(frame.missing),
        dropped=(),
        nesting=nesting,
        notes=tuple(sorted(notes, key=lambda note: order[note.level])),
    )


def _many_levels(stream: StreamedRows) -> list[Note]:
    """Say which predictors are categories of many levels, which the survey has counted."""
    columns = stream.design.part["columns"]
    levels = {str(n): len(own["levels"]) for n, own in columns.items() if "levels" in own}
    rows = stream.frame.rows_used
    return [note for name, n in levels.items() for note in note_many_levels(name, n, rows)]


def _not_looked_at() -> Note:
    return Note(
        level="fine",
        code="not_looked_at",
        message="The rows were read as a stream: columns that the model does not use were looked "
        "at for ids that repeat only; where rows were dropped, and what does not vary within "
        "groups, was not looked at.",
        remedy=Advice(
            python="check_data on a sample in memory does.",
            command_line="The check command on a sample of the rows does.",
        ),
    )


def _level_notes(stream: StreamedRows) -> list[Note]:
    """Say which level the others are compared with where another table may order them otherwise."""
    return [
        Note(
            level="fine",
            code="levels_sorted",
            message=f"The categories of {name} come without a lasting order and were sorted; the "
            f"first, to which the others are compared, is {first}. Cast the column to a polars "
            "Enum for another order.",
            columns=(name,),
        )
        for name, first in stream.sorted_levels.items()
    ]


def _nesting(cells: pd.DataFrame, columns: list[str], rows: int) -> DataReport:
    reports = []
    notes: list[Note] = [Note(level="fine", code="rows", message=f"{rows} rows, read as a stream.")]
    for name in columns:
        report = GroupReport(name=name, caseloads=_caseloads(cells, name))
        reports.append(report)
        notes += [*note_ids(cells[name], report.caseloads), *note_groups(report, rows)]
    for upper, lower in combinations(columns, 2):
        notes += note_levels(ids_of(cells[upper]), ids_of(cells[lower]))
    return DataReport(rows=rows, outcome=None, groups=tuple(reports), notes=tuple(notes))


def _caseloads(cells: pd.DataFrame, name: str) -> pd.Series[Any]:
    by_label = cells[ROWS].groupby(group_labels(cells[name]).to_numpy()).sum()
    return by_label.sort_values(ascending=False, kind="stable").rename("rows").rename_axis(name)
