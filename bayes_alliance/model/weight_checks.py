"""What frequency weights look like: counts of clients, or the sizes of a population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.data.report import Note
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.response import Response

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.model.streaming.sums import StreamedSums

# Weights that sum to this many times the rows, or are worth less than this share of them as equal
# rows, decide how sure the results are: then it matters what they mean.
_MANY_TIMES, _FEW_OF_ALL = 1.5, 0.5


@dataclass(frozen=True, kw_only=True)
class FrequencyWeights:
    """Frequency weights in numbers.

    Parameters
    ----------
    column
        Their name.
    rows
        Number of rows.
    clients
        Their sum: how many clients the rows stand for.
    squares
        The sum of their squares.
    whole
        Whether all are whole numbers.
    counted
        Whether the rows look counted: no two are alike, and no number has so many values that
        clients could hardly share one.
    """

    column: str
    rows: int
    clients: float
    squares: float
    whole: bool
    counted: bool

    @property
    def effective(self) -> float:
        """How many equally weighted rows carry as much, ``(sum w)^2 / sum w^2`` (Kish)."""
        return self.clients**2 / self.squares

    @property
    def code(self) -> str:
        """Name of what is found of them, for programs."""
        return "weights_like_population" if self.whole else "pseudo_posterior"

    @property
    def like_population(self) -> bool:
        """Whether they look like population sizes or survey weights rather than like counts."""
        far = self.clients > _MANY_TIMES * self.rows or self.effective < _FEW_OF_ALL * self.rows
        return not self.whole or (far and not self.counted)


def frequency_weights_of(response: Response, frame: ModelFrame) -> FrequencyWeights | None:
    """Return a model's frequency weights in numbers, or None where it has none or no rows."""
    weights = frame.weights
    if response.repeats is None or weights is None or not len(weights):
        return None
    return FrequencyWeights(
        column=response.repeats,
        rows=len(weights),
        clients=float(weights.sum()),
        squares=float(weights @ weights),
        whole=_whole(weights),
        counted=_look_counted(frame.rows.drop(columns=response.repeats)),
    )


def streamed_frequency_weights(
    response: Response, sums: StreamedSums, rows: int
) -> FrequencyWeights | None:
    """Return the same of streamed rows, which are too many to be looked at one by one."""
    if response.repeats is None:
        return None
    return FrequencyWeights(
        column=response.repeats,
        rows=rows,
        clients=float(sums.repeats.sum()),
        squares=sums.squared_weights,
        whole=sums.whole_weights,
        counted=False,
    )


def weight_notes(found: FrequencyWeights | None) -> list[Note]:
    """Say what rows stand for, and where their weights are hardly counts of clients."""
    if found is None:
        return []
    stand = f"By the weights {found.column} the {found.rows:,} rows stand for {found.clients:,.10g}"
    if not found.like_population:
        message = f"{stand} clients: every mean, share and check counts those."
        return [Note(level="fine", code="rows_stand_for", message=message, columns=(found.column,))]
    return [
        Note(
            level="caution",
            code=found.code,
            message=f"{stand} clients. {looks_in_words(found)}",
            columns=(found.column,),
            remedy=advice_in_words(found),
            value=found.effective,
            threshold=float(found.rows),
        )
    ]


def looks_in_words(found: FrequencyWeights) -> str:
    """Say why the weights do not look like counts of clients."""
    if not found.whole:
        what = (
            "They are not whole numbers, so they are no counts of clients: the result is a "
            "pseudo-posterior"
        )
    else:
        what = (
            "The rows look like single clients, not like counts of clients who are alike in "
            "everything the model uses"
        )
    return f"{what}. They tell as much as {found.effective:,.0f} rows of equal weight would."


def advice_in_words(found: FrequencyWeights) -> str:
    """Say what frequency weights do to the intervals, and what can be done honestly."""
    return (
        f"Each row counts {found.column} times, so every interval is as narrow as "
        f"{found.clients:,.10g} clients would make it. If the weights are population sizes or "
        "survey weights, that is wrong, and scaling them to a mean of 1 does not mend it. "
        "Leave them out, make what they depend on (region, age, stratum) predictors, and average "
        "the predictions over a table that has the population's composition; or use software for "
        "survey designs."
    )


def _whole(weights: NDArray[np.float64]) -> bool:
    return bool((weights == np.round(weights)).all())


def _look_counted(rows: pd.DataFrame) -> bool:
    if rows.duplicated().any():
        return False
    numbers = rows.select_dtypes("number")
    return all(2 * numbers[name].nunique() <= len(rows) for name in numbers.columns)
