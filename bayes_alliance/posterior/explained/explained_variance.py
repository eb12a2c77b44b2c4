"""The record that every R2 verb returns: shares of explained variance with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import draw_intervals, intervals_height, own_axes
from bayes_alliance.posterior.summaries import (
    COLUMNS,
    check_prob,
    given_words,
    interval_words,
    numbers_where_defined,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
_OF, _MEASURE, _MEANING, _R2 = "of", "measure", "meaning", "r2"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One R2 measure: a share of some variance, for every draw.

    Parameters
    ----------
    of
        The variance it is a share of: ``total``, ``within``, ``between``, ``level 2``.
    name
        Its name: ``f1``.
    meaning
        What explains, in words.
    share
        Shape (chain, draw), or None where the measure does not exist for this model.
    """

    of: str
    name: str
    meaning: str
    share: Array | None


@dataclass(frozen=True, kw_only=True)
class ExplainedVariance:
    """R2 measures with intervals.

    Parameters
    ----------
    title
        What kind of measures they are.
    table
        One row a measure, index (of, measure); what it means, and the columns of a
        :class:`Summary`. NaN where a measure does not exist; the notes say why. The
        printed table leaves those out and names them below.
    draws
        Variable ``r2``, dims (chain, draw, measure), with coordinates ``of`` and ``name`` along
        the measures, those that exist. NaN in draws without a residual variance (Student outcome
        with nu <= 2); table and sentence are of the others.
    sentence
        The main measures in words, for a paper.
    notes
        The scale, the kind of interval, and why measures are missing.
    prob
        Probability of the intervals.
    """

    title: str
    table: pd.DataFrame
    draws: xr.Dataset
    sentence: str
    notes: tuple[str, ...]
    prob: float

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw one interval a measure, those that exist.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        shown = self.table[self.table["mean"].notna()]
        axes = own_axes(axes, height=intervals_height(len(shown)))
        labels = [f"{of}: {name}" for of, name in shown.index.to_flat_index().tolist()]
        draw_intervals(axes, shown, labels=labels)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel(f"share of the variance, {interval_words(self.prob)}")
        return axes

    def _lines(self) -> list[str]:
        """Return the notes, with the measures that the printed table leaves out."""
        missing = self.table.index[self.table["mean"].isna()].to_flat_index()
        by_variance: dict[str, list[str]] = {}
        for of, name in missing:
            by_variance.setdefault(of, []).append(name)
        words = [f"{', '.join(own)} of {of}" for of, own in by_variance.items()]
        left_out = [f"Do not exist here: {'; '.join(words)}."] if words else []
        return [*self.notes, *left_out]

    def __str__(self) -> str:
        return as_text(self.title, self.table[self.table["mean"].notna()], *self._lines())

    def _repr_html_(self) -> str:
        return as_html(self.title, self.table[self.table["mean"].notna()], *self._lines())


def measures_table(measures: Sequence[Measure], prob: float) -> tuple[pd.DataFrame, xr.Dataset]:
    """Return the table and the draws of a record, in the order of the measures.

    A measure that is the same in every draw has no R-hat; one that does not exist in some draws is
    that of the others.
    """
    import pandas as pd

    check_prob(prob)
    there = [measure for measure in measures if measure.share is not None]
    values = np.stack([m.share for m in there if m.share is not None], axis=-1)
    places = np.flatnonzero([measure.share is not None for measure in measures])
    draws = _dataset(values, there)
    numbers = np.full((len(measures), len(COLUMNS)), np.nan)
    numbers[places] = numbers_where_defined(values, prob)
    index = pd.MultiIndex.from_arrays(
        [[m.of for m in measures], [m.name for m in measures]], names=[_OF, _MEASURE]
    )
    table = pd.DataFrame(numbers, index=index, columns=list(COLUMNS))
    table.insert(0, _MEANING, [measure.meaning for measure in measures])
    return table, draws


def _dataset(values: Array, measures: Sequence[Measure]) -> xr.Dataset:
    import xarray as xr

    labels = {
        _MEASURE: [f"{measure.name} of {measure.of}" for measure in measures],
        _OF: [measure.of for measure in measures],
        "name": [measure.name for measure in measures],
    }
    return xr.Dataset(
        {_R2: ((names.CHAIN, names.DRAW, _MEASURE), values)},
        coords={name: (_MEASURE, np.asarray(own, dtype=object)) for name, own in labels.items()},
    )


def given_variance(residual: Array) -> str:
    """Say that the residual variance is taken to exist, where it does not in some draws."""
    undefined = int(np.isnan(residual).sum())
    return given_words(undefined, residual.size) if undefined < residual.size else ""


def share_in_words(row: Any, prob: float) -> str:
    """Write a share with its interval: ``26% (95% interval 18% to 35%)``."""
    if row["mean"] != row["mean"]:
        return "not known (the residual variance does not exist)"
    return f"{row['mean']:.0%} ({prob:.0%} interval {row['lower']:.0%} to {row['upper']:.0%})"
