"""Pictures of intervals: shares, coefficients, and the groups in order (the caterpillar)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.drawing import (
    BLUE,
    GREY,
    ORANGE,
    draw_intervals,
    faint_grid,
    quiet_axis,
    reference_line,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LABELLED_GROUPS = 60
_LINE_HEIGHT = 0.19
_MOST_DOTS = 250


def draw_shares(axes: Axes, *, shares: pd.DataFrame) -> Axes:
    """Draw the share of each level with its interval, in per cent."""
    draw_intervals(axes, 100 * shares[["mean", "lower", "upper"]])
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the variance, per cent")
    return axes


def draw_coefficients(axes: Axes, *, summary: pd.DataFrame) -> Axes:
    """Draw each coefficient with its interval and a line at zero."""
    draw_intervals(axes, summary[["mean", "lower", "upper"]])
    reference_line(axes)
    axes.set_xlabel("coefficient")
    return axes


def draw_caterpillar(axes: Axes, *, effects: pd.DataFrame, labels: Sequence[str]) -> Axes:
    """Draw the effects of many groups in the order of their means, each with its interval.

    Parameters
    ----------
    axes
        Where to draw.
    effects
        Columns mean, lower, upper; one row a group.
    labels
        One label a row; shown for up to :data:`LABELLED_GROUPS` groups.
    """
    order = np.argsort(effects["mean"].to_numpy(), kind="stable")
    table = effects.iloc[order]
    places = np.arange(len(table))
    apart = ((table["lower"] > 0) | (table["upper"] < 0)).to_numpy()
    thin = float(np.clip(150 / len(table), 0.5, 2.2))
    few = len(table) <= LABELLED_GROUPS
    for chosen, colour, light in _kinds(apart):
        rows = table[chosen]
        # Where lines touch, paler ones let the means stand out.
        line = colour if few else light
        axes.hlines(places[chosen], rows["lower"], rows["upper"], color=line, linewidth=thin)
        size = 4.5 if few else float(np.clip(400 / len(table), 1.6, 3.5))
        axes.plot(rows["mean"], places[chosen], "o", color=colour, markersize=size)
    reference_line(axes)
    if few:
        axes.set_yticks(places, labels=[labels[k] for k in order])
        axes.tick_params(axis="y", labelsize=9)
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(table):,} groups, in order")
    axes.set_ylim(-0.8, len(table) - 0.2)
    axes.set_xlabel("departure from the common value")
    faint_grid(axes)
    quiet_axis(axes)
    return axes


def _kinds(apart: np.ndarray) -> list[tuple[np.ndarray, str, str]]:
    kinds = [(~apart, GREY, "#BFC5CB"), (apart, ORANGE, "#F2B98F")]
    return [kind for kind in kinds if kind[0].any()]


def caterpillar_height(groups: int) -> float:
    """Return the height, in inches, of a caterpillar of that many groups."""
    if groups <= LABELLED_GROUPS:
        return 0.9 + _LINE_HEIGHT * groups
    return 6.0 if groups <= _MOST_DOTS else 8.0


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
