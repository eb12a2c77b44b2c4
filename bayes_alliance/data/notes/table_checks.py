"""Notes about the table as a whole: size, repeated columns and rows, gaps, infinite values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayes_alliance.data.provenance import LOST_CATEGORIES, NUMBERS_AS_TEXT
from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, listed


def note_size(data: pd.DataFrame) -> list[Note]:
    """Say how much there is."""
    return [Note(level="fine", code="rows", message=f"{len(data)} rows, {data.shape[1]} columns.")]


def note_duplicate_columns(data: pd.DataFrame) -> list[Note]:
    """Find columns of one name; the others of these notes then look at the first of them."""
    twice = [str(name) for name in data.columns[data.columns.duplicated()].unique()]
    if not twice:
        return []
    return [
        Note(
            level="bad",
            code="duplicate_columns",
            message=f"More than one column is called {listed(twice)}."
            " A model could mean either: rename one.",
            columns=tuple(twice),
        )
    ]


def note_repeated_rows(data: pd.DataFrame) -> list[Note]:
    """Find rows with nothing in them, and rows equal in every column."""
    notes = []
    empty = int(data.isna().all(axis=1).sum())
    if empty:
        notes.append(
            Note(
                level="caution",
                code="empty_rows",
                message=f"{empty} rows have no value at all: delete them.",
            )
        )
    filled = data[~data.isna().all(axis=1)]
    again = int(filled.duplicated().sum())
    if again:
        notes.append(
            Note(
                level="caution",
                code="duplicate_rows",
                message=f"{again} rows repeat an earlier row in every column."
                " If a client was entered twice, drop one; chance repeats are fine.",
            )
        )
    return notes


def note_missing(data: pd.DataFrame, used: Sequence[str]) -> list[Note]:
    """Count gaps: a note for each used column, one for all the others."""
    gaps = data.isna().sum()
    notes = [_missing_in(str(name), int(gaps[name]), len(data)) for name in used if gaps[name]]
    others = [str(name) for name in data.columns if name not in used and gaps[name]]
    if others:
        notes.append(
            Note(
                level="fine",
                code="missing_elsewhere",
                message="Values are also missing in"
                f" {listed(f'{name} ({gaps[name]})' for name in others)}."
                " A model that uses one of them drops those rows and says so.",
                columns=tuple(others),
            )
        )
    return notes


def _missing_in(name: str, count: int, rows: int) -> Note:
    if count == rows:
        return Note(
            level="bad",
            code="all_missing",
            message=f"{name} has no value in any row. Check how it was exported.",
            columns=(name,),
        )
    return Note(
        level="caution",
        code="missing",
        message=f"{name} is missing in {count} of {rows} rows ({count / rows:.1%});"
        " a model drops those rows.",
        columns=(name,),
    )


def note_infinite(data: pd.DataFrame, used: Sequence[str]) -> list[Note]:
    """Find infinite numbers."""
    notes = []
    for name in data.select_dtypes("number").columns:
        count = int(np.isinf(data[name].to_numpy(dtype="float64", na_value=np.nan)).sum())
        if count:
            note = Note(
                level="bad" if name in used else "caution",
                code="infinite",
                message=f"{name} is infinite in {count} rows."
                " Often a division by zero: correct it or make it missing.",
                columns=(str(name),),
            )
            notes.append(note)
    return notes


def note_numbers_as_text(data: pd.DataFrame) -> list[Note]:
    """Say which columns of numbers stayed text, because two texts in them are one number."""
    twice: dict[str, list[str]] = data.attrs.get(NUMBERS_AS_TEXT, {})
    return [
        Note(
            level="fine",
            code="numbers_as_text",
            message=f"{name} writes one number in two ways, such as {' and '.join(texts)}, and was"
            " read as text. A model takes it as numbers where it is an outcome or a predictor,"
            " and as different ids where it names groups.",
            columns=(name,),
        )
        for name, texts in twice.items()
        if name in data.columns
    ]


def note_lost_categories(data: pd.DataFrame) -> list[Note]:
    """Say which columns were categories of numbers before they were written to a file."""
    return [
        Note(
            level="caution",
            code="lost_categories",
            message=f"{name} was a category of numbers in pandas, and its Parquet file holds the"
            " numbers only: a model takes it as a number.",
            columns=(name,),
            remedy=Advice(
                python=f"Write C({name}) for categories, or"
                f" data.assign(**{{{name!r}: data[{name!r}].astype('category')}}).",
                command_line=f"Write C({name}) in the formula for categories.",
            ),
        )
        for name in data.attrs.get(LOST_CATEGORIES, [])
        if name in data.columns and pd.api.types.is_numeric_dtype(data[name])
    ]
