"""Rows that are visits of one client in a model that does not know the client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, listed

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# An id has at least so many values, each in so many rows on average.
_FEWEST, _ROWS_EACH = 10, 1.5
# It lies in the groups: so many of its rows belong to ids that are in one group only, and it has
# so many times as many values.
_IN_ONE, _FINER = 0.9, 1.5
# Its rows are alike: correlated so much, and beyond chance.
_ALIKE, _BY_CHANCE = 0.1, 1e-4
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PEOPLE = frozenset(
    {
        *("id", "ids", "pid", "client", "patient", "subject", "subj", "person", "participant"),
        *("respondent", "case", "child", "student", "pupil", "user", "member", "proband"),
        *("family", "couple", "dyad"),
    }
)


@dataclass(frozen=True, kw_only=True)
class _Id:
    """A column that looks like an id and is not in the model."""

    name: str
    values: int
    rows: int
    alike: float


def note_repeated_ids(
    table: pd.DataFrame, unused: Sequence[str], partitions: Sequence[Codes], y: Floats
) -> list[Note]:
    """Say where rows that share an id are alike, and the model does not have that id.

    Parameters
    ----------
    table
        The rows used, with the columns that are not.
    unused
        The columns the model does not use.
    partitions
        The place of each row's group, for each grouping factor of the model.
    y
        The outcome as numbers.
    """
    found = [_looked_at(table[name], partitions, y) for name in unused]
    ids = sorted((own for own in found if own is not None), key=lambda own: -own.alike)
    if not ids:
        return []
    own, *others = ids
    more = listed(f"{other.name} ({other.alike:.2f})" for other in others)
    also = f" So are those of {more}." if others else ""
    term = f"(1 | {own.name})"
    return [
        Note(
            level="caution",
            code="repeated_ids",
            message=f"The {own.rows} rows have {own.values} different values of {own.name}, "
            f"{own.rows / own.values:.1f} rows each on average, and {own.name} is not in the "
            f"model. Rows of one {own.name} are alike (correlation {own.alike:.2f}), so they tell "
            f"less than as many rows of different ones, and intervals come out too narrow.{also}",
            columns=(own.name,),
            value=own.alike,
            threshold=_ALIKE,
            remedy=Advice(
                python=f"Add {term} to the formula, or keep one row for each {own.name}.",
                command_line=f"Add {term} to the --formula of fit or report, or keep one row for "
                f"each {own.name} in the file.",
            ),
        )
    ]


def looks_like_people(name: str) -> bool:
    """Tell whether a column is called like the id of a client or another person."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return any(word in _PEOPLE or word.removesuffix("id") in _PEOPLE for word in words)


def _looked_at(column: pd.Series[Any], partitions: Sequence[Codes], y: Floats) -> _Id | None:
    """Return a column if it is an id whose rows are alike."""
    if not _may_be_id(column):
        return None
    codes, values = pd.factorize(column)
    if not _FEWEST <= len(values) <= len(codes) / _ROWS_EACH:
        return None
    known = (codes >= 0) & np.isfinite(y)
    codes, y = codes[known].astype(np.int64), y[known]
    inside = [own[known] for own in partitions]
    if not known.any() or not (looks_like_people(str(column.name)) or _lies_in(codes, inside)):
        return None
    if any(_is_coarser(codes, own) for own in inside):
        return None
    alike = _correlation(codes, inside, y)
    if alike is None:
        return None
    return _Id(name=str(column.name), values=len(pd.unique(codes)), rows=len(codes), alike=alike)


def _may_be_id(column: pd.Series[Any]) -> bool:
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        return False
    if pd.api.types.is_float_dtype(kind):
        values = column.dropna().to_numpy(dtype=float)
        return bool((values == np.round(values)).all())
    strange = pd.api.types.is_complex_dtype(kind) or pd.api.types.is_object_dtype(kind)
    return not bool(strange)


def _lies_in(codes: Codes, partitions: Sequence[Codes]) -> bool:
    """Tell whether an id lies in the groups of a factor, several ids in each."""
    for own in partitions:
        several = np.bincount(_pairs(codes, own) // (own.max() + 1), minlength=codes.max() + 1)
        in_one = (several[codes] == 1).mean() >= _IN_ONE
        if in_one and len(several) >= _FINER * len(pd.unique(own)):
            return True
    return False


def _is_coarser(codes: Codes, own: Codes) -> bool:
    """Tell whether each group of the model has one value of the column."""
    return len(_pairs(codes, own)) <= len(pd.unique(own))


def _pairs(codes: Codes, own: Codes) -> Codes:
    """Return each pair of an id and a group that occurs, as one number."""
    return np.asarray(pd.unique(codes * (own.max() + 1) + own), dtype=np.int64)


def _correlation(codes: Codes, partitions: Sequence[Codes], y: Floats) -> float | None:
    """Return the correlation of rows of one id within the groups; None if it may be chance."""
    rest = y - y.mean()
    freedom = len(y) - 1
    for own in partitions:
        rest = rest - (np.bincount(own, rest) / np.maximum(np.bincount(own), 1))[own]
        freedom -= len(pd.unique(own)) - 1
    rows = np.bincount(codes)
    means = np.bincount(codes, rest) / np.maximum(rows, 1)
    between = float((rows * means**2).sum())
    within = float((rest**2).sum()) - between
    present = rows[rows > 0]
    more = len(present) - (len(y) - freedom)
    left = len(y) - len(present)
    if more <= 0 or left <= 0 or within <= 0:
        return None
    ratio = (between / more) / (within / left)
    each = (len(y) - float((present**2).sum()) / len(y)) / max(len(present) - 1, 1)
    alike = (ratio - 1) / (ratio - 1 + each)
    if alike < _ALIKE or float(stats.f.sf(ratio, more, left)) > _BY_CHANCE:
        return None
    return alike
