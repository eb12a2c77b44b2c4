"""Every number of a report as plain data, and the way back to it from each written format."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from bayes_alliance.errors import DataError
from bayes_alliance.report.blocks import Block, Figure, Section, Table
from bayes_alliance.report.received_report import (
    NotAReportError,
    check_package,
    check_report,
    file_bytes,
    strict_json,
)
from bayes_alliance.report.tables import is_numeric

if TYPE_CHECKING:
    from bayes_alliance.report.content import ReportContent

NAME, FORMAT = "bayes_alliance", 1
ELEMENT = "report-data"
WORD_FOLDER, WORD_ELEMENT = "customXml/", "{urn:bayes-alliance:report}report"
_IN_PAGE = f'<script type="application/json" id="{ELEMENT}">'
# What a file raises that is no page, no package and no JSON.
_UNREADABLE = (
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    ElementTree.ParseError,
)


def report_data(content: ReportContent) -> dict[str, Any]:
    """Return what a report shows as plain data that JSON can hold; no number is rounded.

    A table's ``rows`` hold, in the order of its ``columns``, numbers, texts, and None for what is
    missing; an infinite number is the text ``"Infinity"`` or ``"-Infinity"``.
    """
    return {
        "report": NAME,
        "format": FORMAT,
        "title": content.title,
        "subtitle": content.subtitle,
        "level": content.level,
        "notices": [_block_data(notice) for notice in content.notices],
        "conclusions": list(content.conclusions),
        "record": _plain(content.record),
        "sections": [_section_data(section) for section in content.sections],
    }


def write_data(data: dict[str, Any], *, indent: int | None = None) -> str:
    """Write the data as JSON; a number read back is the same to its last digit."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent)


def read_report_data(path: str | Path) -> dict[str, Any]:
    """Read the data of a written report: HTML, Word, Markdown with its folder, or JSON.

    Raises
    ------
    DataError
        If the file cannot be read, or is no report of this package and format.
    """
    place = Path(path)
    asked = f"The data of the report {place} was to be read."
    readers = {".html": _from_page, ".htm": _from_page, ".docx": _from_word}
    readers |= {".md": _from_folder, ".json": _text_of}
    reader = readers.get(place.suffix.lower())
    if reader is None:
        found = f"Its name ends in '{place.suffix}'." if place.suffix else "Its name has no suffix."
        raise DataError(asked, found, f"Give one of {', '.join(readers)}.", path=place)
    try:
        data = strict_json(reader(place))
        _check_ours(data, asked, place)
        check_report(data)
    except OSError as error:
        found = f"The file could not be read: {error.strerror or error}."
        raise DataError(asked, found, _advice(place), path=place) from error
    except NotAReportError as error:
        found = f"It is no report as this package writes them: {error}."
        raise DataError(asked, found, _advice(place), path=place) from error
    except _UNREADABLE as error:
        found = "No data of a report was found in it."
        raise DataError(asked, found, _advice(place), path=place) from error
    return data  # type: ignore[no-any-return]


def data_place(markdown: Path) -> Path:
    """Return where the data of a Markdown report lies: among its figures."""
    return markdown.with_name(f"{markdown.stem}_figures") / "report.json"


def _check_ours(data: Any, asked: str, place: Path) -> None:
    if not isinstance(data, dict) or data.get("report") != NAME:
        found, advice = "It is not a report of bayes_alliance.", "Choose one that is."
    elif data.get("format") != FORMAT:
        found = f"Its format is {data.get('format')}; this version reads format {FORMAT}."
        advice = "Use the version of bayes_alliance that wrote it, which its record names."
    else:
        return
    raise DataError(asked, found, advice, path=place)


def _advice(place: Path) -> str:
    if place.suffix.lower() == ".md":
        return f"Keep {data_place(place).parent.name} beside {place.name}."
    return "Choose a file written by write_report, as it was written."


def _text_of(place: Path) -> str:
    return file_bytes(place).decode("utf-8-sig")


def _from_folder(place: Path) -> str:
    return _text_of(data_place(place))


def _from_page(place: Path) -> str:
    _, opened, rest = _text_of(place).partition(_IN_PAGE)
    text, closed, _ = rest.partition("</script>")
    if not (opened and closed):
        raise KeyError(ELEMENT)
    return text


def _from_word(place: Path) -> str:
    """Look through the parts that Word keeps for others; it may have renamed ours."""
    with zipfile.ZipFile(io.BytesIO(file_bytes(place))) as package:
        check_package(package)
        for name in package.namelist():
            if name.startswith(WORD_FOLDER) and name.endswith(".xml"):
                root = ElementTree.fromstring(package.read(name))
                if root.tag == WORD_ELEMENT:
                    return root.text or ""
    raise KeyError(WORD_ELEMENT)


def _section_data(section: Section) -> dict[str, Any]:
    blocks = [_block_data(block) for block in section.blocks]
    return {"key": section.key, "heading": section.heading, "blocks": blocks}


def _block_data(block: Block) -> dict[str, Any]:
    kind = {"kind": type(block).__name__.lower()}
    if isinstance(block, Table):
        return {**kind, **_table_data(block)}
    if isinstance(block, Figure):
        shown = {"key": block.key, "caption": block.caption, "description": block.description}
        return {**kind, **shown}
    held = asdict(block)
    return {**kind, **{field.name: _plain(held[field.name]) for field in fields(block)}}


def _table_data(table: Table) -> dict[str, Any]:
    columns = [str(column) for column in table.frame.columns]
    values: Iterable[list[Any]] = table.frame.astype(object).to_numpy().tolist()
    rows = zip(table.frame.index, values, strict=True)
    return {
        "caption": table.caption,
        "row_heading": table.row_heading,
        "columns": columns,
        "headings": {name: table.headings.get(name, name) for name in columns},
        "numeric": [str(name) for name in table.frame.columns if is_numeric(table, name)],
        "diagnostics": sorted(table.diagnostics & set(columns)),
        "rows": [{"label": str(label), "values": _plain(cells)} for label, cells in rows],
        "notes": list(table.notes),
    }


def _plain(value: Any) -> Any:
    """Return a value with nothing in it that JSON does not know."""
    if isinstance(value, Mapping):
        return {str(name): _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    value = value.item() if hasattr(value, "item") else value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return plain_number(value)
    import pandas as pd

    return None if pd.isna(value) else str(value)


def plain_number(value: float) -> float | str | None:
    """Return a number as JSON can hold it."""
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
