"""A root of the group effects' covariance for every draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.model.spec import Model

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def working_roots(model: Model, posterior: xr.Dataset, group: str) -> Array:
    """Return the same for the effects that engines sample, whose columns are less alike."""
    basis = model.priors.basis.effects[group]
    roots = effect_roots(model, posterior, group)
    return roots if basis.is_trivial else np.asarray(basis.to_working @ roots)


def effect_roots(model: Model, posterior: xr.Dataset, group: str) -> Array:
    """Return a root of the covariance of a factor's effects for every draw, (draw, q, q)."""
    design = model.design.group(group)
    sd = posterior[names.sd(group)].to_numpy()
    cor = posterior[names.cor(group)].to_numpy() if design.pairs else None
    # The correlations first: their eigenvalues do not depend on the units of the columns.
    correlation = effect_covariance(np.ones_like(sd), cor, design.pairs)
    values, vectors = np.linalg.eigh(correlation)
    root = sd[..., None] * vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    return np.asarray(root.reshape(-1, *root.shape[-2:]))
