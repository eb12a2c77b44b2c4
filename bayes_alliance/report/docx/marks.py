"""Parts of Word documents that python-docx has no verb for: marks, links, fields."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from bayes_alliance.report.prose import readable

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_LINK = '<w:color w:val="0B5C94"/><w:u w:val="single"/>'


def xml_text(text: str) -> str:
    """Return a text as XML can hold it."""
    return escape(readable(text))


def word_element(text: str) -> Any:
    """Parse one element whose names begin with ``w:``."""
    from docx.oxml import parse_xml

    head, rest = re.split(r"(?=[\s/>])", text, maxsplit=1)
    return parse_xml(f'{head} xmlns:w="{NAMESPACE}"{rest}')


def mark_name(key: str) -> str:
    """Return the bookmark's name of a section: letters, digits and underscores, 40 at most."""
    return f"s_{re.sub(r'[^0-9A-Za-z]', '_', key)}"[:40]


def add_bookmark(paragraph: Any, key: str, number: int) -> None:
    """Put a bookmark around what a paragraph holds."""
    start = f'<w:bookmarkStart w:id="{number}" w:name="{mark_name(key)}"/>'
    place = 1 if paragraph._p.pPr is not None else 0
    paragraph._p.insert(place, word_element(start))
    paragraph._p.append(word_element(f'<w:bookmarkEnd w:id="{number}"/>'))


def link_text(key: str, text: str) -> str:
    """Return a link to a section's bookmark as XML."""
    run = f'<w:r><w:rPr>{_LINK}</w:rPr><w:t xml:space="preserve">{xml_text(text)}</w:t></w:r>'
    return f'<w:hyperlink w:anchor="{mark_name(key)}" w:history="1">{run}</w:hyperlink>'


def add_field(paragraph: Any, instruction: str, shown: str, *, bold: bool = False) -> None:
    """Add a field with the result that is shown until Word works it out again."""
    style = "<w:rPr><w:b/></w:rPr>" if bold else ""
    run = f"<w:r>{style}<w:t>{xml_text(shown)}</w:t></w:r>"
    code = quoteattr(f" {instruction} ")
    paragraph._p.append(word_element(f"<w:fldSimple w:instr={code}>{run}</w:fldSimple>"))


def add_field_part(
    paragraph: Any, part: str, instruction: str = "", *, first: bool = False
) -> None:
    """Add the beginning or end of a field that spans paragraphs."""
    marks = [f'<w:r><w:fldChar w:fldCharType="{part}"/></w:r>']
    if instruction:
        code = f'<w:instrText xml:space="preserve"> {xml_text(instruction)} </w:instrText>'
        marks += [f"<w:r>{code}</w:r>", '<w:r><w:fldChar w:fldCharType="separate"/></w:r>']
    elements = [word_element(mark) for mark in marks]
    place = 1 if paragraph._p.pPr is not None else 0
    if first:
        for element in reversed(elements):
            paragraph._p.insert(place, element)
    else:
        paragraph._p.extend(elements)
