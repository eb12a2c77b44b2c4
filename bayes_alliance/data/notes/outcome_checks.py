"""Notes about the outcome: is it a number, does it vary, and can it be normal.

Counts, shares and scores piled at an end hardly are.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.columns import zero_one
from bayes_alliance.data.missing_codes import codes_advice
from bayes_alliance.data.notes.tallies import Tally
from bayes_alliance.data.report import Level, Note
from bayes_alliance.errors import Advice, Words, listed

_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
Floats = NDArray[np.float64]
_FEWEST_ROWS = 20
# A normal distribution of the same mean and sd would have more than 2.5% beyond an end.
_ENDS_IN_SDS = 2.0
_SKEW = 1.0  # of counts: three halves of that of an exponential's square root
_LARGEST_COUNT = 500.0  # beyond, whole numbers are amounts, such as incomes
# From this share of the rows at one end of a scale on it is a floor or a ceiling; from more where
# the scale has few steps, whose ends many rows have anyhow; from fewer where a model was found not
# to reproduce the outcome, which such rows then explain.
_PILED, _PILED_FEW, PILED_WHERE_UNLIKE = 0.15, 0.4, 0.05
_STEPS = 7  # a scale of so many steps at most is an ordered one


def note_outcome(outcome: pd.Series) -> list[Note]:
    """Look at an outcome that has at least one value; one without has its note elsewhere."""
    present = outcome.dropna()
    if present.empty:
        return []
    numeric = pd.api.types.is_numeric_dtype(outcome) or zero_one(outcome) is not None
    ordered = isinstance(outcome.dtype, pd.CategoricalDtype) and outcome.cat.ordered
    if not numeric and not ordered:
        return [_not_numeric(str(outcome.name), present)]
    if (present != present.iloc[0]).any():
        return []
    return [
        Note(
            level="bad",
            code="outcome_constant",
            message=f"{outcome.name} is {present.iloc[0]} in every row: nothing to explain."
            " Check that it is the right column.",
            columns=(str(outcome.name),),
        )
    ]


def _not_numeric(name: str, present: pd.Series) -> Note:
    words = present.astype("str")
    values = list(words.unique())
    what, remedy = _why_text(name, words, values)
    return Note(
        level="bad",
        code="outcome_not_numeric",
        message=f"{name} is text (such as {listed(map(repr, values), shown=3)}).{what}",
        columns=(name,),
        remedy=remedy,
    )


def _why_text(name: str, words: pd.Series, values: list[str]) -> tuple[str, Words]:
    """Say what makes text of an outcome, and what makes numbers of it."""
    if all(_DECIMAL_COMMA.fullmatch(value) for value in values):
        remedy = Advice(
            python='Read the file with decimal=",".',
            command_line="Read the file with --decimal , (and --separator ';' if that parts it).",
        )
        return " Its numbers have a decimal comma.", remedy
    odd = list(words[pd.to_numeric(words, errors="coerce").isna()].unique())
    if not odd or len(odd) == len(values):
        return "", "Code it as numbers: 0 and 1 for two answers, 1, 2, 3 ... for ordered ones."
    what = (
        f" Only {odd[0]!r} is no number."
        if len(odd) == 1
        else f" These are no numbers: {listed(map(repr, odd))}."
    )
    return what, codes_advice(
        "Correct the cells, or, if they mean no answer, name them:", name, odd
    )


def note_outcome_shape(name: str, y: Floats, *, normal: bool = True) -> list[Note]:
    """Say where a numeric outcome is of a kind that a normal distribution is not.

    Parameters
    ----------
    name
        The outcome's column.
    y
        Its values as the model has them, none missing.
    normal
        Whether a model takes it as normal; else it is not known yet what one will take it for.
    """
    values, rows = np.unique(y, return_counts=True)
    return note_tallied_shape(Tally(name=name, values=values, rows=rows), normal=normal)


def note_tallied_shape(tally: Tally, *, normal: bool = True) -> list[Note]:
    """Say the same of an outcome whose values were counted."""
    values, rows, total = tally.values, tally.rows, int(tally.rows.sum())
    if total < _FEWEST_ROWS or len(values) < 2:
        return []
    whole = bool((values == np.round(values)).all())
    if len(values) == 2:
        return [_two_values(tally.name, values, "caution" if normal else "fine")]
    low, high = float(values[0]), float(values[-1])
    if not whole:
        return _shares(tally) if low >= 0 and high <= 1 else []
    if low == 0 and _STEPS < high <= _LARGEST_COUNT and _is_count(tally):
        return [_counts(tally, total)]
    at_end, end = max((int(rows[0]), low), (int(rows[-1]), high))
    limit = piled_from(values)
    if at_end < limit * total or len(values) < 4 or not _apart(rows):
        return []
    return [_piled(tally, at_end, end, limit)]


def piled_from(values: Floats) -> float:
    """Return the share of the rows from which an end of a scale is a floor or a ceiling.

    Parameters
    ----------
    values
        The values that the outcome has, in order.
    """
    return _PILED_FEW if len(values) <= _STEPS and values[0] >= 0 else _PILED


def _two_values(name: str, values: Floats, level: Level) -> Note:
    zero_one = tuple(values) == (0.0, 1.0)
    remedy: Words = Advice(
        python='Write family="bernoulli".', command_line="Write --family bernoulli."
    )
    if not zero_one:
        remedy = Advice(
            python='Recode it to 0 and 1, and write family="bernoulli".',
            command_line="Recode it to 0 and 1 in the file, and write --family bernoulli.",
        )
    return Note(
        level=level,
        code="outcome_two_values",
        message=f"{name} has two values, {values[0]:.6g} and {values[1]:.6g}: yes or no, which "
        "a normal distribution does not suit.",
        columns=(name,),
        remedy=remedy,
    )


def _is_count(tally: Tally) -> bool:
    """Tell whether whole numbers from 0 up are skewed to the right as counts of events are."""
    sd = tally.sd
    return tally.mean() < _ENDS_IN_SDS * sd and tally.moment(3) / sd**3 > _SKEW


def _counts(tally: Tally, total: int) -> Note:
    name, below = tally.name, float(_share_below(0.0, tally.mean(), tally.sd))
    return Note(
        level="caution",
        code="outcome_counts",
        message=f"{name} looks like a count: whole numbers from 0 to {tally.values[-1]:.0f}, "
        f"{tally.rows[0]} of {total} rows 0, few large ones. A normal distribution of its mean "
        f"and standard deviation would have {below:.0%} of the rows below 0.",
        columns=(name,),
        value=below,
        remedy=Advice(
            python='Write family="poisson". Where the rows vary more than counts of one rate do, '
            "which the predictive check tells, give each row an effect of its own: a column obs "
            "that numbers the rows, and (1 | obs).",
            command_line="Write --family poisson. Where the rows vary more than counts of one rate "
            "do, which the predictive check tells, give each row an effect of its own: a column "
            "obs that numbers the rows, and (1 | obs).",
        ),
    )


def _shares(tally: Tally) -> list[Note]:
    name, mean, sd = tally.name, tally.mean(), tally.sd
    outside = _share_below(0.0, mean, sd) + _share_below(-1.0, -mean, sd)
    if outside < _share_below(-_ENDS_IN_SDS, 0.0, 1.0):
        return []
    return [
        Note(
            level="caution",
            code="outcome_shares",
            message=f"{name} looks like a share: all values lie between 0 and 1. A normal "
            f"distribution of its mean and standard deviation would have {outside:.0%} of the rows "
            "outside.",
            columns=(name,),
            value=outside,
            remedy="This package has no family for shares yet (a beta distribution would fit). "
            "If it is a count out of a known number, give one row a trial, 0 or 1; else take the "
            "logit of the share as the outcome.",
        )
    ]


def _apart(rows: NDArray[np.int64]) -> bool:
    """Tell whether one end has more rows than the step beside it: the scale goes no further."""
    return bool(rows[0] > rows[1] or rows[-1] > rows[-2])


def _piled(tally: Tally, at_end: int, end: float, limit: float) -> Note:
    which, total = "lowest" if end == tally.values[0] else "highest", int(tally.rows.sum())
    advice = (
        Advice(python='Write family="cumulative".', command_line="Write --family cumulative.")
        if limit == _PILED_FEW
        else "What is beyond the end of the scale is not seen, so that differences between "
        "clients and groups near it look smaller than they are; say so."
    )
    return Note(
        level="caution",
        code="outcome_at_end",
        message=f"{at_end} of {total} rows ({at_end / total:.0%}) have the {which} value of "
        f"{tally.name}, {end:.6g}: a normal distribution does not pile up at an end.",
        columns=(tally.name,),
        value=at_end / total,
        threshold=limit,
        remedy=advice,
    )


def _share_below(limit: float, mean: float, sd: float) -> float:
    """Return what share a normal distribution has below a limit."""
    from scipy import special

    return float(special.ndtr((limit - mean) / sd))
