"""Curves of several levels with their bands, told apart in grey too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_alliance.drawing import BLUE, GREY, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (INK, ":", "^"), (GREY, "-.", "D"))


def draw_level_curves(
    axes: Axes, table: pd.DataFrame, *, x: str, by: str, levels: Sequence[str]
) -> Axes:
    """Draw mean and interval of each level along x, in per cent; categories as intervals.

    Parameters
    ----------
    axes
        Where to draw.
    table
        Columns ``x``, ``by``, mean, lower, upper.
    x, by
        Names of the columns with the place and the level.
    levels
        The levels to draw; a legend names them if there are several.
    """
    for k, level in enumerate(levels):
        rows = table[table[by] == level]
        numbers = 100 * rows[["mean", "lower", "upper"]].to_numpy(float)
        colour, line, marker = _STYLES[k % len(_STYLES)]
        if pd.api.types.is_numeric_dtype(rows[x].dtype) and len(rows) > 2:
            axes.fill_between(
                rows[x], numbers[:, 1], numbers[:, 2], color=colour, alpha=0.18, linewidth=0
            )
            axes.plot(rows[x], numbers[:, 0], color=colour, linestyle=line, label=level)
        else:
            places = np.arange(len(rows)) + 0.12 * (k - (len(levels) - 1) / 2)
            axes.vlines(places, numbers[:, 1], numbers[:, 2], color=colour, linewidth=2.0)
            axes.plot(places, numbers[:, 0], marker, color=colour, label=level)
            axes.set_xticks(np.arange(len(rows)), labels=[str(value) for value in rows[x]])
            axes.margins(x=0.3)
    axes.set_ylim(0, None)
    axes.grid(axis="y", alpha=0.3)
    if len(levels) > 1:
        axes.legend(frameon=False)
    return axes
