"""How the design's columns vary at each level: all that measures of explained variance need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import listed
from bayes_alliance.kernels.r_squared import level_covariances, weighted_means
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.model.streaming.column_moments import counted_sums
from bayes_alliance.posterior.shared_groups import containers, is_chain
from bayes_alliance.sampling.linear_predictor import frequency_weights
from bayes_alliance.sampling.stand_in import cell_mean_model, cells_count_alike, stand_in_model

Array = NDArray[np.float64]
Index = NDArray[np.int64]
_NOT_BY_GROUP = (
    "Of streamed rows with precision weights, covariances are kept over all rows, not by group: "
    "there are the measures of the total only."
)


@dataclass(frozen=True, kw_only=True)
class ColumnSpread:
    """Covariances of the columns by level, the rows being the first, over rows with n - 1.

    Parameters
    ----------
    factors
        The grouping factors, the lowest first.
    population
        Of the predictors' columns and the offset, which is the last one, shape (level, column,
        column).
    effects
        The same of each factor's columns.
    means
        Mean of each factor's columns.
    one_level
        Why there is one level only, all of it; empty if there are those of the factors.
    """

    factors: tuple[GroupDesign, ...]
    population: Array
    effects: tuple[Array, ...]
    means: tuple[Array, ...]
    one_level: str


def column_spread(model: Model) -> ColumnSpread:
    """Take the covariances of all columns apart, from the rows or from sums of streamed ones."""
    inside = containers((model if model.stream is None else stand_in_model(model)).design)
    rows, weights = _rows(model)
    factors = tuple(sorted(rows.design.groups, key=lambda group: -len(inside[group.name])))
    one_level = ""
    if not is_chain(inside):
        crossed = listed(group.name for group in factors)
        one_level = f"The factors {crossed} are crossed: there are the measures of the total only."
    elif model.stream is not None and not cells_count_alike(model):
        one_level = _NOT_BY_GROUP
    index = [] if one_level else [group.index for group in factors]
    within = _within(model)
    places = [rows.design.groups.index(group) for group in factors]
    columns = np.column_stack([rows.design.X, rows.design.offset])
    return ColumnSpread(
        factors=factors,
        population=_by_level(columns, index, weights, within[0]),
        effects=tuple(
            _by_level(group.Z, index, weights, within[1 + place])
            for group, place in zip(factors, places, strict=True)
        ),
        means=tuple(weighted_means(group.Z, weights) for group in factors),
        one_level=one_level,
    )


def _rows(model: Model) -> tuple[Model, Array]:
    """Return a model with rows and how often each counts; of streamed ones, a row a cell."""
    if model.stream is not None:
        return cell_mean_model(model)
    return model, np.broadcast_to(frequency_weights(model), len(model.frame.y)).astype(float)


def _within(model: Model) -> list[Array | float]:
    """Return products of deviations that a row a cell leaves out; nothing where rows are held.

    The offset, which streamed rows do not hold apart, does not vary: as the constant.
    """
    if model.stream is None:
        return [0.0] * (1 + len(model.design.groups))
    products = np.pad(counted_sums(model).products.sum(axis=0), (0, 1))
    population, *effects = model.stream.places
    wanted = [[*population, -1], *(list(own) for own in effects)]
    return [products[np.ix_(own, own)] for own in wanted]


def _by_level(
    columns: Array, index: Sequence[Index], weights: Array, within: Array | float
) -> Array:
    found = level_covariances(columns, index, weights)
    found[0] += within / (weights.sum() - 1)
    return found
