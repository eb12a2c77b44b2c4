"""The median odds ratio: a group's standard deviation in the words of odds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.drawing import draw_intervals, intervals_height, own_axes, reference_line
from bayes_alliance.errors import ModelError
from bayes_alliance.posterior.shares.share_request import check_request, share_request
from bayes_alliance.posterior.shares.share_words import place_notes, place_words
from bayes_alliance.posterior.shares.variance_parts import (
    averaged_variances,
    needed_variables,
    variances_at,
)
from bayes_alliance.posterior.standing import Standing
from bayes_alliance.posterior.summaries import interval_words, summary_table
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_LEVEL = "level"
_UPPER_QUARTILE = 0.6744897501960817  # of the standard normal
_MEANING = (
    "Two clients with the same predictors whose groups at that level differ: the median ratio of "
    "the odds of the one with the higher odds to those of the other. 1 means no difference."
)


@dataclass(frozen=True, kw_only=True)
class MedianOddsRatio:
    """Median odds ratios of every grouping factor.

    Parameters
    ----------
    table
        One row a level: ``median`` of the posterior, which the sentence states, and the columns
        of a :class:`Summary`.
    draws
        Variable ``odds_ratio``, dims (chain, draw, level).
    standing
        Where the predictors stand at which groups with varying slopes were looked at.
    average
        Whether group variances are averaged over the predictors of the rows.
    prob
        Probability of the intervals.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    standing: Standing
    average: bool
    prob: float

    @property
    def at(self) -> Mapping[str, Any]:
        """The predictor values at which they hold."""
        return self.standing.values

    @property
    def sentence(self) -> str:
        """The ratios in one sentence for a paper."""
        where = place_words(self.standing, average=self.average) + ("," if self.average else "")
        parts = [
            f"{number(float(row['median']))} ({self.prob:.0%} interval "
            f"{number(float(row['lower']))} to {number(float(row['upper']))}) between two groups "
            f"of {level}"
            for level, row in self.table.iterrows()
        ]
        return f"The median odds ratio{where} is {' and '.join(parts)} (posterior medians)."

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the posterior median of each ratio with its interval, and a line at 1."""
        axes = own_axes(axes, height=intervals_height(len(self.table)))
        draw_intervals(axes, self.table.assign(mean=self.table["median"]))
        reference_line(axes, 1.0)
        axes.set_xlabel("median odds ratio between two groups")
        return axes

    def _notes(self) -> list[str]:
        stated = place_notes(self.standing, average=self.average)
        return [_MEANING, *stated, f"{interval_words(self.prob)}."]

    def __str__(self) -> str:
        return as_text("Median odds ratios", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html("Median odds ratios", self.table, *self._notes())


def median_odds_ratio(
    fit: Fit,
    *,
    at: Mapping[str, Any] | str | None = None,
    average: bool | None = None,
    prob: float = 0.95,
) -> MedianOddsRatio:
    """Put the variance between groups on the scale of odds ratios.

    Draw two clients with the same predictors from two groups at random: the ratio of the higher
    odds to the lower one has the median exp(sqrt(2 tau^2) Phi^-1(0.75)). Of nested factors each
    level is taken alone, everything else being equal.

    Parameters
    ----------
    fit : Fit
        A fit of a yes-or-no or ordinal outcome with the logit link.
    at, average
        As in :func:`variance_shares`, for slopes that vary.
    prob : float
        Probability of the intervals.

    Returns
    -------
    MedianOddsRatio
        One row a level, with intervals.

    Raises
    ------
    ModelError
        For other families and links, which have no odds, and as for :func:`variance_shares`.

    References
    ----------
    .. [1] larsen2005

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.median_odds_ratio(fit)  # doctest: +SKIP
    """
    import xarray as xr

    check_fit(fit, "median_odds_ratio")
    model = fit.model
    asked = "Median odds ratios were asked for."
    _check_odds(fit, asked)
    request = share_request(fit, asked=asked, call="median_odds_ratio(fit", at=at, average=average)
    check_request(fit, request)
    posterior = fit.posterior[needed_variables(model)]
    variances = (
        averaged_variances(model, posterior)
        if request.average
        else variances_at(model, posterior, request.values, 1)
    )
    ratio = np.exp(np.sqrt(2 * np.concatenate(list(variances.values()), -1)) * _UPPER_QUARTILE)
    values = xr.Dataset(
        {"odds_ratio": ((names.CHAIN, names.DRAW, _LEVEL), ratio)},
        coords={_LEVEL: np.asarray(model.groups, dtype=object)},
    )
    table = summary_table(values, prob)
    table.index = list(model.groups)
    # The mean of what is an exponential of a standard deviation leans on its longest draws.
    table.insert(0, "median", np.median(ratio.reshape(-1, ratio.shape[-1]), axis=0))
    return MedianOddsRatio(
        table=table.rename_axis(_LEVEL),
        draws=values,
        standing=request.standing,
        average=request.average,
        prob=prob,
    )


def _check_odds(fit: Fit, asked: str) -> None:
    model = fit.model
    if not model.link.has_odds:
        raise ModelError(
            asked,
            f"The model is {model.family.name} with the link {model.link}, which has no odds.",
            "Use variance_shares(fit), or fit a bernoulli or cumulative model with the logit link.",
            family=model.family.name,
            link=model.link.name,
        )
