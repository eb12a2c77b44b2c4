"""Text tables (CSV, TSV and the like): decoded, split, found in their lines, then typed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from bayes_alliance.data.codebooks.record import Codebook, Variable
from bayes_alliance.data.columns import TypedColumn, as_written, typed_column
from bayes_alliance.data.formats.contract import Content, Format, Found, Request
from bayes_alliance.data.formats.encodings import Text, decoded
from bayes_alliance.data.formats.number_marks import NumberMarks, find_marks
from bayes_alliance.data.formats.separators import WORDS, Split, split
from bayes_alliance.data.grids.finding import GridTable, find_table
from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, DataError

_USUAL = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t", ".dat": "\t"}
_OTHER = {".": ",", ",": "."}


def read_text(content: Content, request: Request) -> Found:
    """Read a text table; every way it can be malformed is a DataError with the line."""
    text = decoded(content.read(), request.encoding, content.name)
    if "\0" in text.text:
        line = text.text.count("\n", 0, text.text.index("\0")) + 1
        raise DataError(
            f"{content.name} was to be read as text.",
            f"Line {line} holds a sign that no text has (NUL): it is damaged, or no text.",
            "Copy it again, or check that it is the right file.",
            line=line,
        )
    usual = _USUAL.get(content.suffix, ",")
    cells = split(text.text, file=content.name, separator=request.separator, usual=usual)
    table = find_table(
        cells.rows,
        file=content.name,
        word="line",
        header=request.header,
        skip_last=request.skip_last,
    )
    marks = _marks(table, request, cells, content.name)
    typed = _typed(table, request, marks)
    labels = tuple(Variable(name=name, label=own) for name, own in table.labels.items())
    own = cells.separator if cells.separator != usual else None
    said = replace(request, separator=request.separator or own)
    return Found(
        table=pd.DataFrame({name: column.values for name, column in typed.items()}),
        notes=[*text.notes, *_form(cells, marks, usual, request), *table.notes],
        codebook=Codebook(variables=labels, source=content.name),
        remembered=as_written(typed),
        read_as=_read_as(said, text, marks),
    )


def _read_as(request: Request, text: Text, marks: NumberMarks) -> dict[str, Any]:
    """Return the options that read the file in the same way."""
    said: dict[str, Any] = {
        "encoding": text.encoding,
        "separator": request.separator,
        "decimal": marks.decimal,
    }
    others = {
        "thousands": marks.thousands,
        "header": list(request.header) if request.header else None,
        "skip_last": request.skip_last,
    }
    return said | {name: value for name, value in others.items() if value is not None}


def _marks(table: GridTable, request: Request, cells: Split, file: str) -> NumberMarks:
    """Return the marks as the user says, else as the numbers show."""
    if request.decimal is not None:
        return NumberMarks(decimal=request.decimal, thousands=request.thousands)
    if request.thousands is not None:
        decimal = _OTHER.get(request.thousands)
        if decimal is not None:
            return NumberMarks(decimal=decimal, thousands=request.thousands)
    columns = {
        name: dict.fromkeys(str(row.cells[k]) for row in table.rows)
        for k, name in enumerate(table.names)
    }
    found = find_marks(columns, separator=cells.separator, file=file)
    return found if request.thousands is None else replace(found, thousands=request.thousands)


def _typed(table: GridTable, request: Request, marks: NumberMarks) -> dict[str, TypedColumn]:
    codes = request.codes(table.names)
    return {
        name: typed_column(
            [str(row.cells[k]) for row in table.rows],
            codes=codes[name],
            decimal=marks.decimal,
            thousands=marks.thousands,
        )
        for k, name in enumerate(table.names)
    }


def _form(cells: Split, marks: NumberMarks, usual: str, request: Request) -> list[Note]:
    """Say how the text was taken apart, where that is not the usual and the user did not say it."""
    parts = []
    if request.separator is None and cells.separator != usual:
        parts.append(f"split at {WORDS.get(cells.separator, repr(cells.separator))}")
    if request.decimal is None and marks.in_words:
        parts.append(f"numbers with {marks.in_words}")
    if cells.quote == "'":
        parts.append("values between single quotation marks")
    if not parts:
        return []
    return [
        Note(
            level="fine",
            code="read_text_form",
            message=f"How the text was read: {'; '.join(parts)}.",
            remedy=Advice(
                python="If that is wrong, say so with separator=, decimal= and thousands=.",
                command_line="If that is wrong, say so with --separator, --decimal and "
                "--thousands.",
            ),
        )
    ]


TEXT = Format(
    name="a text table",
    suffixes=tuple(_USUAL),
    is_content=None,
    read=read_text,
    takes=frozenset({"header", "skip_last"}),
)
