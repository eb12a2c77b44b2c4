"""A model on some of its rows, with everything it learnt from all of them kept.

Priors, group means, scalings and spline knots are those of the whole table: only the rows
differ. That is what leaving a group out needs; a model built anew would scale its priors to the
rows that are left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.data.scan_queries import ROWS
from bayes_alliance.errors import DataError
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.repeats import counted_by_group
from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.model.streaming.sums import kept_sums


def keep_rows(model: Model, keep: NDArray[np.bool_]) -> Model:
    """Return the model on the rows that are marked; groups without rows are gone.

    Raises
    ------
    DataError
        If no row is marked.
    """
    if not keep.any():
        raise DataError(
            "Rows were to be left out of a model.",
            f"Those are all of its {len(keep)} rows.",
            "Leave some.",
        )
    weights = model.frame.weights
    repeats = weights[keep] if weights is not None and model.formula.response.repeats else None
    design = replace(
        model.design,
        predictors=tuple(own.on_rows(keep) for own in model.design.predictors),
        groups=tuple(_group(group, keep, repeats) for group in model.design.groups),
    )
    return changed_model(model, frame=_frame(model.frame, keep), design=design)


def leave_one_client_out(model: Model, row: int) -> Model:
    """Return the model without one of the clients that a row stands for.

    With the last of them the row is gone.
    """
    weights, repeats = model.frame.weights, model.formula.response.repeats
    if weights is None or repeats is None or weights[row] <= 1:
        return keep_rows(model, np.arange(len(model.frame.y)) != row)
    left = weights.copy()
    left[row] -= weights[row] / np.ceil(weights[row])
    frame = replace(model.frame, weights=left, rows=model.frame.rows.assign(**{repeats: left}))
    groups = tuple(
        replace(group, caseloads=counted_by_group(group.index, len(group.labels), left))
        for group in model.design.groups
    )
    return changed_model(model, frame=frame, design=replace(model.design, groups=groups))


def keep_cells(model: Model, keep: NDArray[np.bool_]) -> Model:
    """Return a streamed model of one grouping factor without the groups of some cells.

    Parameters
    ----------
    model
        A model with one grouping factor, so that each cell is one of its groups.
    keep
        Which cells stay, shape (cell,); at least one.
    """
    stream = model.stream
    assert stream is not None
    (group,), (of_cell,) = model.design.groups, stream.group_of_cell
    left, index = np.unique(of_cell[keep], return_inverse=True)
    smaller = _labelled(group, left, caseloads=group.caseloads[left])
    frame = replace(model.frame, rows_used=int(stream.cells[ROWS][keep].sum()))
    design = replace(model.design, groups=(smaller,))
    kept = replace(
        stream,
        frame=frame,
        design=design,
        sums=kept_sums(stream.sums, keep),
        group_of_cell=(index.astype(np.int64),),
        cells=stream.cells[keep].reset_index(drop=True),
    )
    return changed_model(model, frame=frame, design=design, stream=kept)


def _frame(frame: ModelFrame, keep: NDArray[np.bool_]) -> ModelFrame:
    return replace(
        frame,
        rows=frame.rows[keep].reset_index(drop=True),
        positions=frame.positions[keep],
        y=frame.y[keep],
        weights=None if frame.weights is None else frame.weights[keep],
        rows_used=int(keep.sum()),
    )


def _group(
    group: GroupDesign, keep: NDArray[np.bool_], repeats: NDArray[np.float64] | None
) -> GroupDesign:
    left, index = np.unique(group.index[keep], return_inverse=True)
    return replace(
        _labelled(group, left, caseloads=counted_by_group(index, len(left), repeats)),
        index=index.astype(np.int64),
        Z=np.ascontiguousarray(group.Z[keep]),
    )


def _labelled(
    group: GroupDesign, left: NDArray[np.int64], *, caseloads: NDArray[Any]
) -> GroupDesign:
    """Return the factor with some of its groups, by their places."""
    return replace(
        group,
        labels=tuple(group.labels[k] for k in left),
        caseloads=caseloads,
        upper_labels=tuple(group.upper_labels[k] for k in left) if group.upper_labels else (),
    )
