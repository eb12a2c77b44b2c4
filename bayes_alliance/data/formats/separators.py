"""A text split into cells: by the separator that is named, else by the one its lines agree on."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from bayes_alliance.data.grids.cells import GridRow
from bayes_alliance.errors import Advice, DataError

WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_LOOKED_AT = 1000
_HINT = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)  # Excel's own first line
_QUOTED = re.compile(r"'[^']*'")


@dataclass(frozen=True, kw_only=True)
class Split:
    """The cells of a text, and how they were told apart."""

    rows: list[GridRow]
    separator: str
    quote: str


def split(text: str, *, file: str, separator: str | None, usual: str) -> Split:
    """Split a text into rows of cells; lines that are blank are left out.

    Parameters
    ----------
    text
        The whole text.
    file
        What errors call it.
    separator
        As the user says; None where it is to be found.
    usual
        The separator that the suffix promises.

    Raises
    ------
    DataError
        If two separators fit equally well, or quotation marks do not pair up.
    """
    hint = _HINT.match(text)
    first = 1
    if hint and separator in (None, hint[1]):
        separator, text, first = hint[1], text[hint.end() :], 2
    own = separator or _found(text, usual, file)
    quote = _quote(text, own)
    return Split(rows=_rows(text, own, quote, file, first), separator=own, quote=quote)


def _found(text: str, usual: str, file: str) -> str:
    """Return the separator by which most lines have equally many cells, more than one."""
    scores = {own: _score(text, own) for own in dict.fromkeys([usual, *WORDS])}
    best = max(score for score, _ in scores.values())
    if best == 0:
        return usual
    fitting = [own for own, (score, _) in scores.items() if score == best]
    if len(fitting) == 1:
        return fitting[0]
    shown = " or ".join(f"{WORDS[own]} ({scores[own][1]} columns)" for own in fitting)
    raise DataError(
        f"{file} was to be split into columns.",
        f"Its lines may be split at {shown}.",
        Advice(
            python="Say which, such as "
            + " or ".join(f"separator={own!r}" for own in fitting)
            + ".",
            command_line="Say which, such as "
            + " or ".join(f"--separator {_typed(own)}" for own in fitting)
            + ".",
        ),
        separators=fitting,
    )


def _typed(separator: str) -> str:
    """Write a separator as a shell takes it."""
    return "$'\\t'" if separator == "\t" else f"'{separator}'"


def _score(text: str, separator: str) -> tuple[float, int]:
    """Return the share of lines that have the usual number of cells, and that number."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        widths = [
            len(row) for row in islice(reader, _LOOKED_AT) if any(cell.strip() for cell in row)
        ]
    except csv.Error:
        return 0.0, 0
    counts = Counter(width for width in widths if width > 1)
    if not counts:
        return 0.0, 0
    width, often = max(counts.items(), key=lambda item: (item[1], item[0]))
    # A name and one row; or, of a table with titles above, most of the lines.
    fits = often > 1 and 2 * often >= len(widths)
    return (often / len(widths), width) if fits else (0.0, 0)


def _quote(text: str, separator: str) -> str:
    """Return the quotation mark: the single one where every name in the first line has it."""
    line = text.partition("\n")[0].strip()
    names = line.split(separator)
    return "'" if line and all(_QUOTED.fullmatch(name.strip()) for name in names) else '"'


def _rows(text: str, separator: str, quote: str, file: str, first: int) -> list[GridRow]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, quotechar=quote, strict=True
    )
    rows: list[GridRow] = []
    held: list[GridRow] = []  # rows of separators only: data if rows follow
    number, gap = first, False
    try:
        for cells in reader:
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                gap = True
            elif any(cell.strip() for cell in cells):
                if rows:
                    rows += held
                rows.append(GridRow(number, cells, gap or bool(held and not rows)))
                held, gap = [], False
            else:
                held.append(GridRow(number, cells, gap))
                gap = False
            number = reader.line_num + first
    except csv.Error as error:
        line = reader.line_num + first - 1
        raise DataError(
            f"{file} was to be split into columns.",
            f"Line {line} has quotation marks that do not pair up ({error}).",
            "Correct that line: a quotation mark inside a quoted value is written twice.",
            line=line,
        ) from error
    return rows
