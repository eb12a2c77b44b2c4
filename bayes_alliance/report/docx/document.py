"""A report as a Word document that its author can go on writing.

Beside the text stand its title, language, page numbers, and the report's data.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bayes_alliance.drawing import WIDTH
from bayes_alliance.report.blocks import (
    Block,
    Checklist,
    Code,
    Equation,
    Facts,
    Figure,
    Heading,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
)
from bayes_alliance.report.content import MANY_ROWS, ReportContent, block_numbers
from bayes_alliance.report.docx.equations import word_equation
from bayes_alliance.report.docx.marks import (
    add_bookmark,
    add_field,
    add_field_part,
    link_text,
    word_element,
    xml_text,
)
from bayes_alliance.report.docx.styles import LANGUAGE, notice_style, set_styles
from bayes_alliance.report.docx.tables import word_checklist, word_table
from bayes_alliance.report.prose import readable
from bayes_alliance.report.report_data import (
    WORD_ELEMENT,
    WORD_FOLDER,
    report_data,
    write_data,
)
from bayes_alliance.report.style import png_of

_LONG = Section(key="long-tables", heading="Long tables", blocks=())
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"


@dataclass(frozen=True, kw_only=True)
class _Writing:
    """A document under way, with what its blocks have to know of one another."""

    document: Any
    numbers: dict[int, int]
    headings: dict[str, str]
    long: list[Table] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)


def render_document(content: ReportContent) -> bytes:
    """Return the document as the bytes of a file."""
    import docx

    headings = {section.key: section.heading for section in content.sections}
    w = _Writing(document=docx.Document(), numbers=block_numbers(content), headings=headings)
    set_styles(w.document)
    set_properties(w.document, content)
    _add(w, content.title, "Title")
    _add(w, content.subtitle, "Subtitle")
    for notice in content.notices:
        _notice(w, notice)
    blocks = [block for section in content.sections for block in section.blocks]
    long = any(isinstance(b, Table) and len(b.frame) > MANY_ROWS for b in blocks)
    sections = (*content.sections, *((_LONG,) if long else ()))
    _contents(w, sections)
    for number, section in enumerate(sections, 1):
        add_bookmark(_add(w, section.heading, "Heading 1"), section.key, number)
        for block in section.blocks:
            _WRITERS[type(block)](w, block)
    for table in w.long:
        _whole_table(w, table)
    add_data(w.document, content)
    stream = io.BytesIO()
    w.document.save(stream)
    return stream.getvalue()


def _add(w: _Writing, text: str, style: str = "Normal") -> Any:
    return w.document.add_paragraph(readable(text), style=style)


def _contents(w: _Writing, sections: tuple[Section, ...]) -> None:
    """Write the contents as links; Word can put page numbers in by bringing it up to date."""
    _add(w, "Contents", "TOC Heading")
    lines = [_add(w, "", "Contents") for _ in sections]
    for line, section in zip(lines, sections, strict=True):
        line._p.append(_linked(section.key, section.heading))
    add_field_part(lines[0], "begin", r'TOC \o "1-1" \h \z \u', first=True)
    add_field_part(lines[-1], "end")


def _linked(key: str, text: str) -> Any:
    return word_element(link_text(key, text))


def _notice(w: _Writing, block: Notice) -> None:
    style = notice_style(block.tone)
    title = _add(w, "", style)
    title.paragraph_format.keep_with_next = True
    title.add_run(readable(block.title)).bold = True
    lines = [_add(w, block.text, style)]
    lines += [_add(w, f"{name}: {value}", style) for name, value in block.facts]
    from docx.shared import Pt

    lines[-1].paragraph_format.space_after = Pt(8)


def _items(w: _Writing, block: Items) -> None:
    for item in block.items:
        _add(w, item, "List Bullet")


def _facts(w: _Writing, block: Facts) -> None:
    for name, value in block.pairs:
        line = _add(w, "", "Fact")
        line.add_run(readable(f"{name}\t")).bold = True
        line.add_run(readable(value))


def _code(w: _Writing, block: Code) -> None:
    label = _add(w, f"{block.label}:")
    label.paragraph_format.keep_with_next = True
    _add(w, block.text, "Program")


def _figure(w: _Writing, block: Figure) -> None:
    from docx.shared import Inches

    run = w.document.add_paragraph(style="Figure").add_run()
    picture = run.add_picture(io.BytesIO(png_of(block)), width=Inches(WIDTH))
    shown = picture._inline.docPr
    shown.set("descr", readable(block.description))
    shown.set("name", f"Figure {w.numbers[id(block)]}")
    _caption(w, "Figure", block, block.caption)


def _equation(w: _Writing, block: Equation) -> None:
    for line in block.lines:
        _add(w, "", "Equation")._p.append(word_equation(line))


def _table(w: _Writing, block: Table) -> None:
    if len(block.frame) <= MANY_ROWS:
        _whole_table(w, block)
        return
    w.long.append(block)
    number, rows = w.numbers[id(block)], f"{len(block.frame):,}"
    line = _add(w, f"Table {number}, {block.caption}, has {rows} rows and stands at the end: ")
    line._p.append(_linked(_LONG.key, _LONG.heading))
    line.add_run(".")


def _whole_table(w: _Writing, block: Table) -> None:
    _caption(w, "Table", block, block.caption)
    _append(w, word_table(block))
    _note(w, " ".join(block.notes))


def _checklist(w: _Writing, block: Checklist) -> None:
    _caption(w, "Table", block, block.caption)
    _append(w, word_checklist(block, w.headings))
    _note(w, "")


def _append(w: _Writing, element: Any) -> None:
    w.document.element.body.insert_element_before(element, "w:sectPr")


def _note(w: _Writing, text: str) -> None:
    """Write what stands below a table; empty, it keeps two tables apart."""
    line = _add(w, "", "Table Note")
    if text:
        line.add_run("Note. ").italic = True
        line.add_run(readable(text))
    else:
        line.paragraph_format.space_before = line.paragraph_format.space_after = 0


def _caption(w: _Writing, kind: str, block: Block, text: str) -> None:
    """Write a caption whose number Word counts itself."""
    number = w.numbers[id(block)]
    # A long table stands at the end under the number of its place in the text.
    jump = "" if number == w.counted.get(kind, 0) + 1 else rf" \r {number}"
    w.counted[kind] = number
    line = _add(w, "", "Caption")
    line.add_run(f"{kind} ").bold = True
    add_field(line, rf"SEQ {kind} \* ARABIC{jump}", f"{number}", bold=True)
    if kind == "Table":
        line.paragraph_format.keep_with_next = True
        line.add_run().add_break()
        line.add_run(readable(text)).italic = True
    else:
        line.add_run(". ").bold = True
        line.add_run(readable(text))


_WRITERS: dict[type, Callable[[_Writing, Any], None]] = {
    Heading: lambda w, block: _add(w, block.text, "Heading 2") and None,
    Paragraph: lambda w, block: _add(w, block.text) and None,
    Items: _items,
    Facts: _facts,
    Code: _code,
    Notice: _notice,
    Figure: _figure,
    Equation: _equation,
    Table: _table,
    Checklist: _checklist,
}


def set_properties(document: Any, content: ReportContent) -> None:
    """Name the document and its language, and number its pages."""
    held = document.core_properties
    held.title, held.subject = readable(content.title)[:255], readable(content.subtitle)[:255]
    held.author, held.comments = "", "Written by bayes_alliance."
    held.language = LANGUAGE
    held.created = held.modified = datetime.now(UTC)
    foot = document.sections[0].footer.paragraphs[0]
    foot.alignment = 1  # in the middle
    add_field(foot, "PAGE", "1")


def add_data(document: Any, content: ReportContent) -> None:
    """Add the report's data as a part that Word keeps and does not show."""
    from docx.opc.part import Part

    namespace, _, name = WORD_ELEMENT[1:].partition("}")
    held = xml_text(write_data(report_data(content)))
    text = f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{namespace}">{held}</{name}>'
    # The template holds a part of its own there.
    place = document.part.package.next_partname(f"/{WORD_FOLDER}item%d.xml")
    part = Part(place, "application/xml", text.encode(), document.part.package)
    document.part.relate_to(part, _RELATION)
