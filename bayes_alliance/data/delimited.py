"""Text tables (CSV, TSV): decoded, split and checked line by line, then typed."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_alliance.data.columns import TypedColumn, typed_column
from bayes_alliance.data.headers import clean_header
from bayes_alliance.data.missing_codes import Missing, codes_by_column
from bayes_alliance.data.provenance import AS_WRITTEN, NUMBERS_AS_TEXT
from bayes_alliance.errors import Advice, DataError, listed

_SEPARATORS = {";": "';'", "\t": r"'\t'", ",": "','", "|": "'|'"}
_DECIMAL_COMMA = re.compile(r"(?<![\d,])\d+,\d+(?![\d,])")

type Line = tuple[int, list[str]]


def read_delimited(
    path: Path, *, encoding: str, missing: Missing, separator: str, decimal: str
) -> pd.DataFrame:
    """Read a text table; every way it can be malformed is a DataError with the line."""
    text = _decoded(path, encoding)
    lines = _split(text, path.name, separator)
    if not lines:
        raise DataError(
            f"A table was to be read from {path.name}.",
            "The file is empty.",
            "Save the table again, with the column names in the first line.",
            file=path.name,
        )
    (_, first), rows = lines[0], lines[1:]
    _check_separator(first, text, path.name, separator)
    header = clean_header(first, file=path.name)
    _check_rows(rows, header, path.name)
    codes = codes_by_column(missing, header)
    cells = zip(*(row for _, row in rows), strict=True)
    typed = {
        name: typed_column(column, codes=codes[name], decimal=decimal)
        for name, column in zip(header, cells, strict=True)
    }
    table = pd.DataFrame({name: column.values for name, column in typed.items()})
    table.attrs |= _as_written(typed)
    return table


def _as_written(typed: Mapping[str, TypedColumn]) -> dict[str, Any]:
    """Return what the table remembers of the texts of its numbers: ids among them are texts."""
    return {
        AS_WRITTEN: {n: dict(c.written) for n, c in typed.items() if c.written},
        NUMBERS_AS_TEXT: {n: list(c.one_number) for n, c in typed.items() if c.one_number},
    }


def _decoded(path: Path, encoding: str) -> str:
    raw = path.read_bytes()
    if path.suffix.lower() == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"{path.name} was to be read as a gzip file.",
                "It is damaged, cut short or not compressed at all.",
                "Copy it again, or unpack it and read the unpacked file.",
                file=path.name,
            ) from error
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise DataError(
            f"{path.name} was to be read with the encoding '{encoding}'.",
            "Python knows no encoding of that name.",
            "Use 'utf-8', 'cp1252' (Windows, western Europe) or 'utf-16' (Excel's Unicode text).",
            encoding=encoding,
        ) from error
    except UnicodeError as error:
        raise _not_decodable(raw, error, path.name, encoding) from error


def _not_decodable(raw: bytes, error: UnicodeError, file: str, encoding: str) -> DataError:
    byte = error.start if isinstance(error, UnicodeDecodeError) else 0
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    instead = "utf-16" if wide else "cp1252"
    if instead == encoding.lower():
        instead = "utf-8"
    line = raw.count(b"\n", 0, byte) + 1
    return DataError(
        f"{file} was to be read as {encoding} text.",
        f"It is not: byte {byte} (line {line}) does not fit.",
        Advice(
            python=f'Try encoding="{instead}", or save the file as UTF-8.',
            command_line=f"Try --encoding {instead}, or save the file as UTF-8.",
        ),
        byte=byte,
        line=line,
        suggestion=instead,
    )


def _split(text: str, file: str, separator: str) -> list[Line]:
    """Split into (line number, cells), leaving blank lines out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [
            (reader.line_num, row) for row in reader if row and (len(row) > 1 or row[0].strip())
        ]
    except csv.Error as error:
        raise DataError(
            f"{file} was to be split into columns.",
            f"Line {reader.line_num} has quotation marks that do not pair up ({error}).",
            "Correct that line: a quotation mark inside a quoted value is written twice.",
            line=reader.line_num,
        ) from error


def _check_separator(first: list[str], text: str, file: str, separator: str) -> None:
    others = [mark for mark in _SEPARATORS if mark != separator and mark in first[0]]
    if len(first) > 1 or not others:
        return
    shown = _SEPARATORS[others[0]]
    body = text.partition("\n")[2]
    comma = ', decimal=","' if others[0] != "," and _DECIMAL_COMMA.search(body) else ""
    typed = "$'\\t'" if others[0] == "\t" else f"'{others[0]}'"
    raise DataError(
        f"{file} was to be split at {_SEPARATORS.get(separator, repr(separator))}.",
        f"It arrives as one column, called '{first[0]}'.",
        Advice(
            python=f"Read it with separator={shown}{comma}.",
            command_line=f"Read it with --separator {typed}{' --decimal ,' if comma else ''}.",
        ),
        separator=others[0],
    )


def _check_rows(rows: list[Line], header: list[str], file: str) -> None:
    if not rows:
        raise DataError(
            f"Rows were to be read from {file}.",
            f"It has a header ({listed(header)}) and no rows.",
            "Check that the export finished and that it is the right file.",
            columns=header,
        )
    ragged = [(line, len(row)) for line, row in rows if len(row) != len(header)]
    if not ragged:
        return
    where = listed(f"line {line} has {count}" for line, count in ragged)
    row_names = len(ragged) == len(rows) and {n for _, n in ragged} == {len(header) + 1}
    raise DataError(
        f"Every line of {file} should have {len(header)} values, as its header has.",
        f"{len(ragged)} do not: {where}.",
        "Every row begins with a row name: save the table without row names."
        if row_names
        else "Correct those lines: often a value holds the separator and is not in quotes.",
        lines=[line for line, _ in ragged],
    )
