"""What the predictors of streamed rows are typically, as far as their sums tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bayes_alliance.kernels.cell_sums import CellSums
from bayes_alliance.model.column_order import ColumnOrder
from bayes_alliance.model.design import Design
from bayes_alliance.model.predictor_checks import holds_numbers
from bayes_alliance.model.streaming.column_moments import column_moments
from bayes_alliance.model.typical import OF_LABELS, SD, SHARES

Moments = Mapping[str, tuple[float, float]]


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
