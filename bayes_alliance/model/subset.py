"""A model on some of its rows, with everything it learnt from all of them kept.

Priors, group means, scalings and spline knots are those of the whole table: only the rows
differ. That is what leaving a group out needs; a model built anew would scale its priors to the
rows that are left.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import DataError
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.group_design import GroupDesign
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
    design = replace(
        model.design,
        X=np.ascontiguousarray(model.design.X[keep]),
        offset=model.design.offset[keep],
        groups=tuple(_group(group, keep) for group in model.design.groups),
    )
    return changed_model(model, frame=_frame(model.frame, keep), design=design)


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
    frame = replace(model.frame, rows_used=int(smaller.caseloads.sum()))
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


def _group(group: GroupDesign, keep: NDArray[np.bool_]) -> GroupDesign:
    left, index = np.unique(group.index[keep], return_inverse=True)
    return replace(
        _labelled(group, left, caseloads=np.bincount(index, minlength=len(left))),
        index=index.astype(np.int64),
        Z=np.ascontiguousarray(group.Z[keep]),
    )


def _labelled(
    group: GroupDesign, left: NDArray[np.int64], *, caseloads: NDArray[np.int64]
) -> GroupDesign:
    """Return the factor with some of its groups, by their places."""
    return replace(
        group,
        labels=tuple(group.labels[k] for k in left),
        caseloads=caseloads,
        upper_labels=tuple(group.upper_labels[k] for k in left) if group.upper_labels else (),
    )
