"""Pictures of the outcome as observed, over what the model replicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.drawing import BELOW, BLUE, INK, PALE, folded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 25
# Replicates that reach farther than so many times the range of what was observed are shown this far
# only; a share of the replicated rows up to the last may lie outside without a word.
_FARTHEST, _SHOWN, _UNSEEN = 10.0, 4.0, 0.005
Array = NDArray[np.float64]


def draw_numeric_check(
    axes: Axes, *, observed: Array, replicated: Array, outcome: str, counts: Array | None = None
) -> Axes:
    """Draw the observed distribution as a line over the band of the replicated ones.

    Parameters
    ----------
    axes
        Where to draw.
    observed
        Shape (row,).
    replicated
        Shape (draw, row).
    outcome
        The outcome's name.
    counts
        How much each row counts, shape (row,); one if left out.
    """
    edges = _edges(observed, replicated)
    made = np.stack([np.histogram(draw, edges, weights=counts)[0] for draw in replicated])
    low, middle, high = np.quantile(made, (0.025, 0.5, 0.975), axis=0)
    seen = np.histogram(observed, edges, weights=counts)[0]
    axes.stairs(high, edges, baseline=low, fill=True, color=BLUE, alpha=0.25)
    axes.stairs(middle, edges, color=BLUE, linewidth=1.2, label="replicated, middle and 95%")
    axes.stairs(seen, edges, color=INK, linewidth=1.8, label="observed")
    axes.set_xlabel(folded(outcome, BELOW) + _beyond(replicated, edges))
    axes.set_ylabel("rows")
    _legend_above(axes)
    return axes


def _beyond(replicated: Array, edges: Array) -> str:
    """Say how many of the replicated rows lie outside of the picture, unless next to none do."""
    share = float(((replicated < edges[0]) | (replicated > edges[-1])).mean())
    return f"\n(not shown: {share:.0%} of the replicated rows)" if share > _UNSEEN else ""


def _edges(observed: Array, replicated: Array) -> Array:
    """Cover what was observed and nearly all of what was replicated; the far tails are left out."""
    low, high = np.quantile(replicated, (0.001, 0.999))
    least, most = float(observed.min()), float(observed.max())
    # A prior of logarithms may reach so far that what was observed would be one bar.
    whole = most - least or 1.0
    if max(least - low, high - most) > _FARTHEST * whole:
        low, high = max(low, least - _SHOWN * whole), min(high, most + _SHOWN * whole)
    low, high = min(low, least), max(high, most)
    if not (observed == np.round(observed)).all():
        # Counted by width, a last digit would decide whether there is one bin more.
        return np.linspace(low, high, _BINS + 1)
    width = max(1.0, np.ceil((high - low) / _BINS))
    low = np.floor(low) - 0.5
    return np.asarray(low + width * np.arange(np.ceil((high - low) / width) + 1))


def _legend_above(axes: Axes) -> None:
    """Name what is drawn above the picture, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    first = labels.index("observed")
    order = [first, *(k for k in range(len(labels)) if k != first)]
    axes.legend(
        [handles[k] for k in order],
        [labels[k] for k in order],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2,
    )


def draw_category_check(
    axes: Axes,
    *,
    observed: Array,
    replicated: Array,
    outcome: str,
    levels: Sequence[str],
    counts: Array | None = None,
) -> Axes:
    """Draw observed counts as bars and replicated ones as points with 95% intervals."""
    places = np.arange(len(levels))
    each = np.ones(len(observed)) if counts is None else counts
    seen = each @ (observed[:, None] == places)
    made = np.stack([(replicated == place) @ each for place in places], axis=1)
    low, middle, high = np.quantile(made, (0.025, 0.5, 0.975), axis=0)
    axes.bar(places, seen, color=PALE, width=0.7, label="observed")
    axes.vlines(places, low, high, color=BLUE, linewidth=2.2)
    axes.plot(places, middle, "o", color=BLUE, markersize=6, label="replicated, middle and 95%")
    axes.set_xticks(places, labels=list(levels))
    axes.set_xlabel(folded(outcome, BELOW))
    axes.set_ylabel("rows")
    _legend_above(axes)
    return axes
