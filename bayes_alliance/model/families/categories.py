"""Outcomes that are answers: a probability for each, and the number it counts as.

Probabilities go by the thresholds that a latent variable passes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bayes_alliance.errors import listed
from bayes_alliance.model.families.family import Array, Family, Parameters
from bayes_alliance.model.families.link import ProbabilityLink


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


@dataclass(frozen=True, kw_only=True)
class Categories(Family):
    """Answers in order; yes and no are two of them."""

    link: ProbabilityLink

    is_discrete: ClassVar[bool] = True
    varies: ClassVar[str] = "the tendency underlying {}"
    residual_is: ClassVar[str] = "fixed by convention"
    residual_of: ClassVar[str] = "that link"

    @abstractmethod
    def category_scores(self, levels: Sequence[str]) -> Array:
        """Return what the answers count as in means, from low to high."""

    def residual_variance(self, own: Parameters, mean: Any = None) -> Array:
        """Return the variance of the latent variable."""
        return np.full(1, self.link.latent_variance)

    def expected(
        self, eta: Array, own: Parameters, levels: Sequence[str] = (), variance: Any = None
    ) -> Array:
        """Return the lowest score and a step for every threshold passed."""
        scores = self.category_scores(levels)
        return np.asarray(scores[0] + self._passed(np.diff(scores), eta, own, variance))

    def outcome_variance(
        self, eta: Array, own: Parameters, levels: Sequence[str] = (), variance: Any = None
    ) -> Array:
        """Return the mean square of the scores less the square of their mean."""
        scores = self.category_scores(levels)
        counts = scores - scores[0]
        chances = self.chances(eta, own, variance)
        mean, square = _sum(np.diff(counts), chances), _sum(np.diff(counts**2), chances)
        return np.asarray(square - mean**2)

    def _passed(self, steps: Array, eta: Array, own: Parameters, variance: Any) -> Array:
        return _sum(steps, self.chances(eta, own, variance))

    def left_words(self, outcome: str) -> str:
        """Say the link of the event."""
        return self.link.words.format(self.event_words(outcome))

    @abstractmethod
    def event_words(self, outcome: str) -> str:
        """Say whose probability it is."""


def _sum(steps: Array, chances: Sequence[Array]) -> Array:
    return np.asarray(sum(s * p for s, p in zip(steps, chances, strict=True)))
