"""A few made-up rows whose sums are those of rows that were streamed, as a model holds rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.cell_sums import CellSums, stand_in_rows
from bayes_alliance.model.design import Design
from bayes_alliance.model.spec import Model, changed_model

Floats = NDArray[np.float64]


def stand_in_model(model: Model) -> Model:
    """Return a streamed model with k + 1 rows a cell that have its cross products.

    The rows are scaled by their weights, the constant with them, and the offset is off the
    outcome: sums of squared residuals are those of all rows, weighted. It is never sampled.
    """
    stream = model.stream
    assert stream is not None
    width = stream.sums.cells.mean.shape[1] + 1
    rows = stand_in_rows(stream.sums.cells, np.zeros(width - 1)).reshape(-1, width)
    X, *Z = (np.ascontiguousarray(rows[:, [k + 1 for k in own]]) for own in stream.places)
    design = replace(
        model.design.with_location(X=X, offset=np.zeros(len(rows))),
        groups=tuple(
            replace(group, Z=columns, index=np.repeat(of_cell, width))
            for group, columns, of_cell in zip(
                model.design.groups, Z, stream.group_of_cell, strict=True
            )
        ),
    )
    return _with_rows(model, design, rows[:, -1])


def cell_mean_model(model: Model) -> tuple[Model, Floats]:
    """Return a streamed model with one row a cell, the mean of its rows, and how many those are.

    What is linear in the rows, such as a mean of expected outcomes, is exact of these. Each row
    counts as often as its frequency weight says; of rows with precision weights, which count
    once, only the mean of all is known: one row. The offset is off the outcome.
    """
    stream = model.stream
    assert stream is not None
    sums = counted_sums(model)
    rows = np.column_stack([sums.mean, np.ones(len(sums.mean))])  # -1 finds the constant
    X, *Z = (np.ascontiguousarray(rows[:, list(own)]) for own in stream.places)
    whole = np.zeros(1, dtype=np.int64)
    design = replace(
        model.design.with_location(X=X, offset=np.zeros(len(rows))),
        groups=tuple(
            replace(group, Z=columns, index=of_cell if cells_count_alike(model) else whole)
            for group, columns, of_cell in zip(
                model.design.groups, Z, stream.group_of_cell, strict=True
            )
        ),
    )
    return _with_rows(model, design, sums.mean[:, -1]), sums.weight


def cells_count_alike(model: Model) -> bool:
    """Tell whether sums of a streamed model are kept by cell with each row counting as it does.

    They are not under precision weights, where a row counts once and weighs otherwise.
    """
    return model.formula.response.weight_kind != "precision"


def _with_rows(model: Model, design: Design, y: Floats) -> Model:
    frame = replace(model.frame, y=np.ascontiguousarray(y), weights=None)
    return changed_model(model, frame=frame, design=design, stream=None)


def count_rows(model: Model) -> int:
    """Count the rows a likelihood is computed from: those that stand in for streamed ones."""
    if model.stream is None:
        return len(model.frame.y)
    cells, columns = model.stream.sums.cells.mean.shape
    return int(cells * (columns + 1))


def counted_sums(model: Model) -> CellSums:
    """Return the sums of a streamed model in which each row counts as often as it stands for."""
    assert model.stream is not None
    return model.stream.sums.counted
