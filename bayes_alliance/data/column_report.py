"""What each column of a table holds: type, range, gaps, commonest values, what is odd."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.data.columns import numbers_of, zero_one
from bayes_alliance.data.report import ColumnReport, Note
from bayes_alliance.data.text_checks import holds_dates

_COMMONEST = 3
_LONGEST = 24
_ODD = {
    "all_missing": "empty",
    "code_as_number": "names or amounts?",
    "codes": "codes?",
    "dates": "dates",
    "decimal_comma": "decimal commas",
    "infinite": "infinite values",
    "joined_ids": "numbers and text",
    "numbers_as_text": "numbers written in two ways",
    "outcome_at_end": "piled at an end",
    "outcome_counts": "a count",
    "outcome_shares": "a share",
    "repeated_ids": "rows of one are alike",
    "similar_ids": "names that may be one",
    "two_names": "two names in a cell",
    "words_among_numbers": "words among numbers",
}


def describe_columns(table: pd.DataFrame, notes: Iterable[Note]) -> tuple[ColumnReport, ...]:
    """Describe every column; what is odd is what the notes say of it."""
    odd: dict[str, list[str]] = {}
    for note in notes:
        for name in note.columns:
            if note.code in _ODD:
                odd.setdefault(name, []).append(_ODD[note.code])
    return tuple(_described(table[name], odd.get(str(name), [])) for name in table.columns)


def _described(column: pd.Series[Any], odd: list[str]) -> ColumnReport:
    column = numbers_of(column)
    present = column.dropna()
    if column.dtype == object:
        present = present.astype("str")
    often = present.value_counts()
    kind = _kind(column, present, len(often))
    numeric = kind in ("numbers", "whole numbers") and len(often) > 0
    ordered = numeric or kind == "dates"
    return ColumnReport(
        name=str(column.name),
        kind=kind,
        values=len(often),
        extent=f"{_shown(present.min())} to {_shown(present.max())}" if ordered else "",
        missing=len(column) - len(present),
        commonest=_commonest(often, len(present)),
        odd=", ".join(dict.fromkeys(odd)),
    )


def _kind(column: pd.Series[Any], present: pd.Series[Any], values: int) -> str:
    if not values:
        return "empty"
    if values == 1:
        return "constant"
    if values == 2 and zero_one(present) is not None:
        return "yes or no"
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categories"
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = present.to_numpy(dtype="float64", na_value=np.nan)
        with np.errstate(invalid="ignore"):
            return "whole numbers" if (numbers == np.round(numbers)).all() else "numbers"
    return "dates" if holds_dates(column) else "text"


def _commonest(often: pd.Series[Any], rows: int) -> str:
    """Return the values of most rows, unless nearly every row has its own."""
    if not len(often) or 2 * len(often) > rows:
        return ""
    return ", ".join(f"{_shown(value)} ({int(n)})" for value, n in often.head(_COMMONEST).items())


def _shown(value: object) -> str:
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    text = str(value.date()) if isinstance(value, pd.Timestamp) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
