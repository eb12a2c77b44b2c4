"""Draws of what the priors are about: parameters at the means where their priors stand there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior_basis import is_moved
from bayes_alliance.model.prior_targets import coefficient_targets
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.working_scale import posterior_working_scales, thresholds_moved

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def at_priors(model: Model, draws: xr.Dataset) -> xr.Dataset:
    """Return the draws with every parameter where its prior stands.

    What is the same there keeps its label; ``b[Intercept]`` becomes ``b[Intercept at the means]``.

    Parameters
    ----------
    model
        The model.
    draws
        Top-level variables of a posterior, dims (chain, draw, ...); none may be left out of those
        that belong together: coefficients and thresholds, standard deviations and correlations.
    """
    import xarray as xr

    found = {str(name): array for name, array in draws.data_vars.items()}
    if names.B in draws:
        found[names.B] = _coefficients(model, draws[names.B])
        shift = thresholds_moved(model, draws[names.B].to_numpy())
        level = model.family.level
        if level is not None and level.name in draws and shift.any():
            own = draws[level.name]
            every = [True] * own.sizes[level.dim]
            found[level.name] = _moved(model, own, own.to_numpy() - shift, every)
    for group in model.design.groups:
        found |= _scales(model, group, draws)
    return xr.Dataset(found, attrs=draws.attrs)


def moved_effects(model: Model, group: GroupDesign) -> list[bool]:
    """Tell which effects' standard deviations have their prior elsewhere than as written."""
    rows = model.priors.basis.effects[group.name].to_working
    return [bool(own) for own in is_moved(rows)]


def _coefficients(model: Model, draws: xr.DataArray) -> xr.DataArray:
    rows = coefficient_targets(model.priors, model.design).rows
    moved = [bool(own) for own in is_moved(rows)]
    return _moved(model, draws, draws.to_numpy() @ rows.T, moved) if any(moved) else draws


def _scales(model: Model, group: GroupDesign, draws: xr.Dataset) -> dict[str, xr.DataArray]:
    moved = moved_effects(model, group)
    if not any(moved) or names.sd(group.name) not in draws:
        return {}
    scales = posterior_working_scales(model, group, draws)
    sd = draws[names.sd(group.name)]
    found = {names.sd(group.name): _moved(model, sd, scales.sd, moved)}
    if group.pairs:
        pairs = [moved[first] or moved[second] for first, second in group.pairs]
        cor = draws[names.cor(group.name)]
        found[names.cor(group.name)] = _moved(model, cor, scales.cor, pairs)
    return found


def _moved(model: Model, array: xr.DataArray, values: Array, moved: Sequence[bool]) -> xr.DataArray:
    """Put values in the place of others, and say of those that moved where they stand."""
    dim = str(array.dims[-1])
    stands = [entry.stands for entry in model.priors.entries if entry.variable == array.name]
    if len(stands) < len(moved):  # one prior for all correlations
        stands = [stands[0]] * len(moved)
    labels = [
        f"{label} {where}" if there else str(label)
        for label, where, there in zip(array[dim].to_numpy(), stands, moved, strict=True)
    ]
    # What has not moved is the very number, without the rounding of the way there.
    data = np.where(np.asarray(moved), values, array.to_numpy())
    return array.copy(data=data).assign_coords({dim: labels})
