"""Workbooks of Excel and LibreOffice: the stored values of one sheet, nothing computed or run."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_alliance.data.codebooks.record import Codebook, Variable
from bayes_alliance.data.columns import as_written, typed_cells
from bayes_alliance.data.formats.compression import checked_zip
from bayes_alliance.data.formats.content import is_old_workbook
from bayes_alliance.data.formats.contract import Content, Format, Found, Request
from bayes_alliance.data.formats.isolation import need, read_apart
from bayes_alliance.data.formats.sheet_parts import SheetFlaws, flaws_by_sheet, refuse_entities
from bayes_alliance.data.grids.cells import Cell, GridRow, Merged, is_blank
from bayes_alliance.data.grids.finding import find_table
from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, DataError, counted, did_you_mean, listed

_SAVE_AGAIN = "Copy it again, or save it once more in Excel or LibreOffice."
_FILLED_DOWN_SHOWN = 5
_TAKES = frozenset({"sheet", "header", "skip_last"})


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    name: str
    hidden: bool
    first_row: int
    first_column: int
    rows: Sequence[Sequence[Any]]
    merged: Sequence[Merged]
    flaws: SheetFlaws

    @property
    def holds_cells(self) -> bool:
        return any(str(cell) != "" for row in self.rows for cell in row)

    @property
    def may_be_a_table(self) -> bool:
        """Whether it has two rows of two cells."""
        return sum(sum(str(cell) != "" for cell in row) > 1 for row in self.rows) > 1


def _read(content: Content, request: Request, *, named: str) -> Found:
    need("python-calamine", content.name)
    flaws = _flaws(content, named)
    sheets = read_apart(
        content,
        "sheets",
        partial(_sheets, flaws=flaws),
        named=named,
        save_again=_SAVE_AGAIN,
    )
    sheet, chosen = _chosen(sheets, request.sheet, content.name)
    rows, filled, left = _grid(sheet)
    table = find_table(
        rows,
        file=_called(content, sheet, sheets),
        word="row",
        header=request.header,
        skip_last=request.skip_last,
        merged=[(top, a - left, bottom, b - left) for top, a, bottom, b in sheet.merged],
    )
    codes = request.codes(table.names)
    typed = {
        name: typed_cells([row.cells[k] for row in table.rows], codes=codes[name])
        for k, name in enumerate(table.names)
    }
    labels = tuple(Variable(name=name, label=own) for name, own in table.labels.items())
    return Found(
        table=pd.DataFrame({name: own.values for name, own in typed.items()}),
        notes=[*chosen, *table.notes, *filled, *_flawed(sheet)],
        codebook=Codebook(variables=labels, source=content.name),
        remembered=as_written(typed),
        read_as=_as_said(request),
    )


def _flaws(content: Content, named: str) -> Mapping[str, SheetFlaws]:
    """Look at the parts of a workbook that is a zip, before a library does."""
    if not content.head(4).startswith(b"PK"):
        return {}
    archive = checked_zip(content.read(), content.name)
    try:
        refuse_entities(archive, content.name)
        return flaws_by_sheet(archive)
    except zipfile.BadZipFile as error:  # members that overlap
        raise DataError(
            f"{content.name} was to be read as {named}.",
            "It is damaged: parts of it overlap.",
            _SAVE_AGAIN,
            file=content.name,
        ) from error


def _as_said(request: Request) -> dict[str, Any]:
    """Return what the user said about where the table is, for the table to remember."""
    said: dict[str, Any] = {}
    if request.sheet is not None:
        said["sheet"] = request.sheet
    if request.header is not None:
        said["header"] = list(request.header)
    if request.skip_last is not None:
        said["skip_last"] = request.skip_last
    return said


def _called(content: Content, sheet: _Sheet, sheets: Sequence[_Sheet]) -> str:
    return content.name if len(sheets) == 1 else f"sheet '{sheet.name}' of {content.name}"


def _sheets(
    about: dict[str, Any], folder: Path, *, flaws: Mapping[str, SheetFlaws]
) -> list[_Sheet]:
    return [
        _Sheet(
            name=own["name"],
            hidden=own["hidden"],
            first_row=own["start"][0],
            first_column=own["start"][1],
            rows=own["rows"],
            merged=[tuple(m) for m in own["merged"]],
            flaws=flaws.get(own["name"], SheetFlaws()),
        )
        for own in about["sheets"]
        if own["kind"] == "WorkSheet"
    ]


def _chosen(
    sheets: Sequence[_Sheet], wanted: str | int | None, file: str
) -> tuple[_Sheet, list[Note]]:
    """Return the sheet that is meant, and what is said of the others."""
    names = [sheet.name for sheet in sheets]
    if wanted is not None:
        return _named(sheets, wanted, file), []
    filled = [sheet for sheet in sheets if sheet.holds_cells]
    if not filled:
        raise DataError(
            f"A table was to be read from {file}.",
            f"Its {counted(len(sheets), 'sheet')} hold nothing.",
            "Check that it is the right file, and that the export finished.",
            sheets=names,
        )
    tables = [sheet for sheet in filled if sheet.may_be_a_table] or filled
    seen = [sheet for sheet in tables if not sheet.hidden] or tables
    if len(seen) > 1:
        sizes = listed(f"'{s.name}' ({counted(len(s.rows), 'row')})" for s in seen)
        raise DataError(
            f"One table was to be read from {file}.",
            f"{len(seen)} sheets hold one: {sizes}.",
            Advice(
                python=f'Name one of them, such as sheet="{seen[0].name}".',
                command_line=f"Name one of them, such as --sheet '{seen[0].name}'.",
            ),
            sheets=[sheet.name for sheet in seen],
        )
    others = [sheet.name for sheet in filled if sheet is not seen[0]]
    if not others:
        return seen[0], []
    message = (
        f"The sheet '{seen[0].name}' was read; there "
        f"{'is' if len(others) == 1 else 'are'} {listed(f"'{own}'" for own in others)} too."
    )
    return seen[0], [Note(level="fine", code="read_sheet", message=message)]


def _named(sheets: Sequence[_Sheet], wanted: str | int, file: str) -> _Sheet:
    names = [sheet.name for sheet in sheets]
    for sheet in sheets:
        if sheet.name == wanted:
            return sheet
    text = str(wanted)
    if text.isdigit() and 1 <= int(text) <= len(sheets):
        return sheets[int(text) - 1]
    raise DataError(
        f"The sheet {wanted} of {file} was to be read.",
        f"It has {listed(f"'{name}'" for name in names) or 'none'}.",
        f"{did_you_mean(text, names)}Name a sheet as the workbook does, or give its number.",
        sheets=names,
    )


def _grid(sheet: _Sheet) -> tuple[list[GridRow], list[Note], int]:
    """Return the rows that hold something, what is said of them, and the column of the first cell.

    Rows have the numbers that they have on the sheet.
    """
    cells: list[list[Cell]] = [[_cell(value) for value in row] for row in sheet.rows]
    filled = _fill_merged(cells, sheet)
    first = next(
        (k for k in range(len(cells[0]) if cells else 0) if any(not is_blank(r[k]) for r in cells)),
        0,
    )
    rows: list[GridRow] = []
    gap = False
    for place, row in enumerate(cells):
        if all(map(is_blank, row)):
            gap = True
            continue
        rows.append(GridRow(sheet.first_row + place + 1, row[first:], gap))
        gap = False
    return rows, filled, sheet.first_column + first


def _cell(value: Any) -> Cell:
    """Return a cell as it is: the empty text is none."""
    if value == "":
        return None
    if isinstance(value, list):
        kind, text = value
        return datetime.fromisoformat(text) if kind == "date" else str(text)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    cell: Cell = value
    return cell


def _fill_merged(cells: list[list[Cell]], sheet: _Sheet) -> list[Note]:
    """Give a value of cells that were made one over several rows to each of them."""
    told: list[str] = []
    for top, left, bottom, right in sheet.merged:
        row, column = top - sheet.first_row, left - sheet.first_column
        inside = 0 <= row < len(cells) and 0 <= column < len(cells[row])
        if not inside or bottom == top or right > left or is_blank(cells[row][column]):
            continue
        value = cells[row][column]
        # A merged name of a column is one name.
        if not any(not is_blank(c) for own in cells[:row] for c in own) or row == 0:
            continue
        for below in cells[row + 1 : bottom - sheet.first_row + 1]:
            if is_blank(below[column]):
                below[column] = value
        told.append(f"rows {top + 1} to {bottom + 1}")
    if not told:
        return []
    return [
        Note(
            level="fine",
            code="read_merged_cells",
            message="Cells that were made one over several rows count for each of the rows: "
            f"{listed(told, shown=_FILLED_DOWN_SHOWN)}.",
        )
    ]


def _flawed(sheet: _Sheet) -> list[Note]:
    notes = []
    if sheet.flaws.uncomputed:
        cells = sheet.flaws.uncomputed
        have = "has a formula" if len(cells) == 1 else "have formulas"
        notes.append(
            Note(
                level="caution",
                code="read_uncomputed",
                message=f"{counted(len(cells), 'cell')} of the sheet {have} whose value was "
                f"never computed and stored, and {'is' if len(cells) == 1 else 'are'} missing: "
                f"{listed(cells)}.",
                value=float(len(cells)),
                remedy="Open the file in Excel or LibreOffice and save it.",
            )
        )
    if sheet.flaws.errors:
        cells = sheet.flaws.errors
        notes.append(
            Note(
                level="caution",
                code="read_cell_errors",
                message=f"{counted(len(cells), 'cell')} of the sheet "
                f"{'shows' if len(cells) == 1 else 'show'} an error such as #DIV/0! and "
                f"{'is' if len(cells) == 1 else 'are'} missing: {listed(cells)}.",
                value=float(len(cells)),
                remedy="Look at the formulas, if the cells should have a value.",
            )
        )
    return notes


def _zip_has(*names: str, mimetype: bytes | None = None) -> Any:
    """Return what tells a workbook by the parts of its zip."""

    def is_content(head: bytes, content: Content) -> bool:
        if not head.startswith(b"PK\x03\x04"):
            return False
        try:
            with content.on_disk() as path, zipfile.ZipFile(path) as archive:
                if mimetype is not None:
                    return archive.read("mimetype")[:200].strip() == mimetype
                return any(name in archive.namelist() for name in names)
        except (
            zipfile.BadZipFile,
            OSError,
            KeyError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ):
            return False

    return is_content


EXCEL = Format(
    name="an Excel workbook",
    suffixes=(".xlsx", ".xlsm", ".xlsb"),
    is_content=_zip_has("xl/workbook.xml", "xl/workbook.bin"),
    read=partial(_read, named="an Excel workbook"),
    takes=_TAKES,
    save_again=_SAVE_AGAIN,
)
OLD_EXCEL = Format(
    name="an Excel workbook of before 2007",
    suffixes=(".xls",),
    is_content=is_old_workbook,
    read=partial(_read, named="an Excel workbook of before 2007"),
    takes=_TAKES,
    save_again=_SAVE_AGAIN,
)
OPEN_DOCUMENT = Format(
    name="an OpenDocument spreadsheet",
    suffixes=(".ods",),
    is_content=_zip_has(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
    read=partial(_read, named="an OpenDocument spreadsheet"),
    takes=_TAKES,
    save_again=_SAVE_AGAIN,
)
