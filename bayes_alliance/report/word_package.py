"""What stands in a Word file beside its text: title, language, page numbers, the report's data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bayes_alliance.report.report_data import (
    WORD_ELEMENT,
    WORD_FOLDER,
    report_data,
    write_data,
)
from bayes_alliance.report.word_marks import add_field, readable, xml_text
from bayes_alliance.report.word_styles import LANGUAGE

if TYPE_CHECKING:
    from bayes_alliance.report.content import ReportContent

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"


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
