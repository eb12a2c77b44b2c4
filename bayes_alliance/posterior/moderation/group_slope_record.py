"""The slopes of the groups as a record: table, sentence, and every group's line in one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, in_sentences
from bayes_alliance.drawing import BELOW, BESIDE, BLUE, GREY, INK, folded, own_axes
from bayes_alliance.posterior.factor_words import other_factors
from bayes_alliance.posterior.shares.share_words import measure_words
from bayes_alliance.posterior.standing import Standing
from bayes_alliance.posterior.summaries import interval_words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

MOST_LINES = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupSlopes:
    """The slope of a predictor in each group.

    Parameters
    ----------
    predictor, group
        The predictor and the grouping factor.
    table
        One row a group: group, mean, sd, lower, upper, probability_of_direction (of the likelier
        sign), lowest and highest (observed value of the predictor in the group), caseload.
    draws
        Variables ``slope``, dims (chain, draw, group), and ``common_slope``, dims (chain, draw).
    line
        The line of an average group over the predictor: mean, lower, upper.
    lines
        Posterior mean of each group's line at the values of ``line``, shape (group, value).
    standing
        Where the other predictors stand.
    outcome, link
        What the lines are of, and the link on whose scale they are; empty for the outcome's own.
    prob
        Probability of the intervals.
    others
        Other factors in which the slope varies, where none was named and the first is shown.
    """

    predictor: str
    group: str
    table: pd.DataFrame
    draws: xr.Dataset
    line: pd.DataFrame
    lines: NDArray[np.float64]
    standing: Standing
    outcome: str
    link: str
    prob: float
    others: tuple[str, ...] = ()

    @property
    def at(self) -> Mapping[str, Any]:
        """Values of the other predictors; of a category averaged over, the share of each level."""
        return self.standing.values

    @property
    def sentence(self) -> str:
        """How the slopes differ, and for how many groups their sign is clear."""
        common = self.draws["common_slope"].to_numpy()
        tail = (1 - self.prob) / 2
        low, high = np.quantile(common, [tail, 1 - tail])
        below = int((self.table["upper"] < 0).sum())
        above = int((self.table["lower"] > 0).sum())
        scale = self.link or "outcome"
        own = self.table["mean"]
        ends = (common.mean(), low, high, own.min(), own.max())
        typical, lower, upper, least, most = in_sentences([float(end) for end in ends])
        return (
            f"The slope of {self.predictor}{measure_words(scale)} is "
            f"{typical} in an average group of {self.group} ({self.prob:.0%} interval {lower} to "
            f"{upper}); the slopes of the groups run from {least} to {most}, and "
            f"{_clear_of_zero(below, above, len(self.table))}."
        )

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw each group's line over what was observed in it, and the population's with its band.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out. Of more than 60 groups, 60 are drawn, evenly
            spaced in the order of their slopes.
        """
        axes = own_axes(axes)
        x = self.line.index.to_numpy(float)
        # Only at the steps of the line: its ends would be the values of single clients.
        reach = float(np.diff(x).max()) / 2
        lowest, highest = (self.table[end].to_numpy(float) for end in ("lowest", "highest"))
        for k in self._drawn():
            inside = (x >= lowest[k] - reach) & (x <= highest[k] + reach)
            axes.plot(x[inside], self.lines[k, inside], color=GREY, linewidth=0.9, alpha=0.6)
        axes.fill_between(
            x, self.line["lower"], self.line["upper"], color=BLUE, alpha=0.25, linewidth=0,
            label=f"average group, {self.prob:.0%} band",
        )  # fmt: skip
        axes.plot(x, self.line["mean"], color=INK, linewidth=2.2)
        axes.plot([], [], color=GREY, linewidth=0.9, label=folded(f"groups of {self.group}"))
        axes.set_xlabel(folded(self.predictor, BELOW))
        on = f" ({self.link} scale)" if self.link else ""
        axes.set_ylabel(folded(f"{self.outcome}{on}", BESIDE))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize="small")
        return axes

    def _drawn(self) -> NDArray[np.int64]:
        """Return the groups to draw, evenly spaced in the order of their slopes."""
        order = np.argsort(self.table["mean"].to_numpy(), kind="stable")
        if len(order) <= MOST_LINES:
            return order
        places = np.linspace(0, len(order) - 1, MOST_LINES).round().astype(int)
        return np.asarray(order[places])

    def _notes(self) -> list[str]:
        words = self.standing.words
        stated = [f"{words[0].upper()}{words[1:]}."] if words else []
        scale = [f"On the {self.link} scale."] if self.link else []
        draws = self.draws.sizes[names.CHAIN] * self.draws.sizes[names.DRAW]
        told = other_factors(self.group, self.others, of="grouping factors whose slopes vary")
        used = f"{interval_words(self.prob)}, {draws} draws."
        return [self.sentence, *told, *stated, *scale, used]

    def __str__(self) -> str:
        return as_text(f"Slopes of {self.predictor} by {self.group}", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html(f"Slopes of {self.predictor} by {self.group}", self.table, *self._notes())


def _clear_of_zero(below: int, above: int, count: int) -> str:
    """Say how many of the groups' intervals lie on one side of 0."""
    if not below + above:
        return f"all {count} intervals include 0"
    if count in (below, above):
        return f"all {count} intervals lie {'below' if below else 'above'} 0"
    sides = [
        f"{k} {'lies' if k == 1 else 'lie'} {side} 0"
        for k, side in ((below, "below"), (above, "above"))
        if k
    ]
    included = count - below - above
    rest = f", and {included} {'includes' if included == 1 else 'include'} 0" if included else ""
    return f"of their {count} intervals {' and '.join(sides)}{rest}"
