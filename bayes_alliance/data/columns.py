"""From cells to typed columns, and from any typed column to an ordinary one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.data.grids.cells import Cell, is_blank, written
from bayes_alliance.data.labels import id_label
from bayes_alliance.data.missing_codes import BLANKS, NUMBER, MissingCodes
from bayes_alliance.data.provenance import AS_WRITTEN, NUMBERS_AS_TEXT

_WHOLE = re.compile(r"[+-]?\d+")
_TRUTH = {"true": True, "false": False}
_ZERO_ONE = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}
# Beyond this a 64-bit float no longer holds every whole number, so ids would change.
_LARGEST_EXACT = 2**53
_KINDS: Mapping[type, type] = {bool: np.bool_, int: np.int64, float: np.float64}


@dataclass(frozen=True, kw_only=True)
class TypedColumn:
    """One column of a text table.

    Parameters
    ----------
    values
        Numbers, truth values or text.
    written
        For numbers: the file's text by the label of the number, where that is another.
    one_number
        Two texts that are one number, for which a column of numbers stays text; else empty.
    """

    values: pd.Series
    written: Mapping[str, str] = field(default_factory=dict)
    one_number: tuple[str, ...] = ()


def as_written(typed: Mapping[str, TypedColumn]) -> dict[str, Any]:
    """Return what a table remembers of the texts of its numbers: ids among them are texts."""
    return {
        AS_WRITTEN: {n: dict(c.written) for n, c in typed.items() if c.written},
        NUMBERS_AS_TEXT: {n: list(c.one_number) for n, c in typed.items() if c.one_number},
    }


def typed_column(
    cells: Sequence[str], *, codes: MissingCodes, decimal: str = ".", thousands: str | None = None
) -> TypedColumn:
    """Turn the cells of one column into numbers, truth values or text.

    Text is kept exactly as written. Whatever would not survive as a number stays text: a value
    with leading zeros (``007``), a whole number too long to be exact, and numbers of which two
    that are written differently (``3.1`` and ``3.10``) would become one.
    """
    texts = [c.strip() for c in cells]
    if decimal != "." or thousands:
        texts = [_with_point(t, decimal, thousands) for t in texts]
    absent = [t in BLANKS for t in texts]
    if codes.words:
        absent = [a or codes.match_text(t) for a, t in zip(absent, texts, strict=True)]
    present = [t for t, gone in zip(texts, absent, strict=True) if not gone]
    if not present:
        return TypedColumn(values=_numbers([np.nan] * len(texts), absent, np.float64))
    words = set(present)
    values = _values_of(words)
    if values is None or _too_long(values, gaps=any(absent)):
        return TypedColumn(values=_text(cells, absent))
    one_number = _written_twice(values)
    if one_number:
        return TypedColumn(values=_text(cells, absent), one_number=one_number)
    kind: type = type(next(iter(values.values())))
    known = [kind(0) if gone else values[t] for t, gone in zip(texts, absent, strict=True)]
    return TypedColumn(
        values=_numbers(known, absent, _KINDS[kind]),
        written=_written_otherwise(values, len(cells), gaps=any(absent)),
    )


def typed_cells(cells: Sequence[Cell], *, codes: MissingCodes) -> TypedColumn:
    """Turn the cells of one column of a sheet into numbers, truth values, dates or text.

    Cells have types of their own there. A column with more than one of them becomes text, in which
    each value is written as a text file has it, and is then read like one.
    """
    present = [cell for cell in cells if not is_blank(cell)]
    kinds = {type(cell) for cell in present}
    if kinds == {datetime}:
        stamps = np.array(
            [cell if isinstance(cell, datetime) else None for cell in cells], dtype="datetime64[us]"
        )
        return TypedColumn(values=pd.Series(stamps))
    if kinds <= {float}:
        numbers = pd.Series([cell if isinstance(cell, float) else np.nan for cell in cells])
        numbers = codes.blank_out(numbers.astype("float64"))
        whole = len(present) > 0 and numbers.notna().all() and (numbers == numbers.round()).all()
        exact = whole and numbers.abs().max() <= _LARGEST_EXACT
        return TypedColumn(values=numbers.astype("int64") if exact else numbers)
    return typed_column([written(cell) for cell in cells], codes=codes)


def _written_otherwise(values: Mapping[str, float], rows: int, *, gaps: bool) -> dict[str, str]:
    """Return the texts that are not what their numbers would be called, by that label."""
    if 2 * len(values) > rows:
        return {}  # measurements: groups have several rows
    if gaps and all(isinstance(value, bool) for value in values.values()):
        return {id_label(float(value)): text for text, value in values.items()}
    # A whole number with gaps is written as 12.0 by pandas, and is the id 12 all the same.
    labels = {text: id_label(value) for text, value in values.items()}
    return {
        label: text
        for text, label in labels.items()
        if text not in (label, str(float(values[text])))
    }


def _values_of(texts: Iterable[str]) -> dict[str, bool] | dict[str, int] | dict[str, float] | None:
    """Return what each text stands for, or None if they are no column of numbers or truths."""
    texts = list(texts)
    if all(t.lower() in _TRUTH for t in texts):
        return {t: _TRUTH[t.lower()] for t in texts}
    if not all(NUMBER.fullmatch(t) for t in texts):
        return None
    if all(_WHOLE.fullmatch(t) for t in texts):
        return {t: int(t) for t in texts}
    return {t: float(t) for t in texts}


def _too_long(values: Mapping[str, float], *, gaps: bool) -> bool:
    largest = max(values.values(), key=abs)
    return isinstance(largest, int) and abs(largest) > (_LARGEST_EXACT if gaps else 2**63 - 1)


def _written_twice(values: Mapping[str, float]) -> tuple[str, ...]:
    """Return two texts that are one number, if there are any; a rounded -0.0 is a zero."""
    if len(set(values.values())) == len(values):
        return ()
    seen: dict[float, str] = {}
    for text, value in sorted(values.items()):
        plain = text.removeprefix("-") if value == 0 and "." in text else text
        if seen.setdefault(value, plain) != plain:
            return seen[value], text
    return ()


def numbers_of(column: pd.Series) -> pd.Series:
    """Return a column of numbers that :func:`read_table` had to keep as text as the numbers.

    Any other column is returned as it is.
    """
    if column.name not in column.attrs.get(NUMBERS_AS_TEXT, {}) or column.dtype != "str":
        return column
    values = _values_of(column.dropna().unique())
    return column if values is None else column.map(values).astype("float64")


def zero_one(column: pd.Series) -> pd.Series | None:
    """Return two-valued cells as 0.0 and 1.0: numbers, truths, or their text; else None."""
    values = {value: _ZERO_ONE.get(str(value).lower()) for value in column.dropna().unique()}
    if None in values.values():
        return None
    return column.astype("object").map(values).astype("float64")


def ordinary_column(column: pd.Series) -> pd.Series:
    """Return the column as an ordinary NumPy-backed, ``str`` or categorical one.

    Nullable and Arrow-backed columns become what they hold; whole numbers and truth values with
    gaps become floats with NaN (1.0 for true), as NumPy has no gap for them. Short integers
    (Stata's bytes are such) become int64, in which sums and products do not wrap around.
    Categories stay categories, in their order.
    """
    if _is_arrow_dictionary(column):
        column = _as_categories(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return _numeric(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    present = column.dropna()
    if pd.api.types.is_string_dtype(column) or all(isinstance(v, str) for v in present):
        return column.astype("str") if len(present) else column.astype("float64")
    if all(isinstance(v, bool | np.bool_) for v in present):
        return _with_gaps(column, np.bool_)
    # Python numbers, decimals among them; a text among them is never read as a number.
    if all(isinstance(v, Real | Decimal | np.bool_) for v in present):
        return column.astype("object").where(column.notna(), np.nan).astype("float64")
    return column


def _is_arrow_dictionary(column: pd.Series) -> bool:
    kind = column.dtype
    if not isinstance(kind, pd.ArrowDtype):
        return False
    import pyarrow as pa

    return bool(pa.types.is_dictionary(kind.pyarrow_dtype))


def _as_categories(column: pd.Series) -> pd.Series:
    import pyarrow as pa

    table = pa.table({"column": pa.array(column.array)}).to_pandas(ignore_metadata=True)
    return pd.Series(table["column"].array, index=column.index, name=column.name)


def _numeric(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, np.dtype):
        return column.astype("int64") if _is_short(column.dtype) else column
    if pd.api.types.is_bool_dtype(column):
        return _with_gaps(column, np.bool_)
    if pd.api.types.is_integer_dtype(column):
        large = not column.isna().any() and column.max() > np.iinfo(np.int64).max
        return _with_gaps(column, np.uint64 if large else np.int64)
    plain = column.to_numpy(dtype="float64", na_value=np.nan)
    return pd.Series(plain, index=column.index, name=column.name)


def _is_short(kind: np.dtype) -> bool:
    return kind.kind in "iu" and np.can_cast(kind, np.int64)


def _with_gaps(column: pd.Series, kind: type) -> pd.Series:
    """Return a nullable or object column as one of NumPy's, as floats if it has gaps."""
    absent = column.isna()
    if absent.any():
        return column.astype("object").where(~absent, np.nan).astype("float64")
    plain = np.asarray(column.to_list(), dtype=kind)
    return pd.Series(plain, index=column.index, name=column.name)


def _numbers(values: Sequence[object], absent: Sequence[bool], dtype: type) -> pd.Series:
    column = pd.Series(np.asarray(values, dtype=dtype))
    return column.astype("float64").mask(np.asarray(absent)) if any(absent) else column


def _text(cells: Sequence[str], absent: Sequence[bool]) -> pd.Series:
    kept = [None if gone else c for c, gone in zip(cells, absent, strict=True)]
    return pd.Series(kept, dtype="str")


def _with_point(cell: str, decimal: str, thousands: str | None) -> str:
    """Write a number without marks between thousands and with a point; leave all else alone."""
    if thousands and thousands in cell:
        group, mark = re.escape(thousands), re.escape(decimal)
        whole = re.fullmatch(rf"([+-]?[1-9]\d{{0,2}}(?:{group}\d{{3}})+)({mark}\d+)?", cell)
        if whole is None:
            return f"'{cell}" if NUMBER.fullmatch(cell) else cell
        return whole[1].replace(thousands, "") + (whole[2] or "").replace(decimal, ".")
    if decimal == ".":
        return cell
    # A point next to a decimal comma groups thousands: not a number we can be sure of.
    if "." in cell:
        return cell if not NUMBER.fullmatch(cell) else f"'{cell}"
    pointed = cell.replace(decimal, ".")
    return pointed if NUMBER.fullmatch(pointed) else cell
