"""How a Bayes factor is put into words, and when it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from bayes_alliance.display import number

# Least Bayes factor, and what Kass and Raftery call it.
_STRENGTHS = ((150.0, "very strong"), (20.0, "strong"), (3.0, "positive"), (0.0, "hardly any"))
_HARDLY = "hardly any"
_SPEAKS = float(np.log(3.0))
# The multiples of the named prior's scale that decide, and the Monte Carlo errors to either side.
DECIDING = (0.5, 1.0, 2.0)
WIDTHS = 2.0
_THOUSANDS = 1000.0  # from here on with three digits and a comma

Kind = Literal["for", "against", "hardly any", "depends", "open"]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What three Bayes factors say of a term together.

    Parameters
    ----------
    kind
        ``"for"`` the term if all three are 3 and more; ``"against"`` if that at the named scale
        is a third and less; ``"hardly any"`` if the named one lies between, none is 3 and more,
        and none a third and less unless the named one is below 1; ``"depends"`` on the prior in
        all other cases; ``"open"`` where the Monte Carlo errors leave more than one of these.
    strength
        The word: that of the weakest of the three *for*, of the one at the named scale
        *against*; empty where the answer depends on the prior or is open.
    """

    kind: Kind
    strength: str


def judge(logs: Mapping[float, float], errors: Mapping[float, float]) -> Judgement:
    """Judge a term by the log Bayes factors at half, one and two times the named scale.

    Parameters
    ----------
    logs
        Natural logarithms of the factors for the term, by scale.
    errors
        Their Monte Carlo standard errors.
    """
    steps = (-WIDTHS, 0.0, WIDTHS)
    corners = product(*([logs[s] + step * errors[s] for step in steps] for s in DECIDING))
    found = {_judged(*corner) for corner in corners}
    return found.pop() if len(found) == 1 else Judgement(kind="open", strength="")


def _judged(half: float, one: float, two: float) -> Judgement:
    if not np.isfinite([half, one, two]).all():
        return Judgement(kind="open", strength="")
    least, most = min(half, one, two), max(half, one, two)
    if least >= _SPEAKS:
        return Judgement(kind="for", strength=strength_of_factor(least))
    if one <= -_SPEAKS:
        return Judgement(kind="against", strength=strength_of_factor(-one))
    if most < _SPEAKS and (one < 0.0 or least > -_SPEAKS):
        return Judgement(kind="hardly any", strength=_HARDLY)
    return Judgement(kind="depends", strength="")


def crosses_a_limit(log_factor: float, error: float) -> bool:
    """Tell whether two Monte Carlo errors to either side leave more than one word."""
    ends = [log_factor - WIDTHS * error, log_factor + WIDTHS * error]
    words = {(strength_of_factor(abs(end)), end > 0 and abs(end) >= _SPEAKS) for end in ends}
    return len(words) > 1


def least_factor(strength: str) -> float:
    """Return the logarithm of the least factor that a word is said of."""
    return float(np.log(next(least for least, words in _STRENGTHS if words == strength)))


def strength_of_factor(log_factor: float) -> str:
    """Name the strength of evidence of a Bayes factor above one (kass1995)."""
    return next(words for least, words in _STRENGTHS if np.exp(min(log_factor, 700.0)) >= least)


def times_in_words(log_factor: float) -> str:
    """Write a Bayes factor; beyond a million its size says nothing more."""
    if log_factor > np.log(1e6):
        return "over a million"
    if log_factor < -np.log(1e6):
        return "under a millionth"
    factor = float(np.exp(log_factor))
    return f"{float(f'{factor:.3g}'):,.0f}" if factor >= _THOUSANDS else number(factor)


def scale_in_words(scale: float) -> str:
    """Name a multiple of a prior's scale."""
    return {0.5: "half", 2.0: "double"}.get(scale, f"{scale:.2g} times")
