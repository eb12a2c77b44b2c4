"""How much of the variance lies at each level, per draw, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import draw_intervals, intervals_height, own_axes
from bayes_alliance.errors import ModelError, SamplingError
from bayes_alliance.posterior.shares.share_request import (
    LINK,
    RESIDUAL_ONLY,
    RESPONSE_DRAWS,
    TOTAL,
    ShareRequest,
    share_request,
)
from bayes_alliance.posterior.shares.share_words import (
    beside_words,
    measure_words,
    place_notes,
    place_words,
    share_words,
)
from bayes_alliance.posterior.shares.variance_parts import (
    PREDICTORS,
    VarianceParts,
    is_weighted,
    split_variance,
)
from bayes_alliance.posterior.standing import MEANS, Standing
from bayes_alliance.posterior.summaries import (
    after_given,
    given_words,
    interval_words,
    summary_where_defined,
)
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_LEVEL = "level"


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Variance shares of every level; they sum to one.

    Parameters
    ----------
    table
        One row a level, in the columns of a :class:`Summary`.
    draws
        Variable ``share``, dims (chain, draw, level).
    standing
        Where the predictors stand; no places where they are averaged over the rows, and where
        no slope varies.
    scale
        ``"outcome"`` where the link is the identity; else ``"link (logit)"`` and the like, on
        which the residual variance is that of the link (of counts, that of a lognormal variable);
        or ``"response"``.
    prob
        Probability of the intervals.
    weighted
        Whether rows have precision weights: the residual variance is their average then.
    average
        Whether they are averaged over the predictors of the rows.
    of
        ``"residual"`` if the variance of the predictors is left out, ``"total"`` if it is in.
    notes
        What a reader has to know about the numbers.
    predictors
        The population's predictors, whose variance is left out or in.
    undefined
        Number of draws in which no share exists (Student outcome with nu <= 2). They are NaN in
        ``draws``; table and sentence are of the others.
    beside
        Where they are averaged over the rows: the shares at the means of the predictors, if these
        are known. A note states them.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    standing: Standing
    scale: str
    prob: float
    weighted: bool = False
    average: bool = False
    of: str = RESIDUAL_ONLY
    notes: tuple[str, ...] = ()
    predictors: tuple[str, ...] = ()
    undefined: int = 0
    beside: Shares | None = None

    @property
    def at(self) -> Mapping[str, Any]:
        """The predictor values at which they hold; of a category averaged over, the shares."""
        return self.standing.values

    @property
    def icc(self) -> pd.DataFrame:
        """Another name for the rows of the groups: intraclass correlations."""
        return self.table.drop(index=[names.RESIDUAL, PREDICTORS], errors="ignore")

    @property
    def sentence(self) -> str:
        """The shares in one sentence for a paper."""
        opening = f"Of {self._whole}{self._where}"
        return share_words(self.icc, after_given(self._given, opening), self.prob)

    def sentence_in(self, which: str) -> str:
        """Return the sentence of several models' shares: ``In a model without stigma, 11% of ...``.

        Parameters
        ----------
        which
            Which model it is, as a sentence begins.
        """
        opening = after_given(self._given, f"{which}{self._where}")
        return share_words(self.icc, opening, self.prob, of=f" of {self._whole}")

    @property
    def _whole(self) -> str:
        left = self.predictors and self.of != TOTAL
        return "the variance not explained by the predictors" if left else "the variance"

    @property
    def _where(self) -> str:
        where = place_words(self.standing, average=self.average)
        return f"{where}{measure_words(self.scale)}"

    @property
    def _given(self) -> str:
        size = self.draws.sizes[names.CHAIN] * self.draws.sizes[names.DRAW]
        return given_words(self.undefined, size)

    def probability(self, *, above: float) -> pd.DataFrame:
        """Return the probability that each level's share is above a threshold.

        Parameters
        ----------
        above
            The threshold, between 0 and 1: 0.05 for five per cent of the variance.

        Returns
        -------
        pandas.DataFrame
            One row a level: ``probability`` and its Monte Carlo error ``mcse``, which is NaN where
            all draws agree. Of the draws in which the share exists; NaN if there is none.
        """
        import pandas as pd

        if not 0 <= above <= 1:
            raise ModelError(
                f"The probability of a share above {above:g} was asked for.",
                "A share lies between 0 and 1.",
                "Write above=0.05 for five per cent.",
            )
        shares = self.draws["share"]
        larger = (shares > above).astype(float).where(shares.notnull())
        found = summary_where_defined(larger, self.prob)
        values = {"probability": found["mean"].to_numpy(), "mcse": found["mcse_mean"].to_numpy()}
        return pd.DataFrame(values, index=self.table.index)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the share of each level with its interval, in per cent."""
        axes = own_axes(axes, height=intervals_height(len(self.table)))
        draw_intervals(axes, 100 * self.table[["mean", "lower", "upper"]])
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of the variance, per cent")
        return axes

    def _notes(self) -> list[str]:
        stated = place_notes(self.standing, average=self.average)
        if self.beside is not None and not self.beside.icc["mean"].isna().any():
            there = self.beside
            stated.append(beside_words(there.icc, there.standing, self.prob))
        if self.of == TOTAL:
            stated.append("The predictors' own variance is in the total.")
        return [*stated, *self.notes, f"Scale: {self.scale}. {interval_words(self.prob)}."]

    def __str__(self) -> str:
        return as_text("Variance shares", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html("Variance shares", self.table, *self._notes())


def variance_shares(
    fit: Fit,
    *,
    at: Mapping[str, Any] | str | None = None,
    average: bool | None = None,
    of: str = RESIDUAL_ONLY,
    scale: str = LINK,
    draws: int | None = RESPONSE_DRAWS,
    prob: float = 0.95,
) -> Shares:
    """Say how much of the variance lies between the groups and how much within them.

    For a model with random intercepts the share of a group is tau^2 over the sum of all tau^2 and
    the residual variance: the intraclass correlation, the variance partition coefficient. With
    random slopes the variance of a group is z' G z with z = (1, x, ...), so that the share depends
    on the predictor. It is averaged over the rows, tr(G E[zz']), unless ``at`` states a place, and
    the share at the means of the predictors stands beside it. For a curve over the predictor see
    :func:`share_curve`.

    For yes-or-no and ordinal outcomes the link scale takes the variance of the link as the
    residual; for counts that of a lognormal variable with their mean and variance, log(1 + 1/mean),
    so that their shares depend on every predictor. The response scale is that of the outcome
    itself, 0 and 1, the category's number or the count: a group's part is the variance of the
    expected outcome over its effects, integrated for every draw. It depends on every
    predictor, not only on those whose slopes vary.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor.
    at : Mapping or "means", optional
        Values of the predictors the answer depends on: ``{"stigma": 0}``, or of the effect itself
        where it is centred by group: ``{"within(stigma, g)": 0}``. Those not stated stand at their
        means, categories averaged over their levels; with ``"means"`` all do.
    average : bool, optional
        Average over the predictors of the rows: so it is where the answer depends on any, unless
        ``at`` is given. False is the same as ``at="means"``.
    of : {"residual", "total"}
        ``"residual"`` leaves the variance of the population coefficients out; ``"total"`` has it
        in, as a level of its own called ``predictors``.
    scale : {"link", "response"}
        Of a yes-or-no or ordinal outcome or a count; the same for a numeric one.
    draws : int, optional
        Draws used for the response scale; all of them if None. The link scale always uses all.
    prob : float
        Probability of the intervals.

    Returns
    -------
    Shares
        Per level with intervals. Where the residual variance does not exist in some draws
        (Student outcome with nu <= 2), given that it does, which the sentence says.

    Raises
    ------
    ModelError
        If there are no groups, standard errors are known, or ``at`` cannot be read.
    SamplingError
        If rows are to be averaged over and the fit has neither them nor their sums.

    References
    ----------
    .. [1] goldstein2002
    .. [2] johnson2014
    .. [3] nakagawa2017

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.variance_shares(fit, at={"stigma": 0})  # doctest: +SKIP
    >>> ba.variance_shares(fit).probability(above=0.05)  # doctest: +SKIP
    """
    check_fit(fit, "variance_shares", by_row=True)
    asked: dict[str, Any] = {
        "asked": "Variance shares were asked for.",
        "call": "variance_shares(fit",
        "of": of,
        "scale": scale,
        "draws": draws,
    }
    request = share_request(fit, at=at, average=average, **asked)
    found = _shares(fit, request, prob)
    if not request.average or of == TOTAL:
        return found
    try:
        there = share_request(fit, at=MEANS, average=None, **asked)
    except SamplingError:
        return found  # the means are not known
    return replace(found, beside=_shares(fit, there, prob)) if there.standing.places else found


def _shares(fit: Fit, request: ShareRequest, prob: float) -> Shares:
    found = split_variance(fit, request)
    values = _dataset(found)
    table = summary_where_defined(values["share"], prob).set_axis(list(found.levels))
    return Shares(
        table=table.rename_axis(_LEVEL),
        draws=values,
        standing=request.standing,
        scale=found.scale,
        prob=prob,
        weighted=is_weighted(fit.model),
        average=request.average,
        of=request.of,
        notes=found.notes,
        predictors=tuple(k for k in fit.model.design.coefficients if k != names.INTERCEPT),
        undefined=found.undefined,
    )


def _dataset(found: VarianceParts) -> xr.Dataset:
    import xarray as xr

    return xr.Dataset(
        {"share": ((names.CHAIN, names.DRAW, _LEVEL), found.shares[:, :, 0])},
        coords={_LEVEL: np.asarray(found.levels, dtype=object)},
    )
