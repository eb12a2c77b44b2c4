"""A family's own parameters: where each may lie, what is believed of it by default, its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.families.link import LOG, Link
from bayes_alliance.model.families.support import ORDERED, POSITIVE, Support
from bayes_alliance.model.prior import Prior


def _alone(levels: Sequence[str]) -> tuple[str | None, ...]:
    return (None,)


def _unpredicted(scale: float) -> tuple[float, float]:
    return 0.0, 1.0


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter that a family has beside its location.

    Parameters
    ----------
    name
        The container's variable.
    support
        Where it may lie.
    default
        The default prior of each element, from where the linear predictor lies and from the
        standard deviation of the outcome on its scale.
    words
        What it is, for people.
    symbol
        Its letter in LaTeX.
    dim
        Its dimension in the container; empty for one number a draw.
    labels
        Its elements, from the categories of the outcome; None for its only one.
    is_level
        Whether it takes the place of the intercept: it moves when the zero of a predictor does.
        Its default is normal then.
    link
        Through which a linear predictor of its own gives it, where it is predicted; None where it
        cannot be.
    predicted
        Where that linear predictor lies by default, and how far it varies between rows, from the
        standard deviation of the outcome: the scale of the default priors of its coefficients and
        group effects.
    """

    name: str
    support: Support
    default: Callable[[float, float], Prior]
    words: str
    symbol: str
    dim: str = ""
    labels: Callable[[Sequence[str]], tuple[str | None, ...]] = _alone
    is_level: bool = False
    link: Link | None = None
    predicted: Callable[[float], tuple[float, float]] = _unpredicted

    @property
    def can_be_predicted(self) -> bool:
        """Whether a model may give it a formula of its own."""
        return self.link is not None


def threshold_labels(levels: Sequence[str]) -> tuple[str, ...]:
    """Return one label a threshold: ``3|4`` lies between the categories 3 and 4."""
    return tuple(f"{low}|{high}" for low, high in pairwise(levels))


SIGMA = Parameter(
    name=names.SIGMA,
    support=POSITIVE,
    default=lambda centre, scale: Prior("HalfStudentT", (3.0, scale)),
    words="residual standard deviation",
    symbol=r"\sigma",
    link=LOG,
    # 2.5 of these: a predictor's standard deviation changes sigma up to elevenfold, either way.
    predicted=lambda scale: (float(np.log(scale)), 0.5),
)
# The median of its default, on the logarithmic scale.
_LOG_NU = 2.82
NU = Parameter(
    name=names.NU,
    support=POSITIVE,
    default=lambda centre, scale: Prior("Gamma", (2.0, 0.1)),
    words="degrees of freedom of the residuals",
    symbol=r"\nu",
    link=LOG,
    predicted=lambda scale: (_LOG_NU, 0.4),
)
_THRESHOLD_WIDTH = 5.0  # twice that of a coefficient
CUTPOINT = Parameter(
    name=names.CUTPOINT,
    support=ORDERED,
    default=lambda centre, scale: Prior("Normal", (centre, _THRESHOLD_WIDTH)),
    words="thresholds between the categories",
    symbol=r"\theta",
    dim=names.CUTPOINT_DIM,
    labels=threshold_labels,
    is_level=True,
)
