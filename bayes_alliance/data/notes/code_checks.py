"""Values that look like codes for "no answer": 99 among ages, 9 on a scale from 1 to 5, -1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.missing_codes import codes_advice
from bayes_alliance.data.notes.tallies import Tally, tally_numbers
from bayes_alliance.data.report import Note
from bayes_alliance.display import number
from bayes_alliance.errors import counted, listed

Floats = NDArray[np.float64]
_NINES = np.array([9, 99, 999, 9999, 99999, 999999], dtype=float)
_HIGH = np.unique(
    np.concatenate([_NINES, _NINES - 1, _NINES - 2, _NINES[1:] - 3, _NINES / 9 * 8, _NINES / 9 * 7])
)
# Every number that may be a code, above the other values or below them.
USUAL_CODES = np.concatenate([_HIGH, -_HIGH, [-1.0]])
_SMALL = 9  # codes up to here may as well be the tail of a count
# A gap of so many times the range of the rest is far, whatever else; one of this share of it is,
# if the values below it do not thin out; and so is any, where a value is this many times as common
# as the five below it.
_FAR, _APART, _SPIKE, _SPIKE_ROWS = 2.0, 0.3, 4, 3
_THINNING = 0.15  # from the 95th percentile to the largest value, as a share of the range
_NEIGHBOURS = 5
# Nine, eight and seven are codes of scales from 0 or 1, in a fifth of the rows at most, and not
# where nearly all rows are at the start: those are counts. A design has all values equally often.
_SCALE_ROWS, _SCALE_SHARE, _AT_START, _EQUALLY = 30, 0.2, 0.8, 1.25


@dataclass(frozen=True, kw_only=True)
class CodeLike:
    """Values of a column that stand apart from the others and are usual codes.

    Parameters
    ----------
    codes
        From each value to the number of its rows.
    low, high
        Where the other values end.
    """

    codes: dict[float, int]
    low: float
    high: float

    @property
    def rows(self) -> int:
        """Rows that have one of them."""
        return sum(self.codes.values())


def find_codes(values: Floats) -> CodeLike | None:
    """Find repeated values at the ends of a column that look like codes.

    Parameters
    ----------
    values
        The numbers of a column, none missing.

    Returns
    -------
    CodeLike or None
        None where there is nothing of the kind.
    """
    if not (np.isin(values, _HIGH).any() or np.isin(-values, [1.0, *_HIGH]).any()):
        return None
    return find_tallied_codes(*np.unique(values, return_counts=True))


def find_tallied_codes(found: Floats, counts: NDArray[Any]) -> CodeLike | None:
    """Find the same among distinct values in order, each in so many rows."""
    if len(found) < 3:
        return None
    top = _codes_above(found, counts)
    bottom = _codes_below(found[: len(found) - top], counts[: len(found) - top])
    if not top + bottom or _is_design(counts):
        return None
    ends = [*range(bottom), *range(len(found) - top, len(found))]
    return CodeLike(
        codes={float(found[k]): int(counts[k]) for k in ends},
        low=float(found[bottom]),
        high=float(found[len(found) - top - 1]),
    )


def _codes_above(found: Floats, counts: NDArray[Any]) -> int:
    """Return how many of the largest values are codes: the most that stand apart together."""
    run = 0
    while run < len(found) - 2 and np.isin(found[-1 - run], _HIGH):
        run += 1
    return next((k for k in range(run, 0, -1) if _stands_apart(found, counts, k)), 0)


def _codes_below(found: Floats, counts: NDArray[Any]) -> int:
    """Return how many of the smallest values are codes."""
    mirrored, again = -found[::-1], counts[::-1]
    run = 0
    while run < len(found) - 2 and np.isin(mirrored[-1 - run], [1.0, *_HIGH]):
        run += 1
    for k in range(run, 0, -1):
        rest, one = found[k:], bool(np.isin(found[:k], -1.0).any())
        if rest[0] >= 0 and counts[:k].sum() >= 2:
            # Nothing else is below zero: -1 may still be a contrast or a time before the start.
            apart = rest[0] - found[k - 1] > np.diff(rest).max()
            if _is_score(rest) if one else apart:
                return k
        elif not one and _stands_apart(mirrored, again, k, small=0):
            return k
    return 0


def _is_score(rest: Floats) -> bool:
    """Tell whether values from 0 up are counts or scores, not the contrast of two or three."""
    return len(rest) >= 4 and float(rest[-1] - rest[0]) >= 3 and bool((rest == rest.round()).all())


def _is_design(counts: NDArray[Any]) -> bool:
    """Tell whether all values are about equally common, as days and doses of a plan are."""
    return bool(counts.min() > 1 and counts.max() <= _EQUALLY * counts.min())


def _is_scale(rest: Floats, often: NDArray[Any], codes: NDArray[Any]) -> bool:
    """Tell whether the rest are the steps of a scale, of which 7, 8 and 9 may be codes."""
    rows = int(often.sum() + codes.sum())
    return bool(
        rest[0] in (0.0, 1.0)
        and (np.diff(rest) == 1).all()
        and rows >= _SCALE_ROWS
        and codes.max() >= 2
        and codes.sum() <= _SCALE_SHARE * rows
        and often[0] <= _AT_START * often.sum()
    )


def _stands_apart(found: Floats, counts: NDArray[Any], codes: int, *, small: int = _SMALL) -> bool:
    """Tell whether the largest values are far from the rest, or far more common than its end."""
    rest, often = found[:-codes], counts[:-codes]
    repeated = int(counts[-codes:].sum())
    span, gap = float(rest[-1] - rest[0]), float(found[-codes] - rest[-1])
    steps = np.diff(rest)
    if repeated < 2 or gap < 2 or gap <= steps.max():
        return False
    if found[-codes] <= small and not _is_scale(rest, often, counts[-codes:]):
        return False
    spike = max(_SPIKE_ROWS, _SPIKE * int(often[-_NEIGHBOURS:].max()))
    if repeated >= spike:
        return True
    # The 95th percentile of the rest: near its end unless the values thin out there.
    middle = rest[np.searchsorted(np.cumsum(often), 0.95 * often.sum())]
    thins_out = rest[-1] - middle > _THINNING * span
    if found[-codes] <= small:
        return gap >= _APART * span and not thins_out
    return gap >= _FAR * span or (gap >= _APART * span and not thins_out)


def holds_codes(column: pd.Series[Any]) -> bool:
    """Tell whether some values of a column of numbers look like codes."""
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    return find_codes(values[np.isfinite(values)]) is not None


def note_codes(
    column: pd.Series[Any], beside: pd.Series[Any] | None = None, *, as_ids: bool = False
) -> list[Note]:
    """Say which values of a column look like codes, and what the answer is without them.

    Parameters
    ----------
    column
        A column of numbers.
    beside
        The outcome, as numbers, where the column is a predictor of it.
    as_ids
        Whether the numbers are ids, which have no mean.
    """
    if not holds_codes(column):
        return []
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    y = None if beside is None else beside.to_numpy(dtype="float64", na_value=np.nan)
    named = "" if beside is None else str(beside.name)
    return note_tallied_codes(tally_numbers(str(column.name), values, y, named), as_ids=as_ids)


def note_tallied_codes(tally: Tally, *, as_ids: bool = False) -> list[Note]:
    """Say the same of a column whose values were counted."""
    found = find_tallied_codes(tally.values, tally.rows)
    if found is None:
        return []
    name = tally.name
    codes = sorted(found.codes, key=lambda code: (-found.codes[code], code))
    told = listed(f"{code:.15g} in {counted(found.codes[code], 'row')}" for code in codes)
    one = len(codes) == 1
    consequence = (
        f"{'It counts as a group' if one else 'They count as groups'} as it stands."
        if as_ids
        else _with_and_without(tally, codes)
    )
    looks = (
        f"{'this looks' if one else 'these look'} like {'a code' if one else 'codes'} for no "
        f"answer. {consequence}"
    )
    return [
        Note(
            level="caution",
            code="codes",
            message=f"{name} is {told}, though its other values lie between {number(found.low)} "
            f"and {number(found.high)}: {looks}",
            # Where they end are ids of groups.
            unnamed=f"{name} is {told}, far from its other ids: {looks}" if as_ids else "",
            columns=(name,),
            value=float(found.rows),
            remedy=codes_advice(
                f"If {'it is' if one else 'they are'}, read the file with",
                name,
                [int(code) for code in codes],
            ),
        )
    ]


def _with_and_without(tally: Tally, codes: list[float]) -> str:
    kept = ~np.isin(tally.values, codes)
    which = "it" if len(codes) == 1 else "them"
    means = f"Its mean is {number(tally.mean())} with {which} and {number(tally.mean(kept))}"
    if tally.beside is None:
        return f"{means} without."
    slopes = [tally.beside.slope(tally.values, rows) for rows in (np.ones_like(kept), kept)]
    if not np.isfinite(slopes).all():
        return f"{means} without."
    return (
        f"{means} without, and the slope of {tally.beside.name} on it is {number(slopes[0])} with "
        f"and {number(slopes[1])} without."
    )
