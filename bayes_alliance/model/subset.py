"""A model on some of its rows, with everything it learnt from all of them kept.

Priors, group means, scalings and spline knots are those of the whole table: only the rows
differ. That is what leaving a group out needs; a model built anew would scale its priors to the
rows that are left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import DataError, did_you_mean, listed
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model, assembled_model


def without_groups(model: Model, group: str, labels: Iterable[str]) -> Model:
    """Return the model without the rows of some groups.

    Parameters
    ----------
    model
        A model with its rows.
    group
        Name of the grouping factor.
    labels
        The groups to leave out, as text.

    Raises
    ------
    DataError
        If the model has no such factor or group, or nothing would be left.
    """
    if group not in model.groups:
        raise DataError(
            f"Groups of {group} were to be left out.",
            f"The model has no such groups. {did_you_mean(group, model.groups)}".rstrip(),
            f"It has {listed(model.groups) or 'no groups at all'}.",
            group=group,
        )
    design = model.design.group(group)
    wanted = list(labels)
    unknown = [label for label in wanted if label not in design.labels]
    if unknown:
        raise DataError(
            f"{listed(wanted)} of {group} were to be left out.",
            f"There is no {listed(unknown)}. {did_you_mean(unknown[0], design.labels)}".rstrip(),
            f"The groups are {listed(design.labels)}.",
            unknown=unknown,
        )
    out = np.isin(design.index, [design.labels.index(label) for label in wanted])
    return keep_rows(model, ~out)


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
