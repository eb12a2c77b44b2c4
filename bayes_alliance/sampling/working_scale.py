"""Between the scale that engines sample on and that of the design as the user wrote it.

Coefficients with independent priors are ``z = T b``; group effects whose standard deviations and
correlations have a prior are ``w = T u``. What is said of a fit is always about ``b`` and ``u``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class Scales(NamedTuple):
    """Standard deviations (..., effect) and correlations (..., pair) of one factor's effects."""

    sd: Array
    cor: Array


class NormalCoefficients(NamedTuple):
    """The coefficients with a normal prior, their places, means and variances, and all of T."""

    places: Integers
    mean: Array
    variance: Array
    to_working: Array


def sampled_coefficients(model: Model) -> Integers:
    """Return the places of the coefficients whose prior is not normal: they stay unknowns."""
    priors = model.priors.of(names.B)
    places = [k for k, prior in enumerate(priors) if prior.distribution != "Normal"]
    return np.asarray(places, dtype=np.int64)


def normal_coefficients(model: Model, sampled: Integers | None = None) -> NormalCoefficients:
    """Return the prior of the coefficients that can be integrated out.

    Parameters
    ----------
    model
        The model.
    sampled
        Places of those that are not; the ones whose prior is not normal if left out.
    """
    left = sampled_coefficients(model) if sampled is None else sampled
    places = np.setdiff1d(np.arange(len(model.design.coefficients)), left)
    priors = model.priors.of(names.B)
    arguments = np.asarray([priors[k].arguments for k in places], dtype=float)
    mean, sd = arguments.reshape(len(places), 2).T
    basis = model.priors.basis.coefficients
    return NormalCoefficients(places, mean, sd**2, basis.to_working)


def user_effects(model: Model, group: GroupDesign, effects: Array) -> Array:
    """Turn sampled group effects (..., effect) into those of the design."""
    basis = model.priors.basis.effects[group.name]
    return effects if basis.is_trivial else np.asarray(effects @ basis.to_user.T)


def working_effects(model: Model, group: GroupDesign, effects: Array) -> Array:
    """Undo :func:`user_effects`."""
    basis = model.priors.basis.effects[group.name]
    return effects if basis.is_trivial else np.asarray(effects @ basis.to_working.T)


def user_scales(model: Model, group: GroupDesign, root: Array) -> Scales:
    """Return the design's scales for roots of the sampled effects' covariance, (..., q, q)."""
    return _scales(model.priors.basis.effects[group.name].to_user @ root, group)


def working_scales(model: Model, group: GroupDesign, scales: Scales) -> Scales:
    """Return the scales that have the priors, for those of the design."""
    basis = model.priors.basis.effects[group.name]
    if basis.is_trivial:
        return scales
    cor = scales.cor if group.pairs else None
    correlation = effect_covariance(np.ones_like(scales.sd), cor, group.pairs)
    # The correlations first: their eigenvalues do not depend on the units of the columns.
    values, vectors = np.linalg.eigh(correlation)
    root = scales.sd[..., None] * vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    return _scales(basis.to_working @ root, group)


def posterior_working_scales(model: Model, group: GroupDesign, posterior: xr.Dataset) -> Scales:
    """Return :func:`working_scales` of every draw, shape (chain, draw, ...)."""
    sd = posterior[names.sd(group.name)].to_numpy()
    cor = np.zeros((*sd.shape[:-1], 0))
    if group.pairs:
        cor = posterior[names.cor(group.name)].to_numpy()
    return working_scales(model, group, Scales(sd, cor))


def working_coefficients(model: Model, coefficients: Array) -> Array:
    """Return the coefficients that have the priors, (..., coefficient)."""
    return np.asarray(coefficients @ model.priors.basis.coefficients.to_working.T)


def user_coefficients(model: Model, working: Array) -> Array:
    """Undo :func:`working_coefficients`."""
    return np.asarray(working @ model.priors.basis.coefficients.to_user.T)


def thresholds_moved(model: Model, coefficients: Array) -> Array:
    """Return what thresholds lie above those that have the priors, shape (..., 1)."""
    return np.asarray(coefficients @ model.priors.basis.coefficients.constant)[..., None]


def _scales(root: Array, group: GroupDesign) -> Scales:
    sd = np.sqrt((root**2).sum(axis=-1))
    first, second = np.asarray(group.pairs, dtype=np.int64).reshape(-1, 2).T
    products = (root[..., first, :] * root[..., second, :]).sum(axis=-1)
    return Scales(sd, products / (sd[..., first] * sd[..., second]))
