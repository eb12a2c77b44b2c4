"""The variance of each level per draw, on the scale of the linear predictor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.shares import (
    averaged_variance,
    effect_covariance,
    row_covariance,
    second_moments,
    variance_along,
)
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.model.streaming.column_moments import column_moments, counted_sums
from bayes_alliance.posterior.shares.stated_values import Values, effect_rows, population_rows
from bayes_alliance.sampling.linear_predictor import (
    frequency_weights,
    population_of,
    population_part,
    precision_weights,
)

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
_CHUNK_NUMBERS = 4e6


def needed_variables(model: Model) -> list[str]:
    """Return the container's variables that variances are computed from."""
    coefficients = [names.B] if model.design.coefficients else []
    spread = [names.sd(group.name) for group in model.design.groups]
    together = [names.cor(group.name) for group in model.design.groups if group.pairs]
    return [*coefficients, *spread, *together, *model.family.parameters]


def group_covariance(group: GroupDesign, posterior: xr.Dataset) -> Array:
    """Return the covariance of a group's effects, shape (chain, draw, effect, effect)."""
    sd = posterior[names.sd(group.name)].to_numpy()
    cor = posterior[names.cor(group.name)].to_numpy() if group.pairs else None
    return effect_covariance(sd, cor, group.pairs)


def variances_at(
    model: Model, posterior: xr.Dataset, values: Values, count: int
) -> dict[str, Array]:
    """Return each group's variance at stated values, shape (chain, draw, value)."""
    return {
        group.name: variance_along(
            group_covariance(group, posterior), effect_rows(group, values, count)
        )
        for group in model.design.groups
    }


def averaged_variances(model: Model, posterior: xr.Dataset) -> dict[str, Array]:
    """Return each group's variance averaged over the rows, shape (chain, draw, 1)."""
    return {
        group.name: averaged_variance(
            group_covariance(group, posterior), _second_moments(model, place)
        )[..., None]
        for place, group in enumerate(model.design.groups)
    }


def _second_moments(model: Model, place: int) -> Array:
    """Return the mean of ``z z'`` over the rows, of the grouping factor at a place."""
    if model.stream is None:
        return second_moments(model.design.groups[place].Z, counted_rows(model))
    mean, covariance = column_moments(counted_sums(model), model.stream.places[place + 1])
    return np.asarray(covariance + np.outer(mean, mean))


def residual_variance(
    model: Model, posterior: xr.Dataset, values: Values | None = None, count: int = 1
) -> Array:
    """Return the clients' own variance, that of the link if it has one.

    Where it depends on the expected outcome, it is that of the stated values, shape (chain, draw,
    value), or of the mean over the rows if there are none; else of shape (chain, draw, 1).
    """
    parameters = {name: posterior[name].to_numpy()[..., None] for name in model.family.parameters}
    mean = None
    if model.family.residual_needs_mean:
        mean = (
            _expected_outcome(model, posterior)[..., None]
            if values is None
            else _expected_at(model, posterior, values, count)
        )
    variance = model.family.residual_variance(parameters, mean) * _mean_inverse_weight(model)
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW], 1)
    return np.broadcast_to(variance, np.broadcast_shapes(variance.shape, shape))


def _expected_at(model: Model, posterior: xr.Dataset, values: Values, count: int) -> Array:
    """Return the expected outcome, averaged over groups, at stated values."""
    X, offset = population_rows(model, values, count)
    variance = np.asarray(sum(variances_at(model, posterior, values, count).values()))
    eta = np.broadcast_to(population_of(model, posterior, X, offset), variance.shape)
    own = {name: posterior[name].to_numpy()[:, :, None] for name in model.family.parameters}
    return model.family.expected(eta, own, model.frame.levels, variance)


def _expected_outcome(model: Model, posterior: xr.Dataset) -> Array:
    """Return the expected outcome, averaged over groups and rows, shape (chain, draw)."""
    design, family, levels = model.design, model.family, model.frame.levels
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    flat = {
        name: values.to_numpy().reshape(-1, *values.shape[2:])
        for name, values in posterior.data_vars.items()
    }
    b = flat[names.B] if design.coefficients else np.zeros((int(np.prod(shape)), 0))
    covariances = [
        group_covariance(group, posterior).reshape(len(b), *2 * (len(group.effects),))
        for group in design.groups
    ]
    mean = np.empty(len(b))
    step = max(1, int(_CHUNK_NUMBERS / max(1, len(design.X))))
    for start in range(0, len(b), step):
        some = slice(start, start + step)
        variance = np.zeros((1, 1))
        for group, covariance in zip(design.groups, covariances, strict=True):
            variance = variance + variance_along(covariance[some], group.Z)
        own = {name: flat[name][some, None] for name in family.parameters}
        eta = population_part(model, {names.B: b[some]})
        expected = family.expected(np.atleast_2d(eta), own, levels, variance)
        mean[some] = np.average(expected, axis=-1, weights=counted_rows(model))
    return mean.reshape(shape)


def _mean_inverse_weight(model: Model) -> float:
    if model.stream is not None:
        return model.stream.sums.mean_inverse_weight
    return float(np.mean(1 / precision_weights(model)))


def is_weighted(model: Model) -> bool:
    """Tell whether the residual variance differs between rows by their precision weights."""
    if model.stream is not None:
        return bool(model.stream.sums.log_weight.any())
    return bool(np.any(precision_weights(model) != 1.0))


def predictor_variance(model: Model, posterior: xr.Dataset) -> Array:
    """Return the variance of the population part over the rows, shape (chain, draw, 1)."""
    covariance = _predictor_covariance(model)
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    b = posterior[names.B].to_numpy() if model.design.coefficients else np.zeros((*shape, 0))
    b = np.concatenate([b, np.ones((*shape, 1))], axis=-1)  # the offset counts once
    return np.asarray(np.einsum("...i,ij,...j->...", b, covariance, b))[..., None]


def _predictor_covariance(model: Model) -> Array:
    """Return the covariance of the population's columns and the offset over the rows."""
    if model.stream is None:
        columns = np.column_stack([model.design.X, model.design.offset])
        return row_covariance(columns, counted_rows(model))
    sums = counted_sums(model)
    _, covariance = column_moments(sums, model.stream.places[0])
    count = sums.weight.sum()
    return np.pad(covariance * count / (count - 1), (0, 1))  # an offset is refused beforehand


def counted_rows(model: Model) -> Array | None:
    """Return how often each row counts, or None where each counts once."""
    weights = frequency_weights(model)
    return weights if isinstance(weights, np.ndarray) else None
