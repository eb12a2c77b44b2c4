"""A few made-up rows with the means and covariances of many.

Default priors and the look for collinear columns depend on nothing else; computed on these rows
by the very code that serves tables in memory, they come out the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.cell_sums import CellSums, stand_in_rows
from bayes_alliance.model.design import Design

Floats = NDArray[np.float64]


def typical_rows(
    design: Design, sums: CellSums, places: Sequence[Sequence[int]]
) -> tuple[Design, Floats]:
    """Return the design and the outcome (less its offset) on k + 1 made-up rows.

    Parameters
    ----------
    design
        The design without rows.
    sums
        Sums of k columns, the outcome last, in which each row counts as often as it stands for.
    places
        Of the population's columns, then of each grouping factor's, among them; -1 is the
        constant.
    """
    rows = _with_constant(_rows_like(sums))
    outcome = rows[:, -1]
    X, *Z = (rows[:, [place + 1 for place in own]] for own in places)
    groups = tuple(replace(group, Z=z) for group, z in zip(design.groups, Z, strict=True))
    made = design.with_location(X=X, offset=np.zeros(len(rows)))
    return replace(made, groups=groups), outcome


def _with_constant(rows: Floats) -> Floats:
    return np.column_stack([np.ones(len(rows)), rows])


def _rows_like(sums: CellSums) -> Floats:
    """Return k + 1 rows whose means and covariances (n - 1) are those of all rows."""
    k = sums.mean.shape[1]
    mean = sums.total_mean
    stacked = stand_in_rows(sums, mean).reshape(-1, k + 1)
    root = np.linalg.qr(stacked, mode="r")[1:, 1:]
    # Columns orthogonal to the constant and to one another: their products are the root's own.
    centred = np.linalg.qr(_with_constant(np.eye(k + 1)[:, :k]))[0][:, 1:]
    return np.asarray(mean + centred @ root * np.sqrt(k / (sums.weight.sum() - 1.0)))


def express_one(candidate: Floats, sums: CellSums, places: Sequence[int]) -> Floats:
    """Return the combination of columns if it is 1 in every row, else zeros.

    Parameters
    ----------
    candidate
        Whole numbers, one a column; the columns are 0 and 1, or the constant itself.
    sums
        Unweighted sums of the columns.
    places
        Place of each column among those of the sums; -1 is the constant.
    """
    rows = stand_in_rows(sums, np.zeros(sums.mean.shape[1]))
    used = candidate != 0.0
    value = rows[:, :, [place + 1 for place in places]][:, :, used] @ candidate[used]
    # The combination is a whole number in every row: a single wrong one would add 1 or more.
    wrong = ((value - rows[:, :, 0]) ** 2).sum()
    return candidate if used.any() and wrong < 0.5 else np.zeros_like(candidate)
