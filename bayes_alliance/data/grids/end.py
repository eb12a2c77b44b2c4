"""Where a table ends: totals and remarks below it, and a second table."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bayes_alliance.data.grids.cells import GridRow, is_absent, is_blank, is_value, is_word, name_of

_TOTAL = re.compile(
    r"(?:grand |sub)?(?:totals?|sum|sums|mean|means|average|median|count|n|sd|std"
    r"|minimum|maximum|min|max"
    r"|summe|gesamt|gesamtsumme|insgesamt|mittelwert|durchschnitt|anzahl|somme|moyenne|totaal|som"
    r"|gemiddelde|suma|media|promedio|soma|média|totale|somma)\b[\s:.*]*",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"\s*(?:\*|†|\(?\d\)|source|sources|note|notes|n\.b|remark|legend|key|exported|printed|created"
    r"|generated|page |confidential|©|quelle|anmerkung|hinweis|stand|erstellt|bron|nota"
    r"|nb[.:]|n ?=)",
    re.IGNORECASE,
)
_WORDS = 3
_CLOSE = 0.006  # of the value: totals are shown rounded
_FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class End:
    """Where the rows end.

    Parameters
    ----------
    rows
        How many of them are data.
    totals, remarks
        Those below that are none.
    doubtful
        A row that may be a total or the beginning of another table; None if there is none.
    why
        What is doubtful about it: a predicate.
    """

    rows: int
    totals: Sequence[GridRow] = ()
    remarks: Sequence[GridRow] = ()
    doubtful: GridRow | None = None
    why: str = ""


def find_end(body: Sequence[GridRow], width: int) -> End:
    """Find where the data end.

    Parameters
    ----------
    body
        The rows below the names.
    width
        Number of columns.
    """
    other = _second_table(body, width)
    if other is not None:
        return End(
            rows=len(body),
            doubtful=other,
            why="looks like the names of a second table",
        )
    last = len(body)
    remarks: list[GridRow] = []
    totals: list[GridRow] = []
    while last > 1 and _is_remark(body[last - 1], width):
        last -= 1
        remarks.insert(0, body[last])
    while last > 1 and _is_total_word(body[last - 1]):
        last -= 1
        totals.insert(0, body[last])
    found = End(rows=last, totals=totals, remarks=remarks)
    above = body[:last]
    for row in totals:
        if not _is_made_of(row, above, width) and row.filled > 1:
            return End(
                rows=last,
                doubtful=row,
                why=f"begins with '{_first(row)}', but its numbers are not those of the rows above",
            )
    if not totals and last > _FEWEST and _is_bare_total(body[last - 1], body[: last - 1], width):
        return End(rows=last - 1, totals=[body[last - 1]], remarks=remarks)
    return found


def _first(row: GridRow) -> str:
    return next((name_of(cell) for cell in row.cells if not is_blank(cell)), "")


def _is_remark(row: GridRow, width: int) -> bool:
    """Tell whether a row is a remark: one cell of words, in a table of several columns."""
    if width < 3 or row.filled != 1:
        return False
    cell = next(cell for cell in row.cells if not is_blank(cell))
    if not is_word(cell):
        return False
    text = name_of(cell)
    if _TOTAL.fullmatch(text):
        return False
    return row.after_gap or _REMARK.match(text) is not None or len(text.split()) > _WORDS


def _is_total_word(row: GridRow) -> bool:
    """Tell whether a row begins with a word for a total, and has nothing but numbers else."""
    first, *others = [cell for cell in row.cells if not is_blank(cell)] or [""]
    return (
        isinstance(first, str)
        and _TOTAL.fullmatch(name_of(first)) is not None
        and all(is_value(cell) or is_absent(cell) for cell in others)
    )


def _second_table(body: Sequence[GridRow], width: int) -> GridRow | None:
    """Return the row of names of a table that follows after blank rows."""
    for place, row in enumerate(body):
        if not row.after_gap or place in (0, len(body) - 1) or row.filled < 2:
            continue
        words = [k for k in range(max(width, row.extent)) if is_word(row.cell(k))]
        above = body[:place]
        if len(words) == row.filled and any(_numbers(above, k) for k in words):
            below = body[place + 1 :]
            if any(_numbers(below, k) for k in words) or 2 * row.filled >= width:
                return row
    return None


def _numbers(rows: Sequence[GridRow], place: int) -> bool:
    present = [cell for row in rows if not is_absent(cell := row.cell(place))]
    return bool(present) and all(map(is_value, present))


def _readings() -> Sequence[Callable[[str], float]]:
    return (
        float,
        lambda text: float(text.replace(".", "").replace(",", ".")),
        lambda text: float(text.replace(",", "")),
    )


def _made_of_column(cell: object, above: Sequence[object]) -> bool:
    """Tell whether a number is the sum, mean, number or another summary of those above."""
    for reading in _readings():
        try:
            own = _as_float(cell, reading)
            column = [_as_float(value, reading) for value in above]
        except ValueError:
            continue
        summaries = [
            sum(column),
            statistics.fmean(column),
            statistics.median(column),
            float(len(column)),
            min(column),
            max(column),
            *([statistics.stdev(column)] if len(column) > 1 else []),
        ]
        if any(abs(own - one) <= _CLOSE * max(abs(one), 1e-9) for one in summaries):
            return True
    return False


def _as_float(cell: object, reading: Callable[[str], float]) -> float:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        raise ValueError
    return float(cell) if not isinstance(cell, str) else reading(cell.strip())


def _present(rows: Sequence[GridRow], place: int) -> list[object]:
    return [cell for row in rows if not is_absent(cell := row.cell(place))]


def _is_made_of(row: GridRow, above: Sequence[GridRow], width: int) -> bool:
    """Tell whether most numbers of a row are made of the columns above them."""
    places = [k for k in range(width) if is_value(row.cell(k))]
    right = [k for k in places if (own := _present(above, k)) and _made_of_column(row.cell(k), own)]
    return bool(places) and 2 * len(right) >= len(places)


def _is_bare_total(row: GridRow, above: Sequence[GridRow], width: int) -> bool:
    """Tell whether a last row is the sums of the columns, without a word that says so."""
    if any(is_word(cell) for cell in row.cells) or row.filled == width:
        return False
    bare = [k for k in range(width) if is_blank(row.cell(k))]
    if not bare or any(is_blank(own.cell(k)) for own in above for k in bare[:1]):
        return False
    places = [k for k in range(width) if is_value(row.cell(k))]
    return bool(places) and all(_is_sum(row.cell(k), _present(above, k)) for k in places)


def _is_sum(cell: object, above: Sequence[object]) -> bool:
    for reading in _readings():
        try:
            column = [_as_float(value, reading) for value in above]
            own = _as_float(cell, reading)
        except ValueError:
            continue
        if len(column) > 1 and own not in column and abs(own - sum(column)) <= 1e-6 * abs(own):
            return True
    return False
