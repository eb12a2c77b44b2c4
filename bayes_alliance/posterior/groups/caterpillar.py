"""Groups in order with their intervals (the caterpillar), and the dots they were drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.drawing import INK, ORANGE, faint_grid, quiet_axis, reference_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LABELLED_GROUPS = 60
_LINE_HEIGHT = 0.19
_MOST_DOTS = 250
# A dot and the line of many. Orange is the darker of the two kinds, so that print in grey keeps
# them apart; their markers differ too.
_PLAIN, _APART = ("#949494", "#CFD4D9"), (ORANGE, "#E39A63")


def draw_caterpillar(
    axes: Axes, *, effects: pd.DataFrame, labels: Sequence[str], reference: float | None = 0.0
) -> Axes:
    """Draw the effects of many groups in the order of their means, each with its interval.

    Parameters
    ----------
    axes
        Where to draw.
    effects
        Columns mean, lower, upper; one row a group. With a column ``raw``, what each group's own
        rows say is drawn as a hollow dot, so that the shrinkage is seen; what is far off the
        picture as a triangle at its edge.
    labels
        One label a row; shown for up to :data:`LABELLED_GROUPS` groups.
    reference
        Value marked with a broken line; groups that stand out from it are drawn in orange, with a
        diamond. None for neither.
    """
    order = np.argsort(effects["mean"].to_numpy(), kind="stable")
    table = effects.iloc[order]
    places = np.arange(len(table))
    few = len(table) <= LABELLED_GROUPS
    _draw_lines(axes, table, places, reference, few=few)
    if has_raw_dots(table):
        _draw_raw(axes, table, places, size=4.5 if few else 2.5)
    if reference is not None:
        reference_line(axes, reference)
    if few:
        axes.set_yticks(places, labels=[labels[k] for k in order])
        axes.tick_params(axis="y", labelsize=9)
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(table):,} groups, in order")
    axes.set_ylim(-0.8, len(table) - 0.2)
    axes.set_xlabel("deviation from the average")
    faint_grid(axes)
    quiet_axis(axes)
    return axes


def has_raw_dots(table: pd.DataFrame) -> bool:
    """Tell whether hollow dots are drawn: where there are raw values, and not too many."""
    return "raw" in table and len(table) <= _MOST_DOTS and bool(table["raw"].notna().any())


def _draw_lines(
    axes: Axes, table: pd.DataFrame, places: np.ndarray, reference: float | None, *, few: bool
) -> None:
    apart = np.zeros(len(table), dtype=bool)
    if reference is not None:
        apart = ((table["lower"] > reference) | (table["upper"] < reference)).to_numpy()
    thin = float(np.clip(150 / len(table), 0.5, 2.2))
    for chosen, colour, light, marker in _kinds(apart):
        rows = table[chosen]
        # Where lines touch, paler ones let the means stand out.
        line = colour if few else light
        axes.hlines(places[chosen], rows["lower"], rows["upper"], color=line, linewidth=thin)
        size = 4.5 if few else float(np.clip(400 / len(table), 1.6, 3.5))
        axes.plot(rows["mean"], places[chosen], marker, color=colour, markersize=size)


def _draw_raw(axes: Axes, table: pd.DataFrame, places: np.ndarray, *, size: float) -> None:
    """Draw hollow dots; what is farther off than the intervals are wide, as a triangle there."""
    lowest, highest = float(table["lower"].min()), float(table["upper"].max())
    reach = highest - lowest
    low, high = lowest - reach, highest + reach
    raw = table["raw"].to_numpy(float)
    markers = (("<", raw < low), ("o", (raw >= low) & (raw <= high)), (">", raw > high))
    for marker, chosen in markers:
        if chosen.any():
            axes.plot(
                np.clip(raw[chosen], low, high),
                places[chosen],
                marker,
                color="none",
                markeredgecolor=INK,
                markersize=size,
                markeredgewidth=0.8,
                zorder=1.5,
            )


def _kinds(apart: np.ndarray) -> list[tuple[np.ndarray, str, str, str]]:
    """Return which rows, their colour, that of lines that touch, and the marker of each kind."""
    kinds = [(~apart, *_PLAIN, "o"), (apart, *_APART, "D")]
    return [kind for kind in kinds if kind[0].any()]


def caterpillar_height(groups: int) -> float:
    """Return the height, in inches, of a caterpillar of that many groups."""
    if groups <= LABELLED_GROUPS:
        return 0.9 + _LINE_HEIGHT * groups
    return 6.0 if groups <= _MOST_DOTS else 8.0
