"""How a Bayes factor is put into words."""

from __future__ import annotations

import numpy as np

from bayes_alliance.display import number

# Least Bayes factor, and what Kass and Raftery call it.
_STRENGTHS = ((150.0, "very strong"), (20.0, "strong"), (3.0, "positive"), (0.0, "hardly any"))


def strength_of_factor(log_factor: float) -> str:
    """Name the strength of evidence of a Bayes factor above one (kass1995)."""
    return next(words for least, words in _STRENGTHS if np.exp(min(log_factor, 700.0)) >= least)


def times_in_words(log_factor: float) -> str:
    """Write a Bayes factor; beyond a million its size says nothing more."""
    if log_factor > np.log(1e6):
        return "over a million"
    if log_factor < -np.log(1e6):
        return "under a millionth"
    return number(float(np.exp(log_factor)))


def scale_in_words(scale: float) -> str:
    """Name a multiple of a prior's scale."""
    return {0.5: "half", 2.0: "double"}.get(scale, f"{scale:g} times")
