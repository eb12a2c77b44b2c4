"""What a received report may be: its size, its JSON and its shape, checked before it is used.

A report may come by e-mail from anyone. Nothing in it is run, and no path in it is opened.
"""

from __future__ import annotations

import json
import math
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import accumulate
from pathlib import Path
from typing import Any, NoReturn

from bayes_alliance.model.record import Question
from bayes_alliance.sampling.settings import Settings

MOST_BYTES = 64_000_000  # of a report, or of one of its files
_MOST_VALUES = 5_000_000  # of its data, and elements of a part of a Word document
_MOST_DIGITS = 18  # of a whole number
_MOST_LEVELS = 40  # of lists within lists
_MOST_MEMBERS, _MOST_UNPACKED = 5_000, 256_000_000  # of a Word document
_LONGEST_FORMULAS, _MOST_BRACES = 200_000, 50  # letters in all, and levels of one
_BRACE = re.compile(r"\\.|[{}]")  # one with a stroke before it is a letter
_LONGEST, _LONGEST_NAME = 10_000, 1_000  # letters of a text, and of a name, in the record


class NotAReportError(Exception):
    """A file is no report as this package writes them; the text says what it is instead."""


def file_bytes(place: Path) -> bytes:
    """Return what a file holds, if it is one and no larger than a report can be.

    Raises
    ------
    OSError
        If it cannot be read.
    NotAReportError
        If it is a folder, a device or a pipe, or too large.
    """
    found = place.stat()
    _need(stat.S_ISREG(found.st_mode), "it is no file")
    _need(
        found.st_size <= MOST_BYTES, f"it has {found.st_size:,} bytes; {MOST_BYTES:,} is the most"
    )
    return place.read_bytes()


def check_package(package: zipfile.ZipFile) -> None:
    """Refuse a Word document that unpacks to more than one can hold, or whose parts come twice.

    Raises
    ------
    NotAReportError
        If it is so.
    """
    members = package.infolist()
    _need(len(members) <= _MOST_MEMBERS, "it has too many parts")
    _need(len({own.filename for own in members}) == len(members), "one of its parts comes twice")
    _need(sum(own.file_size for own in members) <= _MOST_UNPACKED, "it unpacks to too much")
    for own in members:
        if own.filename.endswith((".xml", ".rels")):
            content = package.read(own)
            _need(content.count(b"<") <= _MOST_VALUES, "one of its parts has too many elements")
            _need(b"<!DOCTYPE" not in content, "one of its parts declares a type of its own")


def strict_json(text: str) -> Any:
    """Read JSON as this package writes it.

    Raises
    ------
    ValueError
        If it is no JSON.
    NotAReportError
        For more values or levels than a report has, a name that comes twice, and numbers and
        letters that JSON, or a file, cannot hold.
    """
    values = sum(map(text.count, ",[{"))
    _need(values <= _MOST_VALUES, f"it holds {values:,} values; {_MOST_VALUES:,} is the most")
    try:
        data = json.loads(
            text,
            object_pairs_hook=_each_once,
            parse_constant=_refused,
            parse_int=_whole,
            parse_float=_finite,
        )
    except RecursionError as error:
        raise NotAReportError("its lists lie too deep in one another") from error
    level, depth = [data], 0
    while level:
        depth += 1
        _need(depth <= _MOST_LEVELS, "its lists lie too deep in one another")
        for value in level:
            if isinstance(value, str) and not value.isascii():
                _need(not any("\ud800" <= c <= "\udfff" for c in value), "a text has half a letter")
        level = [inner for value in level for inner in _inside(value)]
    return data


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else ()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    _need(len(found) == len(pairs), "a name in it comes twice")
    return found


def _refused(word: str) -> NoReturn:
    raise NotAReportError(f"{word} is no number that a report writes")


def _whole(digits: str) -> int:
    _need(len(digits) <= _MOST_DIGITS, "a number in it is too long")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    _need(math.isfinite(value), "a number in it is too large")
    return value


@dataclass(frozen=True)
class _Each:
    """A mapping of names to values of one shape."""

    of: Any


@dataclass(frozen=True)
class _Of:
    """One of some values."""

    values: frozenset[str]


@dataclass(frozen=True)
class _Text:
    """A text of so many letters at most."""

    most: int


_TEXT, _NAME = _Text(_LONGEST), _Text(_LONGEST_NAME)
_NONE, _SCALAR = type(None), (int, float, str, bool, type(None))
_PAIRS = [(str, str)]
_NOTICE = {
    "tone": _Of(frozenset({"fine", "note", "caution", "bad"})), "title": str, "text": str,
    "facts": _PAIRS,
}  # fmt: skip
_BLOCKS: Mapping[str, Any] = {
    "heading": {"text": str},
    "paragraph": {"text": str},
    "items": {"items": [str]},
    "facts": {"pairs": _PAIRS},
    "code": {"text": str, "label": str},
    "notice": _NOTICE,
    "table": {
        "caption": str, "row_heading": str, "columns": [str], "headings": _Each(str),
        "rows": [{"label": str, "values": [_SCALAR]}], "notes": [str], "numeric?": [str],
        "diagnostics?": [str],
    },
    "figure": {"key": str, "caption": str, "description": str},
    "equation": {"lines": [str], "words": str},
    "checklist": {
        "caption": str,
        "items": [{"point": str, "asked": str, "answer": str, "section": (str, _NONE)}],
    },
}  # fmt: skip
_REPORT = {
    "report": str, "format": int, "title": str, "subtitle": str,
    "level": _NOTICE["tone"], "notices": [_NOTICE | {"kind": str}], "conclusions": [str],
    "record": dict, "sections": [{"key": str, "heading": str, "blocks": [dict]}],
}  # fmt: skip
_SETTINGS = {field.name: {"str": _NAME, "int": int, "bool": bool}.get(str(field.type), (int, float))
             for field in fields(Settings)}  # fmt: skip
_DATA = {
    "rows_in_table": int, "rows_used": int, "missing": _Each(int), "columns": [_NAME],
    "fingerprint": (_NAME, _NONE), "fingerprint_by_column": _Each(str),
    "learnt_sha256": (_NAME, _NONE), "source": (_TEXT, _NONE), "simulated?": bool,
    "example": (_NAME, _NONE), "streamed_from": (_NAME, _NONE),
    "read_as": (
        {"file": _NAME, "rows": int, "encoding": _NAME, "missing": (dict, list, *_SCALAR),
         "separator": (_NAME, _NONE), "decimal": _NAME},
        _NONE,
    ),
}  # fmt: skip
_RUN = {
    "formula": (_TEXT, [_TEXT]), "family": _NAME, "link": _NAME, "priors": _Each(_TEXT),
    "priors_chosen": [_NAME], "centring": _Each(_NAME),
    "question": {field.name: _TEXT for field in fields(Question)}, "settings": _SETTINGS,
    "versions": _Each(_NAME), "interrupted": bool, "draws": int, "draws_sha256": _NAME,
    "data": _DATA, "held?": bool,
}  # fmt: skip
_RECORD = _RUN | {
    "record_format": int, "title": (_TEXT, _NONE), "asked?": (_TEXT, _NONE), "names?": [_NAME],
    "anonymise?": bool, "called?": [_NAME], "place?": _Of(frozenset({"python", "command line"})),
    "report_versions": _Each(_NAME), "written_with?": _Each(_NAME), "others": [_RUN],
}  # fmt: skip


def check_report(data: Mapping[str, Any]) -> None:
    """Refuse data that no report of this format has.

    Raises
    ------
    NotAReportError
        If it is so.
    """
    _need(_fits(data, _REPORT), "its data are not those of a report")
    blocks = [block for section in data["sections"] for block in section["blocks"]]
    for block in blocks:
        kind = block.get("kind")
        _need(isinstance(kind, str) and kind in _BLOCKS, "it has a block of another kind")
        _need(_fits(block, _BLOCKS[kind] | {"kind": str}), f"one of its blocks is no {kind}")
        _need(kind != "table" or _is_table(block), "one of its tables has other columns than rows")
    lines = [line for own in blocks if own["kind"] == "equation" for line in own["lines"]]
    _need(sum(map(len, lines)) <= _LONGEST_FORMULAS, "its formulas are too long")
    _need(max(map(_depth, lines), default=0) <= _MOST_BRACES, "its formulas lie too deep")
    keys = Counter(section["key"] for section in data["sections"])
    keys.update(f"figure {block['key']}" for block in blocks if block["kind"] == "figure")
    _need(not keys or max(keys.values()) == 1, "a section or figure in it comes twice")


def _depth(line: str) -> int:
    """Return how deep the braces of a line of LaTeX lie in one another."""
    braces = [1 if sign == "{" else -1 for sign in _BRACE.findall(line) if len(sign) == 1]
    return max(accumulate(braces), default=0)


def check_record(record: Mapping[str, Any]) -> None:
    """Refuse a record of a run that no report of this format has.

    Raises
    ------
    NotAReportError
        If it is so.
    """
    _need(_fits(record, _RECORD), "its record is not that of a run")
    for run in (record, *record["others"]):
        _need(len(run["formula"]) <= _LONGEST, "its model has too many formulas")
        _need(sum(map(len, run["formula"])) <= _LONGEST, "its formulas are too long")
    called = record.get("called")
    fits = 1 + len(record["others"])
    _need(not called or len(set(called)) == len(called) == fits, "it names other fits than it has")


def _is_table(block: Mapping[str, Any]) -> bool:
    columns = block["columns"]
    numeric = [columns.index(name) for name in block.get("numeric", ()) if name in columns]
    numbers = ("Infinity", "-Infinity")
    return len(set(columns)) == len(columns) and all(
        len(row["values"]) == len(columns)
        and all(_is_number(row["values"][k]) or row["values"][k] in numbers for k in numeric)
        for row in block["rows"]
    )


def _is_number(value: Any) -> bool:
    return value is None or type(value) in (int, float)


def _fits(value: Any, shape: Any) -> bool:
    """Tell whether a value has a shape: a type, several, a list of one, or names with theirs."""
    match shape:
        case type():
            return type(value) is shape
        case _Text():
            return type(value) is str and len(value) <= shape.most
        case _Of():
            return type(value) is str and value in shape.values
        case _Each():
            return type(value) is dict and all(_fits(own, shape.of) for own in value.values())
        case list():
            return type(value) is list and all(_fits(own, shape[0]) for own in value)
        case dict():
            return type(value) is dict and _has(value, shape)
        case _ if shape == (str, str):  # a name with its value
            return type(value) is list and len(value) == 2 and all(type(v) is str for v in value)
        case _:
            return any(_fits(value, one) for one in shape)


def _has(value: Mapping[str, Any], shape: Mapping[str, Any]) -> bool:
    """Tell whether all names are there; those with a question mark may be missing."""
    known = {name.removesuffix("?") for name in shape}
    return value.keys() <= known and all(
        _fits(value[name.removesuffix("?")], own)
        if name.removesuffix("?") in value
        else name.endswith("?")
        for name, own in shape.items()
    )


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotAReportError(otherwise)
