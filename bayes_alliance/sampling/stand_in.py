"""A few made-up rows whose sums are those of rows that were streamed, as a model holds rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bayes_alliance.kernels.cell_sums import stand_in_rows
from bayes_alliance.model.spec import Model, assembled_model


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
        model.design,
        X=X,
        offset=np.zeros(len(rows)),
        groups=tuple(
            replace(group, Z=columns, index=np.repeat(of_cell, width))
            for group, columns, of_cell in zip(
                model.design.groups, Z, stream.group_of_cell, strict=True
            )
        ),
    )
    return assembled_model(
        formula=model.formula,
        family=model.family,
        link=model.link,
        frame=replace(model.frame, y=np.ascontiguousarray(rows[:, -1]), weights=None),
        design=design,
        priors=model.priors,
        centring=model.centring,
        question=model.question,
    )


def count_rows(model: Model) -> int:
    """Count the rows a likelihood is computed from: those that stand in for streamed ones."""
    if model.stream is None:
        return len(model.frame.y)
    cells, columns = model.stream.sums.cells.mean.shape
    return int(cells * (columns + 1))
