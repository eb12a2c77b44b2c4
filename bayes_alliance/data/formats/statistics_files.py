"""Files of SPSS, Stata and SAS: values, and what they say of their variables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.data.codebooks.record import Codebook, MeasurementLevel, Variable
from bayes_alliance.data.formats.contract import Content, Format, Found, Request
from bayes_alliance.data.formats.isolation import need, read_apart
from bayes_alliance.data.formats.statistics_dates import dates_of
from bayes_alliance.data.formats.structure import (
    DamagedError,
    check_spss_structure,
    check_stata_structure,
)
from bayes_alliance.data.headers import clean_header
from bayes_alliance.data.labels import id_label
from bayes_alliance.data.report import Note
from bayes_alliance.errors import DataError, counted

_SAVE_AGAIN = "Copy it again, or save it once more with the program that wrote it."
_LARGEST_EXACT = 2**53
_LEVELS: Mapping[str, MeasurementLevel] = {
    "nominal": "nominal",
    "ordinal": "ordinal",
    "scale": "scale",
}
_PORTABLE_LINE = 80


def _read(
    content: Content,
    request: Request,
    *,
    named: str,
    reader: str,
    check: Callable[[bytes], None] | None = None,
) -> Found:
    need("pyreadstat", content.name)
    if check is not None:
        try:
            check(content.read())
        except DamagedError as error:
            raise DataError(
                f"{content.name} was to be read as {named}.",
                f"It is damaged or cut short: {error}.",
                _SAVE_AGAIN,
                file=content.name,
            ) from error
    return read_apart(
        content,
        "columns",
        partial(_found, content=content, request=request, program=reader.removeprefix("read_")),
        named=named,
        save_again=_SAVE_AGAIN,
        reader=reader,
        encoding=request.encoding,
    )


def _found(
    about: dict[str, Any], folder: Path, *, content: Content, request: Request, program: str
) -> Found:
    """Make the table of what the reading process left."""
    from pyarrow import OSFile, ipc

    with OSFile(str(folder / "values.arrow"), "rb") as source:
        arrow = ipc.open_file(source).read_all()
    header = clean_header(about["names"], file=content.name)
    codes = request.codes(header.names)
    columns: dict[str, pd.Series] = {}
    beyond: list[str] = []
    for place, (name, own) in enumerate(zip(header.names, about["names"], strict=True)):
        values = arrow.column(place).to_pandas()
        column, lost = _column(values, about["formats"].get(own) or "", program)
        if lost:
            beyond.append(f"{name} in {counted(lost, 'row')}")
        columns[name] = codes[name].blank_out(column)
    return Found(
        table=pd.DataFrame(columns, index=range(arrow.num_rows)),
        notes=[*header.notes, *_beyond_calendar(beyond), *_letters(about, header.names)],
        codebook=_codebook(about, header.names, content.name),
        read_as={"encoding": request.encoding} if request.encoding else {},
    )


def _column(values: pd.Series, form: str, program: str) -> tuple[pd.Series, int]:
    """Return a column as what it is, and how many of its dates no calendar has."""
    if not pd.api.types.is_numeric_dtype(values):
        texts = values.astype("str")
        return texts.mask(texts.str.strip() == ""), 0
    dates = dates_of(values.to_numpy(dtype="float64"), form, program)
    if dates is not None:
        return dates
    numbers = values.to_numpy(dtype="float64")
    whole = len(numbers) > 0 and np.isfinite(numbers).all() and (numbers == np.round(numbers)).all()
    if whole and np.abs(numbers).max() <= _LARGEST_EXACT:
        return pd.Series(numbers.astype("int64")), 0
    return pd.Series(numbers), 0


def _codebook(about: dict[str, Any], names: list[str], file: str) -> Codebook:
    variables = []
    for name, own in zip(names, about["names"], strict=True):
        ranges = about["ranges"].get(own, [])
        single = [low for low, high in ranges if low == high]
        letters = about["letters"].get(own, {})
        variables.append(
            Variable(
                name=name,
                label=(about["labels"].get(own) or "").strip(),
                values=_value_labels(about, own),
                missing=(*map(_code, single), *(f".{c}" for c in sorted(letters))),
                missing_ranges=tuple(
                    (_end(low, -math.inf), _end(high, math.inf))
                    for low, high in ranges
                    if low != high and not isinstance(low, str)
                ),
                level=_LEVELS.get(about["levels"].get(own, ""), ""),
            )
        )
    return Codebook(variables=tuple(variables), source=file)


def _value_labels(about: dict[str, Any], own: str) -> dict[str, str]:
    """Return the labels by code, numbers by size; a letter of a column of numbers has a point."""
    text = about["kinds"].get(own) == "string"
    pairs = about["values"].get(own, [])
    named = sorted((v, w) for v, w in pairs if not isinstance(v, str))
    letters = [(v if text else f".{v}", w) for v, w in pairs if isinstance(v, str)]
    return {_code(value): str(label).strip() for value, label in [*named, *sorted(letters)]}


def _code(value: float | str) -> str:
    return value.strip() if isinstance(value, str) else id_label(value)


def _end(value: float, infinite: float) -> float:
    """Return an end of a range; SPSS writes LOWEST and HIGHEST as the largest number."""
    return infinite if abs(value) > 1e307 else float(value)


def _letters(about: dict[str, Any], names: list[str]) -> list[Note]:
    """Say which of Stata's or SAS's own missing values there are."""
    told = []
    for name, own in zip(names, about["names"], strict=True):
        labels = _value_labels(about, own)
        for letter, rows in sorted(about["letters"].get(own, {}).items()):
            label = labels.get(f".{letter}", "")
            words = f" ({label})" if label else ""
            told.append(f"{name} is .{letter}{words} in {counted(rows, 'row')}")
    if not told:
        return []
    return [
        Note(
            level="fine",
            code="read_missing_letters",
            message=f"Missing values of several kinds are all missing: {'; '.join(told)}.",
        )
    ]


def _beyond_calendar(told: list[str]) -> list[Note]:
    if not told:
        return []
    return [
        Note(
            level="caution",
            code="read_impossible_dates",
            message=f"Dates that no calendar has are missing: {'; '.join(told)}.",
            remedy="Correct them in the file.",
        )
    ]


def _check_portable(raw: bytes) -> None:
    """Refuse a portable file with lines of another length: a sign was lost or added."""
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    whole = [line for line in lines if line]
    short = [line for line in whole[:-1] if len(line) != _PORTABLE_LINE]
    if len(whole) > 1 and 0 < len(short) < len(whole) / 10:
        raise DamagedError("signs are missing in a line, or there are too many")
    if not raw.rstrip().endswith(b"Z"):
        raise DamagedError("it does not end as such a file does")


def _check_transport(raw: bytes) -> None:
    if len(raw) % 80:
        raise DamagedError("it is not made of records of 80 bytes, as such files are")


_OLD_STATA = range(104, 116)
_SAS = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")


def _is_stata(head: bytes, content: Content) -> bool:
    old = len(head) > 2 and head[0] in _OLD_STATA and head[1] in (1, 2) and head[2] == 1
    return head.startswith(b"<stata_dta>") or old


SPSS = Format(
    name="an SPSS file",
    suffixes=(".sav", ".zsav"),
    is_content=lambda head, content: head.startswith((b"$FL2", b"$FL3")),
    read=partial(_read, named="an SPSS file", reader="read_sav", check=check_spss_structure),
    save_again=_SAVE_AGAIN,
)
SPSS_PORTABLE = Format(
    name="a portable SPSS file",
    suffixes=(".por",),
    is_content=lambda head, content: (
        b"SPSSPORT" in head[:600].replace(b"\r\n", b"").replace(b"\n", b"")
    ),
    read=partial(_read, named="a portable SPSS file", reader="read_por", check=_check_portable),
    save_again=_SAVE_AGAIN,
)
STATA = Format(
    name="a Stata file",
    suffixes=(".dta",),
    is_content=_is_stata,
    read=partial(_read, named="a Stata file", reader="read_dta", check=check_stata_structure),
    save_again=_SAVE_AGAIN,
)
SAS = Format(
    name="a SAS file",
    suffixes=(".sas7bdat",),
    is_content=lambda head, content: head.startswith(_SAS),
    read=partial(_read, named="a SAS file", reader="read_sas7bdat"),
    save_again=_SAVE_AGAIN,
)
SAS_TRANSPORT = Format(
    name="a SAS transport file",
    suffixes=(".xpt", ".xport"),
    is_content=lambda head, content: head.startswith(b"HEADER RECORD*******LIB"),
    read=partial(_read, named="a SAS transport file", reader="read_xport", check=_check_transport),
    save_again=_SAVE_AGAIN,
)
