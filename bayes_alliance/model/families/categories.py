"""Outcomes that are answers: a probability for each, by the thresholds a latent variable passes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bayes_alliance.model.families.family import Array, Family, Parameters
from bayes_alliance.model.families.link import ProbabilityLink


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
