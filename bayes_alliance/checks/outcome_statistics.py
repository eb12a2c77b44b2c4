"""Statistics of data sets, all rows of each at once: what replications are compared by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.ordered_categories import as_scores
from bayes_alliance.model.spec import Model

Array = NDArray[np.float64]
# From outcomes, (draw, row), to one number a draw by the statistic's name.
Statistics = Callable[[Array], dict[str, Array]]
_FEWEST_FOR_SLOPE = 3


def row_statistics(model: Model, counts: Array | None = None) -> Statistics:
    """Return the statistics of the rows that suit the outcome.

    ``counts`` says how much each row counts, where that is not one.
    """
    mean = partial(np.average, axis=1, weights=counts)
    if model.family.outcome == "numeric":
        return partial(_of_numbers, counts=counts)
    if model.family.outcome == "binary":
        return lambda y: {"share of 1": mean(y)}
    levels = list(enumerate(model.frame.levels))
    return lambda y: {f"share of {level}": mean(y == k) for k, level in levels}


def on_scores(model: Model, statistics: Statistics) -> Statistics:
    """Return the same statistics of what ordered categories count as, not of their places."""
    levels = model.frame.levels
    return lambda y: statistics(as_scores(levels, y))


def _of_numbers(y: Array, counts: Array | None) -> dict[str, Array]:
    mean = np.average(y, axis=1, weights=counts)
    each = np.ones(y.shape[1]) if counts is None else counts
    squares = (y - mean[:, None]) ** 2 @ each
    return {
        "mean": mean,
        "sd": np.sqrt(squares / (each.sum() - 1)),
        "smallest": y.min(axis=1),
        "largest": y.max(axis=1),
    }


def means_by_group(group: GroupDesign, counts: Array | float = 1.0) -> Any:
    """Return the sparse matrix, (group, row), that averages outcomes by group."""
    return _by_group(group, counts / group.caseloads[group.index])


def spread_of_means(group: GroupDesign, counts: Array | float = 1.0) -> Statistics:
    """Return the one statistic that says most about a factor: how far its groups' means lie."""
    average = means_by_group(group, counts)
    label = f"sd of the means of {group.name}"
    return lambda y: {label: (average @ y.T).std(axis=0, ddof=1)}


def group_statistics(model: Model, group: GroupDesign, counts: Array | float = 1.0) -> Statistics:
    """Return the statistics of one factor's groups: their means, their sds, their slopes.

    The sd of the slopes weighs each group by how far the predictor varies in it; slopes are those
    that vary in the model or, where none does, those of every predictor.
    """
    average = means_by_group(group, counts)
    spread = _spread_within(group, average) if model.family.outcome == "numeric" else None
    slopes = _slopes(model, group, counts)

    def of(y: Array) -> dict[str, Array]:
        means = average @ y.T
        found = {
            f"sd of the means of {group.name}": means.std(axis=0, ddof=1),
            f"smallest mean of {group.name}": means.min(axis=0),
            f"largest mean of {group.name}": means.max(axis=0),
        }
        if spread is not None:
            found |= spread(y)
        for label, slope, weight in slopes:
            values = slope @ y.T
            middle = weight @ values
            name = f"sd of the slopes of {label} by {group.name}"
            found[name] = np.sqrt(weight @ (values - middle) ** 2)
        return found

    return of


def _by_group(group: GroupDesign, weights: Array) -> Any:
    from scipy.sparse import csr_array

    rows = np.arange(len(group.index))
    shape = (len(group.labels), len(rows))
    return csr_array((weights, (group.index, rows)), shape=shape)


def _spread_within(group: GroupDesign, average: Any) -> Statistics | None:
    """Return mean and sd of the sds within groups of two rows or more; None without two such."""
    counts = group.caseloads
    several = counts > 1
    if several.sum() <= 1:
        return None

    def of(y: Array) -> dict[str, Array]:
        centred = y - y.mean(axis=1, keepdims=True)  # squares of far-off outcomes lose digits
        variance = average @ (centred**2).T - (average @ centred.T) ** 2
        factor = (counts / np.maximum(counts - 1, 1))[several, None]
        sds = np.sqrt(np.maximum(variance[several] * factor, 0))
        return {
            f"mean of the sds within {group.name}": sds.mean(axis=0),
            f"sd of the sds within {group.name}": sds.std(axis=0, ddof=1),
        }

    return of


def _slopes(
    model: Model, group: GroupDesign, counts: Array | float
) -> list[tuple[str, Any, Array]]:
    """Return, a predictor: label, the matrix that gives each group's slope, and group weights."""
    columns = {
        label: group.Z[:, k] for k, label in enumerate(group.effects) if label != names.INTERCEPT
    } or {
        label: model.design.X[:, k]
        for k, label in enumerate(model.design.coefficients)
        if label != names.INTERCEPT
    }
    average = means_by_group(group, counts)
    found: list[tuple[str, Any, Array]] = []
    for label, x in columns.items():
        centred = x - (average @ x)[group.index]
        squares = np.bincount(group.index, counts * centred**2, minlength=len(group.labels))
        enough = (group.caseloads >= _FEWEST_FOR_SLOPE) & (squares > 1e-12 * (counts * x**2).sum())
        if enough.sum() > 1:
            divided = np.divide(1.0, squares, out=np.zeros_like(squares), where=enough)
            matrix = _by_group(group, counts * centred * divided[group.index])[enough]
            found.append((label, matrix, squares[enough] / squares[enough].sum()))
    return found
