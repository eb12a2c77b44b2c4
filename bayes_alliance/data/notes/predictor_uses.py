"""Predictors that are used as something else than they seem: codes as numbers, ids as levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bayes_alliance.data.notes.tallies import Tally, tally_numbers
from bayes_alliance.data.report import Level, Note

Floats = NDArray[np.float64]

# So many whole values from 0 or 1 may be names rather than amounts.
_FEWEST_VALUES, MOST_CATEGORIES = 3, 9
# They are asked about where the outcome's means go up and down, explain so much more than a line
# does, and do so beyond chance; and where each value has so many rows.
_MORE_EXPLAINED, _BY_CHANCE, _ROWS = 0.02, 1e-3, 5
# A category of more levels is asked about, and one of many more is refused as it stands.
MANY_LEVELS, TOO_MANY_LEVELS = 12, 50


def note_few_values(column: pd.Series[Any], outcome: pd.Series[Any]) -> list[Note]:
    """Ask about a predictor whose few whole values look like the names of categories.

    Parameters
    ----------
    column
        A predictor that the model takes as a number.
    outcome
        The outcome as numbers.
    """
    x, y = (part.to_numpy(dtype="float64", na_value=np.nan) for part in (column, outcome))
    start = x[~np.isnan(x)][:100]
    if not (start == np.round(start)).all():
        return []
    return note_tallied_values(tally_numbers(str(column.name), x, y, str(outcome.name)))


def note_tallied_values(tally: Tally) -> list[Note]:
    """Ask the same about a predictor whose values were counted beside the outcome."""
    if tally.beside is None:
        return []
    present = tally.beside.rows > 0
    values, rows = tally.values[present], tally.beside.rows[present]
    plausible = _FEWEST_VALUES <= len(values) <= MOST_CATEGORIES and values[0] in (0.0, 1.0)
    if not plausible or not (np.diff(values) == 1).all() or rows.min() < _ROWS:
        return []
    means = tally.beside.means[present]
    if not _up_and_down(means, rows, float(tally.beside.within[present].sum())):
        return []
    told = ", ".join(f"{value:g}: {mean:.3g}" for value, mean in zip(values, means, strict=True))
    return [
        Note(
            level="caution",
            code="code_as_number",
            message=f"{tally.name} has {len(values)} whole values and is used as a number, but "
            f"{tally.beside.name} does not go one way along it (its means: {told}).",
            columns=(tally.name,),
            value=float(len(values)),
            remedy=f"If its values are names, as of genders or regions, write C({tally.name}); if "
            "they are amounts, a straight line does not describe them.",
        )
    ]


def _up_and_down(means: Floats, rows: NDArray[np.int64], within: float) -> bool:
    """Tell whether means turn, and lie off their line by more than chance and by something."""
    steps = np.diff(means)
    if (steps >= 0).all() or (steps <= 0).all():
        return False
    total = int(rows.sum())
    x, y = np.arange(float(len(rows))), means - rows @ means / total
    x = x - rows @ x / total
    between = float(rows @ y**2)
    off_the_line = between - float(rows @ (x * y)) ** 2 / float(rows @ x**2)
    freedom = total - len(rows)
    if freedom <= 0 or within <= 0 or off_the_line <= _MORE_EXPLAINED * (between + within):
        return False
    ratio = off_the_line / (len(rows) - 2) / (within / freedom)
    return float(stats.f.sf(ratio, len(rows) - 2, freedom)) < _BY_CHANCE


def note_many_levels(name: str, levels: int, rows: int, *, level: Level = "caution") -> list[Note]:
    """Say how many coefficients a category of many levels makes, if it is a predictor."""
    if levels <= MANY_LEVELS:
        return []
    return [
        Note(
            level=level,
            code="many_levels",
            message=f"{name} has {levels} categories, with {rows / levels:.1f} rows each on "
            f"average: as a predictor it takes {levels - 1} coefficients.",
            columns=(name,),
            value=float(levels),
            threshold=float(MANY_LEVELS),
            remedy=f"If its categories are groups, such as agencies, write (1 | {name}); if they "
            "should be fewer, put them together first.",
        )
    ]
