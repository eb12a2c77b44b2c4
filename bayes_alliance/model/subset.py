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
from bayes_alliance.model.spec import Model, assembled_model


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
    return assembled_model(
        formula=model.formula,
        family=model.family,
        link=model.link,
        frame=_frame(model.frame, keep),
        design=design,
        priors=model.priors,
        centring=model.centring,
        question=model.question,
    )


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
        group,
        labels=tuple(group.labels[k] for k in left),
        index=index.astype(np.int64),
        Z=np.ascontiguousarray(group.Z[keep]),
        caseloads=np.bincount(index, minlength=len(left)),
        upper_labels=tuple(group.upper_labels[k] for k in left) if group.upper_labels else (),
    )
