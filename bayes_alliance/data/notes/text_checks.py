"""What a column of text holds that is no text: numbers with a few words in them, and dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.data.missing_codes import NUMBER, codes_advice
from bayes_alliance.data.report import Level, Note
from bayes_alliance.errors import Advice, counted, listed

_COMMA = re.compile(r"[+-]?\d+,\d+")
_DIGIT = re.compile(r"\d")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]m|z)?)?"
_DATE = re.compile(
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}[-. ]\s?{_MONTH}[-, ]\s?\d{{2,4}}|{_MONTH}\s\d{{1,2}},?\s\d{{4}}){_TIME}",
    re.IGNORECASE,
)
_DAY = re.compile(r"(\d{1,2})[-/.]\d{1,2}[-/.]")
_MONTHS = 12
# A column is numbers or dates if so many of its filled rows are; a few words are at most so many.
_MOSTLY, _WORDS = 0.8, 5
_FEWEST = 10
# Without a digit in the first so many texts, a column is no numbers.
_LOOKED_AT = 200


def holds_dates(column: pd.Series[Any]) -> bool:
    """Tell whether a column has dates, as such or written as text in a usual form."""
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) or isinstance(kind, pd.PeriodDtype):
        return True
    texts = _texts(column)
    return len(texts) > 1 and all(map(_DATE.fullmatch, texts))


def note_text(
    column: pd.Series[Any], *, used: bool, rows: Sequence[int] | None = None
) -> list[Note]:
    """Say what a column of text seems to be, if that is not text.

    Parameters
    ----------
    column
        Any column but one that names groups.
    used
        Whether it is known to be a predictor or the outcome.
    rows
        How many rows each cell stands for, where only the different ones are given.
    """
    if holds_dates(column):
        return [_dates(str(column.name), column, level="caution" if used else "fine")]
    texts = _texts(column)
    if not any(map(_DIGIT.search, texts[:_LOOKED_AT])):
        return []
    numbers = [text for text in texts if NUMBER.fullmatch(text)]
    if len(numbers) < 2 or len(numbers) == len(texts):
        return _with_comma(column, texts)
    words = [text for text in texts if text not in set(numbers)]
    if len(words) > _WORDS or any(map(_DIGIT.search, words)):
        return []
    cells = column.dropna().astype("str").str.strip()
    each = np.ones(len(cells), dtype=int) if rows is None else np.asarray(rows)
    filled = pd.Series(each).groupby(cells.to_numpy(), sort=False).sum()
    often = filled[filled.index.isin(words)].sort_values(ascending=False, kind="stable")
    total, odd = int(filled.sum()), int(often.sum())
    if total < _FEWEST or odd > (1 - _MOSTLY) * total:
        return []
    told = listed(f"{word!r} in {counted(int(n), 'row')}" for word, n in often.items())
    return [
        Note(
            level="caution",
            code="words_among_numbers",
            message=f"{column.name} has numbers and {counted(len(words), 'word')}: {told}. With a "
            "word in it, the column is text, and each of its numbers a category of its own.",
            columns=(str(column.name),),
            value=float(odd),
            remedy=codes_advice(
                "Correct the cells, or, if they mean no answer, read the file with",
                str(column.name),
                [str(word) for word in often.index],
            ),
        )
    ]


def _with_comma(column: pd.Series[Any], texts: list[str]) -> list[Note]:
    """Say that numbers have a decimal comma."""
    commas = [text for text in texts if _COMMA.fullmatch(text)]
    if len(commas) < 2 or any(not (_COMMA.fullmatch(t) or NUMBER.fullmatch(t)) for t in texts):
        return []
    return [
        Note(
            level="caution",
            code="decimal_comma",
            message=f"{column.name} has numbers with a decimal comma, such as {commas[0]}: as it "
            "stands it is text, and each number a category of its own.",
            columns=(str(column.name),),
            remedy=Advice(
                python='Read the file with decimal=",".',
                command_line="Read the file with --decimal , (and --separator ';' if that parts "
                "its columns).",
            ),
        )
    ]


def _dates(name: str, column: pd.Series[Any], level: Level) -> Note:
    days = column.dropna().astype("str")
    return Note(
        level=level,
        code="dates",
        message=f"{name} has dates, such as {days.iloc[0] if len(days) else ''}: no predictor as "
        f"they stand, for each of its {days.nunique()} days would be a category.",
        columns=(name,),
        remedy=days_since(column),
    )


def days_since(column: pd.Series[Any]) -> Advice:
    """Say how a column of dates becomes a number."""
    name = column.name
    day_first = any(int(found[1]) > _MONTHS for found in map(_DAY.match, _texts(column)) if found)
    how = ", dayfirst=True" if day_first else ""
    code = f"pandas.to_datetime(data[{name!r}]{how})"
    return Advice(
        python=f"Make a number of them, such as days since the first: data.assign(days=({code} - "
        f"{code}.min()).dt.days).",
        command_line="Make a number of them in the file, such as days since the first.",
    )


def _texts(column: pd.Series[Any]) -> list[str]:
    """Return the distinct texts of a column, without blanks around them; none of numbers."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        if pd.api.types.is_numeric_dtype(kind.categories.dtype):
            return []
    elif not (pd.api.types.is_string_dtype(kind) or kind == np.object_):
        return []
    try:
        return list(dict.fromkeys(str(value).strip() for value in column.dropna().unique()))
    except TypeError:  # lists and the like, which others refuse
        return []
