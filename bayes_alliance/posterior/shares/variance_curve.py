"""Variance shares as a curve over a predictor whose slope varies between the groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, place
from bayes_alliance.drawing import BELOW, BLUE, GREY, INK, ORANGE, folded, own_axes
from bayes_alliance.posterior.shares.predictor_range import check_predictor, values_along
from bayes_alliance.posterior.shares.share_request import (
    LINK,
    RESIDUAL_ONLY,
    RESPONSE_DRAWS,
    ShareRequest,
    needed_variables,
)
from bayes_alliance.posterior.shares.share_words import (
    interval_of_share,
    measure_words,
    place_notes,
    place_words,
)
from bayes_alliance.posterior.shares.variance_parts import PREDICTORS, VarianceParts, split_variance
from bayes_alliance.posterior.standing import Standing, standing_of
from bayes_alliance.posterior.summaries import (
    after_given,
    existing,
    given_words,
    interval_words,
    summary_where_defined,
)
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_LEVEL, _VALUE = "level", "value"
_CERTAIN = 0.9  # below this a direction is called open
_STYLES = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (INK, ":", "^"), (GREY, "-.", "D"))


@dataclass(frozen=True, kw_only=True)
class ShareCurve:
    """Variance shares of every level along a predictor.

    Parameters
    ----------
    predictor
        Name of the column or effect.
    table
        One row a value and level: the value under the predictor's name, level, then the columns of
        a :class:`Summary`.
    draws
        Variable ``share``, dims (chain, draw, value, level).
    standing
        Where the other predictors stand.
    scale
        As in :class:`Shares`.
    prob
        Probability of the intervals, which hold at each value, not for the whole curve.
    notes
        What a reader has to know about the numbers.
    undefined
        As in :class:`Shares`.
    """

    predictor: str
    table: pd.DataFrame
    draws: xr.Dataset
    standing: Standing
    scale: str
    prob: float
    notes: tuple[str, ...] = ()
    undefined: int = 0

    @property
    def at(self) -> Mapping[str, Any]:
        """The values of the other predictors."""
        return self.standing.values

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that have groups."""
        others = (names.RESIDUAL, PREDICTORS)
        return tuple(str(k) for k in self.draws[_LEVEL].to_numpy() if k not in others)

    @property
    def sentence(self) -> str:
        """Each level's share at both ends and at its turning point, in sentences for a paper."""
        return " ".join(self._level_sentence(level) for level in self.levels)

    def _level_sentence(self, level: str) -> str:
        rows = self.table[self.table[_LEVEL] == level]
        share = self.draws["share"].sel({_LEVEL: level}).to_numpy()
        opening = (
            f"The share of the variance between the groups of {level}"
            f"{place_words(self.standing, average=False)}{measure_words(self.scale)}"
        )
        if np.isnan(share).all():
            return f"{opening} cannot be given: in no draw does the residual variance exist."
        size = share.shape[0] * share.shape[1]
        opening = after_given(given_words(self.undefined, size), opening)
        share = share[existing(share)][None]
        turn = _turning_point(share)
        places = (0, len(rows) - 1) if turn is None else (0, len(rows) - 1, turn)
        first, last, *middle = (self._place_words(rows.iloc[k]) for k in places)
        words = _change_words(_probability(share[..., -1] > share[..., 0]))
        if turn is not None:
            words = f"{_turn_words(share, turn, middle[0])}{_end_words(share, turn, words)}"
        return f"{opening} is {first} and {last}; {words}."

    def _place_words(self, row: Any) -> str:
        return (
            f"{interval_of_share(row, self.prob)} at "
            f"{self.predictor} = {place(row[self.predictor], sd=self._sd)}"
        )

    @property
    def _sd(self) -> float | None:
        """How far apart the values lie, so that two of them are not written alike."""
        values = self.draws[_VALUE].to_numpy()
        return float(np.std(values)) if values.dtype.kind in "iuf" else None

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the share of each level with groups along the predictor, in per cent."""
        axes = own_axes(axes)
        draw_level_curves(axes, self.table, x=self.predictor, by=_LEVEL, levels=self.levels)
        axes.set_xlabel(folded(self.predictor, BELOW))
        axes.set_ylabel("share of the variance, per cent")
        return axes

    def _notes(self) -> list[str]:
        stated = place_notes(self.standing, average=False)
        return [*stated, *self.notes, f"Scale: {self.scale}. {interval_words(self.prob)}."]

    def __str__(self) -> str:
        return as_text(f"Variance shares along {self.predictor}", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html(f"Variance shares along {self.predictor}", self.table, *self._notes())


def _probability(holds: NDArray[np.bool_]) -> float:
    return float(holds.mean())


def _turning_point(share: NDArray[np.float64]) -> int | None:
    """Return the place inside the curve where its mean is lowest, or else highest, if any."""
    means = share.mean(axis=(0, 1))
    inside = [int(k) for k in (means.argmin(), means.argmax()) if 0 < k < len(means) - 1]
    return inside[0] if inside else None


def _beyond(share: NDArray[np.float64], turn: int) -> tuple[float, float]:
    """Return how sure it is that each end is above the lowest place, or below the highest."""
    means = share.mean(axis=(0, 1))
    sign = 1 if means[turn] < means[0] else -1
    first, last = (_probability(sign * (share[..., k] - share[..., turn]) > 0) for k in (0, -1))
    return first, last


def _turn_words(share: NDArray[np.float64], turn: int, there: str) -> str:
    """Say where the curve turns, and how sure it is that both ends lie beyond."""
    means = share.mean(axis=(0, 1))
    extreme, side = ("lowest", "above") if means[turn] < means[0] else ("highest", "below")
    first, last = (_sure(p) for p in _beyond(share, turn))
    ends = (
        f"each end lies {side} that with probability {first}"
        if first == last
        else f"the first end lies {side} that with probability {first}, the second with "
        f"probability {last}"
    )
    return f"in between it is {extreme}, {there}, and {ends}"


def _end_words(share: NDArray[np.float64], turn: int, change: str) -> str:
    """Compare the ends only where the curve may not turn: a parabola neither grows nor falls."""
    return "" if min(_beyond(share, turn)) >= _CERTAIN else f"; between the ends, {change}"


def _change_words(rising: float) -> str:
    """Say how sure it is that the last share is above the first."""
    certainty, direction = max(rising, 1 - rising), "larger" if rising >= 0.5 else "smaller"
    if certainty < _CERTAIN:
        return f"whether it grows or falls is open (probability that it is larger {rising:.2f})"
    return f"the latter is {direction} with probability {_sure(certainty)}"


def _sure(probability: float) -> str:
    return "above 0.999" if probability > 0.999 else f"{probability:.3f}"


def share_curve(
    fit: Fit,
    predictor: str,
    *,
    values: Sequence[Any] | None = None,
    at: Mapping[str, Any] | None = None,
    of: str = RESIDUAL_ONLY,
    scale: str = LINK,
    draws: int | None = RESPONSE_DRAWS,
    prob: float = 0.95,
) -> ShareCurve:
    """Follow the variance shares along a predictor: the variance partition as a function of x.

    With a random slope the variance between groups is z' G z with z = (1, x, ...), a parabola in
    x, so that groups may matter much at one end of a predictor and little in its middle.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor.
    predictor : str
        A predictor whose slope varies between groups, or the effect itself where it is centred by
        group (``"within(stigma, g)"``); on the response scale, and of counts, any predictor.
    values : sequence, optional
        Where to look; 25 values over the observed range, or every category, if left out.
    at : Mapping[str, Any], optional
        Values of the other predictors the answer depends on, as in :func:`variance_shares`.
    of, scale, draws, prob
        As in :func:`variance_shares`.

    Returns
    -------
    ShareCurve
        Per value and level with intervals.

    Raises
    ------
    ModelError
        If the shares do not depend on the predictor, or ``at`` cannot be read.
    SamplingError
        If the range, or the mean of another predictor, is not known because the fit was saved
        without its rows, or without the sums of streamed ones.

    References
    ----------
    .. [1] goldstein2002

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.share_curve(fit, "stigma").plot()  # doctest: +SKIP
    """
    check_fit(fit, "share_curve", by_row=True)
    asked = f"Variance shares along {predictor} were asked for."
    check_predictor(fit, predictor, at or {}, scale=scale, asked=asked)
    grid = values_along(fit, predictor, values, asked)
    others = [name for name in needed_variables(fit, scale) if name != predictor]
    call = f"share_curve(fit, {predictor!r}"
    standing = standing_of(fit, others, at=at, asked=asked, call=call)
    request = ShareRequest(
        asked=asked,
        call=call,
        standing=standing,
        values=standing.along(predictor, grid),
        count=len(grid),
        of=of,
        scale=scale,
        draws=draws,
    )
    found = split_variance(fit, request)
    shares = _dataset(found, grid)
    return ShareCurve(
        predictor=predictor,
        table=_table(shares, predictor, prob),
        draws=shares,
        standing=standing,
        scale=found.scale,
        prob=prob,
        notes=found.notes,
        undefined=found.undefined,
    )


def _dataset(found: VarianceParts, grid: Sequence[Any]) -> xr.Dataset:
    import xarray as xr

    return xr.Dataset(
        {"share": ((names.CHAIN, names.DRAW, _VALUE, _LEVEL), found.shares)},
        coords={_VALUE: np.asarray(grid), _LEVEL: np.asarray(found.levels, dtype=object)},
    )


def _table(shares: xr.Dataset, predictor: str, prob: float) -> pd.DataFrame:
    """Summarise each value and level under their own names."""
    import pandas as pd

    axes = [shares[dim].to_numpy().tolist() for dim in (_VALUE, _LEVEL)]
    places = pd.MultiIndex.from_product(axes).to_frame(index=False)
    places.columns = [predictor, _LEVEL]
    numbers = summary_where_defined(shares["share"], prob).reset_index(drop=True)
    table: pd.DataFrame = pd.concat([places, numbers], axis=1)
    return table


def draw_level_curves(
    axes: Axes, table: pd.DataFrame, *, x: str, by: str, levels: Sequence[str]
) -> Axes:
    """Draw mean and interval of each level along x, in per cent; categories as intervals.

    Parameters
    ----------
    axes
        Where to draw.
    table
        Columns ``x``, ``by``, mean, lower, upper.
    x, by
        Names of the columns with the place and the level.
    levels
        The levels to draw; a legend names them if there are several.
    """
    for k, level in enumerate(levels):
        rows = table[table[by] == level]
        numbers = 100 * rows[["mean", "lower", "upper"]].to_numpy(float)
        colour, line, marker = _STYLES[k % len(_STYLES)]
        if pd.api.types.is_numeric_dtype(rows[x].dtype) and len(rows) > 2:
            axes.fill_between(
                rows[x], numbers[:, 1], numbers[:, 2], color=colour, alpha=0.18, linewidth=0
            )
            axes.plot(rows[x], numbers[:, 0], color=colour, linestyle=line, label=level)
        else:
            places = np.arange(len(rows)) + 0.12 * (k - (len(levels) - 1) / 2)
            axes.vlines(places, numbers[:, 1], numbers[:, 2], color=colour, linewidth=2.0)
            axes.plot(places, numbers[:, 0], marker, color=colour, label=level)
            axes.set_xticks(np.arange(len(rows)), labels=[str(value) for value in rows[x]])
            axes.margins(x=0.3)
    axes.set_ylim(0, None)
    axes.grid(axis="y", alpha=0.3)
    if len(levels) > 1:
        axes.legend(frameon=False)
    return axes
