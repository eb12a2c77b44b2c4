"""The record of simple slopes: table, region, sentence and picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.display import as_html, as_text, place
from bayes_alliance.drawing import (
    BELOW,
    BESIDE,
    INK,
    ORANGE,
    draw_curve,
    draw_intervals,
    folded,
    intervals_height,
    own_axes,
    reference_line,
)
from bayes_alliance.posterior.summaries import interval_phrase, interval_words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_SIDES = {1: "above", -1: "below"}


@dataclass(frozen=True, kw_only=True)
class SimpleSlopes:
    """The slope of a predictor at values of a moderator.

    Parameters
    ----------
    predictor, by
        The predictor and its moderator.
    outcome
        Name of the outcome, with the scale where it is that of a link.
    table
        One row a value of the moderator: the columns of a :class:`Summary`,
        ``probability_of_direction``, that of the likelier sign, and ``where`` if the values were
        not stated.
    draws
        Variable ``slope``, dims (chain, draw, value).
    curve
        Mean and interval along the moderator's observed range; None for categories and for
        moderators of two values.
    region
        Where the interval leaves out zero: from, to, sign; None without a curve. An end at the
        edge of the observed range is that edge.
    observed
        Values of the moderator among the rows, at most 200 of them; None without a curve.
    notes
        What the slopes hold for.
    prob
        Probability of the intervals.
    """

    predictor: str
    by: str
    outcome: str
    table: pd.DataFrame
    draws: xr.Dataset
    curve: pd.DataFrame | None
    region: pd.DataFrame | None
    observed: NDArray[np.float64] | None
    notes: tuple[str, ...]
    prob: float

    @property
    def sentence(self) -> str:
        """The slopes and the region in words, for a paper."""
        slopes = [
            f"{interval_phrase(row, self.prob)} at {self._value(row)}" for row in self._rows()
        ]
        return (
            f"The slope of {self.predictor} on {self.outcome} is {'; '.join(slopes)}. "
            f"{self._region_words()}"
        ).strip()

    def _rows(self) -> list[dict[str, Any]]:
        records = self.table.reset_index().to_dict("records")
        return [{str(name): value for name, value in row.items()} for row in records]

    def _value(self, row: dict[str, Any]) -> str:
        value = row[self.by]
        where = f", {row['where']}" if "where" in row else ""
        return f"{self.by} = {place(value)}{where}"

    def _region_words(self) -> str:
        if self.region is None or self.curve is None:
            return ""
        span = f"{place(self.curve['value'].min())} to {place(self.curve['value'].max())}"
        if not len(self.region):
            return (
                f"Nowhere in the observed range of {self.by}, {span}, does its {self.prob:.0%} "
                "interval leave out 0."
            )
        stretches = [
            f"{_SIDES[int(sign)]} 0 where {self.by} is {place(low)} to {place(high)}"
            for low, high, sign in self.region.to_numpy().tolist()
        ]
        return (
            f"Its {self.prob:.0%} interval lies {' and '.join(stretches)}; {self.by} was observed "
            f"from {span}."
        )

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the slope along the moderator with its band, or one interval a category.

        The regions where the interval leaves out zero are shaded, and ticks below mark the
        observed values.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        label = f"slope of {self.predictor}\n(change in {self.outcome} per unit)"
        if self.curve is None or self.region is None or self.observed is None:
            axes = own_axes(axes, height=intervals_height(len(self.table)))
            labels = [f"{self.by}: {place(value)}" for value in self.table.index]
            draw_intervals(axes, self.table, labels=labels)
            reference_line(axes)
            axes.set_xlabel(folded(f"{label}, {interval_words(self.prob)}", BELOW))
            return axes
        axes = own_axes(axes)
        draw_curve(axes, self.curve["value"], self.curve)
        axes.axhline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        for low, high, _ in self.region.to_numpy().tolist():
            axes.axvspan(low, high, color=ORANGE, alpha=0.12, linewidth=0)
        axes.vlines(
            self.observed, 0, 0.03, color=INK, linewidth=0.5, transform=axes.get_xaxis_transform()
        )
        shaded = f"(shaded: the {self.prob:.0%} interval leaves out 0)"
        axes.set_xlabel(folded(f"{self.by}\n{shaded}", BELOW))
        axes.set_ylabel(folded(label, BESIDE))
        return axes

    def __str__(self) -> str:
        return as_text(self._title, self.table, *self._all_notes())

    def _repr_html_(self) -> str:
        return as_html(self._title, self.table, *self._all_notes())

    @property
    def _title(self) -> str:
        return f"Slope of {self.predictor} by {self.by}"

    def _all_notes(self) -> list[str]:
        return [*([words] if (words := self._region_words()) else []), *self.notes]
