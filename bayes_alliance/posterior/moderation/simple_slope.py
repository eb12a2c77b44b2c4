"""Simple slopes: the slope of a predictor at values of what it interacts with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
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
from bayes_alliance.errors import ModelError, listed
from bayes_alliance.model.predictor_checks import holds_numbers, is_finite_number
from bayes_alliance.posterior.moderation.slope_design import (
    SlopeDesign,
    SlopeVariable,
    base_values,
    only_two,
    slope_variable,
)
from bayes_alliance.posterior.summaries import (
    DIRECTION,
    check_prob,
    interval_phrase,
    interval_words,
    summary_table,
)
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.parameter_view import location_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
_SLOPE = "slope"
_POINTS, _RUG = 201, 200
_FLAT = 1e-8
_SIDES = {1: "above", -1: "below"}


def simple_slopes(
    fit: Fit,
    predictor: str,
    *,
    by: str,
    values: Sequence[Any] | None = None,
    at: Mapping[str, Any] | None = None,
    prob: float = 0.95,
) -> SimpleSlopes:
    """Give the slope of a predictor at values of a moderator, and where it is away from zero.

    The slope is the derivative of the linear predictor, through the model's own design for new
    rows: exact for whatever is linear in the predictor, cross-level interactions included, and the
    slope at the predictor's stated value (its mean) elsewhere, which the notes say. It holds in an
    average group; on the link scale where the outcome has one.

    The region is the Johnson-Neyman region of the posterior: where, over the observed range of a
    numeric moderator, the interval of the slope leaves out zero. Its ends are where a bound of the
    interval crosses zero. The intervals hold at each value, not at all values together.

    Parameters
    ----------
    fit : Fit
        A fit with its rows and an interaction in its formula.
    predictor : str
        A column, or a centred predictor by its label such as ``within(stigma, case_manager)``. The
        slope of a column whose group means are in the model too is that at equal group means.
    by : str
        The moderator: a column or a label, such as ``between(stigma, case_manager)``.
    values : sequence, optional
        Of the moderator. If left out, its mean and one sd below and above it over the rows, or all
        of its categories, or both of two numbers such as 0 and 1.
    at : Mapping, optional
        Values of other columns, where the slope depends on them too, and of the predictor, where
        it is not linear. The mean or the most frequent category if left out.
    prob : float
        Probability of the intervals, which are equal-tailed.

    Returns
    -------
    SimpleSlopes
        One row a value.

    Raises
    ------
    ModelError
        If a variable is not in the formula, the predictor is not a number, or its slope does not
        depend on the moderator.
    SamplingError
        If the fit was saved without its rows.

    References
    ----------
    .. [1] bauer2005

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.simple_slopes(fit, "stigma", by="months_in_care")  # doctest: +SKIP
    """
    check_fit(fit, "simple_slopes", by_row=True)
    fit = location_of(fit)
    check_prob(prob)
    asked = f"The slope of {predictor} by {by} was asked for."
    fit.need_data("A simple slope", instead=_as_claim(fit, predictor, by))
    moderator = (design := _design(fit, predictor, by, at or {}, asked)).moderator
    chosen, where = _chosen_values(moderator, values, asked)
    columns = design.columns(chosen)
    grid, along = _along(design, chosen, columns)
    if np.ptp(along, axis=0).max() <= _FLAT * np.abs(along).max():
        raise ModelError(
            asked,
            f"In this model the slope of {predictor} is the same at all values of {by}.",
            f"Put a curve into the formula, as in {predictor} + I({predictor}**2)."
            if predictor == by
            else f"Put their product into the formula, as in {predictor} * {by}.",
        )
    draws = _draws(fit, columns, chosen, by)
    b = fit.posterior[names.B].to_numpy().reshape(-1, along.shape[1])
    return SimpleSlopes(
        predictor=predictor,
        by=by,
        outcome=_outcome(fit),
        table=_table(draws, where, by, prob),
        draws=draws,
        curve=None if grid is None else _curve(b, grid, along, prob),
        region=None if grid is None else slope_region(b, grid, along, prob),
        observed=_rug(moderator),
        notes=tuple(_notes(fit, design, chosen, at or {}, prob)),
        prob=prob,
    )


def _as_claim(fit: Fit, predictor: str, by: str) -> str:
    """Say how a product's slope is had from coefficients alone, where rows were streamed."""
    products = (f"{predictor}:{by}", f"{by}:{predictor}")
    known = [label for label in products if label in fit.model.design.coefficients]
    if not known or predictor not in fit.model.design.coefficients:
        return ""
    return (
        f"Where they multiply, and the slope depends on nothing else, it is a sum of coefficients, "
        f'at {by} = 2: hypothesis(fit, "{predictor} + 2 * {known[0]} > 0").'
    )


def _design(fit: Fit, predictor: str, by: str, at: Mapping[str, Any], asked: str) -> SlopeDesign:
    first, second = (slope_variable(fit, name, asked) for name in (predictor, by))
    if first.levels:
        raise ModelError(
            asked,
            f"{predictor} has categories, {listed(first.levels)}: a slope is of a number.",
            f"Ask for the slope of a number by {predictor}.",
        )
    unknown = [name for name in at if name not in fit.model.design.part["columns"]]
    if unknown:
        raise ModelError(
            asked,
            f"A value of {unknown[0]} was stated, which the predictors do not use.",
            f"They use {listed(fit.model.design.part['columns'])}.",
            unknown=unknown,
        )
    _check_stated(fit, at, asked)
    return SlopeDesign(fit=fit, predictor=first, moderator=second, base=base_values(fit, at))


def _check_stated(fit: Fit, at: Mapping[str, Any], asked: str) -> None:
    columns = fit.model.design.part["columns"]
    for name, value in at.items():
        if holds_numbers(columns[name]) and not is_finite_number(value):
            raise ModelError(
                asked,
                f"{name} was stated as {value!r}.",
                f"State one finite number for {name}.",
                variable=name,
            )


def _chosen_values(
    moderator: SlopeVariable, values: Sequence[Any] | None, asked: str
) -> tuple[list[Any], list[str] | None]:
    """Return the moderator's values and how they were chosen, if they were not stated."""
    if moderator.levels:
        unknown = [value for value in values or () if value not in moderator.levels]
        if unknown:
            raise ModelError(
                asked,
                f"{moderator.name} is never {unknown[0]}.",
                f"It is {listed(moderator.levels)}.",
                unknown=unknown,
            )
        return list(moderator.levels if values is None else values), None
    if values is not None:
        stated = [values] if isinstance(values, str) or not np.iterable(values) else list(values)
        if not stated or not all(map(is_finite_number, stated)):
            found = (
                f"Its values were {listed(map(repr, stated))}." if stated else "It had no value."
            )
            raise ModelError(asked, found, "State one or more finite numbers.")
        return [float(value) for value in stated], None
    if (both := only_two(moderator)) is not None:
        return both, None
    mean, sd = moderator.mean, moderator.sd
    mean = 0.0 if abs(mean) < _FLAT * sd else mean
    return [mean - sd, mean, mean + sd], ["mean - 1 sd", "mean", "mean + 1 sd"]


def _along(
    design: SlopeDesign, chosen: Sequence[Any], columns: Array
) -> tuple[Array | None, Array]:
    """Return a grid over the moderator's range with its derivatives; levels have no grid.

    Nor have two numbers such as 0 and 1: there is nothing between them.
    """
    moderator = design.moderator
    few = moderator.levels or only_two(moderator)
    if few is not None:
        return None, design.columns(few)
    observed = np.asarray(moderator.observed, dtype=float)
    grid = np.linspace(observed.min(), observed.max(), _POINTS)
    return grid, design.columns(grid.tolist())


def _draws(fit: Fit, columns: Array, values: Sequence[Any], by: str) -> xr.Dataset:
    import xarray as xr

    slopes = fit.posterior[names.B].to_numpy() @ columns.T
    return xr.Dataset(
        {_SLOPE: ((names.CHAIN, names.DRAW, "value"), slopes)},
        coords={"value": np.asarray(values)},
        attrs={"by": by},
    )


def _table(draws: xr.Dataset, where: list[str] | None, by: str, prob: float) -> pd.DataFrame:
    import pandas as pd

    table = summary_table(draws, prob)
    table.index = pd.Index(draws["value"].to_numpy(), name=by)
    above = (draws[_SLOPE].to_numpy() > 0).mean(axis=(0, 1))
    table[DIRECTION] = np.maximum(above, 1 - above)
    if where is not None:
        table.insert(0, "where", where)
    return table


def _curve(b: Array, grid: Array, columns: Array, prob: float) -> pd.DataFrame:
    import pandas as pd

    lower, upper = slope_bounds(b, columns, prob)
    mean = columns @ b.mean(axis=0)
    return pd.DataFrame({"value": grid, "mean": mean, "lower": lower, "upper": upper})


def _rug(moderator: SlopeVariable) -> Array | None:
    """Return the moderator's observed values, thinned evenly where there are many rows."""
    if moderator.levels or only_two(moderator) is not None:
        return None
    observed = np.asarray(moderator.observed, dtype=float)
    order = np.argsort(observed, kind="stable")
    reached = np.cumsum(moderator.counts[order])
    last = max(1, round(float(reached[-1]))) - 1
    places = np.linspace(0, last, min(_RUG, last + 1)).round()
    found = np.searchsorted(reached, places, side="right")
    return np.asarray(observed[order[np.minimum(found, len(order) - 1)]])


def _outcome(fit: Fit) -> str:
    model = fit.model
    return f"{model.outcome}{model.link.note}"


def _notes(
    fit: Fit, design: SlopeDesign, values: Sequence[Any], at: Mapping[str, Any], prob: float
) -> list[str]:
    notes = [f"{interval_words(prob)}, at each value for itself."]
    column = design.predictor.column
    varying = [
        group.name
        for group in fit.model.design.groups
        if any(column in state["columns"] for state in group.parts)
    ]
    if varying:
        notes.append(
            f"The slope varies between the groups of {listed(varying)}: this is an average group's."
        )
    if design.predictor.name != design.moderator.name and not design.is_linear(values):
        chosen = "as stated" if column in at else "its mean"
        notes.append(
            f"The slope depends on {column} itself; this is the slope where {column} is "
            f"{design.base[column]:g}, {chosen}."
        )
    return notes


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


def slope_bounds(b: Array, columns: Array, prob: float) -> Array:
    """Return the ends of the interval of each slope, shape (2, value).

    Parameters
    ----------
    b
        Draws of the coefficients, shape (draw, coefficient).
    columns
        Derivatives of the design, shape (value, coefficient).
    prob
        Probability of the intervals, which are equal-tailed.
    """
    return np.asarray(np.quantile(b @ columns.T, [(1 - prob) / 2, (1 + prob) / 2], axis=0))


def slope_region(b: Array, grid: Array, columns: Array, prob: float) -> pd.DataFrame:
    """Find the stretches of the grid where the interval lies on one side of zero.

    An end inside the grid is where a bound of the interval is zero, found between two neighbouring
    points, where the derivatives are taken to be straight lines: exact for a product term.

    Returns
    -------
    DataFrame
        Columns from, to and sign (1 or -1), one row a stretch.
    """
    import pandas as pd

    lower, upper = slope_bounds(b, columns, prob)
    signs = np.where(lower > 0, 1, np.where(upper < 0, -1, 0))
    places = np.arange(len(grid)).tolist()
    stretches: list[dict[str, Any]] = []
    for sign in (1, -1):
        held = [place for place in places if signs[place] == sign]
        starts = [place for place in held if place == 0 or signs[place - 1] != sign]
        stops = [place for place in held if place == places[-1] or signs[place + 1] != sign]
        for start, stop in zip(starts, stops, strict=True):
            first = start if start == 0 else _crossing(b, columns, prob, sign, start - 1)
            last = stop if stop == places[-1] else _crossing(b, columns, prob, sign, stop)
            ends = np.interp([first, last], places, grid)
            stretches.append({"from": ends[0], "to": ends[1], "sign": sign})
    table = pd.DataFrame(stretches, columns=["from", "to", "sign"])
    return table.sort_values("from", ignore_index=True)


def _crossing(b: Array, columns: Array, prob: float, sign: int, place: int) -> float:
    """Return where the bound next to zero is zero, between a point of the grid and the next."""
    from scipy.optimize import brentq

    own = b @ columns[place : place + 2].T
    tail = (1 - prob) / 2 if sign == 1 else (1 + prob) / 2

    def bound(share: float) -> float:
        return float(np.quantile(own[:, 0] + share * (own[:, 1] - own[:, 0]), tail))

    return place + float(brentq(bound, 0.0, 1.0))
