"""Centred or non-centred group effects: which of the two samples better for what the data say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.group_least_squares import products_by_group, sums_by_group
from bayes_alliance.model.design import Design
from bayes_alliance.model.group_design import GroupDesign

Centring = Literal["centred", "non-centred"]
Array = NDArray[np.float64]

# With several factors: below about this many rows an effect the prior dominates.
ROWS_PER_EFFECT = 25
# With one factor: from here on the groups differ three times as much as chance alone has them.
F_RATIO = 4.0
_SINGULAR = 1e-8


def chosen_centring(
    design: Design, outcome: Array, centred: bool | None = None
) -> Mapping[str, Centring]:
    """Return the parametrisation of each grouping factor.

    Effects about which their groups' own rows say more than the other groups do are sampled on
    their own scale (centred), the others as standard normals (non-centred).

    Parameters
    ----------
    design
        The design.
    outcome
        The outcome as numbers, shape (row,); empty where the rows are streamed.
    centred
        The user's word; it wins for all groups.
    """
    if centred is not None:
        return {g.name: "centred" if centred else "non-centred" for g in design.groups}
    if len(design.groups) == 1 and len(outcome) and _is_located(design.groups[0]):
        (group,) = design.groups
        known = np.column_stack([design.X, np.ones(len(outcome)), design.offset])
        left = outcome - known @ np.linalg.lstsq(known, outcome, rcond=None)[0]
        enough = smallest_f_ratio(group, left) >= F_RATIO
        return {group.name: "centred" if enough else "non-centred"}
    # Of effects on a standard deviation rows say little, however many there are.
    return {
        g.name: "centred" if _is_located(g) and _has_many_rows(g) else "non-centred"
        for g in design.groups
    }


def _is_located(group: GroupDesign) -> bool:
    return all(effect.parameter == names.MEAN_PARAMETER for effect in group.varying)


def _has_many_rows(group: GroupDesign) -> bool:
    return float(np.median(group.caseloads)) / len(group.effects) >= ROWS_PER_EFFECT


def smallest_f_ratio(group: GroupDesign, left: Array) -> float:
    """Return the F ratio of the effect in which the groups differ least, 0 if none can be had.

    Least squares in each group; the mean squared effect over its sampling variance is 1 where
    the groups do not differ.

    Parameters
    ----------
    group
        The grouping factor.
    left
        What the population part leaves of the outcome, shape (row,).
    """
    Z = _at_right_angles(group.Z)
    if Z is None:
        return 0.0
    J = len(group.labels)
    sums = sums_by_group(left, Z, group.index, J)
    products = products_by_group(Z, group.index, J, np.ones(len(left)))
    known = np.linalg.eigvalsh(products)[:, 0] > _SINGULAR
    own = known[group.index]
    free = int(own.sum()) - Z.shape[1] * int(known.sum())
    if 2 * known.sum() < J or free <= 0:
        return 0.0
    inverse = np.linalg.inv(products[known])
    effects = np.einsum("jab,jb->ja", inverse, sums[known])
    within = float((left[own] ** 2).sum() - (effects * sums[known]).sum()) / free
    ratios = effects**2 / np.diagonal(inverse, axis1=1, axis2=2)
    return float(ratios.mean(axis=0).min() / within) if within > 0.0 else 0.0


def _at_right_angles(columns: Array) -> Array | None:
    """Return columns of mean square one that span the same, None if some are alike.

    A year's zero, far before all rows, makes no difference to them.
    """
    rows, q = columns.shape
    size = np.sqrt((columns**2).mean(axis=0))
    if rows < q or (size == 0.0).any():
        return None
    found, triangle = np.linalg.qr(columns / size)
    alike = np.abs(np.diagonal(triangle)).min() < _SINGULAR * np.sqrt(rows)
    return None if alike else np.asarray(found * np.sqrt(rows))
