"""What the categories of an ordinal outcome count as: every verb that needs a number asks here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import listed

Array = NDArray[np.float64]


def category_scores(levels: Sequence[str]) -> Array:
    """Return what each ordered category counts as: its own number, or its place from 1.

    Own numbers are taken where every category is one and they rise in the order of the categories.
    """
    own = np.array([_number(level) for level in levels])
    rising = bool(np.isfinite(own).all() and (np.diff(own) > 0).all())
    return own if rising else np.arange(1.0, len(levels) + 1)


def as_scores(levels: Sequence[str], codes: Array) -> Array:
    """Return outcomes as scores, from the places of their categories counted from 0.

    Outcomes without categories are returned as they are.
    """
    return category_scores(levels)[codes.astype(np.int64)] if levels else codes


def score_words(levels: Sequence[str]) -> str:
    """Say what the categories count as: ``1 to 5``, or ``0, 2 and 5`` where steps differ."""
    scores = category_scores(levels)
    if (np.diff(scores) == 1).all():
        return f"{scores[0]:g} to {scores[-1]:g}"
    return listed(f"{score:g}" for score in scores)


def score_note(levels: Sequence[str]) -> str:
    """Say in a sentence what the categories count as."""
    scores = category_scores(levels)
    alike = "equally far apart" if np.allclose(np.diff(scores), scores[1] - scores[0]) else ""
    whose = "their own numbers" if _named(levels, scores) else "their places"
    return f"Categories count as {whose}, {score_words(levels)}{', ' if alike else ''}{alike}."


def _named(levels: Sequence[str], scores: Array) -> bool:
    return bool((np.array([_number(level) for level in levels]) == scores).all())


def _number(level: str) -> float:
    """Return a category as the number it is written as, NaN if it is none."""
    try:
        return float("nan" if "_" in level else level)
    except ValueError:
        return float("nan")
