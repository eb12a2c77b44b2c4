"""What a file is by its content, whatever its name says: a format, or what no table is."""

from __future__ import annotations

import codecs
import re

from bayes_alliance.data.formats.contract import Content
from bayes_alliance.errors import DataError

_HEAD = 4096
_AS_WORKBOOK = "Open it in Excel or LibreOffice and save it as .xlsx or .csv."
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# By their first bytes: what it is, and what to do.
_NO_TABLES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", "Ask for the table itself: the page only shows it."),
    (b"\x89PNG", "a picture (PNG)", "Ask for the table itself: the picture only shows it."),
    (b"\xff\xd8\xff", "a picture (JPEG)", "Ask for the table itself: the picture only shows it."),
    (b"GIF8", "a picture (GIF)", "Ask for the table itself: the picture only shows it."),
    (b"II*\x00", "a picture (TIFF)", "Ask for the table itself: the picture only shows it."),
    (b"MM\x00*", "a picture (TIFF)", "Ask for the table itself: the picture only shows it."),
    (b"{\\rtf", "a text document (RTF)", "Copy its table into a workbook and save that."),
    (b"SQLite format 3\x00", "an SQLite database", "Export its table as CSV."),
    (b"RDX", "an R workspace", "Write the table in R as Parquet or CSV."),
    (b"RDA", "an R workspace", "Write the table in R as Parquet or CSV."),
    (b"X\n\x00\x00", "an R object (.rds)", "Write the table in R as Parquet or CSV."),
    (b"\x80\x04\x95", "a Python pickle", "Write the table as Parquet: pickles can run code."),
    (b"\x80\x05\x95", "a Python pickle", "Write the table as Parquet: pickles can run code."),
    (b"\x89HDF", "an HDF5 file", "Export its table as Parquet or CSV."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it first."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"Obj\x01", "an Avro file", "Save the table as Parquet or CSV."),
    (b"ORC", "an ORC file", "Save the table as Parquet or CSV."),
    (b"\x7fELF", "a program", "Choose the file that holds the table."),
    (b"MZ\x90", "a program", "Choose the file that holds the table."),
)
# By the names of members of a zip.
_IN_ZIPS = (
    ("word/", "a Word document", "Copy its table into a workbook and save that."),
    ("ppt/", "a PowerPoint file", "Ask for the table itself."),
    ("Index/", "an Apple Numbers or Pages file", "Export it there as .xlsx or .csv."),
    ("content.xml", "a text document (ODT) or the like", "Copy its table into a workbook."),
)
_MARKUP = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    rb"<(?:!doctype html|html|table|meta|div|head|body|style)",
    re.IGNORECASE | re.DOTALL,
)
_JSON = re.compile(rb"\s*(?:\{\s*\"|\[\s*[\{\[])")
# Signs that no text has.
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def refuse_what_is_no_table(content: Content, members: list[str]) -> None:
    """Refuse what its content shows to be something else than a table; call it what it is.

    Parameters
    ----------
    content
        The bytes.
    members
        Names of what is inside, if it is a zip.

    Raises
    ------
    DataError
        If it is a PDF, a picture, a Word document and the like.
    """
    head = content.head(_HEAD)
    for magic, what, remedy in _NO_TABLES:
        if head.startswith(magic):
            raise _is_a(content, what, remedy)
    if head.startswith(_OLE):
        _refuse_old_office(content)
    for name, what, remedy in _IN_ZIPS:
        if any(member.startswith(name) for member in members):
            raise _is_a(content, what, remedy)
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        raise _is_a(content, "a workbook in Excel's XML of 2003", _AS_WORKBOOK)
    if _MARKUP.match(head.removeprefix(codecs.BOM_UTF8)):
        raise _is_a(content, "a web page (HTML), as some systems save under .xls", _AS_WORKBOOK)
    if _JSON.match(head.removeprefix(codecs.BOM_UTF8)):
        raise _is_a(content, "JSON", "Export the table as CSV, or read it with pandas.read_json.")


def _refuse_old_office(content: Content) -> None:
    """Tell a workbook of before 2007, which can be read, from what has the same first bytes."""
    raw = content.read()
    names = {word: word.encode("utf-16-le") in raw for word in ("EncryptedPackage", "WordDocument")}
    if names["EncryptedPackage"]:
        raise _is_a(content, "a workbook protected by a password", "Save it without the password.")
    if names["WordDocument"]:
        raise _is_a(content, "a Word document of before 2007", "Copy its table into a workbook.")


def is_old_workbook(head: bytes, content: Content) -> bool:
    """Tell whether it is an Excel workbook of before 2007."""
    if not head.startswith(_OLE):
        return False
    raw = content.read()
    return any(word.encode("utf-16-le") in raw for word in ("Workbook", "Book"))


def looks_like_text(head: bytes) -> bool:
    """Tell whether the first bytes may be text, in whatever encoding."""
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_wide(head)
    return wide or not _CONTROL.search(head)


def _is_wide(head: bytes) -> bool:
    """Tell whether every other byte is empty, as in UTF-16 without its mark."""
    even, odd = head[0::2], head[1::2]
    empty = (even.count(0) / max(1, len(even)), odd.count(0) / max(1, len(odd)))
    return max(empty) > 0.4 and min(empty) < 0.05


def _is_a(content: Content, what: str, remedy: str) -> DataError:
    return DataError(
        f"{content.name} was to be read as a table.",
        f"By its content it is {what}.",
        remedy,
        file=content.name,
        is_a=what,
    )
