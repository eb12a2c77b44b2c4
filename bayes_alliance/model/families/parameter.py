"""A family's own parameters: where each may lie, what is believed of it by default, its words.

Where it may lie is a support, with the free numbers that stand for a value in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance import names
from bayes_alliance.model.families.link import LOG, Link
from bayes_alliance.model.prior import Prior

Array = NDArray[np.float64]
# The median of its default, on the logarithmic scale.
_LOG_NU = 2.82
_THRESHOLD_WIDTH = 5.0  # twice that of a coefficient


@dataclass(frozen=True)
class Support(ABC):
    """Where the elements of a parameter may lie; elements stand along the last axis."""

    #: Whether the elements rise: their priors are cut to that, and have their mass back.
    is_ordered: ClassVar[bool] = False

    @abstractmethod
    def free(self, values: Array) -> Array:
        """Return values as free numbers, of the same shape."""

    @abstractmethod
    def constrained(self, free: Array) -> tuple[Array, Array]:
        """Return the values of free numbers, and the log Jacobian without the last axis."""


class Real(Support):
    """Any number."""

    def free(self, values: Array) -> Array:
        """Return them as they are."""
        return values

    def constrained(self, free: Array) -> tuple[Array, Array]:
        """Return them as they are."""
        return free, np.zeros(free.shape[:-1])


class Positive(Support):
    """A number above 0, by its logarithm."""

    def free(self, values: Array) -> Array:
        """Return the logarithms."""
        return np.asarray(np.log(values))

    def constrained(self, free: Array) -> tuple[Array, Array]:
        """Return the exponentials."""
        return np.exp(free), free.sum(axis=-1)


class Unit(Support):
    """A number between 0 and 1, by its log odds."""

    def free(self, values: Array) -> Array:
        """Return the log odds."""
        return np.asarray(special.logit(values))

    def constrained(self, free: Array) -> tuple[Array, Array]:
        """Return the logistic function."""
        log_jacobian = special.log_expit(free) + special.log_expit(-free)
        return special.expit(free), log_jacobian.sum(axis=-1)


class Ordered(Support):
    """Numbers that rise, by the first and the logarithms of the steps."""

    is_ordered = True

    def free(self, values: Array) -> Array:
        """Return the first and the logarithms of the steps."""
        steps = np.log(np.diff(values, axis=-1))
        return np.concatenate([values[..., :1], steps], axis=-1)

    def constrained(self, free: Array) -> tuple[Array, Array]:
        """Return the sums of the first and the steps."""
        steps = np.concatenate([free[..., :1], np.exp(free[..., 1:])], axis=-1)
        return np.cumsum(steps, axis=-1), free[..., 1:].sum(axis=-1)


REAL, POSITIVE, UNIT, ORDERED = Real(), Positive(), Unit(), Ordered()


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
NU = Parameter(
    name=names.NU,
    support=POSITIVE,
    default=lambda centre, scale: Prior("Gamma", (2.0, 0.1)),
    words="degrees of freedom of the residuals",
    symbol=r"\nu",
    link=LOG,
    predicted=lambda scale: (_LOG_NU, 0.4),
)
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
