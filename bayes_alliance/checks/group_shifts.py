"""What every quantity would be without each group: means, spreads and signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import ModelError
from bayes_alliance.posterior.comparison.leave_one_out import LeftOutDensity
from bayes_alliance.posterior.comparison.refits import refit_without
from bayes_alliance.posterior.shares.variance import variance_shares
from bayes_alliance.sampling.engines.contract import public_variables
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.group_sums import coefficients_without_group
from bayes_alliance.sampling.left_out import LeftOut

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
SHARE = "share"


@dataclass(frozen=True, kw_only=True)
class Quantities:
    """Draws of everything whose change is looked at.

    Parameters
    ----------
    variables, elements
        Container variable (or ``share``) and element of each; an empty string for a single number.
    values
        Shape (draw, quantity).
    """

    variables: tuple[str, ...]
    elements: tuple[str, ...]
    values: Array


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mean, standard deviation and probability of being positive.

    Parameters
    ----------
    mean, sd, above_zero
        Shape (..., quantity).
    """

    mean: Array
    sd: Array
    above_zero: Array


def quantities_of(
    fit: Fit, posterior: xr.Dataset, at: Mapping[str, Any] | None
) -> tuple[Quantities, str]:
    """Collect coefficients, the family's parameters, standard deviations, correlations and shares.

    Returns
    -------
    quantities : Quantities
        On the draws of ``posterior``, which may be thinned.
    note : str
        How the shares were made, or why there are none.
    """
    effects = {names.u(group) for group in fit.model.groups}
    wanted = [name for name in public_variables(fit.model) if name not in effects]
    arrays = [(name, posterior[name]) for name in wanted]
    shares, note = _shares(fit, at)
    if shares is not None:
        kept = shares.sel({names.DRAW: posterior[names.DRAW]})
        arrays.append((SHARE, kept.drop_sel(level=names.RESIDUAL)))
    variables: list[str] = []
    elements: list[str] = []
    columns = []
    for name, array in arrays:
        flat = array.to_numpy().reshape(array.shape[0] * array.shape[1], -1)
        columns.append(flat)
        variables += [name] * flat.shape[1]
        single = array.ndim == 2
        elements += [""] if single else [str(label) for label in array[array.dims[2]].to_numpy()]
    values = np.concatenate(columns, axis=1)
    return Quantities(variables=tuple(variables), elements=tuple(elements), values=values), note


def _shares(fit: Fit, at: Mapping[str, Any] | None) -> tuple[xr.DataArray | None, str]:
    slopes = any(effect != names.INTERCEPT for g in fit.model.design.groups for effect in g.effects)
    average = slopes and not at
    try:
        found = variance_shares(fit, at=at, average=average)
    except ModelError as reason:
        if at:
            raise
        return None, f"No variance shares: {reason}"
    if found.undefined:
        return None, f"No variance shares: in {found.undefined} draws they do not exist (nu <= 2)."
    note = "Variance shares are averaged over the predictors of all rows." if average else ""
    return found.draws[SHARE], note


def weighted_draws(
    posterior: xr.Dataset, quantities: Quantities, weights: Array, left_out: LeftOut
) -> xr.Dataset:
    """Return the draws and the weights that turn them into draws without each group, as labelled.

    Variables ``value``, dims (chain, draw, quantity), and ``weight``, dims (chain, draw, group).
    """
    import xarray as xr

    sample = (names.CHAIN, names.DRAW)
    shape = tuple(posterior.sizes[dim] for dim in sample)
    pairs = list(zip(quantities.variables, quantities.elements, strict=True))
    labels = {
        "quantity": [f"{name}[{element}]" if element else name for name, element in pairs],
        "variable": list(quantities.variables),
        "element": list(quantities.elements),
    }
    coords: dict[str, Any] = {
        name: ("quantity", np.asarray(own, dtype=object)) for name, own in labels.items()
    }
    coords["group"] = np.asarray(left_out.labels, dtype=object)
    coords |= {dim: posterior[dim].to_numpy() for dim in sample}
    return xr.Dataset(
        {
            "value": ((*sample, "quantity"), quantities.values.reshape(*shape, -1)),
            "weight": ((*sample, "group"), (weights / weights.sum(axis=0)).reshape(*shape, -1)),
        },
        coords=coords,
    )


def all_groups(quantities: Quantities) -> Moments:
    """Summarise the quantities with every group in."""
    return _moments(quantities.values, np.full((len(quantities.values), 1), 1.0), single=True)


def _moments(values: Array, weights: Array, *, single: bool = False) -> Moments:
    """Summarise under each column of weights, shape (group, quantity)."""
    share = weights / weights.sum(axis=0)
    mean = share.T @ values
    # About the plain mean first: the variance is then no difference of large numbers.
    centre = values.mean(axis=0)
    variance = share.T @ (values - centre) ** 2 - (mean - centre) ** 2
    parts = (mean, np.sqrt(np.maximum(variance, 0.0)), share.T @ (values > 0))
    mean, sd, above = (part[0] if single else part for part in parts)
    return Moments(mean=mean, sd=sd, above_zero=above)


def without_each(
    fit: Fit, posterior: xr.Dataset, quantities: Quantities, weights: Array, *, exact: bool
) -> tuple[Moments, Moments]:
    """Summarise the quantities without each group, and with all, by weighting the draws.

    Where it is exact the coefficients are averaged in closed form instead.
    """
    without, whole = _moments(quantities.values, weights), all_groups(quantities)
    coefficients = [k for k, name in enumerate(quantities.variables) if name == names.B]
    if exact and coefficients:
        closed = coefficients_without_group(fit.model, posterior, weights)
        sd = np.sqrt(closed.variance)
        for moments, rows in ((without, slice(None, -1)), (whole, -1)):
            moments.mean[..., coefficients] = closed.mean[rows]
            moments.sd[..., coefficients] = sd[rows]
            moments.above_zero[..., coefficients] = closed.above_zero[rows]
    return without, whole


def refitted(
    fit: Fit,
    left_out: LeftOut,
    density: LeftOutDensity,
    at: Mapping[str, Any] | None,
    *,
    most: int,
    seed: int,
) -> dict[int, Moments]:
    """Summarise the quantities of refits without the groups that weights cannot stand in for."""
    worst = np.argsort(-np.where(density.bad, np.nan_to_num(density.shape, nan=np.inf), -np.inf))
    places: Sequence[int] = [int(k) for k in worst[: min(most, int(density.bad.sum()))]]

    def keep(place: int, refit: Fit) -> Moments:
        # The shares are those of the whole table's rows, as they are without a refit.
        lent = replace(fit, idata=refit.idata)
        return all_groups(quantities_of(lent, lent.posterior, at)[0])

    return refit_without(fit, left_out, places, keep, seed=seed) if places else {}
