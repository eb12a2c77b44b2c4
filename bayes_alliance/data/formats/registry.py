"""All formats, and which of them a file has: by its content first, then by its suffix."""

from __future__ import annotations

import zipfile

from bayes_alliance.data.formats.columnar import ARROW, PARQUET
from bayes_alliance.data.formats.compression import PACKED_SUFFIXES
from bayes_alliance.data.formats.content import looks_like_text, refuse_what_is_no_table
from bayes_alliance.data.formats.contract import Content, Format
from bayes_alliance.data.formats.statistics_files import (
    SAS,
    SAS_TRANSPORT,
    SPSS,
    SPSS_PORTABLE,
    STATA,
)
from bayes_alliance.data.formats.text import TEXT
from bayes_alliance.data.formats.workbooks import EXCEL, OLD_EXCEL, OPEN_DOCUMENT
from bayes_alliance.data.report import Note
from bayes_alliance.errors import DataError

FORMATS = (
    TEXT,
    EXCEL,
    OLD_EXCEL,
    OPEN_DOCUMENT,
    SPSS,
    SPSS_PORTABLE,
    STATA,
    SAS,
    SAS_TRANSPORT,
    PARQUET,
    ARROW,
)
SUFFIXES = tuple(suffix for own in FORMATS for suffix in own.suffixes)
_HEAD = 4096
# Systems save text under the suffix of a workbook, which Excel opens all the same.
_TEXT_MAY_BE_IN = frozenset({*TEXT.suffixes, ".xls", ".xlsx"})


def is_table_name(name: str) -> bool:
    """Tell whether a file's name is one of a table."""
    lower = name.lower()
    for packed in PACKED_SUFFIXES:
        lower = lower.removesuffix(packed)
    return lower.endswith(SUFFIXES)


def format_of(content: Content) -> tuple[Format, list[Note]]:
    """Return the format of a file, and what is to be said where its name says another.

    Raises
    ------
    DataError
        If it is no table, or of a format that cannot be read.
    """
    by_name = next((own for own in FORMATS if content.suffix in own.suffixes), None)
    head = content.head(_HEAD)
    by_content = next(
        (own for own in FORMATS if own.is_content is not None and own.is_content(head, content)),
        None,
    )
    if by_content is not None:
        other = by_name is not by_content and not _is_bare_zip(content)
        return by_content, [_other_suffix(content, by_content)] if other else []
    refuse_what_is_no_table(content, _members(head, content))
    if by_name is None:
        raise _unsupported(content)
    text = looks_like_text(head)
    if by_name is TEXT:
        if not text:
            raise DataError(
                f"{content.name} was to be read as text.",
                "It is not: it holds bytes that no text has.",
                "Check that it is the right file, and that the export finished.",
                file=content.name,
            )
        return TEXT, []
    if text and head.strip() and content.suffix in _TEXT_MAY_BE_IN:
        return TEXT, [_other_suffix(content, TEXT)]
    raise DataError(
        f"{content.name} was to be read as {by_name.name}.",
        "It is damaged, cut short or not one at all."
        + (" It looks like text." if text and head.strip() else ""),
        "If it is text, rename it to .csv; else copy it again or save the table once more.",
        file=content.name,
    )


def _is_bare_zip(content: Content) -> bool:
    return content.suffix == ".zip"


def _members(head: bytes, content: Content) -> list[str]:
    if not head.startswith(b"PK\x03\x04"):
        return []
    try:
        with content.on_disk() as path:
            return zipfile.ZipFile(path).namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []


def _other_suffix(content: Content, found: Format) -> Note:
    return Note(
        level="fine",
        code="read_other_suffix",
        message=f"{content.name} is {found.name} by its content, whatever its name says, and was "
        "read as one.",
    )


def _unsupported(content: Content) -> DataError:
    return DataError(
        f"{content.name} was to be read as a table.",
        f"Its content is no format that is known, and '{content.suffix}' is no suffix of one."
        if content.suffix
        else "Its content is no format that is known, and its name has no suffix.",
        f"Save it as one of {', '.join(SUFFIXES)}.",
        supported=list(SUFFIXES),
    )
