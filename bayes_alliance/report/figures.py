"""The pictures of a report: intervals, caseloads, and whole distributions before and after."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.drawing import (
    BLUE,
    GREY,
    INK,
    draw_intervals,
    faint_grid,
    folded,
    quiet_axis,
    reference_line,
)
from bayes_alliance.model.prior import AT_THE_MEANS
from bayes_alliance.posterior.shares.variance import Shares
from bayes_alliance.posterior.summaries import element_labels
from bayes_alliance.sampling.at_priors import at_priors
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from bayes_alliance.model.group_design import GroupDesign
    from bayes_alliance.model.prior_table import PriorEntry
    from bayes_alliance.model.spec import Model

Array = NDArray[np.float64]
MOST_PANELS = 12
_COLUMNS, _POINTS, _RIDGE = 3, 200, 0.75
_TITLE_WIDTH, _LONG_NAME = 21, 8


def draw_coefficients(axes: Axes, *, summary: pd.DataFrame) -> Axes:
    """Draw each coefficient with its interval and a line at zero."""
    draw_intervals(axes, summary[["mean", "lower", "upper"]])
    reference_line(axes)
    axes.set_xlabel("coefficient")
    return axes


def draw_caseloads(axes: Axes, *, caseloads: Sequence[int]) -> Axes:
    """Draw how many groups have how many rows."""
    values = np.asarray(caseloads)
    span = int(values.max() - values.min() + 1)
    step = max(1, -(-span // 40))
    edges = np.arange(values.min() - 0.5, values.max() + step + 0.5, step)
    axes.hist(values, bins=edges.tolist(), color=BLUE, alpha=0.75, edgecolor="white", linewidth=1.0)
    axes.set_xlabel("rows of a group")
    axes.set_ylabel("groups")
    axes.locator_params(integer=True)
    return axes


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A parameter with its prior distribution, where that ends, and its posterior draws."""

    label: str
    prior: Any
    bounds: tuple[float, float]
    draws: Array


def draw_share_densities(axes: Axes, *, shares: Shares, labels: Sequence[str]) -> Axes:
    """Draw the posterior density of each level's share over its mean and interval."""
    values = shares.draws["share"].to_numpy()
    flat = values.reshape(-1, values.shape[-1])
    table = shares.table
    for k, place in enumerate(np.arange(len(table))[::-1]):
        x, height = density(flat[:, k], 0.0, 1.0)
        height = _RIDGE * height / height.max()
        axes.fill_between(100 * x, place, place + height, color=BLUE, alpha=0.3, linewidth=0)
        axes.plot(100 * x, place + height, color=BLUE, linewidth=1.0)
        row = 100 * table.iloc[k]
        axes.hlines(place, row["lower"], row["upper"], color=INK, linewidth=2.2)
        axes.plot([row["mean"]], [place], "o", color=INK, markersize=6, markeredgecolor="white")
    axes.set_yticks(np.arange(len(table))[::-1], labels=list(map(folded, labels)))
    axes.set_ylim(-0.3, len(table) - 0.1)
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the variance, per cent")
    faint_grid(axes)
    quiet_axis(axes)
    return axes


def share_densities_height(levels: int) -> float:
    """Return the height, in inches, of a picture with that many levels."""
    return 0.8 + 0.7 * levels


def panels_of(fit: Fit) -> tuple[Panel, ...]:
    """Return every coefficient, sd, correlation and parameter of the family with its prior.

    Coefficients are as written, with the prior that they have there. Standard deviations,
    correlations and thresholds stand where their prior does, and their label says so. Left out is
    what has no proper prior of its own: see :func:`without_panel`.
    """
    model = fit.model
    draws = at_priors(model, fit.posterior[list(model.priors.variables)])
    if names.B in draws:
        draws = draws.drop_dims(names.COEFFICIENT).assign({names.B: fit.posterior[names.B]})
    panels, places = [], dict.fromkeys(model.priors.variables, 0)
    for entry in model.priors.entries:
        k = places[entry.variable]
        places[entry.variable] = k + 1
        if entry.prior.kind.support == "correlation":
            continue
        prior = _prior_curve(model, entry, k)
        if prior is None:
            continue
        values = draws[entry.variable].to_numpy()
        flat = values.reshape(values.shape[0] * values.shape[1], -1)
        bounds = (0.0 if entry.prior.kind.support == "positive" else -np.inf, np.inf)
        label = element_labels(draws[entry.variable])[k]
        panels.append(Panel(label=label, prior=prior, bounds=bounds, draws=flat[:, k]))
    pairs = (panel for group in model.design.groups for panel in _pairs(model, group, draws))
    return (*panels, *pairs)


def without_panel(model: Model) -> tuple[str, ...]:
    """Return the keys of the priors that have no curve of their own to draw."""
    places, found = dict.fromkeys(model.priors.variables, 0), []
    for entry in model.priors.entries:
        k = places[entry.variable]
        places[entry.variable] = k + 1
        if entry.prior.kind.support != "correlation" and _prior_curve(model, entry, k) is None:
            found.append(entry.key)
    return tuple(found)


def _prior_curve(model: Model, entry: PriorEntry, place: int) -> Any:
    """Return the distribution of one element before the data, or None."""
    if not entry.prior.proper:
        return None
    if entry.variable == names.B:
        own = model.priors.coefficient_prior(place)
        return None if own is None or not own.proper else own.frozen
    if entry.variable == names.CUTPOINT:
        priors = model.priors.of(names.CUTPOINT)
        # In order, and with different priors, none has a distribution that can be written down.
        alike = len(set(priors)) == 1
        return InOrder(entry.prior.frozen, place, len(priors)) if alike else None
    return entry.prior.frozen


@dataclass(frozen=True)
class InOrder:
    """The distribution of one of several alike numbers that are put in order.

    Parameters
    ----------
    each
        The distribution of each number before.
    place, count
        Which of them, from 0, of how many.
    """

    each: Any
    place: int
    count: int

    def cdf(self, values: Array) -> Array:
        """Return the distribution function."""
        return np.asarray(self._share.cdf(self.each.cdf(values)))

    def ppf(self, probabilities: Sequence[float]) -> Array:
        """Return the quantiles."""
        return np.asarray(self.each.ppf(self._share.ppf(probabilities)))

    @property
    def _share(self) -> Any:
        from scipy.stats import beta

        return beta(self.place + 1, self.count - self.place)


def _pairs(model: Model, group: GroupDesign, draws: xr.Dataset) -> list[Panel]:
    """Return the correlations of a group's effects.

    Under LKJ(eta) each of ``size`` effects has (1 + r) / 2 ~ Beta(a, a), a = eta - 1 + size / 2.
    """
    from scipy.stats import beta

    if not group.pairs:
        return []
    (prior,) = model.priors.of(names.cor(group.name))
    array = draws[names.cor(group.name)]
    labels, values = element_labels(array), array.to_numpy().reshape(-1, len(group.pairs))
    sizes = {place: len(block) for block in group.blocks for place in block}
    shapes = [prior.arguments[0] - 1 + sizes[first] / 2 for first, _ in group.pairs]
    return [
        Panel(
            label=labels[k],
            prior=beta(shapes[k], shapes[k], loc=-1, scale=2),
            bounds=(-1.0, 1.0),
            draws=values[:, k],
        )
        for k in range(len(group.pairs))
    ]


def learnt(panel: Panel) -> float:
    """Return by how much the data narrowed a parameter: posterior sd over the prior's width.

    The prior's width is that of its middle 68%, which every proper prior has.
    """
    low, high = panel.prior.ppf([0.16, 0.84])
    return float(panel.draws.std() / ((high - low) / 2))


def draw_panels(axes: Axes, *, panels: Sequence[Panel]) -> Axes:
    """Draw prior and posterior density of each parameter, in small pictures side by side."""
    axes.set_axis_off()
    rows = -(-len(panels) // _COLUMNS)
    for k, panel in enumerate(panels):
        row, column = divmod(k, _COLUMNS)
        width, height = 1 / _COLUMNS, 1 / rows
        place = (
            column * width + 0.02,
            1 - (row + 1) * height + 0.2 * height,
            width - 0.04,
            0.48 * height,
        )
        _draw_panel(axes.inset_axes(place), panel)
    handles = [
        axes.plot([], [], color=BLUE, linewidth=4, alpha=0.5)[0],
        axes.plot([], [], color=INK, linewidth=1.3, linestyle=(0, (4, 2)))[0],
    ]
    axes.legend(handles, ["posterior", "prior"], loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return axes


def panels_height(count: int) -> float:
    """Return the height, in inches, of that many small pictures."""
    return 0.35 + 1.35 * -(-count // _COLUMNS)


def _draw_panel(inset: Axes, panel: Panel) -> None:
    low, high = _range(panel)
    x, after = density(panel.draws, low, high)
    inset.fill_between(x, after, color=BLUE, alpha=0.4, linewidth=0)
    # Some priors have a distribution function only; its rise is the density.
    step = (x[1] - x[0]) / 4
    rise = panel.prior.cdf(x + step) - panel.prior.cdf(np.maximum(x - step, low))
    before = np.asarray(rise) / (x + step - np.maximum(x - step, low))
    inset.plot(x, before, color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
    inset.set_xlim(low, high)
    inset.set_ylim(0, 1.15 * max(float(after.max()), _within(before, 1.5 * float(after.max()))))
    inset.set_yticks([])
    inset.spines[["left", "top", "right"]].set_visible(False)
    inset.spines["bottom"].set_color(GREY)
    inset.locator_params(axis="x", nbins=4)
    inset.tick_params(axis="x", labelsize=8)
    inset.set_title(_title(panel.label), fontsize=8, pad=3)


def _title(label: str) -> str:
    """Break a name that is too long for its panel, before its bracket rather than in a word.

    Where it stands has a line of its own.
    """
    where = f" {AT_THE_MEANS}]"
    if label.endswith(where):
        return f"{_title(label.removesuffix(where) + ']')}\n{AT_THE_MEANS}"
    name, _, element = label.partition("[")
    if len(label) > _TITLE_WIDTH and len(name) >= _LONG_NAME:
        label = f"{name} [{element}"
    return "\n".join(textwrap.wrap(label, _TITLE_WIDTH, max_lines=2, placeholder=" …"))


def _within(values: Array, limit: float) -> float:
    return min(float(np.nanmax(values)), limit)


def _range(panel: Panel) -> tuple[float, float]:
    """Show the posterior and some of the prior around it: twice the posterior's width."""
    low, high = np.quantile(panel.draws, [0.001, 0.999])
    room = 0.6 * (high - low) or 1.0
    return max(panel.bounds[0], low - room), min(panel.bounds[1], high + room)


def density(draws: Array, low: float, high: float) -> tuple[Array, Array]:
    """Return places from low to high and a smooth density of the draws there.

    Binned counts smoothed by a normal kernel; what it would put beyond the ends, where the draws
    may press against a bound, is folded back.
    """
    edges = np.linspace(low, high, _POINTS + 1)
    step = edges[1] - edges[0]
    counts = np.histogram(draws, edges)[0].astype(float)
    spread = min(draws.std(), (np.subtract(*np.quantile(draws, [0.75, 0.25]))) / 1.349)
    width = max(0.9 * spread * len(draws) ** -0.2, step) if spread > 0 else step
    reach = min(int(np.ceil(4 * width / step)), len(counts) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / width) ** 2)
    padded = np.pad(counts, reach, mode="symmetric")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return edges[:-1] + step / 2, np.asarray(smooth / (len(draws) * step))
