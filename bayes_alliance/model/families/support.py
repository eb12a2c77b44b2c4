"""Where a parameter may lie, and the free numbers that stand for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


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
