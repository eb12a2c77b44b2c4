"""Predictions, contrasts and slopes as a picture: curves where a number varies, else intervals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance.display import place
from bayes_alliance.drawing import (
    BELOW,
    BESIDE,
    BLUE,
    GREY,
    INK,
    ORANGE,
    draw_curve,
    draw_intervals,
    faint_grid,
    folded,
    intervals_height,
    own_axes,
    reference_line,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_FEWEST_POINTS = 4
_MOST_INTERVALS = 40
_MOST_CURVES = 8
_ALWAYS_NAMED = ("variable", "contrast")
_STYLES = ((BLUE, "-"), (ORANGE, "--"), (INK, "-."), (GREY, ":"))


def draw_estimates(
    table: pd.DataFrame,
    columns: Sequence[str],
    words: str,
    axes: Axes | None,
    *,
    reference: float | None = None,
) -> Axes:
    """Draw estimates.

    Parameters
    ----------
    table
        Columns mean, lower and upper, and those that say what each row is for.
    columns
        The latter.
    words
        What is shown, for the axis.
    axes
        Where to draw, or None for a new figure.
    reference
        A value to mark, such as a difference of zero.
    """
    telling = [name for name in columns if table[name].nunique(dropna=False) > 1]
    across = _number_across(table, telling)
    lines = [name for name in telling if name != across]
    curves = 1 if not lines else len(table[lines].drop_duplicates())
    if across is not None and curves <= _MOST_CURVES:
        return _curves(table, across, lines, words, axes, reference)
    if len(table) > _MOST_INTERVALS:
        return _in_order(table, words, axes, reference)
    drawn = own_axes(axes, height=intervals_height(len(table)))
    named = [name for name in columns if name in telling or name in _ALWAYS_NAMED]
    draw_intervals(drawn, table, labels=[_label(row, named) for _, row in table.iterrows()])
    if reference is not None:
        reference_line(drawn, reference)
    drawn.set_xlabel(folded(_capital(words), BELOW))
    return drawn


def _number_across(table: pd.DataFrame, telling: Sequence[str]) -> str | None:
    """Return the first column of numbers with enough of them to make a curve."""
    import pandas as pd

    for name in telling:
        numeric = pd.api.types.is_numeric_dtype(table[name].dtype)
        if numeric and table[name].nunique() >= _FEWEST_POINTS:
            return name
    return None


def _curves(
    table: pd.DataFrame,
    across: str,
    lines: list[str],
    words: str,
    axes: Axes | None,
    reference: float | None,
) -> Axes:
    drawn = own_axes(axes)
    parts = table.groupby(lines, sort=False, dropna=False) if lines else [((), table)]
    for (_, part), (colour, style) in zip(parts, cycle(_STYLES), strict=False):
        ordered = part.sort_values(across)
        x = ordered[across].to_numpy(dtype=float)
        drawn.fill_between(
            x, ordered["lower"], ordered["upper"], color=colour, alpha=0.18, linewidth=0
        )
        label = _label(ordered.iloc[0], lines) or None
        drawn.plot(x, ordered["mean"], color=colour, linestyle=style, linewidth=2.0, label=label)
    if reference is not None:
        drawn.axhline(reference, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    if lines:
        drawn.legend(frameon=False, fontsize="small")
    faint_grid(drawn)
    drawn.set_xlabel(folded(across, BELOW))
    drawn.set_ylabel(folded(_capital(words), BESIDE))
    return drawn


def _in_order(table: pd.DataFrame, words: str, axes: Axes | None, reference: float | None) -> Axes:
    """Draw many estimates from the lowest to the highest, as a band."""
    drawn = own_axes(axes)
    ordered = table.sort_values("mean")
    draw_curve(drawn, np.arange(1, len(ordered) + 1), ordered)
    if reference is not None:
        drawn.axhline(reference, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    drawn.set_xlabel("Rows, from the lowest estimate to the highest")
    drawn.set_ylabel(folded(_capital(words), BESIDE))
    return drawn


def _label(row: Any, columns: Sequence[str]) -> str:
    return ", ".join(place(row[name]) for name in columns)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
