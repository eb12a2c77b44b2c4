"""All that a reader of a page or of a Word document is told, whatever elements it stands in."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import IO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bayes_alliance.report.docx.marks import NAMESPACE

_DRAWING = "svg"
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


@dataclass(frozen=True, kw_only=True)
class PageWords:
    """What a page tells, in order, and the kinds of elements it is made of.

    Parameters
    ----------
    told
        Words, attributes, scripts and styles; of a drawing only that there is one.
    kinds
        Names of the elements.
    """

    told: tuple[str, ...]
    kinds: frozenset[str]


def same_words(shown: str, meant: str) -> bool:
    """Tell whether a page tells what it should, though its elements and spaces be others.

    An attribute or a style can hide a word, a script can change it, and an element of another kind
    can show a picture of one: where any of them differs, so does what is told.
    """
    ours, theirs = page_words(meant), page_words(shown)
    return ours.told == theirs.told and theirs.kinds <= ours.kinds


def page_words(page: str) -> PageWords:
    """Return all that a page tells."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return PageWords(told=tuple(reader.told), kinds=frozenset(reader.kinds))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.told: list[str] = []
        self.kinds: set[str] = set()
        self.depth = 0  # of drawings in one another

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth:
            self.depth += tag == _DRAWING
            return
        self.kinds.add(tag)
        self.told += [f"[{name}={value}]" for name, value in attrs if tag != _DRAWING]
        if tag == _DRAWING:
            self.told.append("[drawing]")
            self.depth = 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == _DRAWING and self.depth:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.told += data.split()

    def handle_comment(self, data: str) -> None:
        self.told.append(f"[comment {data}]")

    def handle_decl(self, decl: str) -> None:
        self.told.append(f"[{decl}]")

    def handle_pi(self, data: str) -> None:
        self.told.append(f"[{data}]")

    def unknown_decl(self, data: str) -> None:
        self.told.append(f"[{data}]")


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
