"""A codebook read from a file that somebody edited: TOML, or CSV from a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bayes_alliance.data.codebooks.record import (
    LEVELS,
    Codebook,
    MeasurementLevel,
    Variable,
)
from bayes_alliance.data.codebooks.writing import COLUMNS
from bayes_alliance.errors import DataError, did_you_mean, listed

_LARGEST = 8 << 20  # bytes; ten thousand variables take less
_KEYS = ("label", "level", "unit", "possible", "missing", "missing_ranges", "values")
_RANGE = re.compile(r"(.+?)\s*\.\.\s*(.+)")
_YES = frozenset({"yes", "x", "1", "true"})


def read_codebook(path: str | Path) -> Codebook:
    """Read a codebook from ``.toml`` or ``.csv``.

    Raises
    ------
    DataError
        If it is not there, too large, or not a codebook; with the variable that is wrong.
    """
    path = Path(path)
    read = _READERS.get(path.suffix.lower())
    opening = f"{path.name} was to be read as a codebook."
    if read is None or not path.is_file():
        raise DataError(
            opening,
            f"There is no file '{path}'."
            if read is not None
            else f"'{path.suffix}' is no suffix of one.",
            "Give a .toml or .csv file that was saved from a codebook.",
            path=str(path),
        )
    size = path.stat().st_size
    if size > _LARGEST:
        raise DataError(
            opening,
            f"It has {size / 1e6:.1f} MB, more than the {_LARGEST / 1e6:.1f} MB that one may have.",
            "Choose a file that was saved from a codebook.",
            bytes=size,
        )
    try:
        variables = tuple(read(path.read_bytes().decode("utf-8-sig"), path.name))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, csv.Error, RecursionError) as error:
        raise DataError(
            opening,
            f"It is not well-formed: {_first_line(error)}.",
            "Correct that place, or write the codebook anew.",
            file=path.name,
        ) from error
    return Codebook(variables=variables, source=path.name)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def _wrong(file: str, variable: str, what: str) -> DataError:
    return DataError(
        f"{file} was to be read as a codebook.",
        f"Of {variable} it says {what}.",
        "Correct it as the guide on codebooks shows, or write the codebook anew.",
        variable=variable,
    )


def _from_toml(text: str, file: str) -> Iterator[Variable]:
    saved = tomllib.loads(text)
    unknown = [key for key in saved if key != "variables"]
    variables = saved.get("variables", {})
    if unknown or not isinstance(variables, dict):
        raise DataError(
            f"{file} was to be read as a codebook.",
            f"It has {listed(unknown) or 'variables that are no tables'}.",
            "It has one table, [variables.NAME], for each variable.",
            file=file,
        )
    for name, own in variables.items():
        if not isinstance(own, dict):
            raise _wrong(file, name, f"{own!r}, which is no table")
        yield _from_table(name, own, file)


def _from_table(name: str, own: Mapping[str, Any], file: str) -> Variable:
    unknown = [key for key in own if key not in _KEYS]
    if unknown:
        raise _wrong(
            file,
            name,
            f"'{unknown[0]}', which means nothing. {did_you_mean(unknown[0], _KEYS)}".rstrip(". "),
        )
    for key in ("label", "level", "unit"):
        if not isinstance(own.get(key, ""), str):
            raise _wrong(file, name, f"{key} = {own[key]!r}, which is no text")
    values = own.get("values", {})
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise _wrong(file, name, "values that are not all texts")
    missing = own.get("missing", [])
    codes = missing if isinstance(missing, list) else [missing]
    if not all(isinstance(c, str | int | float) and not isinstance(c, bool) for c in codes):
        raise _wrong(file, name, f"missing = {missing!r}, which are no codes")
    ranges = own.get("missing_ranges", [])
    if not isinstance(ranges, list):
        raise _wrong(file, name, f"missing_ranges = {ranges!r}, which are no pairs")
    return _variable(
        file,
        name=name,
        label=own.get("label", ""),
        level=own.get("level", ""),
        unit=own.get("unit", ""),
        values={str(code): label for code, label in values.items()},
        missing=tuple(_code(code) for code in codes),
        missing_ranges=tuple(_ends(pair, file, name) for pair in ranges),
        possible=_ends(own["possible"], file, name) if "possible" in own else None,
    )


def _variable(file: str, *, name: str, level: str, **own: Any) -> Variable:
    found = next((known for known in LEVELS if known == level.strip().lower()), None)
    if found is None:
        raise _wrong(file, name, f"level '{level}', which is not nominal, ordinal or scale")
    kept: MeasurementLevel = found
    return Variable(name=name, level=kept, **own)


def _code(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _ends(pair: object, file: str, name: str) -> tuple[float, float]:
    if isinstance(pair, list) and len(pair) == 2:
        ends = [float(e) for e in pair if isinstance(e, int | float) and not isinstance(e, bool)]
        if len(ends) == 2:
            return ends[0], ends[1]
    raise _wrong(file, name, f"{pair!r}, which is no pair of numbers")


def _from_csv(text: str, file: str) -> Iterator[Variable]:
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True
    )
    absent = [
        name
        for name in ("variable", "code", "meaning", "no_answer")
        if name not in (reader.fieldnames or ())
    ]
    if absent:
        raise DataError(
            f"{file} was to be read as a codebook.",
            f"It has no column {listed(absent)}.",
            f"Its columns are {', '.join(COLUMNS)}.",
            file=file,
        )
    rows: dict[str, list[dict[str, str]]] = {}
    for row in reader:
        plain = {key: _unsafe((row.get(key) or "").strip()) for key in COLUMNS}
        if plain["variable"]:
            rows.setdefault(plain["variable"], []).append(plain)
    for name, own in rows.items():
        yield _from_rows(name, own, file)


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell


def _from_rows(name: str, rows: list[dict[str, str]], file: str) -> Variable:
    def said(key: str) -> str:
        return next((row[key] for row in rows if row[key]), "")

    values: dict[str, str] = {}
    missing: list[str] = []
    ranges: list[tuple[float, float]] = []
    for row in rows:
        code = row["code"]
        pair = _RANGE.fullmatch(code)
        if pair is not None:
            ranges.append(_ends([_as_number(end) for end in pair.groups()], file, name))
            continue
        if code and row["meaning"]:
            values[code] = row["meaning"]
        if code and row["no_answer"].lower() in _YES:
            missing.append(code)
    ends = [said("lowest"), said("highest")]
    return _variable(
        file,
        name=name,
        label=said("label"),
        level=said("level"),
        unit=said("unit"),
        values=values,
        missing=tuple(missing),
        missing_ranges=tuple(ranges),
        possible=_ends([_as_number(e) for e in ends], file, name) if any(ends) else None,
    )


def _as_number(text: str) -> float | None:
    """Return what number a text is, infinite ones included; None if it is none."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


_READERS: Mapping[str, Callable[[str, str], Iterator[Variable]]] = {
    ".toml": _from_toml,
    ".csv": _from_csv,
}
