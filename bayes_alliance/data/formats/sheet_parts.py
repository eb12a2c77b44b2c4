"""What is in the XML of a sheet and not in its values: formulas never computed, errors."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.parsers import expat

from bayes_alliance.errors import DataError


@dataclass(frozen=True, kw_only=True)
class SheetFlaws:
    """Cells of a sheet that hold no value though they seem to.

    Parameters
    ----------
    uncomputed
        Cells with a formula whose value was never stored.
    errors
        Cells whose formula went wrong, such as ``#DIV/0!``.
    """

    uncomputed: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def flaws_by_sheet(archive: zipfile.ZipFile) -> dict[str, SheetFlaws]:
    """Look through the sheets of an ``.xlsx``.

    Raises
    ------
    DataError
        If the XML defines entities, as no workbook does and traps do.
    """
    found = {}
    for name, part in _sheets(archive):
        found[name] = _flaws_of(archive.read(part))
    return found


def refuse_entities(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a workbook with a document type: it may unfold to any size, or read other files."""
    for info in archive.infolist():
        if info.filename.endswith((".xml", ".rels")):
            with archive.open(info) as stream:
                if b"<!DOCTYPE" in stream.read(4096).upper():
                    raise DataError(
                        f"{name} was to be read as a workbook.",
                        f"Its part {info.filename} defines entities, which no workbook needs.",
                        "Ask who made it for a copy saved by Excel or LibreOffice.",
                    )


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Give the sheets' names and the parts of the archive that hold them."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError):
        return
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    parts = set(archive.namelist())
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet"):
            key = next((v for k, v in sheet.attrib.items() if k.endswith("}id")), None)
            target = targets.get(key, "")
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            if part in parts:
                yield sheet.get("name", ""), part


class _Look:
    """Follows the cells of a sheet and keeps those without a value."""

    def __init__(self) -> None:
        self.uncomputed: list[str] = []
        self.errors: list[str] = []
        self._cell = ""
        self._formula = self._value = self._wrong = self._inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "c":
            self._cell = attributes.get("r", "")
            self._wrong = attributes.get("t") == "e"
            self._formula = self._value = False
        elif tag == "f":
            self._formula = True
        elif tag in ("v", "t"):
            self._inside = True

    def text(self, data: str) -> None:
        if self._inside and data.strip():
            self._value = True

    def end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag in ("v", "t"):
            self._inside = False
        elif tag == "c":
            if self._wrong:
                self.errors.append(self._cell)
            elif self._formula and not self._value:
                self.uncomputed.append(self._cell)


def _flaws_of(xml: bytes) -> SheetFlaws:
    look = _Look()
    parser = expat.ParserCreate()
    parser.StartElementHandler = look.start
    parser.EndElementHandler = look.end
    parser.CharacterDataHandler = look.text
    try:
        parser.ParseFile(io.BytesIO(xml))
    except expat.ExpatError:  # what cannot be parsed the reader refuses
        return SheetFlaws()
    return SheetFlaws(uncomputed=tuple(look.uncomputed), errors=tuple(look.errors))
