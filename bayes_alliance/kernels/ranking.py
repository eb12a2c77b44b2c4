"""Ranks of groups within every draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ranks_from_highest(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the place of each group in each draw, 1 for the highest, shape (draw, group)."""
    draws, groups = values.shape
    order = np.argsort(-values, axis=1)
    ranks = np.empty((draws, groups), dtype=np.int32)
    places = np.broadcast_to(np.arange(1, groups + 1, dtype=np.int32), (draws, groups))
    np.put_along_axis(ranks, order, places, axis=1)
    return ranks
