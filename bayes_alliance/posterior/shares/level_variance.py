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
from bayes_alliance.posterior.shares.stated_values import Values, effect_rows
from bayes_alliance.sampling.linear_predictor import frequency_weights, precision_weights

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


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
            group_covariance(group, posterior), second_moments(group.Z, counted_rows(model))
        )[..., None]
        for group in model.design.groups
    }


def residual_variance(model: Model, posterior: xr.Dataset) -> Array:
    """Return the clients' own variance, that of the link if it has one, shape (chain, draw, 1)."""
    parameters = {name: posterior[name].to_numpy() for name in model.family.parameters}
    variance = model.family.residual_variance(parameters, model.link)
    averaged = variance * np.mean(1 / precision_weights(model))
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    return np.broadcast_to(averaged, shape)[..., None]


def predictor_variance(model: Model, posterior: xr.Dataset) -> Array:
    """Return the variance of the population part over the rows, shape (chain, draw, 1)."""
    columns = np.column_stack([model.design.X, model.design.offset])
    covariance = row_covariance(columns, counted_rows(model))
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    b = posterior[names.B].to_numpy() if model.design.coefficients else np.zeros((*shape, 0))
    b = np.concatenate([b, np.ones((*shape, 1))], axis=-1)  # the offset counts once
    return np.asarray(np.einsum("...i,ij,...j->...", b, covariance, b))[..., None]


def counted_rows(model: Model) -> Array | None:
    """Return how often each row counts, or None where each counts once."""
    weights = frequency_weights(model)
    return weights if isinstance(weights, np.ndarray) else None
