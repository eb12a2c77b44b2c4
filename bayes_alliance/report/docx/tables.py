"""Tables as a journal sets them: rules above, below and under the head, nothing else."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from bayes_alliance.report.blocks import Checklist, Table
from bayes_alliance.report.docx.marks import link_text, word_element, xml_text
from bayes_alliance.report.prose import readable
from bayes_alliance.report.tables import cell, is_numeric

_TEXT_WIDTH = 9070  # of the page, in twentieths of a point
_LARGEST, _SMALLEST = 18, 13  # letters, in half points
_LETTER = 5.65  # width of one digit of one half point, in twentieths of a point
_BOLD = 1.1  # how much wider a letter of a head is
_PADDING = 110
_NARROWEST, _WIDEST = 12, 60  # letters of a line of text
_KEPT_TOGETHER = 12  # rows of a table that is not broken between pages
_RULE = '<w:{side} w:val="single" w:sz="{width}" w:space="0" w:color="1F2328"/>'
_BREAKS = re.compile(r"[ \n/]")


@dataclass(frozen=True, kw_only=True)
class _Column:
    head: str
    cells: Sequence[str]
    numeric: bool

    @property
    def least(self) -> int:
        """Letters of the narrowest width in which no word and no number is broken."""
        words = [len(word) for text in self.cells for word in _BREAKS.split(text)]
        head = math.ceil(_BOLD * max(len(word) for word in _BREAKS.split(self.head)))
        floor = 0 if self.numeric else min(self.widest, _NARROWEST)
        return max(head, floor, 3, min(max(words, default=0), _WIDEST // 2))

    @property
    def widest(self) -> int:
        """Letters of its longest line, up to what reads well."""
        return min(max((len(text) for text in self.cells), default=0), _WIDEST)


def word_table(table: Table) -> Any:
    """Return a table as a ``w:tbl`` element."""
    frame = table.frame
    columns = [_Column(head=table.row_heading, cells=[str(i) for i in frame.index], numeric=False)]
    values: list[list[Any]] = frame.astype(object).to_numpy().tolist()
    for place, name in enumerate(frame.columns):
        shown = [cell(str(name), row[place]) for row in values]
        head = table.headings.get(str(name), str(name))
        columns.append(_Column(head=head, cells=shown, numeric=is_numeric(table, name)))
    return _made(columns, [[xml_text(text) for text in c.cells] for c in columns], table.caption)


def word_checklist(checklist: Checklist, headings: dict[str, str]) -> Any:
    """Return a checklist as a ``w:tbl`` element, its places linked."""
    items = checklist.items
    where = [headings.get(item.section or "") or item.elsewhere for item in items]
    columns = [
        _Column(head="Point", cells=[item.point for item in items], numeric=False),
        _Column(head="Asked for", cells=[item.asked for item in items], numeric=False),
        _Column(head="Answer", cells=[item.answer for item in items], numeric=False),
        _Column(head="Where", cells=where, numeric=False),
    ]
    held = [[xml_text(text) for text in column.cells] for column in columns]
    held[-1] = [
        link_text(item.section, place) if item.section in headings else xml_text(place)
        for item, place in zip(items, where, strict=True)
    ]
    return _made(columns, held, checklist.caption)


def _made(columns: list[_Column], held: list[list[str]], caption: str) -> Any:
    """Build the table as one text: element by element, thousands of rows would take minutes."""
    size, widths = _measures(columns)
    sides = ["right" if column.numeric else "left" for column in columns]
    heads = [xml_text(column.head) for column in columns]
    cells = list(zip(*held, strict=True))
    # Each row but the last keeps to the next, so that a short table stays on one page.
    kept = len(cells) - 1 if len(cells) <= _KEPT_TOGETHER else 0
    rows = [_row(heads, widths, sides, size, head=True, kept=True)]
    rows += [_row(row, widths, sides, size, kept=k < kept) for k, row in enumerate(cells)]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    text = f"<w:tbl>{_properties(widths, caption)}<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}"
    return word_element(f"{text}</w:tbl>")


def _measures(columns: list[_Column]) -> tuple[int, list[int]]:
    """Return the size of the letters and the columns' widths: what is left goes to the texts."""
    room = _TEXT_WIDTH - _PADDING * len(columns)
    least = [column.least for column in columns]
    size = max(_SMALLEST, min(_LARGEST, int(room / (_LETTER * sum(least)))))
    spare = max(0.0, room / (_LETTER * size) - sum(least))
    wanted = [max(0, column.widest - column.least) for column in columns]
    share = min(1.0, spare / sum(wanted)) if sum(wanted) else 0.0
    letters = [low + share * more for low, more in zip(least, wanted, strict=True)]
    scale = min(1.1 * _LETTER * size, room / sum(letters))
    return size, [round(scale * count) + _PADDING for count in letters]


def _properties(widths: list[int], caption: str) -> str:
    rules = "".join(_RULE.format(side=side, width=8) for side in ("top", "bottom"))
    margins = "".join(f'<w:{s} w:w="{_PADDING // 2}" w:type="dxa"/>' for s in ("left", "right"))
    return (
        f'<w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{rules}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar>'
        '<w:tblLook w:val="00A0" w:firstRow="1" w:lastRow="0" w:firstColumn="1" w:lastColumn="0" '
        'w:noHBand="1" w:noVBand="1"/>'
        f"<w:tblCaption w:val={quoteattr(readable(caption))}/></w:tblPr>"
    )


def _row(
    cells: Sequence[str],
    widths: list[int],
    sides: list[str],
    size: int,
    *,
    head: bool = False,
    kept: bool,
) -> str:
    kind = "<w:cantSplit/><w:tblHeader/>" if head else "<w:cantSplit/>"
    rule = f"<w:tcBorders>{_RULE.format(side='bottom', width=4)}</w:tcBorders>" if head else ""
    bottom = '<w:vAlign w:val="bottom"/>' if head else ""
    look = f'<w:rPr>{"<w:b/>" if head else ""}<w:sz w:val="{size}"/></w:rPr>'
    made = [
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{rule}{bottom}</w:tcPr><w:p><w:pPr>'
        f'<w:pStyle w:val="TableText"/>{"<w:keepNext/>" if kept else ""}<w:jc w:val="{side}"/>'
        f"</w:pPr>{_content(text, look, size)}</w:p></w:tc>"
        for text, width, side in zip(cells, widths, sides, strict=True)
    ]
    return f"<w:tr><w:trPr>{kind}</w:trPr>{''.join(made)}</w:tr>"


def _content(text: str, look: str, size: int) -> str:
    if text.startswith("<w:hyperlink"):
        return text.replace("</w:rPr>", f'<w:sz w:val="{size}"/></w:rPr>', 1)
    return f'<w:r>{look}<w:t xml:space="preserve">{text}</w:t></w:r>'
