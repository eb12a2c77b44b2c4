"""Rows that are visits of one client in a model that does not know the client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, stats
from scipy.sparse import csgraph

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
class RepeatedId:
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
    once, nothing = np.ones(len(y)), np.zeros(len(y))
    found = [find_id(table[name], partitions, y, often=once, within=nothing) for name in unused]
    return note_ids_found([own for own in found if own is not None])


def note_ids_found(found: Sequence[RepeatedId]) -> list[Note]:
    """Say it of the ids that were found, that with the most alike rows first."""
    ids = sorted(found, key=lambda own: -own.alike)
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


def is_of_ids(values: int, rows: float) -> bool:
    """Tell whether so many values of so many rows may be ids that repeat."""
    return _FEWEST <= values <= rows / _ROWS_EACH


def find_id(
    column: pd.Series[Any],
    partitions: Sequence[Codes],
    y: Floats,
    *,
    often: Floats,
    within: Floats,
) -> RepeatedId | None:
    """Return a column if it is an id whose rows are alike.

    Parameters
    ----------
    column, partitions, y
        The id, the place of its group for each grouping factor, and the outcome: of rows, or of
        rows that are alike in the first two, with their mean outcome.
    often, within
        How many rows each stands for, and the sum of squares about that mean.
    """
    if not _may_be_id(column):
        return None
    codes, values = pd.factorize(column)
    if not is_of_ids(len(values), float(often.sum())):
        return None
    known = (codes >= 0) & np.isfinite(y)
    codes, y = codes[known].astype(np.int64), y[known]
    often, within = often[known], within[known]
    inside = [own[known] for own in partitions]
    if not known.any():
        return None
    if not (looks_like_people(str(column.name)) or _lies_in(codes, inside, often)):
        return None
    if any(_is_coarser(codes, own) for own in inside):
        return None
    alike = _correlation(codes, inside, y, often, float(within.sum()))
    if alike is None:
        return None
    ids = len(pd.unique(codes))
    return RepeatedId(name=str(column.name), values=ids, rows=int(often.sum()), alike=alike)


def _may_be_id(column: pd.Series[Any]) -> bool:
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        return False
    if pd.api.types.is_float_dtype(kind):
        values = column.dropna().to_numpy(dtype=float)
        return bool((values == np.round(values)).all())
    strange = pd.api.types.is_complex_dtype(kind) or pd.api.types.is_object_dtype(kind)
    return not bool(strange)


def _lies_in(codes: Codes, partitions: Sequence[Codes], often: Floats) -> bool:
    """Tell whether an id lies in the groups of a factor, several ids in each."""
    for own in partitions:
        several = np.bincount(_pairs(codes, own) // (own.max() + 1), minlength=codes.max() + 1)
        in_one = np.average(several[codes] == 1, weights=often) >= _IN_ONE
        if in_one and len(several) >= _FINER * len(pd.unique(own)):
            return True
    return False


def _is_coarser(codes: Codes, own: Codes) -> bool:
    """Tell whether each group of the model has one value of the column."""
    return len(_pairs(codes, own)) <= len(pd.unique(own))


def _pairs(codes: Codes, own: Codes) -> Codes:
    """Return each pair of an id and a group that occurs, as one number."""
    return np.asarray(pd.unique(codes * (own.max() + 1) + own), dtype=np.int64)


def _blocks(codes: Codes, own: Codes) -> int:
    """Return in how many parts the rows fall that share neither an id nor a group."""
    ids, groups = int(codes.max()) + 1, int(own.max()) + 1
    ends = (codes, ids + own)
    links = sparse.coo_array((np.ones(len(codes)), ends), shape=(ids + groups, ids + groups))
    _, parts = csgraph.connected_components(links, directed=False)
    return len(np.unique(parts[codes]))


def _correlation(
    codes: Codes, partitions: Sequence[Codes], y: Floats, often: Floats, inside: float
) -> float | None:
    """Return the correlation of rows of one id within the groups; None if it may be chance."""
    total = float(often.sum())
    rest = y - np.average(y, weights=often)
    for own in partitions:
        means = np.bincount(own, often * rest) / np.maximum(np.bincount(own, often), 1)
        rest = rest - means[own]
    rows = np.bincount(codes, often)
    means = np.bincount(codes, often * rest) / np.maximum(rows, 1)
    between = float((rows * means**2).sum())
    within = float((often * rest**2).sum()) + inside - between
    present = rows[rows > 0]
    # What ids add to groups they lie in is less than what they add to groups that cross them.
    more = len(present) - max([1, *(_blocks(codes, own) for own in partitions)])
    left = total - len(present)
    if more <= 0 or left <= 0 or within <= 0:
        return None
    ratio = (between / more) / (within / left)
    each = (total - float((present**2).sum()) / total) / max(len(present) - 1, 1)
    alike = (ratio - 1) / (ratio - 1 + each)
    if alike < _ALIKE or float(stats.f.sf(ratio, more, left)) > _BY_CHANCE:
        return None
    return alike
