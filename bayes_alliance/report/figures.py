"""Pictures of intervals, and of how many rows the groups have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.drawing import BLUE, draw_intervals, reference_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def draw_coefficients(axes: Axes, *, summary: pd.DataFrame) -> Axes:
    """Draw each coefficient with its interval and a line at zero."""
    draw_intervals(axes, summary[["mean", "lower", "upper"]])
    reference_line(axes)
    axes.set_xlabel("coefficient")
    return axes


def draw_caseloads(axes: Axes, *, caseloads: Sequence[int]) -> Axes:
    """Draw how many groups have how many rows."""
    values = np.asarray(caseloads)
    span = int(values.max() - values.min() + 1)
    step = max(1, -(-span // 40))
    edges = np.arange(values.min() - 0.5, values.max() + step + 0.5, step)
    axes.hist(values, bins=edges.tolist(), color=BLUE, alpha=0.75, edgecolor="white", linewidth=1.0)
    axes.set_xlabel("rows of a group")
    axes.set_ylabel("groups")
    axes.locator_params(integer=True)
    return axes
