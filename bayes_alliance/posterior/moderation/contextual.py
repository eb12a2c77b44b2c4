"""Contextual effects: the group's mean of a predictor against the row's own value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.drawing import draw_intervals, intervals_height, own_axes, reference_line
from bayes_alliance.errors import ModelError, listed
from bayes_alliance.posterior.moderation.contextual_pair import (
    ContextualPair,
    contextual_pairs,
    pair_reliability,
)
from bayes_alliance.posterior.moderation.mean_reliability import MeanReliability
from bayes_alliance.posterior.summaries import (
    DIRECTION,
    interval_phrase,
    interval_words,
    summary_table,
)
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_FEW_GROUPS = 100
_PLACE = ["predictor", "group", "effect"]
_SLOPE, _EFFECT = "slope", "effect"


@dataclass(frozen=True, kw_only=True)
class ContextualEffects:
    """Slopes within groups and between them, and their difference.

    Parameters
    ----------
    table
        Three rows a predictor, index (predictor, group, effect): ``within``, ``between``,
        ``contextual``. The columns of a :class:`Summary`, and ``probability_of_direction``:
        that the effect has the sign of its median.
    draws
        Variable ``slope``, dims (chain, draw, effect), with coordinates predictor, group and kind.
    reliability
        By (predictor, group), how reliable the group means are; empty for a fit without rows.
    outcome
        Name of the outcome, with the scale where it is that of a link.
    notes
        What the effects hold for, and what unreliable group means do to them.
    prob
        Probability of the intervals.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    reliability: Mapping[tuple[str, str], MeanReliability]
    outcome: str
    notes: tuple[str, ...]
    prob: float

    @property
    def sentence(self) -> str:
        """The effects in words, for a paper."""
        return " ".join(self._sentence(*pair) for pair in self._pairs())

    def _pairs(self) -> list[tuple[str, str]]:
        places = self.table.index.to_flat_index().tolist()
        return list(dict.fromkeys((predictor, group) for predictor, group, _ in places))

    def _sentence(self, predictor: str, group: str) -> str:
        own: Any = self.table.xs(predictor, level=0).xs(group, level=0)
        within, between = (self._change(own.loc[kind]) for kind in ("within", "between"))
        label = f"{predictor} by {group}, contextual"
        positive = float((self.draws[_SLOPE].sel({_EFFECT: label}) > 0).mean())
        sign = "positive" if positive >= 0.5 else "negative"
        return (
            f"Within one {group}, one unit more of {predictor} goes with {self.outcome} "
            f"{within}; between those with different means, {between}. The contextual effect, "
            f"their difference, is {interval_phrase(own.loc['contextual'], self.prob)}; it is "
            f"{sign} with probability {max(positive, 1 - positive):.2f}."
        )

    def _change(self, row: Any) -> str:
        mean, lower, upper = (float(row[name]) for name in ("mean", "lower", "upper"))
        return (
            f"{'lower' if mean < 0 else 'higher'} by {number(abs(mean))} ({self.prob:.0%} interval "
            f"of the slope {number(lower)} to {number(upper)})"
        )

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the three slopes of every predictor with their intervals.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        axes = own_axes(axes, height=intervals_height(len(self.table)))
        places = self.table.index.to_flat_index().tolist()
        labels = [f"{predictor}, {effect}" for predictor, _, effect in places]
        draw_intervals(axes, self.table, labels=labels)
        reference_line(axes)
        axes.set_xlabel(
            f"change in {self.outcome} per unit of the predictor,\n{interval_words(self.prob)}"
        )
        return axes

    def __str__(self) -> str:
        return as_text("Contextual effects", self.table, *self.notes)

    def _repr_html_(self) -> str:
        return as_html("Contextual effects", self.table, *self.notes)


def contextual_effects(fit: Fit, *, prob: float = 0.95) -> ContextualEffects:
    """Compare the slope of a predictor between groups with its slope within them.

    For every ``within(x, g)`` with its ``between(x, g)`` in the formula, the contextual effect is
    the difference between - within: what the group's mean has to do with the outcome at equal
    values of one's own. Where the formula has ``x`` itself beside ``between(x, g)``, the
    coefficient of the mean is the contextual effect already.

    A group's observed mean measures its true mean with error where the rows are a sample of the
    group: the slope between tends to ``lambda b_between + (1 - lambda) b_within`` then, and the
    contextual effect to lambda times its true value, with ``lambda = icc / (icc + (1 - icc) / n)``,
    icc that of the predictor itself. The notes give lambda. Where all of a caseload is in the data
    the mean has no such error.

    Parameters
    ----------
    fit : Fit
        A fit with both terms of a predictor in its formula.
    prob : float
        Probability of the intervals.

    Returns
    -------
    ContextualEffects
        Three rows a predictor, on the link scale where the outcome has a link.

    Raises
    ------
    ModelError
        If the formula has no such pair.

    References
    ----------
    .. [1] enders2007
    .. [2] luedtke2008

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.contextual_effects(fit)  # doctest: +SKIP
    """
    check_fit(fit, "contextual_effects")
    pairs = contextual_pairs(fit)
    if not pairs:
        raise ModelError(
            "Contextual effects were asked for.",
            "No predictor has both its deviation from the group's mean and that mean in the model, "
            f"which has {listed(fit.model.design.coefficients)}.",
            "Write within(x, group) + between(x, group) in the formula.",
        )
    draws = _draws(fit, pairs)
    reliability = (
        {_place(pair): pair_reliability(fit, pair, prob) for pair in pairs} if fit.has_data else {}
    )
    model = fit.model
    return ContextualEffects(
        table=_table(draws, prob),
        draws=draws,
        reliability=reliability,
        outcome=f"{model.outcome}{model.link.note}",
        notes=(f"{interval_words(prob)}.", *_notes(pairs, reliability)),
        prob=prob,
    )


def _place(pair: ContextualPair) -> tuple[str, str]:
    return pair.between.predictor, pair.between.group


def _draws(fit: Fit, pairs: Sequence[ContextualPair]) -> xr.Dataset:
    import xarray as xr

    b = fit.posterior[names.B]
    slopes = {
        (*_place(pair), kind): values
        for pair in pairs
        for kind, values in pair.effects(
            lambda label: b.sel({names.COEFFICIENT: label}).to_numpy()
        ).items()
    }
    columns = list(zip(*slopes, strict=True))
    labels = [f"{predictor} by {group}, {kind}" for predictor, group, kind in slopes]
    coords = {_EFFECT: labels, "predictor": columns[0], "group": columns[1], "kind": columns[2]}
    return xr.Dataset(
        {_SLOPE: ((names.CHAIN, names.DRAW, _EFFECT), np.stack(list(slopes.values()), axis=-1))},
        coords={name: (_EFFECT, np.asarray(own, dtype=object)) for name, own in coords.items()},
    )


def _table(draws: xr.Dataset, prob: float) -> pd.DataFrame:
    import pandas as pd

    table = summary_table(draws, prob)
    table.index = pd.MultiIndex.from_arrays(
        [draws[name].to_numpy() for name in ("predictor", "group", "kind")], names=_PLACE
    )
    values = draws[_SLOPE].to_numpy()
    above = (values > 0).mean(axis=(0, 1))
    return table.assign(**{DIRECTION: np.maximum(above, 1 - above)})


def _notes(
    pairs: Sequence[ContextualPair], reliability: Mapping[tuple[str, str], MeanReliability]
) -> list[str]:
    notes = [
        f"{pair.between.predictor} interacts with something: its slopes are those where that is 0 "
        "(or at its reference level)."
        for pair in pairs
        if pair.interacts
    ]
    for (predictor, group), own in reliability.items():
        notes.append(_reliability_note(predictor, group, own))
    if not reliability:
        notes.append("How reliable the group means are needs the rows, which this fit has not.")
    return notes


def _reliability_note(predictor: str, group: str, own: MeanReliability) -> str:
    if np.isnan(own.reliability):
        return f"Every {group} has one row: the means of {predictor} are the values themselves."
    if own.reliability == 0:
        return (
            f"Means of {predictor} by {group} rest on {own.caseload:.1f} rows and differ no more "
            "than chance would have them; if the rows are a sample of the group, they cannot tell "
            f"a contextual effect (reliability 0, up to {own.upper:.2f})."
        )
    unsure = (
        f" With {own.groups} groups, fewer than {_FEW_GROUPS}, that correction is unsure."
        if own.groups < _FEW_GROUPS
        else ""
    )
    return (
        f"Means of {predictor} by {group} rest on {own.caseload:.1f} rows; if these are a sample "
        f"of the group, their reliability is {own.reliability:.2f} ({own.lower:.2f} to "
        f"{own.upper:.2f}; ICC of {predictor} {own.icc:.2f}) and the contextual effect shown is "
        f"about that share of the true one.{unsure} If they are all of it, nothing is lost."
    )
