"""Variance shares in words that go as far as the numbers do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayes_alliance.display import joined
from bayes_alliance.posterior.standing import Standing

if TYPE_CHECKING:
    import pandas as pd

_NEXT_TO_NOTHING = 0.01
_WIDE = 0.4


def percent(value: float) -> str:
    """Write a share in per cent, with one decimal where it is small."""
    return f"{100 * value:.1f}%" if abs(value) < 0.0995 else f"{100 * value:.0f}%"


def interval_of_share(row: Any, prob: float) -> str:
    """Return a share with its interval: ``23% (95% interval 12% to 36%)``."""
    mean, lower, upper = (percent(row[name]) for name in ("mean", "lower", "upper"))
    return f"{mean} ({prob:.0%} interval {lower} to {upper})"


def place_notes(standing: Standing, *, average: bool) -> list[str]:
    """Say below a table at which predictor values it holds."""
    if average:
        return ["Averaged over the predictors of the rows."]
    words = standing.words
    return [f"{words[0].upper()}{words[1:]}."] if words else []


def place_words(standing: Standing, *, average: bool) -> str:
    """Say at which predictor values a number holds."""
    if average:
        return ", on average over the rows"
    return f" {standing.words}" if standing.places else ""


def beside_words(levels: pd.DataFrame, standing: Standing, prob: float) -> str:
    """Say below averaged shares what they are at the means of the predictors."""
    shares = [f"{level} {interval_of_share(row, prob)}" for level, row in levels.iterrows()]
    words = standing.words
    return f"{words[0].upper()}{words[1:]}: {joined(shares)}."


def measure_words(scale: str) -> str:
    """Say on which scale, unless it is the outcome's own."""
    return "" if scale == "outcome" else f" on the {scale} scale"


def share_words(table: pd.DataFrame, opening: str, prob: float, *, of: str = "") -> str:
    """Say what lies between the groups of each level, and how well that is known.

    Parameters
    ----------
    table, opening, prob
        Shares by level, how the sentence begins, probability of the intervals.
    of
        The whole, where the opening does not name it: `` of the variance``.
    """
    known = table[table["mean"].notna()]
    if known.empty:
        return f"{opening}, no share can be given: in no draw does the residual variance exist."
    parts = [
        f"{interval_of_share(row, prob)}{of} lies {_between(str(level))}"
        for level, row in known.iterrows()
    ]
    cautions = [
        _caution(str(level), row["lower"], row["upper"], len(known))
        for level, row in known.iterrows()
    ]
    return " ".join([f"{opening}, {' and '.join(parts)}.", *filter(None, cautions)])


def _between(level: str) -> str:
    if level == "interaction of groups":
        return "in the interaction of the crossed groups"
    return f"between the groups of {level}"


def _caution(level: str, lower: float, upper: float, levels: int) -> str:
    subject = "It" if levels == 1 else f"That of {level}"
    if lower < _NEXT_TO_NOTHING and upper - lower > _WIDE:
        return f"{subject} may be next to nothing or a large part: it is poorly known."
    if lower < _NEXT_TO_NOTHING:
        return f"{subject} may be next to nothing."
    return f"{subject} is poorly known." if upper - lower > _WIDE else ""
