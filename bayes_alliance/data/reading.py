"""The verb that turns a file into a table: text, decoded, split and checked, or typed columns."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_alliance.data.columns import TypedColumn, ordinary_column, typed_column
from bayes_alliance.data.missing_codes import Missing, codes_by_column
from bayes_alliance.data.provenance import (
    AS_WRITTEN,
    LOST_CATEGORIES,
    NUMBERS_AS_TEXT,
    READ_AS,
    lost_categories,
    plain_codes,
)
from bayes_alliance.errors import Advice, DataError, did_you_mean, listed

_SEPARATORS = {";": "';'", "\t": r"'\t'", ",": "','", "|": "'|'"}
_DECIMAL_COMMA = re.compile(r"(?<![\d,])\d+,\d+(?![\d,])")
type Line = tuple[int, list[str]]


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """What the user said about the file."""

    encoding: str
    missing: Missing
    separator: str | None
    decimal: str


def _read_text(path: Path, reading: _Reading, *, separator: str) -> pd.DataFrame:
    return read_delimited(
        path,
        encoding=reading.encoding,
        missing=reading.missing,
        separator=reading.separator or separator,
        decimal=reading.decimal,
    )


def _read_parquet(path: Path, reading: _Reading) -> pd.DataFrame:
    """Read Parquet; its gaps are its own, so only the user's codes are added to them."""
    from pyarrow import ArrowException, parquet, types

    try:
        arrow = parquet.read_table(path, partitioning=None)
    except (ArrowException, OSError) as error:
        raise DataError(
            f"{path.name} was to be read as a Parquet file.",
            "It is damaged, cut short or not Parquet at all.",
            "Copy it again, or save the table as CSV.",
            file=path.name,
        ) from error
    # A filtered pandas table stores its old row numbers: they are no data.
    fields = [
        position
        for position, field in enumerate(arrow.schema)
        if not (field.name.startswith("__index_level_") and types.is_integer(field.type))
    ]
    arrow = arrow.select(fields)
    names = clean_header(arrow.column_names, file=path.name)
    table = arrow.rename_columns(names).to_pandas(ignore_metadata=True)
    codes = codes_by_column(reading.missing, table.columns)
    found = pd.DataFrame(
        {name: codes[name].blank_out(ordinary_column(table[name])) for name in table.columns}
    )
    lost = lost_categories(arrow.schema)
    own = zip(names, arrow.column_names, strict=True)
    found.attrs[LOST_CATEGORIES] = [name for name, written in own if written in lost]
    return found


_READERS: Mapping[str, Callable[[Path, _Reading], pd.DataFrame]] = {
    ".csv": partial(_read_text, separator=","),
    ".csv.gz": partial(_read_text, separator=","),
    ".tsv": partial(_read_text, separator="\t"),
    ".tsv.gz": partial(_read_text, separator="\t"),
    ".txt": partial(_read_text, separator="\t"),
    ".txt.gz": partial(_read_text, separator="\t"),
    ".parquet": _read_parquet,
}


def read_table(
    path: str | Path,
    *,
    encoding: str = "utf-8",
    missing: Missing = (),
    separator: str | None = None,
    decimal: str = ".",
) -> pd.DataFrame:
    r"""Read a table of clients from a file; the suffix says what it is.

    Ids are never changed: text is kept to the letter, and a column with leading zeros (``007``)
    or with whole numbers too long to be exact stays text. So does a column of numbers in which
    two texts are one number (``3.1`` and ``3.10``): ``attrs["numbers_as_text"]`` names it, and a
    model takes it as numbers where it is an outcome or a predictor and as ids where it names
    groups. Blanks around a number do not count, nor does the sign of ``-0.0``.

    Parameters
    ----------
    path : str or Path
        A ``.csv``, ``.tsv``, ``.txt`` (tab-separated; each also as ``.gz``) or ``.parquet`` file.
    encoding : str
        How the text was saved. A byte order mark is accepted.
    missing : code, sequence of codes, or mapping of column to codes
        Values that mean "no answer" in this study, such as ``(-99, "refused")``. In text files an
        empty cell, ``NA``, ``N/A``, ``#N/A``, ``NaN``, ``nan``, ``NULL`` and ``.`` always do. A
        mapping limits codes to the columns it names.
    separator : str, optional
        What stands between two values of a text file. By default a comma for ``.csv``, a tab for
        ``.tsv`` and ``.txt``.
    decimal : {".", ","}
        The decimal mark of a text file.

    Returns
    -------
    pandas.DataFrame
        Numbers and truth values as NumPy columns, text as ``str``, categories of a Parquet file
        in their order. Whole numbers and truth values with gaps become floats, a gap being NaN.
        ``attrs["read_as"]`` says how it was read, ``attrs["as_written"]`` how the file writes ids
        that are numbers (``3.10``).

    Raises
    ------
    DataError
        If there is no such file, its type is not supported, or it is not one well-formed table.

    Examples
    --------
    >>> clients = read_table("clients.csv", missing={"stigma": -99})  # doctest: +SKIP
    """
    path = Path(path)
    _check_marks(separator, decimal)
    _check_is_file(path)
    name = path.name.lower()
    reader = next((_READERS[suffix] for suffix in _READERS if name.endswith(suffix)), None)
    if reader is None:
        raise DataError(
            f"{path.name} was to be read as a table.",
            f"Its type is told by its suffix, and '{path.suffix}' is not one of those supported.",
            f"Save it as one of {', '.join(_READERS)}.",
            supported=list(_READERS),
        )
    reading = _Reading(encoding=encoding, missing=missing, separator=separator, decimal=decimal)
    table = reader(path, reading)
    if table.empty:
        raise DataError(
            f"Rows were to be read from {path.name}.",
            f"It has {len(table.columns)} columns and no rows.",
            "Check that the export finished and that it is the right file.",
            columns=list(table.columns),
        )
    table.attrs[READ_AS] = {
        "file": path.name,
        "rows": len(table),
        "encoding": encoding,
        "missing": plain_codes(missing),
        "separator": separator,
        "decimal": decimal,
    }
    return table


def _check_marks(separator: str | None, decimal: str) -> None:
    if separator is not None and len(separator) != 1:
        raise DataError(
            f"The table was to be split at the separator {separator!r}.",
            "A separator is exactly one character.",
            r"Use ',', ';', '\t' or '|'.",
            separator=separator,
        )
    if decimal not in (".", ","):
        raise DataError(
            f"Numbers were to be read with the decimal mark {decimal!r}.",
            "A decimal mark is a point or a comma.",
            Advice(
                python="Use decimal='.' or decimal=','.",
                command_line="Use --decimal . or --decimal , instead.",
            ),
            decimal=decimal,
        )


def _check_is_file(path: Path) -> None:
    if path.is_file():
        return
    if path.is_dir():
        inside = _tables_in(path)
        raise DataError(
            f"{path.name or path} was to be read as a table.",
            f"It is a folder{f' with {listed(inside)}' if inside else ''}.",
            "Name one file.",
            files=inside,
        )
    if not path.parent.is_dir():
        raise DataError(
            f"{path.name} was to be read.",
            f"There is no folder '{path.parent}'.",
            "Check the folder's name.",
            path=str(path),
        )
    nearby = _tables_in(path.parent)
    there = f"; it holds {listed(nearby)}" if nearby else ""
    raise DataError(
        f"{path.name} was to be read.",
        f"The folder '{path.parent}' has no such file{there}.",
        f"{did_you_mean(path.name, nearby)}Check the name, its suffix and its case.",
        path=str(path),
        files=nearby,
    )


def _tables_in(folder: Path) -> list[str]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    return [name for name in names if name.lower().endswith(tuple(_READERS))]


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


def clean_header(names: Sequence[object], *, file: str) -> list[str]:
    """Return the names without surrounding blanks.

    Raises
    ------
    DataError
        If a column has no name, or two columns have the same one.
    """
    stripped = [str(name).strip() for name in names]
    unnamed = [position for position, name in enumerate(stripped, start=1) if not name]
    if unnamed:
        raise DataError(
            f"Every column of {file} needs a name.",
            f"Column {listed(unnamed)} of {len(stripped)} has none.",
            "Name it in the first line, or leave the column out: row names saved by R go away"
            " with write.csv(..., row.names = FALSE), empty columns by deleting them.",
            positions=unnamed,
        )
    twice = [name for name, count in Counter(stripped).items() if count > 1]
    if twice:
        raise DataError(
            f"Every column of {file} needs a name of its own.",
            f"More than one column is called {listed(twice)} (blanks around a name do not count).",
            "Rename or leave out the repeated columns.",
            columns=twice,
        )
    return stripped
