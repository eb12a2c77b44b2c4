"""What streamed rows are typically, from their sums: moments of columns, and a few made-up rows.

Default priors and the look for collinear columns depend on nothing else; computed on these rows
by the very code that serves tables in memory, they come out the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.cell_sums import CellSums, stand_in_rows
from bayes_alliance.model.column_order import ColumnOrder
from bayes_alliance.model.design import Design
from bayes_alliance.model.predictor_checks import holds_numbers
from bayes_alliance.model.typical import OF_LABELS, SD, SHARES

Floats = NDArray[np.float64]
Moments = Mapping[str, tuple[float, float]]


def column_moments(sums: CellSums, places: Sequence[int]) -> tuple[Floats, Floats]:
    """Return mean, shape (column,), and covariance with n, shape (column, column).

    Parameters
    ----------
    sums
        The sums of all cells.
    places
        Place of each column among those of the sums; -1 is the constant.
    """
    mean, weight = sums.total_mean, sums.weight
    between = sums.mean - mean
    covariance = sums.products.sum(axis=0) + (between.T * weight) @ between
    # The constant stands behind all others, where -1 finds it.
    mean = np.append(mean, 1.0)
    covariance = np.pad(covariance / weight.sum(), (0, 1))
    chosen = list(places)
    return mean[chosen], covariance[np.ix_(chosen, chosen)]


def with_typical_values(
    design: Design,
    places: Sequence[Sequence[int]],
    sums: CellSums,
    scales: Mapping[str, tuple[float, float]],
) -> Design:
    """Put means, standard deviations and shares of all rows in the place of those of a few.

    What the sums do not tell is taken out, such as the mean of x where the formula has log(x).

    Parameters
    ----------
    design, places
        The design, and the places of its columns: the population's, then each factor's.
    sums
        Each row as often as the clients it stands for.
    scales
        Mean and standard deviation of the columns that are standardised or centred.
    """
    known = dict(scales)
    shares: dict[str, dict[int, float]] = {}
    labels = [design.coefficients, *(group.effects for group in design.groups)]
    orders = [design.orders, *(group.orders for group in design.groups)]
    for own, order, at in zip(labels, orders, places, strict=True):
        mean, covariance = column_moments(sums, at)
        sd = np.sqrt(np.diag(covariance))
        known |= zip(own, zip(mean.tolist(), sd.tolist(), strict=True), strict=True)
        for name, level, share in _told_shares(order, mean.tolist()):
            shares.setdefault(name, {})[level] = share
    return replace(
        design.with_location(part=_told(design.part, known, shares)),
        groups=tuple(
            replace(group, parts=tuple(_told(part, known, shares) for part in group.parts))
            for group in design.groups
        ),
    )


def _told_shares(
    orders: Sequence[ColumnOrder], means: Sequence[float]
) -> list[tuple[str, int, float]]:
    """Return the columns that mark one level of one category: its name, the level, its share."""
    found = []
    for order, mean in zip(orders, means, strict=True):
        if order.powers or len(order.factors) != 1 or len(order.coding) != 1:
            continue
        first = {"treatment": 1, "full": 0}.get(order.coding[0][1])
        if first is not None:
            found.append((next(iter(order.factors)), first + order.column, mean))
    return found


def _told(
    part: Mapping[str, Any], known: Moments, shares: Mapping[str, Mapping[int, float]]
) -> dict[str, Any]:
    columns = {
        name: _told_column(name, state, known, shares.get(name, {}))
        for name, state in part["columns"].items()
    }
    told = {**part, "columns": columns}
    if OF_LABELS in part:
        told[OF_LABELS] = {label: list(known[label]) for label in part["labels"] if label in known}
    return told


def _told_column(
    name: str, state: Mapping[str, Any], known: Moments, shares: Mapping[int, float]
) -> dict[str, Any]:
    if holds_numbers(state):
        if name not in known:
            return {key: value for key, value in state.items() if key != SD}
        mean, sd = known[name]
        return {**state, "numbers": [mean], SD: sd}
    whole = [shares.get(k, np.nan) for k in range(len(state.get("levels", state.get("numbers"))))]
    if sum(map(np.isnan, whole)) > 1:
        return {key: value for key, value in state.items() if key != SHARES}
    rest = 1.0 - float(np.nansum(whole))
    return {**state, SHARES: [rest if np.isnan(share) else share for share in whole]}


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
