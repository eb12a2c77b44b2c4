"""What a bridge is built to: posterior draws as vectors of free numbers, and their density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Target:
    """The posterior on unconstrained numbers.

    Parameters
    ----------
    points
        Draws, shape (chain, draw, d).
    log_density
        From points, shape (n, d), to log likelihood plus log prior plus log Jacobian, shape (n,):
        the log posterior density up to the log evidence, every constant kept.
    """

    points: Array
    log_density: Callable[[Array], Array]

    @property
    def dimensions(self) -> int:
        """How many numbers a draw is."""
        return int(self.points.shape[-1])
