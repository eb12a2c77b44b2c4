"""What a predictor is typically: its mean and standard deviation, or how often each level occurs.

A design keeps this beside the levels of its columns, so that what is said "at the means" can be
said of a fit without rows too. Rows count as often as their frequency weights say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
# What the state of a column, and of an expression centred by group, calls them.
SD, SHARES, OF_LABELS = "sd", "shares", "label_moments"


def mean_and_sd(values: Floats, repeats: Floats | None) -> tuple[float, float]:
    """Return the mean and the standard deviation (n) of a number."""
    mean = float(np.average(values, weights=repeats))
    off = values - mean
    size = float(np.abs(off).max(initial=0.0)) or 1.0  # squares of very large numbers overflow
    return mean, size * float(np.sqrt(np.average((off / size) ** 2, weights=repeats)))


def level_shares(
    values: pd.Series[Any], levels: Sequence[Any], repeats: Floats | None
) -> list[float]:
    """Return how often each level occurs; the shares sum to 1."""
    import pandas as pd

    places = pd.Index(levels).get_indexer(pd.Index(values.to_numpy()))
    counts = np.bincount(places, weights=repeats, minlength=len(levels)).astype(float)
    return [float(share) for share in counts / counts.sum()]


def moments_of_columns(
    labels: Sequence[str], matrix: Floats, repeats: Floats | None
) -> dict[str, list[float]]:
    """Return mean and standard deviation of every column of a design, by its label."""
    return {
        label: list(mean_and_sd(matrix[:, place], repeats)) for place, label in enumerate(labels)
    }
