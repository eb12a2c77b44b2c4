"""A grid of cells as a text file or a sheet has it, before anybody knows where its table is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bayes_alliance.data.missing_codes import BLANKS

type Cell = str | float | bool | date | datetime | None
# First row, first column, last row and last column of cells that were made one, from 0.
type Merged = tuple[int, int, int, int]

# Signs, digits and the marks between them, in whatever country.
_LIKE_NUMBER = re.compile(r"[+-]?[\d.,'’\u00a0\u202f]*\d[\d.,'’\u00a0\u202f]*(?:[eE][+-]?\d+)?%?")
_LONGEST_SHOWN = 30
_CELLS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of cells that is not blank.

    Parameters
    ----------
    number
        Its place in the file, from 1: the number of the line, or of the row on the sheet.
    cells
        What it holds.
    after_gap
        Whether blank rows stand before it.
    """

    number: int
    cells: Sequence[Cell]
    after_gap: bool = False

    @property
    def extent(self) -> int:
        """Number of cells up to the last that holds something."""
        return next(
            (k for k in range(len(self.cells), 0, -1) if not is_blank(self.cells[k - 1])), 0
        )

    @property
    def filled(self) -> int:
        """Number of cells that hold something."""
        return sum(not is_blank(cell) for cell in self.cells)

    def cell(self, place: int) -> Cell:
        """Return a cell; None beyond the end of the row."""
        return self.cells[place] if place < len(self.cells) else None


def is_blank(cell: Cell) -> bool:
    """Tell whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_absent(cell: Cell) -> bool:
    """Tell whether a cell holds nothing, or a word that says so."""
    return cell is None or (isinstance(cell, str) and cell.strip() in BLANKS)


def is_value(cell: Cell) -> bool:
    """Tell whether a cell holds a number, a date or a truth, which no name of a column is."""
    if isinstance(cell, str):
        return _LIKE_NUMBER.fullmatch(cell.strip()) is not None
    return cell is not None


def is_word(cell: Cell) -> bool:
    """Tell whether a cell holds text that is no number."""
    return isinstance(cell, str) and not is_blank(cell) and not is_value(cell)


def written(cell: Cell) -> str:
    """Write a cell as a text file has it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        whole = cell.hour == cell.minute == cell.second == cell.microsecond == 0
        return cell.date().isoformat() if whole else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date) else cell


def name_of(cell: Cell) -> str:
    """Return a cell as the name of a column: in one line, without blanks around it."""
    return " ".join(written(cell).split())


def preview(rows: Sequence[GridRow], word: str) -> str:
    """Show rows in a sentence: their numbers, and their first cells."""
    return "; ".join(f"{word} {row.number}: {_shown(row)}" for row in rows)


def _shown(row: GridRow) -> str:
    cells = [name_of(cell) for cell in row.cells[: row.extent]]
    short = [c if len(c) <= _LONGEST_SHOWN else f"{c[: _LONGEST_SHOWN - 1]}…" for c in cells]
    more = len(short) - _CELLS_SHOWN
    return " | ".join(short[:_CELLS_SHOWN]) + (f" | and {more} more" if more > 0 else "")
