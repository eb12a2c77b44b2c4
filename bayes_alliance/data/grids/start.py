"""Where the names of the columns are: titles above them, and names in two or three rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bayes_alliance.data.grids.cells import (
    GridRow,
    Merged,
    is_absent,
    is_blank,
    is_value,
    is_word,
    name_of,
)

_IMPORT_ID = '{"importid"'  # Qualtrics writes a row of these below names and questions
_LOOKED_AT = 200
# Rows above the names are few; beyond, a table without names is likelier.
_MOST_ABOVE = 30


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where the names are and what they are.

    Parameters
    ----------
    names
        One for each column; empty where there is none.
    labels
        What a second row of names says, by the place of the column.
    first
        The place, among the rows, of the first that is data.
    above
        Rows above the names.
    told
        What was done, in a clause for a sentence; empty if the names are simply the first row.
    certain
        Whether it is beyond doubt.
    """

    names: list[str]
    first: int
    labels: dict[int, str] = field(default_factory=dict)
    above: Sequence[GridRow] = ()
    told: str = ""
    certain: bool = True


def usual_extent(rows: Sequence[GridRow]) -> int:
    """Return how many columns most rows reach to."""
    counts = Counter(row.extent for row in rows[:_LOOKED_AT])
    most = max(counts.values())
    return max(extent for extent, count in counts.items() if count == most)


def find_start(rows: Sequence[GridRow], merged: Sequence[Merged] = ()) -> Start:
    """Find the names of the columns.

    Parameters
    ----------
    rows
        All rows that are not blank; at least one.
    merged
        Cells of the sheet that were made one.
    """
    usual = usual_extent(rows)
    head = 0
    while head < min(len(rows) - 1, _MOST_ABOVE) and _is_title(rows[head], usual):
        head += 1
    # A row with few names above others, which it stands over, is no title.
    if head and rows[head - 1].filled > 1 and _spans(merged, rows[head - 1]):
        head -= 1
    upper = _upper_rows(rows, head, merged, usual)
    if upper is not None:
        return upper
    if head and not _are_names(rows[head], usual):
        if not _may_lack_names(rows[0], usual):
            return _uncertain(rows)
        head = 0
    own = rows[head]
    below = rows[head + 1 : head + 1 + _LOOKED_AT]
    width = max(own.extent, usual if head or _spans(merged, own) else 0)
    if not head:
        width = max(width, min(len(own.cells), usual))
    names = [name_of(own.cell(k)) for k in range(width)]
    coded = _qualtrics(rows, head, names)
    if coded is not None:
        return coded
    if head and rows[head - 1].filled > 1 and len(set(names)) < len(names):
        together = _combined(rows[head - 1], own, merged, width)
        if len(set(together)) == width:
            return Start(
                names=together,
                first=head + 1,
                above=rows[: head - 1],
                told=f"the names are made of rows {rows[head - 1].number} and {own.number}",
            )
        return _uncertain(rows)
    labels = _label_row(own, below, width)
    if labels is not None:
        return _with_labels(rows, head, names, labels)
    return Start(names=names, first=head + 1, above=rows[:head])


def _upper_rows(
    rows: Sequence[GridRow], head: int, merged: Sequence[Merged], usual: int
) -> Start | None:
    """Return names of two rows, if the first stands over the second."""
    if len(rows) < head + 3:
        return None
    own, lower = rows[head], rows[head + 1]
    body = rows[head + 2 : head + 2 + _LOOKED_AT]
    width = max(own.extent, lower.extent, usual if head else 0)
    if not _is_upper_row(own, lower, merged, body, width):
        return None
    return Start(
        names=_combined(own, lower, merged, width),
        first=head + 2,
        above=rows[:head],
        told=f"the names are made of rows {own.number} and {lower.number}",
    )


def start_at(rows: Sequence[GridRow], first: int, last: int, merged: Sequence[Merged]) -> Start:
    """Take the rows with these numbers as the names.

    Raises
    ------
    LookupError
        If the rows are blank, or none follows.
    """
    chosen = [k for k, row in enumerate(rows) if first <= row.number <= last]
    if not chosen or rows[chosen[-1]].number != last or rows[chosen[0]].number != first:
        raise LookupError
    width = max(rows[k].extent for k in chosen)
    names = [""] * width
    for k in chosen[:-1]:
        names = [
            _joined(a, b) for a, b in zip(names, _filled_right(rows[k], merged, width), strict=True)
        ]
    lower = [name_of(rows[chosen[-1]].cell(k)) for k in range(width)]
    names = [_joined(a, b) for a, b in zip(names, lower, strict=True)]
    return Start(names=names, first=chosen[-1] + 1, above=rows[: chosen[0]])


def _uncertain(rows: Sequence[GridRow]) -> Start:
    return Start(names=[], first=0, above=rows[:1], certain=False)


def _is_title(row: GridRow, usual: int) -> bool:
    """Tell whether a row is a title or a remark: few cells of it are filled."""
    if usual < 2:
        return False
    few = 2 * row.filled <= usual and row.extent < usual
    return few or (row.filled == 1 and usual > 2)


def _may_lack_names(row: GridRow, usual: int) -> bool:
    """Tell whether a first row is of names, of which some columns have none."""
    whole = len(row.cells) >= usual and 2 * row.filled >= usual
    return whole and all(is_word(cell) or is_blank(cell) for cell in row.cells)


def _are_names(row: GridRow, usual: int) -> bool:
    """Tell whether a row may hold names below a title: a word in every column."""
    return row.extent >= usual and all(is_word(row.cell(k)) for k in range(row.extent))


def _qualtrics(rows: Sequence[GridRow], head: int, names: list[str]) -> Start | None:
    """Return names and questions above a row of Qualtrics' own ids."""
    for below in (1, 2):
        if head + below >= len(rows):
            return None
        cells = [name_of(c) for c in rows[head + below].cells if not is_blank(c)]
        if cells and all(c.casefold().replace(" ", "").startswith(_IMPORT_ID) for c in cells):
            labels = _labels(rows[head + 1], names) if below == 2 else {}
            return Start(
                names=names,
                labels=labels,
                first=head + below + 1,
                above=rows[:head],
                told="rows "
                f"{rows[head + 1].number} to {rows[head + below].number}, Qualtrics' questions and "
                "ids, are no data; the questions are labels"
                if labels
                else f"row {rows[head + below].number}, Qualtrics' ids, is no data",
            )
    return None


def _labels(row: GridRow, names: list[str]) -> dict[int, str]:
    texts = {k: name_of(row.cell(k)) for k in range(len(names))}
    return {k: text for k, text in texts.items() if text and text != names[k]}


def _spans(merged: Sequence[Merged], row: GridRow) -> list[Merged]:
    """Return the cells of a row that were made one over several columns."""
    return [m for m in merged if m[0] <= row.number - 1 <= m[2] and m[3] > m[1]]


def _is_upper_row(
    own: GridRow, lower: GridRow, merged: Sequence[Merged], body: Sequence[GridRow], width: int
) -> bool:
    """Tell whether a row of names has another below it that completes it."""
    bare = [k for k in range(width) if is_blank(own.cell(k))]
    spans = _spans(merged, own)
    if not bare or not (spans or len(bare) < width):
        return False
    if any(is_value(lower.cell(k)) for k in range(width)):
        return False
    completes = all(is_word(lower.cell(k)) for k in bare)
    # Otherwise a column without a name that holds text, above rows of text.
    values_below = any(_holds_values(body, k) for k in range(width) if is_word(lower.cell(k)))
    return completes and (bool(spans) or (values_below and len(bare) > 1))


def _holds_values(body: Sequence[GridRow], place: int) -> bool:
    """Tell whether a column has numbers, and nothing but gaps beside them."""
    cells = [row.cell(place) for row in body]
    present = [cell for cell in cells if not is_absent(cell)]
    return bool(present) and all(map(is_value, present))


def _label_row(own: GridRow, below: Sequence[GridRow], width: int) -> GridRow | None:
    """Return the row below the names if it holds labels: words where all others have numbers."""
    if len(below) < 3 or width < 2 or not all(is_word(own.cell(k)) for k in range(width)):
        return None
    row, body = below[0], below[1:]
    texts = [name_of(row.cell(k)) for k in range(width)]
    if not all(is_word(row.cell(k)) for k in range(width)) or len(set(texts)) < width:
        return None
    numeric = sum(_holds_values(body, k) for k in range(width))
    return row if numeric >= 2 and 2 * numeric >= width else None


def _with_labels(rows: Sequence[GridRow], head: int, names: list[str], row: GridRow) -> Start:
    """Return names and labels; of the two rows, the one with short words has the names."""
    other = [name_of(row.cell(k)) for k in range(len(names))]
    if _is_like_names(other) and not _is_like_names(names):
        names, other = other, names
    return Start(
        names=names,
        labels={k: text for k, text in enumerate(other) if text != names[k]},
        first=head + 2,
        above=rows[:head],
        told=f"of the rows {rows[head].number} and {row.number}, one has the names and the other "
        "the labels of the columns",
    )


def _is_like_names(texts: Sequence[str]) -> bool:
    return all(" " not in text for text in texts)


def _combined(upper: GridRow, lower: GridRow, merged: Sequence[Merged], width: int) -> list[str]:
    """Join the names of two rows: what stands over several columns counts for each of them."""
    above = _filled_right(upper, merged, width)
    below = [name_of(lower.cell(k)) for k in range(width)]
    return [_joined(a, b) for a, b in zip(above, below, strict=True)]


def _filled_right(row: GridRow, merged: Sequence[Merged], width: int) -> list[str]:
    """Return a row in which a name goes on to the right: as merged, or up to the next one."""
    names = [name_of(row.cell(k)) for k in range(width)]
    spans = _spans(merged, row)
    for _, left, _, right in spans:
        for k in range(left + 1, min(right + 1, width)):
            names[k] = names[left]
    if not spans:
        for k in range(1, width):
            names[k] = names[k] or names[k - 1]
    return names


def _joined(upper: str, lower: str) -> str:
    return f"{upper}_{lower}" if upper and lower and upper != lower else upper or lower
