"""Draws of an engine put into the ArviZ container, with the user's own labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.pymc_model import build_coords
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import Proposals

if TYPE_CHECKING:
    import xarray as xr


def variable_dims(model: Model) -> dict[str, tuple[str, ...]]:
    """Return the dimensions of every container variable behind chain and draw."""
    dims: dict[str, tuple[str, ...]] = {own.variable: (own.dim,) for own in model.design.predictors}
    for group in model.design.groups:
        dims[names.sd(group.name)] = (names.effect(group.name),)
        dims[names.cor(group.name)] = (names.pair(group.name),)
        dims[names.u(group.name)] = (group.name, names.effect(group.name))
    return dims | {own.name: (own.dim,) for own in model.family.own if own.dim}


def label_dataset(model: Model) -> xr.Dataset:
    """Return what the labels of effects, pairs and nested groups are made of.

    It stands in a group of its own (``constant_data``): as further coordinates of the posterior it
    would keep ``az.summary`` from working.
    """
    import xarray as xr

    variables: dict[str, Any] = {}
    coords = _object_coords(model)
    for group in model.design.groups:
        effect, effects, own = names.effect(group.name), group.effects, group.varying
        variables[names.effect_outcome(group.name)] = (effect, [one.outcome for one in own])
        variables[names.effect_parameter(group.name)] = (effect, [one.parameter for one in own])
        variables[names.effect_coefficient(group.name)] = (
            effect,
            [one.coefficient for one in own],
        )
        if group.pairs:
            pair = names.pair(group.name)
            variables[names.pair_first(group.name)] = (pair, [effects[i] for i, _ in group.pairs])
            variables[names.pair_second(group.name)] = (pair, [effects[j] for _, j in group.pairs])
        if group.upper is not None:
            variables[names.upper(group.name)] = (group.name, list(group.upper_labels))
    used = {dim for dim, _ in variables.values()}
    as_objects = {
        name: (dim, np.asarray(values, dtype=object)) for name, (dim, values) in variables.items()
    }
    return xr.Dataset(as_objects, coords={dim: coords[dim] for dim in used})


def _object_coords(model: Model) -> dict[str, Any]:
    return {name: np.asarray(labels, dtype=object) for name, labels in build_coords(model).items()}


def draws_dataset(model: Model, arrays: Mapping[str, Any]) -> xr.Dataset:
    """Return parameter draws, shape (chain, draw, ...), as a labelled dataset."""
    import xarray as xr

    dims = variable_dims(model)
    variables: dict[str, tuple[Any, ...]] = {
        name: ((names.CHAIN, names.DRAW, *dims.get(name, ())), *_held(values))
        for name, values in arrays.items()
    }
    used = {d for variable in variables.values() for d in variable[0]}
    coords = {name: labels for name, labels in _object_coords(model).items() if name in used}
    chains, draws = next(iter(variables.values()))[1].shape[:2]
    return xr.Dataset(
        variables,
        coords={names.CHAIN: np.arange(chains), names.DRAW: np.arange(draws), **coords},
    )


def _held(values: Any) -> tuple[Any, dict[str, Any]]:
    """Return data and attributes: numbers as they are, or a lazy array of group effects."""
    from bayes_alliance.sampling.redrawn import RedrawnEffects, as_lazy

    if isinstance(values, RedrawnEffects):
        return as_lazy(values), {names.REDRAWN: 1}
    return np.asarray(values, dtype=float), {}


def unconstrained_dataset(theta: Any) -> xr.Dataset:
    """Return what the collapsed engine moved in, shape (chain, draw, k), as a dataset."""
    import xarray as xr

    return xr.Dataset(
        {names.THETA: ((names.CHAIN, names.DRAW, names.THETA_DIM), theta)},
        coords={
            name: np.arange(n)
            for name, n in zip((names.CHAIN, names.DRAW), theta.shape, strict=False)
        },
    )


def optima_dataset(model: Model, optima: Mapping[str, Any]) -> xr.Dataset:
    """Return the parameters at each optimum that competes, with their shares, as a dataset."""
    places = draws_dataset(model, optima).isel({names.CHAIN: 0}, drop=True)
    return places.rename({names.DRAW: names.OPTIMUM})


def proposals_dataset(proposals: Proposals) -> xr.Dataset:
    """Return the weights of proposals, and why these were given up if they were."""
    import xarray as xr

    given_up = {names.GIVEN_UP: proposals.given_up} if proposals.given_up else {}
    return xr.Dataset({names.LOG_WEIGHT: (names.PROPOSAL, proposals.log_weights)}, attrs=given_up)


def stats_dataset(stats: Mapping[str, Any]) -> xr.Dataset:
    """Return sampler statistics, shape (chain, draw), as a dataset."""
    import xarray as xr

    chains, draws = next(iter(stats.values())).shape[:2]
    return xr.Dataset(
        {name: ((names.CHAIN, names.DRAW), values) for name, values in stats.items()},
        coords={names.CHAIN: np.arange(chains), names.DRAW: np.arange(draws)},
    )


def rows_dataset(model: Model, values: Any, sample_dims: tuple[str, ...]) -> xr.Dataset:
    """Return one number a row, under the outcome's name; rows are places in the user's table."""
    import xarray as xr

    values = np.asarray(values)
    coords: dict[str, Any] = {names.ROW: model.frame.positions}
    for axis, dim in enumerate(sample_dims):
        coords[dim] = np.arange(values.shape[axis])
    return xr.Dataset({model.outcome: ((*sample_dims, names.ROW), values)}, coords=coords)


def observed_dataset(model: Model) -> xr.Dataset:
    """Return the outcome as observed."""
    return rows_dataset(model, model.frame.y, ())
