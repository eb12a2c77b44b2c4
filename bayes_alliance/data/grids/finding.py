"""The table in a grid of cells: found where that is beyond doubt, else refused with a preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bayes_alliance.data.grids.cells import (
    Cell,
    GridRow,
    Merged,
    is_blank,
    is_value,
    name_of,
    preview,
    written,
)
from bayes_alliance.data.grids.end import End, find_end
from bayes_alliance.data.grids.start import Start, find_start, start_at
from bayes_alliance.data.headers import clean_header
from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, DataError, counted, listed

_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class GridTable:
    """A table of cells.

    Parameters
    ----------
    names
        Names of the columns.
    rows
        The rows that are data, each with a cell for each name.
    labels
        Labels of columns, by name.
    notes
        What was decided.
    """

    names: list[str]
    rows: list[GridRow]
    labels: dict[str, str]
    notes: list[Note]


def find_table(
    rows: Sequence[GridRow],
    *,
    file: str,
    word: str,
    header: tuple[int, int] | None = None,
    skip_last: int | None = None,
    merged: Sequence[Merged] = (),
) -> GridTable:
    """Find the table in a grid.

    Parameters
    ----------
    rows
        All rows that are not blank.
    file
        What the errors call it.
    word
        What its rows are called: ``row`` or ``line``.
    header, skip_last
        As the user says; None where it is to be found.
    merged
        Cells that were made one.

    Raises
    ------
    DataError
        If it is empty, or there is doubt about where the table is.
    """
    if not rows:
        raise DataError(
            f"A table was to be read from {file}.",
            "The file is empty.",
            "Save the table again, with the column names in the first line.",
            file=file,
        )
    start = _start(rows, file, word, header, merged)
    body, end = _body(rows[start.first :], start, file, word, skip_last)
    if not body:
        raise DataError(
            f"Rows were to be read from {file}.",
            f"It has a header ({listed(start.names)}) and no rows.",
            "Check that the export finished and that it is the right file.",
            columns=start.names,
        )
    _check_widths(body, len(start.names), file, word)
    used, left_out = _used_columns(start.names, body)
    named = clean_header([start.names[k] for k in used], file=file)
    labels = {named.names[j]: start.labels[k] for j, k in enumerate(used) if k in start.labels}
    return GridTable(
        names=named.names,
        rows=[GridRow(row.number, [row.cell(k) for k in used]) for row in body],
        labels=labels,
        notes=[*_said_of_start(start, word), *_said_of_end(end, word), *left_out, *named.notes],
    )


def _start(
    rows: Sequence[GridRow],
    file: str,
    word: str,
    header: tuple[int, int] | None,
    merged: Sequence[Merged],
) -> Start:
    if header is None:
        found = find_start(rows, merged)
        if found.certain:
            return found
        likely = rows[min(1, len(rows) - 1)].number
        raise DataError(
            f"The names of the columns were to be found in {file}.",
            f"Where they are is not beyond doubt. It begins with {preview(rows[:_SHOWN], word)}.",
            Advice(
                python=f"Say which {word} has the names, such as header={likely}.",
                command_line=f"Say which {word} has the names, such as --header {likely}.",
            ),
            rows=[row.number for row in rows[:_SHOWN]],
        )
    try:
        return start_at(rows, *header, merged)
    except LookupError as error:
        first, last = header
        which = f"{word} {first}" if first == last else f"the {word}s {first} to {last}"
        raise DataError(
            f"The names of the columns were to be taken from {which} of {file}.",
            f"There is nothing there, or nothing below. It has {preview(rows[:_SHOWN], word)}.",
            Advice(
                python=f"Give the number of the {word} with the names as header.",
                command_line=f"Give the number of the {word} with the names as --header.",
            ),
            header=header,
        ) from error


def _body(
    rows: Sequence[GridRow], start: Start, file: str, word: str, skip_last: int | None
) -> tuple[Sequence[GridRow], End]:
    """Return the rows of data, and what was found below them."""
    if skip_last is not None:
        kept = max(0, len(rows) - skip_last)
        return rows[:kept], End(rows=kept)
    end = find_end(rows, len(start.names))
    if end.doubtful is not None:
        near = [row for row in rows if abs(row.number - end.doubtful.number) <= 2][:_SHOWN]
        below = sum(row.number >= end.doubtful.number for row in rows)
        raise DataError(
            f"The last row of data was to be found in {file}.",
            f"{word.capitalize()} {end.doubtful.number} {end.why}. There is {preview(near, word)}.",
            Advice(
                python=f"If the data end above it, leave the rest out with skip_last={below}; if "
                "all of it is data, say skip_last=0.",
                command_line=f"If the data end above it, leave the rest out with --skip-last "
                f"{below}; if all of it is data, say --skip-last 0.",
            ),
            row=end.doubtful.number,
        )
    return rows[: end.rows], end


def _check_widths(body: Sequence[GridRow], width: int, file: str, word: str) -> None:
    """Refuse rows with too few or too many cells; blank ones at the end do not count."""
    ragged = [
        (row.number, len(row.cells)) for row in body if len(row.cells) < width or row.extent > width
    ]
    if not ragged:
        return
    where = listed(f"{word} {number} has {count}" for number, count in ragged)
    row_names = len(ragged) == len(body) and {n for _, n in ragged} == {width + 1}
    raise DataError(
        f"Every {word} of {file} should have {width} values, as its header has.",
        f"{len(ragged)} do not: {where}.",
        "Every row begins with a row name: save the table without row names."
        if row_names
        else f"Correct those {word}s: often a value holds the separator and is not in quotes.",
        lines=[number for number, _ in ragged],
    )


def _used_columns(names: list[str], body: Sequence[GridRow]) -> tuple[list[int], list[Note]]:
    """Return the places of columns that are some, and what is said of the others."""
    blank = [
        k for k, name in enumerate(names) if not name and all(is_blank(r.cell(k)) for r in body)
    ]
    counted_off = _numbers_rows(names, body)
    used = [k for k in range(len(names)) if k not in blank and k not in counted_off]
    notes = []
    if blank:
        notes.append(
            _note(
                "read_blank_columns",
                f"{counted(len(blank), 'column')} without a name and without values "
                f"{'was' if len(blank) == 1 else 'were'} left out.",
            )
        )
    if counted_off:
        notes.append(
            _note(
                "read_row_numbers",
                "The first column has no name and numbers the rows; it was left out.",
            )
        )
    return used or list(range(len(names))), notes


def _numbers_rows(names: list[str], body: Sequence[GridRow]) -> list[int]:
    """Return the first column if it has no name and counts the rows, as R and pandas write it."""
    if len(names) < 2 or names[0]:
        return []
    found = [written(row.cell(0)).strip() for row in body]
    for first in (0, 1):
        if found == [str(k + first) for k in range(len(body))]:
            return [0]
    return []


def _said_of_start(start: Start, word: str) -> list[Note]:
    notes = []
    if start.above:
        titles = listed(f"'{_text(row)}'" for row in start.above)
        many = len(start.above) > 1
        notes.append(
            _note(
                "read_titles",
                f"The {word}s above the names of the columns are no data: {titles}."
                if many
                else f"The {word} above the names of the columns is no data: {titles}.",
            )
        )
    told = start.told.replace("rows ", f"{word}s ").replace("row ", f"{word} ")
    if told:
        notes.append(_note("read_header_rows", f"{told[0].upper()}{told[1:]}."))
    if start.names and all(is_value(name) for name in start.names if name):
        notes.append(
            Note(
                level="caution",
                code="read_numbers_as_names",
                message=f"The names of the columns are numbers: {listed(start.names)}.",
                remedy="If the file has no names, add a first line with them.",
            )
        )
    return notes


def _said_of_end(end: End, word: str) -> list[Note]:
    notes = []
    if end.totals:
        said = listed(f"{word} {row.number} ({_text(row)})" for row in end.totals)
        notes.append(
            _note(
                "read_totals",
                f"Totals below the table are no data: {said}.",
                Advice(
                    python="If they are, read the file with skip_last=0.",
                    command_line="If they are, read the file with --skip-last 0.",
                ),
            )
        )
    if end.remarks:
        said = listed(f"'{_text(row)}'" for row in end.remarks)
        notes.append(
            _note(
                "read_remarks",
                f"Remarks below the table are no data: {said}.",
                Advice(
                    python="If they are, read the file with skip_last=0.",
                    command_line="If they are, read the file with --skip-last 0.",
                ),
            )
        )
    return notes


def _text(row: GridRow) -> str:
    cells: list[Cell] = [cell for cell in row.cells if not is_blank(cell)]
    words = ", ".join(name_of(cell) for cell in cells[:4])
    return words if len(words) <= 60 else f"{words[:59]}…"


def _note(code: str, message: str, remedy: Advice | str = "") -> Note:
    return Note(level="fine", code=code, message=message, remedy=remedy)
