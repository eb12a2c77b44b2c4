"""From cells to typed columns, and from any typed column to an ordinary one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayes_alliance.data.missing_codes import BLANKS, NUMBER, MissingCodes

_WHOLE = re.compile(r"[+-]?\d+")
_TRUTH = {"true": True, "false": False}
# Beyond this a 64-bit float no longer holds every whole number, so ids would change.
_LARGEST_EXACT = 2**53


def typed_column(cells: Sequence[str], *, codes: MissingCodes, decimal: str) -> pd.Series:
    """Turn the cells of one column into numbers, truth values or text.

    Text is kept exactly as written. Whatever would not survive as a number stays text: a value
    with leading zeros (``007``), or a whole number too long to be exact.
    """
    texts = [c.strip() for c in cells]
    if decimal != ".":
        texts = [_with_point(t, decimal) for t in texts]
    absent = [t in BLANKS for t in texts]
    if codes.words:
        absent = [a or codes.match_text(t) for a, t in zip(absent, texts, strict=True)]
    present = [t for t, gone in zip(texts, absent, strict=True) if not gone]
    if all(t.lower() in _TRUTH for t in present) and present:
        return _numbers([_TRUTH.get(t.lower(), False) for t in texts], absent, np.bool_)
    if not all(NUMBER.fullmatch(t) for t in present):
        return _text(cells, absent)
    if not present or not all(_WHOLE.fullmatch(t) for t in present):
        values = [0.0 if gone else float(t) for t, gone in zip(texts, absent, strict=True)]
        return _numbers(values, absent, np.float64)
    whole = [0 if gone else int(t) for t, gone in zip(texts, absent, strict=True)]
    limit = _LARGEST_EXACT if any(absent) else 2**63 - 1
    if max(map(abs, whole)) > limit:
        return _text(cells, absent)
    return _numbers(whole, absent, np.int64)


def ordinary_column(column: pd.Series) -> pd.Series:
    """Return the column as an ordinary NumPy-backed or ``str`` one.

    Nullable, Arrow-backed and categorical columns become what they hold; whole numbers and truth
    values with gaps become floats with NaN (1.0 for true), as NumPy has no gap for them.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return ordinary_column(column.astype(column.cat.categories.dtype))
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        if isinstance(column.dtype, np.dtype):
            return column
        return _numeric(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    present = column.dropna()
    if pd.api.types.is_string_dtype(column) or all(isinstance(v, str) for v in present):
        return column.astype("str") if len(present) else column.astype("float64")
    if all(isinstance(v, bool) for v in present):
        return _numeric(column)
    return _from_objects(column)


def _from_objects(column: pd.Series) -> pd.Series:
    """Turn Python numbers (decimals among them) into floats; leave anything else alone."""
    try:
        return column.astype("float64")
    except (TypeError, ValueError):
        return column


def _numeric(column: pd.Series) -> pd.Series:
    absent = column.isna()
    if absent.any():
        return column.astype("object").where(~absent, np.nan).astype("float64")
    plain = np.asarray(column.to_list())
    return pd.Series(plain, index=column.index, name=column.name)


def _numbers(values: Sequence[object], absent: Sequence[bool], dtype: type) -> pd.Series:
    column = pd.Series(np.asarray(values, dtype=dtype))
    return column.astype("float64").mask(np.asarray(absent)) if any(absent) else column


def _text(cells: Sequence[str], absent: Sequence[bool]) -> pd.Series:
    kept = [None if gone else c for c, gone in zip(cells, absent, strict=True)]
    return pd.Series(kept, dtype="str")


def _with_point(cell: str, decimal: str) -> str:
    """Write a decimal comma as a point; leave anything that is then no number alone."""
    # A point next to a decimal comma groups thousands: not a number we can be sure of.
    if "." in cell:
        return cell if not NUMBER.fullmatch(cell) else f"'{cell}"
    pointed = cell.replace(decimal, ".")
    return pointed if NUMBER.fullmatch(pointed) else cell
