"""What a Word document shows: its paragraphs, cells, heads and feet as lines, and its pictures."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bayes_alliance.report.word_marks import NAMESPACE

_W = f"{{{NAMESPACE}}}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DRAWN = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_MAIN = "word/document.xml"
_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
_BETWEEN = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n"}
# What shows something else than the words it holds, or nothing of them.
_MARKED = {
    f"{_W}vanish": "[hidden]",
    f"{_W}altChunk": "[another document]",
    f"{_W}object": "[an object]",
    f"{_W}del": "[deleted]",
    f"{_W}ins": "[inserted]",
}


def word_text(file: IO[bytes]) -> list[str]:
    """Return every line that a document shows, in order."""
    lines: list[str] = []
    with zipfile.ZipFile(file) as package:
        for name in sorted(filter(_PARTS.fullmatch, package.namelist()), key=_main_first):
            lines += _lines(ElementTree.fromstring(package.read(name)))
    # Word leaves empty paragraphs where it likes.
    return [line for line in lines if line]


def word_pictures(file: IO[bytes]) -> list[bytes]:
    """Return the pictures of a document in the order they are shown."""
    with zipfile.ZipFile(file) as package:
        relations = ElementTree.fromstring(package.read("word/_rels/document.xml.rels"))
        targets = {own.get("Id"): own.get("Target", "") for own in relations}
        root = ElementTree.fromstring(package.read(_MAIN))
        shown = [element.get(f"{_R}embed") for element in root.iter(f"{_A}blip")]
        held = set(package.namelist())
        names = [f"word/{targets.get(own, '')}" for own in shown]
        return [package.read(name) if name in held else b"" for name in names]


def _main_first(name: str) -> tuple[bool, str]:
    return name != _MAIN, name


def _lines(root: Element) -> Iterator[str]:
    """Return the text of each paragraph; a word is in no paragraph but its own."""
    pieces: list[str] = []
    for element in root.iter():
        if element.tag == f"{_W}p":
            yield " ".join("".join(pieces).split())
            pieces = []
        elif element.tag in (f"{_W}t", f"{_M}t"):
            pieces.append(element.text or "")
        elif element.tag == _DRAWN:
            pieces.append(f"[{element.get('descr', '')}]")
        else:
            pieces.append(_BETWEEN.get(element.tag) or _MARKED.get(element.tag, ""))
    yield " ".join("".join(pieces).split())
