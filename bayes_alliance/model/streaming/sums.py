"""The second pass over a scanned table: the sums that a Gaussian model needs of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.scanning import batches, table_changed
from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.kernels.cell_sums import CellSums, add_rows, cell_sums, cell_width
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.frame import row_weights
from bayes_alliance.model.streaming.cells import CellFinder
from bayes_alliance.model.streaming.columns import ColumnPlan, fill_columns
from bayes_alliance.model.streaming.ranges import (
    ObservedRange,
    RunningRange,
    TwoValues,
    running_ranges,
)
from bayes_alliance.model.streaming.survey import Survey

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class StreamedSums:
    """What is kept of the rows: for each cell, of the plan's columns and then the outcome.

    Parameters
    ----------
    cells
        Weighted by both kinds of weights.
    unweighted
        Of all rows, with equal weights: by cell, or in one cell for all.
    repeats
        Rows of each cell, frequency weights counted, shape (cell,).
    log_weight
        Sum of the logarithms of each cell's precision weights, shape (cell,).
    mean_inverse_weight
        Mean of one over the precision weights: what the residual variance is multiplied by on
        average.
    whole_weights
        Whether all weights are whole numbers.
    ranges
        Where the numbers that slopes of groups depend on were observed.
    half_ranges
        Of each column, half the distance of its two values; 0 where it has not just two.
    frequency
        Whether the weights say how often each row counts.
    squared_weights
        Sum of the squares of the weights.
    """

    cells: CellSums
    unweighted: CellSums
    repeats: Floats
    log_weight: Floats
    mean_inverse_weight: float
    whole_weights: bool
    ranges: Mapping[str, ObservedRange]
    half_ranges: tuple[float, ...] = ()
    frequency: bool = False
    squared_weights: float = 0.0

    @property
    def counted(self) -> CellSums:
        """The sums in which each row counts as often as it stands for."""
        return self.cells if self.frequency else self.unweighted


@dataclass
class _Running:
    """Sums as they grow, rows counted by cell, and room for the columns of one batch."""

    state: Floats
    overall: Floats
    rows: NDArray[np.int64]
    log_weight: Floats
    ranges: Mapping[str, RunningRange]
    two: TwoValues
    room: Floats = field(default_factory=lambda: np.empty(0))
    inverse_weight: float = 0.0
    squared_weights: float = 0.0
    whole_weights: bool = True


def kept_sums(sums: StreamedSums, keep: NDArray[np.bool_]) -> StreamedSums:
    """Return the sums of some cells; those of all rows with equal weights stay what they are."""
    cells = _some_cells(sums.cells, keep)
    return replace(
        sums,
        cells=cells,
        unweighted=cells if sums.unweighted is sums.cells else sums.unweighted,
        repeats=sums.repeats[keep],
        log_weight=sums.log_weight[keep],
        ranges={
            name: replace(own, lowest=own.lowest[keep], highest=own.highest[keep])
            for name, own in sums.ranges.items()
        },
    )


def _some_cells(sums: CellSums, keep: NDArray[np.bool_]) -> CellSums:
    return CellSums(weight=sums.weight[keep], mean=sums.mean[keep], products=sums.products[keep])


def stream_sums(
    formula: Formula, survey: Survey, plan: ColumnPlan, finder: CellFinder, caseloads: Floats
) -> StreamedSums:
    """Read every row once.

    Parameters
    ----------
    formula
        For the outcome and its weights.
    survey, plan, finder
        What was learnt before.
    caseloads
        Rows of each cell.

    Raises
    ------
    ModelError
        If the sums would take more memory than the table allows.
    DataError
        If these are not the rows that were counted.
    GapError
        If a value is missing that the survey did not know of.
    """
    k = len(plan.recipes) + 1
    check_cells(len(caseloads), k, survey.table.memory)
    weights = formula.response.weights
    running = _Running(
        state=np.zeros((len(caseloads), cell_width(k))),
        overall=np.zeros((1 if weights else 0, cell_width(k))),
        rows=np.zeros(len(caseloads), dtype=np.int64),
        log_weight=np.zeros(len(caseloads)),
        ranges=running_ranges(plan.parts[1:], plan.places[1:], survey.table.kinds, len(caseloads)),
        two=TwoValues(len(plan.recipes)),
    )
    texts = {n: v for n, v in survey.levels.items() if survey.table.kinds[n] == "text"}
    for batch in batches(survey.table, survey.columns, texts):
        _add_batch(running, batch, formula, survey.levels, plan, finder)
    _check_same_rows(running.rows, caseloads)
    cells = _taken_apart(running.state, k)
    frequency = formula.response.weight_kind == "frequency"
    precise = weights and not frequency
    return StreamedSums(
        cells=cells,
        unweighted=_taken_apart(running.overall, k) if weights else cells,
        repeats=cells.weight if frequency else caseloads,
        log_weight=running.log_weight if precise else np.zeros(len(caseloads)),
        mean_inverse_weight=running.inverse_weight / caseloads.sum() if precise else 1.0,
        whole_weights=running.whole_weights,
        ranges={name: own.whole() for name, own in running.ranges.items()},
        half_ranges=running.two.half_ranges(),
        frequency=frequency,
        squared_weights=running.squared_weights,
    )


def _add_batch(
    running: _Running,
    batch: Mapping[str, NDArray[Any]],
    formula: Formula,
    levels: Mapping[str, Any],
    plan: ColumnPlan,
    finder: CellFinder,
) -> None:
    """Make the columns of some rows and add them to the sums of their cells."""
    outcome, name = batch[formula.response.outcome], formula.response.weights
    k = len(plan.recipes) + 1
    if running.room.size < k * len(outcome):
        running.room = np.empty(k * len(outcome))
    values = running.room[: k * len(outcome)].reshape(k, len(outcome))
    offset = fill_columns(plan, batch, levels, values)
    np.subtract(outcome, offset, out=values[-1])
    weight, cell = np.zeros(0), finder.of(batch)
    if name is not None:
        given = row_weights(pd.DataFrame({name: batch[name]}), formula)
        assert given is not None  # the formula names the column
        weight = np.ascontiguousarray(given)
        running.log_weight += np.bincount(cell, np.log(weight), len(running.rows))
        running.inverse_weight += float((1 / weight).sum())
        running.squared_weights += float(weight @ weight)
        running.whole_weights &= bool((weight == np.round(weight)).all())
        nowhere = np.zeros(len(outcome), dtype=np.int64)
        add_rows(values, nowhere, np.zeros(0), running.overall)
    for column, own in running.ranges.items():
        own.add(batch[column] if own.column is None else values[own.column], cell)
    running.two.add(values)
    running.rows += np.bincount(cell, minlength=len(running.rows))
    add_rows(values, cell, weight, running.state)


def _taken_apart(state: Floats, k: int) -> CellSums:
    with np.errstate(over="ignore", invalid="ignore"):
        sums = cell_sums(state, k)
    if not np.isfinite(sums.products).all():
        raise DataError(
            "Products of the columns were to be summed.",
            "Some are too large for a number, so that a column has values of 1e150 or more.",
            "Look for a missing code or a damaged file, or divide the column by its scale.",
        )
    # In one piece, as they are when a fit is loaded: else the last bits of sums over them differ.
    return CellSums(
        weight=np.ascontiguousarray(sums.weight),
        mean=np.ascontiguousarray(sums.mean),
        products=np.ascontiguousarray(sums.products),
    )


def _check_same_rows(found: NDArray[np.int64], counted: Floats) -> None:
    if not np.array_equal(found, counted):
        groups = int((found != counted).sum())
        raise table_changed(
            f"it had {int(counted.sum())} rows, then {int(found.sum())}, and {groups} groups or "
            "combinations of groups have another number of them"
        )


def check_cells(cells: int, k: int, memory: float) -> None:
    """Refuse beforehand what would not fit.

    Raises
    ------
    ModelError
        If the sums of the cells take more gigabytes than ``memory``.
    """
    # The running sums, what they are taken apart to, and the rows that stand in for them.
    numbers = cells * (cell_width(k) + k * (k + 1) + 4 * (k + 1) ** 2)
    size = 8 * numbers / 1e9
    if size > memory:
        raise ModelError(
            f"The sums of {k} columns were to be kept for each of {cells} groups or "
            "combinations of groups.",
            f"That takes {size:.1f} GB; the limit is {memory:g} GB.",
            "Raise it with scan_table(..., memory=), or leave columns or grouping factors out.",
            gigabytes=size,
        )
