"""How every picture looks: colours, axes, and intervals as lines with a dot.

Pictures are drawn on matplotlib Axes that the caller may give, so that they can be composed.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which stay apart for the colour-blind. Orange and grey are equally dark:
# where both are used, the shape of line or marker tells them apart in print.
BLUE, ORANGE, INK, GREY, PALE = "#0072B2", "#D55E00", "#222222", "#767676", "#C9D3DC"
WIDTH = 5.4
_GRID = "#E4E8EC"
_LABEL, _MARKS = 30, "_:[~ "
# Letters of a line below a picture of the usual width, and of one beside it.
BELOW, BESIDE = 60, 36


def own_axes(axes: Axes | None, *, height: float = 3.4, width: float = WIDTH) -> Axes:
    """Return the axes that were given, or those of a new figure, in inches."""
    if axes is not None:
        return axes
    import matplotlib.pyplot as plt

    _, made = plt.subplots(figsize=(width, height), layout="constrained")
    made.spines[["top", "right"]].set_visible(False)
    return made


def quiet_axis(axes: Axes) -> None:
    """Leave out the vertical axis where its labels say everything."""
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def faint_grid(axes: Axes) -> None:
    """Rule faint vertical lines behind the data."""
    axes.grid(axis="x", color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def reference_line(axes: Axes, value: float = 0.0) -> None:
    """Mark one value of the horizontal axis, usually zero, with a broken line."""
    axes.axvline(value, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))


def intervals_height(rows: int) -> float:
    """Return the height, in inches, of a picture with that many intervals."""
    return 0.75 + 0.36 * rows


def folded(label: object, longest: int = _LABEL) -> str:
    """Fold a long label in two, at a mark if one is near, so that it leaves room for the points.

    Of what is too long for that the middle is left out: long names differ at their ends. Lines
    that a label has already are folded by themselves.
    """
    text = str(label)
    if "\n" in text:
        return "\n".join(folded(line, longest) for line in text.split("\n"))
    if len(text) <= longest:
        return text
    if len(text) > 2 * longest:
        return f"{text[: longest - 1]}…\n{text[len(text) - longest :]}"
    middle = len(text) / 2
    marks = [k for k in range(len(text) - longest, longest + 1) if text[k - 1] in _MARKS]
    if not marks and max(map(len, text.split())) <= longest:
        return fill(text, longest)
    cut = min(marks, key=lambda k: abs(k - middle), default=round(middle))
    return f"{text[:cut].rstrip()}\n{text[cut:]}"


def draw_intervals(
    axes: Axes,
    table: pd.DataFrame,
    *,
    labels: Sequence[Any] | None = None,
    colour: str = BLUE,
    width: float = 5.0,
) -> Axes:
    """Draw one interval a row, the first on top.

    Parameters
    ----------
    axes
        Where to draw.
    table
        Columns mean, lower, upper.
    labels
        One label a row; the table's index if left out.
    colour, width
        Of the lines, the width in points.
    """
    places = np.arange(len(table))[::-1]
    axes.hlines(places, table["lower"], table["upper"], color=colour, linewidth=width, alpha=0.45)
    axes.plot(table["mean"], places, "o", color=colour, markersize=7, markeredgecolor="white")
    shown = table.index if labels is None else labels
    axes.set_yticks(places, labels=[folded(label) for label in shown])
    axes.set_ylim(-0.6, len(table) - 0.4)
    faint_grid(axes)
    quiet_axis(axes)
    return axes


def draw_curve(axes: Axes, x: Any, table: pd.DataFrame, *, label: str = "") -> Axes:
    """Draw a curve with its band; ``table`` has the columns mean, lower, upper, one row an x."""
    axes.fill_between(x, table["lower"], table["upper"], color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(x, table["mean"], color=BLUE, linewidth=2.0, label=label or None)
    axes.grid(color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    return axes
