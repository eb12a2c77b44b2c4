"""A typical value of every predictor of streamed rows, as far as their sums tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.data.scanning import Kind
from bayes_alliance.kernels.cell_sums import CellSums
from bayes_alliance.model.design import Design
from bayes_alliance.model.streaming.column_moments import column_moments

type Typical = float | bool | str


def typical_values(
    design: Design,
    places: Sequence[Sequence[int]],
    sums: CellSums,
    scales: Mapping[str, tuple[float, float]],
    kinds: Mapping[str, Kind],
) -> dict[str, Typical]:
    """Return means of numbers and the most frequent category, by column or centred effect.

    Parameters
    ----------
    design, places
        The design, and the places of its columns: the population's, then each factor's.
    sums
        Each row as often as the clients it stands for.
    scales
        Mean and standard deviation of the columns that are standardised or centred.
    kinds
        Of the table's columns.
    """
    known = _columns(design, places, sums)
    known |= {name: own for name, own in scales.items() if name not in known}
    found: dict[str, Typical] = {}
    for part in design.parts:
        labels = part["labels"] if part["has_group_means"] else part["columns"]
        for name in labels:
            kind = kinds.get(name, "number")
            if kind == "text":
                found |= _commonest(name, part["columns"][name]["levels"], known)
            elif name in known and name != names.INTERCEPT:
                mean, spread = known[name]
                found[name] = mean > 0.5 if kind == "truth" else rounded_mean(mean, spread)
    return found


def rounded_mean(mean: float, spread: float) -> float:
    """Round to a thousandth of the spread: further digits are noise, and a centred mean is 0."""
    return round(mean, 3 - int(np.floor(np.log10(spread)))) + 0.0 if spread > 0 else mean


def _columns(
    design: Design, places: Sequence[Sequence[int]], sums: CellSums
) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of every column of the design, by its label."""
    known: dict[str, tuple[float, float]] = {}
    labels = [design.coefficients, *(group.effects for group in design.groups)]
    for own, at in zip(labels, places, strict=True):
        mean, covariance = column_moments(sums, at)
        spread = np.sqrt(np.diag(covariance))
        known |= zip(own, zip(mean.tolist(), spread.tolist(), strict=True), strict=True)
    return known


def _commonest(
    name: str, levels: Sequence[Any], known: Mapping[str, tuple[float, float]]
) -> dict[str, Typical]:
    """Return the most frequent level, where the design tells the shares of all but one."""
    shares = np.array([known.get(f"{name}[{level}]", (np.nan, 0.0))[0] for level in levels])
    rest = np.isnan(shares)
    if rest.sum() > 1:
        return {}
    shares = np.where(rest, 1.0 - np.nansum(shares), shares)
    return {name: str(levels[int(np.argmax(shares))])}
