"""The slope of a predictor in each group, and each group's own line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, in_sentences
from bayes_alliance.drawing import BELOW, BESIDE, BLUE, GREY, INK, folded, own_axes
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.posterior.chosen_factor import chosen_group, other_factors, unnamed_factors
from bayes_alliance.posterior.shares.predictor_range import is_ranged, observed_values
from bayes_alliance.posterior.shares.share_words import measure_words
from bayes_alliance.posterior.standing import (
    Standing,
    effect_rows,
    population_rows,
    population_variables,
    sloping_variables,
    standing_of,
)
from bayes_alliance.posterior.summaries import DIRECTION, check_prob, interval_words
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES, check_memory
from bayes_alliance.sampling.parameter_view import location_of
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
DRAWS = 1000
MOST_LINES = 60


def group_slopes(
    fit: Fit,
    predictor: str,
    *,
    group: str | None = None,
    at: Mapping[str, Any] | None = None,
    draws: int | None = DRAWS,
    memory: float = MEMORY_GIGABYTES,
    prob: float = 0.95,
) -> GroupSlopes:
    """Give the slope of a predictor in each group: the common slope plus the group's deviation.

    The slope is the rise of a group's line from the lowest to the highest observed value of the
    predictor, per unit: for a straight line its slope, with interactions the slope at the stated
    values of the other predictors. It is on the link scale where the outcome has one.

    Parameters
    ----------
    fit : Fit
        A fit with its rows, or with the sums of streamed ones, in which the slope varies between
        groups.
    predictor : str
        A numeric column whose slope varies, or the effect itself where it is centred by group.
    group : str, optional
        The grouping factor; the first one of the formula if left out, and the others in which the
        slope varies are named.
    at : Mapping, optional
        Values of the other predictors; numbers stand at their mean and categories are averaged
        over their levels if left out.
    draws : int, optional
        Use about so many draws, evenly spaced; all of them if None.
    memory : float
        Refuse what would take more gigabytes.
    prob : float
        Probability of the intervals, which are equal-tailed.

    Returns
    -------
    GroupSlopes
        One row a group; its picture shows every group's line over the population's band.

    Raises
    ------
    ModelError
        If the predictor is no number or its slope does not vary between the groups.
    SamplingError
        If the fit was saved without its rows, a value has to be stated where they were streamed,
        or the draws would take more than ``memory``.

    References
    ----------
    .. [1] bauer2005

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.group_slopes(fit, "stigma").plot()  # doctest: +SKIP
    """
    check_fit(fit, "group_slopes", by_row=True)
    fit = location_of(fit)
    check_prob(prob)
    fit.need_data("The slope of each group", sums_suffice=True)
    design = fit.model.design.group(chosen_group(fit, group, "The slopes"))
    grid = np.asarray(_checked_range(fit, predictor, design), float)
    standing = _standing(fit, predictor, at)
    values = standing.along(predictor, grid.tolist())
    held = thinned(fit.posterior[[names.u(design.name), *_population(fit)]], draws)
    size = held.sizes[names.CHAIN] * held.sizes[names.DRAW]
    check_memory("The slope of each group", size, 2 * len(design.labels), memory, unit="lines")
    common = _common_line(fit, held, values, len(grid))
    effects = effect_rows(design, values, len(grid))
    departures = held[names.u(design.name)].to_numpy()
    rise = (effects[-1] - effects[0]) / (grid[-1] - grid[0])
    slope = ((common[..., -1] - common[..., 0]) / (grid[-1] - grid[0]))[..., None]
    slopes = slope + departures @ rise
    return GroupSlopes(
        predictor=predictor,
        group=design.name,
        table=_table(slopes, design, _observed(fit, predictor, design), prob),
        draws=_dataset(slopes, slope[..., 0], design),
        line=_line(common, grid, prob),
        lines=common.mean(axis=(0, 1)) + departures.mean(axis=(0, 1)) @ effects.T,
        standing=standing,
        outcome=fit.model.outcome,
        link=fit.model.link.name if fit.model.family.on_link_scale else "",
        prob=prob,
        others=tuple(name for name in unnamed_factors(fit, group) if _varies(fit, predictor, name)),
    )


def _checked_range(fit: Fit, predictor: str, group: GroupDesign) -> list[Any]:
    """Return values over the observed range of a predictor that is one of the group's effects.

    Raises
    ------
    ModelError
        If it is not, or no number.
    """
    valid = [name for name in sloping_variables(fit) if _is_of(group, name)]
    elsewhere = [f'group="{g}"' for g in fit.model.groups if _varies(fit, predictor, g)]
    instead = (
        f" With {listed(elsewhere)} there are slopes of {predictor} that vary." if elsewhere else ""
    )
    asked = f"The slope of {predictor} in each group of {group.name} was asked for."
    if predictor not in valid:
        raise ModelError(
            asked,
            f"That slope does not vary. {did_you_mean(predictor, valid)}".rstrip(),
            f"Slopes that vary there: {listed(valid) or 'none'}.{instead}",
            predictor=predictor,
        )
    # Of streamed rows the range was kept of every number.
    text = fit.has_sums and not is_ranged(fit, predictor)
    values = [] if text else observed_values(fit, predictor)
    if text or not all(isinstance(value, int | float) for value in values):
        raise ModelError(
            asked,
            f"{predictor} is no number{_such_as(values)}.",
            "Ask for its effects with group_effects.",
            predictor=predictor,
        )
    return values


def _such_as(values: list[Any]) -> str:
    return f": it holds such as {listed(values, shown=3)}" if values else ""


def _is_of(group: GroupDesign, name: str) -> bool:
    return any(name in part["columns"] or name in part["labels"] for part in group.parts)


def _varies(fit: Fit, predictor: str, group: str) -> bool:
    return _is_of(fit.model.design.group(group), predictor)


def _standing(fit: Fit, predictor: str, at: Mapping[str, Any] | None) -> Standing:
    """Return where the other predictors stand."""
    known = dict.fromkeys([*population_variables(fit), *sloping_variables(fit)])
    return standing_of(
        fit,
        [name for name in known if name != predictor],
        at=at,
        asked=f"The slope of {predictor} in each group was asked for.",
        call=f"group_slopes(fit, {predictor!r}",
    )


def _population(fit: Fit) -> list[str]:
    return [names.B] if fit.model.design.coefficients else []


def _common_line(fit: Fit, held: xr.Dataset, values: Mapping[str, Any], count: int) -> Array:
    """Return the line of the average group, shape (chain, draw, value)."""
    matrix, offset = population_rows(fit.model, values, count)
    sizes = (held.sizes[names.CHAIN], held.sizes[names.DRAW], count)
    if not fit.model.design.coefficients:
        return np.broadcast_to(offset, sizes)
    return np.asarray(held[names.B].to_numpy() @ matrix.T + offset)


def _observed(fit: Fit, predictor: str, group: GroupDesign) -> tuple[Array, Array]:
    """Return the lowest and the highest value of the predictor in each group."""
    rows, stream, index = fit.model.frame.rows, fit.model.stream, group.index
    if stream is not None:
        index = stream.group_of_cell[fit.model.groups.index(group.name)]
        column = (stream.sums.ranges[predictor].lowest, stream.sums.ranges[predictor].highest)
    elif predictor in rows.columns:
        column = (rows[predictor].to_numpy(float),) * 2
    else:
        column = (group.Z[:, group.effects.index(predictor)],) * 2
    lowest, highest = np.full(len(group.labels), np.inf), np.full(len(group.labels), -np.inf)
    np.minimum.at(lowest, index, column[0])
    np.maximum.at(highest, index, column[1])
    return lowest, highest


def _table(
    slopes: Array, group: GroupDesign, observed: tuple[Array, Array], prob: float
) -> pd.DataFrame:
    import pandas as pd

    flat = slopes.reshape(-1, slopes.shape[-1])
    lower, upper = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
    return pd.DataFrame(
        {
            "group": list(group.labels),
            "mean": flat.mean(axis=0),
            "sd": flat.std(axis=0, ddof=1),
            "lower": lower,
            "upper": upper,
            DIRECTION: np.maximum(below := (flat < 0).mean(axis=0), 1 - below),
            "lowest": observed[0],
            "highest": observed[1],
            "caseload": group.caseloads,
        }
    )


def _line(common: Array, grid: Array, prob: float) -> pd.DataFrame:
    import pandas as pd

    flat = common.reshape(-1, len(grid))
    lower, upper = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
    columns = {"mean": flat.mean(axis=0), "lower": lower, "upper": upper}
    return pd.DataFrame(columns, index=pd.Index(grid, name="value"))


def _dataset(slopes: Array, slope: Array, group: GroupDesign) -> xr.Dataset:
    import xarray as xr

    sample = (names.CHAIN, names.DRAW)
    return xr.Dataset(
        {"slope": ((*sample, group.name), slopes), "common_slope": (sample, slope)},
        coords={group.name: np.asarray(group.labels, dtype=object)},
    )


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
