"""Each group's raw mean beside the mean that the model expects of the same clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, in_sentences
from bayes_alliance.drawing import own_axes
from bayes_alliance.model.expression import has_offset
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.chosen_factor import chosen_group, other_factors, unnamed_factors
from bayes_alliance.posterior.groups.caterpillar import caterpillar_height, draw_caterpillar
from bayes_alliance.posterior.groups.group_effect import CAUTION, QUALITY
from bayes_alliance.posterior.summaries import (
    COLUMNS,
    check_prob,
    interval_words,
    summary_numbers,
)
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import (
    MEMORY_GIGABYTES,
    Chunk,
    check_memory,
    chunks,
    frequency_weights,
)
from bayes_alliance.sampling.stand_in import cell_mean_model, cells_count_alike
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
_MEANING = (
    "raw: mean outcome of the group's clients; mean: what the model expects of the same clients, "
    "with the group's own effects."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupMeans:
    """Expected and raw means of the outcome, one a group.

    Parameters
    ----------
    group
        Name of the grouping factor.
    outcome
        Name of the outcome: a yes counts 1, an ordered category its own number or, where categories
        are none, its place from 1.
    table
        One row a group: group, mean, sd, lower, upper, caseload, raw, mcse_mean, ess_bulk,
        ess_tail, r_hat.
    draws
        Variable ``mean``, dims (chain, draw, group).
    overall
        The raw mean of all rows.
    prob
        Probability of the intervals.
    notes
        What a reader has to know of the numbers.
    others
        The model's other grouping factors, where none was named and the first one is shown.
    """

    group: str
    outcome: str
    table: pd.DataFrame
    draws: xr.Dataset
    overall: float
    prob: float
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """How far raw and expected means spread, in one sentence for a paper."""
        raw, mean = self.table["raw"], self.table["mean"]
        ends = [float(end) for means in (raw, mean) for end in (means.min(), means.max())]
        lowest, highest, least, most = in_sentences(ends)
        return (
            f"The raw means of {self.outcome} in the {len(raw)} groups of {self.group} range from "
            f"{lowest} to {highest}; the expected means of the same clients, which allow for "
            f"chance in small groups, from {least} to {most}."
        )

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the expected means in order with intervals, and hollow dots for the raw ones."""
        axes = own_axes(axes, height=caterpillar_height(len(self.table)))
        labels = self.table["group"].astype(str).tolist()
        draw_caterpillar(axes, effects=self.table, labels=labels, reference=self.overall)
        axes.set_xlabel(f"mean of {self.outcome}; hollow: raw; broken line: all rows")
        return axes

    def _notes(self) -> list[str]:
        told = other_factors(self.group, self.others)
        return [*told, _MEANING, *self.notes, f"{interval_words(self.prob)}.", CAUTION]

    def __str__(self) -> str:
        return as_text(f"Means of {self.outcome} by {self.group}", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html(f"Means of {self.outcome} by {self.group}", self.table, *self._notes())


def group_means(
    fit: Fit,
    *,
    group: str | None = None,
    draws: int | None = 1000,
    memory: float = MEMORY_GIGABYTES,
    prob: float = 0.95,
) -> GroupMeans:
    """Set each group's raw mean beside the posterior of its expected mean.

    The expected mean of a group is the average, over its own clients, of what the model expects
    of them: a mean, a probability, or an expected category. It holds their predictors and the
    effects of their groups, and so is shrunken towards what is usual for such clients.

    Parameters
    ----------
    fit : Fit
        A fit with its rows, or with the sums of streamed ones, and at least one grouping factor.
    group : str, optional
        Name of the factor; the first one of the formula if left out, and the others are named.
    draws : int, optional
        Use about so many draws, evenly spaced; all of them if None.
    memory : float
        Refuse what would take more gigabytes.
    prob : float
        Probability of the intervals, which are equal-tailed.

    Returns
    -------
    GroupMeans
        One row a group.

    Raises
    ------
    ModelError
        If the model has no such factor.
    SamplingError
        If the fit was saved without its rows, or would need more than ``memory``.

    References
    ----------
    .. [1] goldstein1996

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.group_means(fit).plot()  # doctest: +SKIP
    """
    import xarray as xr

    check_fit(fit, "group_means", by_row=True)
    check_prob(prob)
    design = fit.model.design.group(chosen_group(fit, group, "The means"))
    fit.need_data("The mean of a group", sums_suffice=_sums_hold_means(fit.model))
    held = thinned(fit.posterior, draws)
    sizes = (held.sizes[names.CHAIN], held.sizes[names.DRAW])
    check_memory("The mean of every group", sizes[0] * sizes[1], len(design.labels), memory)
    model, counts = _rows(fit)
    averages = _averaging(model.design.group(design.name), counts)
    means = np.empty((sizes[0] * sizes[1], len(design.labels)))
    for chunk in chunks(model, held):
        means[chunk.places] = (averages @ _expected(model, chunk).T).T
    outcomes = _as_numbers(model)
    return GroupMeans(
        group=design.name,
        outcome=fit.model.outcome,
        table=_table(design, means.reshape(*sizes, -1), averages @ outcomes, prob),
        draws=xr.Dataset(
            {"mean": ((names.CHAIN, names.DRAW, design.name), means.reshape(*sizes, -1))},
            coords={design.name: np.asarray(design.labels, dtype=object)},
        ),
        overall=float(np.average(outcomes, weights=counts)),
        prob=prob,
        notes=_notes(fit, len(means)),
        others=unnamed_factors(fit, group),
    )


def _table(design: GroupDesign, means: Array, raw: Array, prob: float) -> pd.DataFrame:
    import pandas as pd

    column = dict(zip(COLUMNS, summary_numbers(means, prob).T, strict=True))
    return pd.DataFrame(
        {
            "group": list(design.labels),
            **{name: column[name] for name in ("mean", "sd", "lower", "upper")},
            "caseload": design.caseloads,
            "raw": raw,
            **{name: column[name] for name in QUALITY},
        }
    )


def _sums_hold_means(model: Model) -> bool:
    """Tell whether sums of streamed rows hold the mean of each group.

    With an offset they hold the outcome less it, with precision weights the weighted mean only.
    """
    return not has_offset(model.design.part) and cells_count_alike(model)


def _rows(fit: Fit) -> tuple[Model, Array]:
    """Return a model with rows and how often each counts; of streamed ones, a row a cell."""
    model = fit.model
    if fit.has_sums:
        return cell_mean_model(model)
    return model, np.broadcast_to(frequency_weights(model), model.frame.y.shape).astype(float)


def _averaging(design: GroupDesign, counts: Array) -> Any:
    """Return the sparse matrix that averages rows within groups, shape (group, row)."""
    from scipy import sparse

    totals = np.bincount(design.index, counts, minlength=len(design.labels))
    places = (design.index, np.arange(len(counts)))
    return sparse.csr_array(
        (counts / totals[design.index], places), shape=(len(totals), len(counts))
    )


def _expected(model: Model, chunk: Chunk) -> Array:
    """Return the expected outcome of every row, shape (draw, row)."""
    return model.family.expected(chunk.eta, chunk.parameters, model.frame.levels)


def _as_numbers(model: Model) -> Array:
    return model.family.scores(model.frame.levels, model.frame.y)


def _notes(fit: Fit, draws: int) -> tuple[str, ...]:
    notes = []
    if draws < fit.draws_in_all:
        notes.append(f"Computed from {draws:,} of the {fit.draws_in_all:,} draws.")
    scored = fit.model.family.score_note(fit.model.frame.levels)
    return (*notes, scored) if scored else tuple(notes)
