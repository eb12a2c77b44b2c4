"""Does the model make data like these? Statistics of replicated outcomes beside the observed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.checks.replications import (
    FALSE_ALARM,
    Kind,
    Looked,
    Statistics,
    expected_outcomes,
    group_aspects,
    means_by_group,
    merged,
    on_scores,
    replications,
    row_aspects,
    sd_of_means,
)
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import BELOW, BLUE, INK, PALE, folded, own_axes
from bayes_alliance.errors import ModelError
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.chosen_factor import chosen_group, other_factors, unnamed_factors
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.written_out import WrittenOut, has_copies, written_out

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
ROW, GROUP = "row", "group"
_REPLICATION, _STATISTIC = "replication", "statistic"
_NUMBERS_KEPT = 8e6
_BINS = 25
# Replicates that reach farther than so many times the range of what was observed are shown this far
# only; a share of the replicated rows up to the last may lie outside without a word.
_FARTHEST, _SHOWN, _UNSEEN = 10.0, 4.0, 0.005


@dataclass(frozen=True, kw_only=True)
class PredictiveCheck:
    """Observed statistics and the same statistics of replicated data sets.

    Parameters
    ----------
    table
        One row a statistic: observed, predicted (median), lower, upper (95%), p (share of the
        replications that are larger, ties counted half).
    draws
        The statistics of every replicated data set: ``value``, dims (replication, statistic).
        Replications are drawn from draws spread over all chains, and have no chain of their own.
    replicated
        Replicated outcomes, shape (draw, row), or means by group, (draw, group), for the picture:
        all of them, or evenly spaced ones where they are many.
    observed
        The same of the data, shape (row,) or (group,).
    kind
        Whether the ``"posterior"`` or the ``"prior"`` made them.
    unit
        ``"row"``, or the factor whose groups' means are held.
    shown
        What ``observed`` holds, in words.
    categories
        Labels of the outcome's categories where it has such, and rows are shown.
    replications
        Number of replicated data sets.
    others
        The model's other grouping factors, where none was named and the first one is shown.
    scoring
        What ordered categories count as in means by group; empty for other outcomes.
    counts
        How much each of the rows counts, shape (row,), where they do not count one each: those
        of frequency weights that are no counts, or of very many clients.
    clients
        How many clients the rows stand for by their frequency weights; None without those.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    replicated: Array
    observed: Array
    kind: Kind = "posterior"
    unit: str = ROW
    shown: str = ""
    categories: tuple[str, ...] = ()
    replications: int = 0
    others: tuple[str, ...] = ()
    scoring: str = ""
    counts: Array | None = None
    clients: float | None = None

    @property
    def unusual(self) -> tuple[str, ...]:
        """Statistics that are not reproduced: p nearer to 0 or 1 than .025, shared among them.

        So at most about 5 of 100 checks of a right model name one, whatever their number.
        """
        p = self.table["p"]
        limit = FALSE_ALARM / 2 / len(p)
        return tuple(self.table.index[(p < limit) | (p > 1 - limit)])

    @property
    def sentence(self) -> str:
        """What the check says, in one sentence."""
        if self.kind == "prior":
            if not self.unusual:
                return "The data lie within what the priors expect, in what was compared."
            return (
                "Under the priors, data like these would be very unusual: look at "
                f"{self._unusual_in_words}."
            )
        if not self.unusual:
            return "Data simulated from the model look like the data in what was compared."
        return f"The model does not reproduce {self._unusual_in_words}."

    @property
    def _unusual_in_words(self) -> str:
        *rest, last = (f"the {name}" for name in self.unusual)
        return f"{', '.join(rest)} and {last}" if rest else last

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the observed distribution over the replicated ones: of rows, or of group means.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        axes = own_axes(axes)
        if self.categories:
            return draw_category_check(
                axes,
                observed=self.observed,
                replicated=self.replicated,
                outcome=self.shown,
                levels=self.categories,
                counts=self.counts,
            )
        draw_numeric_check(
            axes,
            observed=self.observed,
            replicated=self.replicated,
            outcome=self.shown,
            counts=self.counts,
        )
        axes.set_ylabel("rows" if self.unit == ROW else "groups")
        return axes

    def _title(self) -> str:
        return f"{self.kind.capitalize()} predictive check"

    def _notes(self) -> list[str]:
        told = [*other_factors(self.unit, self.others), *filter(None, [self.scoring])]
        return [
            self.sentence,
            *told,
            f"{self.replications} replicated data sets.",
            *self._on_clients(),
        ]

    def _on_clients(self) -> list[str]:
        """Say what rows are where they stand for several clients."""
        if self.clients is None:
            return []
        notes = [
            f"The rows stand for {self.clients:,.10g} clients by their frequency weights; each of "
            "these has an outcome of its own in a replicated data set."
        ]
        if self.counts is not None and (self.counts > 1).any():
            notes.append(
                f"So many are not drawn: {len(self.counts):,} count for the others, and replicated "
                "data sets differ more than they should."
            )
        return notes

    def __str__(self) -> str:
        return as_text(self._title(), self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html(self._title(), self.table, *self._notes())


def check_predictive(
    fit: Fit,
    *,
    by: Literal["row", "group"] | None = None,
    group: str | None = None,
    kind: Kind = "posterior",
    draws: int | None = 500,
    seed: int | None = None,
) -> PredictiveCheck:
    """Compare the data with data replicated from the posterior or the prior, by row or by group.

    Parameters
    ----------
    fit : Fit
        A fit with its rows. Replications it holds already (:func:`with_predictive`,
        :func:`with_prior_predictive`) are used, whatever ``draws`` and ``seed`` say.
    by : {"row", "group"}, optional
        ``"row"`` for the distribution of the rows, ``"group"`` for the means of groups, their sds
        and their slopes. If left out with ``group``, the rows and the standard deviation of each
        factor's means.
    group : str, optional
        The grouping factor, which looks at it by group; with ``by="group"`` the first one of the
        formula if left out, and the others are named.
    kind : str
        ``"posterior"`` or ``"prior"``.
    draws : int, optional
        Number of replicated data sets; as many as there are draws if None.
    seed : int, optional
        Seed of the replications; the fit's own if left out.

    Returns
    -------
    PredictiveCheck
        A statistic a row; its picture shows the distribution of the rows or of the group means.

    Raises
    ------
    SamplingError
        If the fit was saved without its rows, or a prior is improper.
    ModelError
        For a grouping factor the model does not have.

    References
    ----------
    .. [1] gelman1996

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.check_predictive(fit)  # doctest: +SKIP
    >>> ba.check_predictive(fit, group="case_manager").plot()  # doctest: +SKIP
    """
    check_fit(fit, "check_predictive", by_row=True)
    fit.need_data("A predictive check")
    factor = _chosen_factor(fit, by, group)
    written = written_out(fit.model)
    count, data_sets = replications(fit, written, kind=kind, draws=draws, seed=seed)
    if factor is not None:
        factor = written.model.design.group(factor.name)
    counts = 1.0 if written.counts is None else written.counts
    shown = _shown(fit.model, factor, counts)
    observed = written.model.frame.y
    width = len(observed) if factor is None else len(factor.labels)
    step = max(1, int(np.ceil(count * width / _NUMBERS_KEPT)))
    statistics = merged(_looked_for(fit, kind, written, factor, rows_only=by == ROW))
    every, replicated = _looked_at(data_sets, statistics, shown, step)
    own = {label: float(value[0]) for label, value in statistics(observed[None]).items()}
    return PredictiveCheck(
        table=_table(own, every),
        draws=_replicated_statistics(every),
        replicated=replicated,
        observed=shown(observed[None])[0],
        kind=kind,
        unit=ROW if factor is None else factor.name,
        shown=fit.model.outcome if factor is None else _mean_words(fit, factor),
        categories=_categories(fit) if factor is None else (),
        replications=count,
        others=unnamed_factors(fit, group) if by == GROUP else (),
        scoring=_scoring(fit.model) if fit.model.groups and by != ROW else "",
        counts=written.counts if factor is None else None,
        clients=written.clients if has_copies(fit.model) else None,
    )


def _shown(
    model: Model, factor: GroupDesign | None, counts: Array | float
) -> Callable[[Array], Array]:
    """Return what the picture shows of data sets, (draw, row): the rows, or the groups' means."""
    if factor is None:
        return lambda y: y
    average, family, levels = means_by_group(factor, counts), model.family, model.frame.levels
    return lambda y: np.asarray((average @ family.scores(levels, y).T).T)


def _scoring(model: Model) -> str:
    return model.family.score_note(model.frame.levels)


def _looked_at(
    data_sets: Iterator[Array],
    statistics: Statistics,
    shown: Callable[[Array], Array],
    step: int,
) -> tuple[dict[str, Array], Array]:
    """Return the statistics of all data sets, and every so many of them, or their group means."""
    made: list[dict[str, Array]] = []
    kept: list[Array] = []
    seen = 0
    for outcomes in data_sets:
        made.append(statistics(outcomes))
        some = outcomes[-seen % step :: step]
        kept.append(shown(some))
        seen += len(outcomes)
    every = {label: np.concatenate([m[label] for m in made]) for label in made[0]}
    return every, np.concatenate(kept)


def _chosen_factor(fit: Fit, by: str | None, group: str | None) -> GroupDesign | None:
    """Return the factor that was asked for; None for the rows.

    Raises
    ------
    ModelError
        For a factor the model does not have, or one with the rows.
    """
    asked = "A predictive check was asked for"
    if by not in (None, ROW, GROUP):
        raise ModelError(
            f'{asked} with by="{by}".',
            "Rows or groups can be looked at.",
            'Write by="row" or by="group", or leave it out.',
        )
    if by == ROW and group is not None:
        raise ModelError(
            f'{asked} with by="row" and group="{group}".',
            "The rows are looked at whatever group they are in.",
            "Leave one of the two out.",
            group=group,
        )
    if by != GROUP and group is None:
        return None
    return fit.model.design.group(chosen_group(fit, group, "Predictive checks"))


def _looked_for(
    fit: Fit, kind: Kind, written: WrittenOut, factor: GroupDesign | None, *, rows_only: bool
) -> list[Looked]:
    model, counts = written.model, 1.0 if written.counts is None else written.counts
    if factor is not None:
        return [on_scores(model, own) for own in group_aspects(model, factor, counts)]
    means = [] if rows_only else [sd_of_means(g, counts) for g in model.design.groups]
    expected = expected_outcomes(model, fit.posterior) if kind == "posterior" else None
    rows = row_aspects(model, written.counts, expected)
    return [*rows, *(on_scores(model, own) for own in means)]


def _mean_words(fit: Fit, group: GroupDesign) -> str:
    return f"mean of {fit.model.outcome} by {group.name}"


def _categories(fit: Fit) -> tuple[str, ...]:
    return fit.model.family.categories(fit.model.frame.levels)


def _replicated_statistics(made: dict[str, Array]) -> xr.Dataset:
    import xarray as xr

    return xr.Dataset(
        {"value": ((_REPLICATION, _STATISTIC), np.column_stack(list(made.values())))},
        coords={_STATISTIC: np.asarray(list(made), dtype=object)},
    )


def _table(observed: dict[str, float], made: dict[str, Array]) -> pd.DataFrame:
    import pandas as pd

    rows = {}
    for label, seen in observed.items():
        values = made[label]
        lower, middle, upper = np.quantile(values, [0.025, 0.5, 0.975])
        p = float(np.mean(values > seen) + np.mean(values == seen) / 2)
        rows[label] = [seen, middle, lower, upper, p]
    columns = ["observed", "predicted", "lower", "upper", "p"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis(_STATISTIC)


def draw_numeric_check(
    axes: Axes, *, observed: Array, replicated: Array, outcome: str, counts: Array | None = None
) -> Axes:
    """Draw the observed distribution as a line over the band of the replicated ones.

    Parameters
    ----------
    axes
        Where to draw.
    observed
        Shape (row,).
    replicated
        Shape (draw, row).
    outcome
        The outcome's name.
    counts
        How much each row counts, shape (row,); one if left out.
    """
    edges = _edges(observed, replicated)
    made = np.stack([np.histogram(draw, edges, weights=counts)[0] for draw in replicated])
    low, middle, high = np.quantile(made, (0.025, 0.5, 0.975), axis=0)
    seen = np.histogram(observed, edges, weights=counts)[0]
    axes.stairs(high, edges, baseline=low, fill=True, color=BLUE, alpha=0.25)
    axes.stairs(middle, edges, color=BLUE, linewidth=1.2, label="replicated, middle and 95%")
    axes.stairs(seen, edges, color=INK, linewidth=1.8, label="observed")
    axes.set_xlabel(folded(outcome, BELOW) + _beyond(replicated, edges))
    axes.set_ylabel("rows")
    _legend_above(axes)
    return axes


def _beyond(replicated: Array, edges: Array) -> str:
    """Say how many of the replicated rows lie outside of the picture, unless next to none do."""
    share = float(((replicated < edges[0]) | (replicated > edges[-1])).mean())
    return f"\n(not shown: {share:.0%} of the replicated rows)" if share > _UNSEEN else ""


def _edges(observed: Array, replicated: Array) -> Array:
    """Cover what was observed and nearly all of what was replicated; the far tails are left out."""
    low, high = np.quantile(replicated, (0.001, 0.999))
    least, most = float(observed.min()), float(observed.max())
    # A prior of logarithms may reach so far that what was observed would be one bar.
    whole = most - least or 1.0
    if max(least - low, high - most) > _FARTHEST * whole:
        low, high = max(low, least - _SHOWN * whole), min(high, most + _SHOWN * whole)
    low, high = min(low, least), max(high, most)
    if not (observed == np.round(observed)).all():
        # Counted by width, a last digit would decide whether there is one bin more.
        return np.linspace(low, high, _BINS + 1)
    width = max(1.0, np.ceil((high - low) / _BINS))
    low = np.floor(low) - 0.5
    return np.asarray(low + width * np.arange(np.ceil((high - low) / width) + 1))


def _legend_above(axes: Axes) -> None:
    """Name what is drawn above the picture, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    first = labels.index("observed")
    order = [first, *(k for k in range(len(labels)) if k != first)]
    axes.legend(
        [handles[k] for k in order],
        [labels[k] for k in order],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2,
    )


def draw_category_check(
    axes: Axes,
    *,
    observed: Array,
    replicated: Array,
    outcome: str,
    levels: Sequence[str],
    counts: Array | None = None,
) -> Axes:
    """Draw observed counts as bars and replicated ones as points with 95% intervals."""
    places = np.arange(len(levels))
    each = np.ones(len(observed)) if counts is None else counts
    seen = each @ (observed[:, None] == places)
    made = np.stack([(replicated == place) @ each for place in places], axis=1)
    low, middle, high = np.quantile(made, (0.025, 0.5, 0.975), axis=0)
    axes.bar(places, seen, color=PALE, width=0.7, label="observed")
    axes.vlines(places, low, high, color=BLUE, linewidth=2.2)
    axes.plot(places, middle, "o", color=BLUE, markersize=6, label="replicated, middle and 95%")
    axes.set_xticks(places, labels=list(levels))
    axes.set_xlabel(folded(outcome, BELOW))
    axes.set_ylabel("rows")
    _legend_above(axes)
    return axes
