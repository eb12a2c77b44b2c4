"""The log likelihood of all rows of a gaussian model from sums: its cost is free of the rows.

Squared residuals are sums of products that are taken once, around a point in the middle of the
posterior, so that no digits are lost. Rows that were streamed have others that stand in for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.linear_predictor import (
    chunks,
    draw_blocks,
    frequency_weights,
    population_part,
    precision_weights,
)
from bayes_alliance.sampling.stand_in import stand_in_model

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
_BLOCK_NUMBERS = 4e6
_DRAWS_FOR_MIDDLE = 20


def sums_suffice(model: Model) -> bool:
    """Whether the likelihood can be had from sums: gaussian, with one grouping factor or none."""
    return model.family.has_closed_form and len(model.design.groups) <= 1


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """Sums over rows, weighted, of the residuals r at the middle and of the design.

    Shapes: rr (), xr (p,), xx (p, p), and by group zr (j, q), zx (j, q, p), zz (j, q, q).
    """

    b: Array
    u: Array
    rr: float
    xr: Array
    xx: Array
    zr: Array
    zx: Array
    zz: Array

    def squares(self, b: Array, u: Array) -> Array:
        """Return the sum of squared residuals of every draw."""
        b, u = b - self.b, u - self.u
        total = self.rr - 2 * b @ self.xr + np.einsum("sp,pr,sr->s", b, self.xx, b, optimize=True)
        effects = self.zr.shape[1]
        for k in range(effects):
            total += u[:, :, k] @ (-2 * self.zr[:, k])
            total += 2 * ((u[:, :, k] @ self.zx[:, k]) * b).sum(axis=1)
            for m in range(effects):
                total += (u[:, :, k] * u[:, :, m]) @ self.zz[:, k, m]
        return np.asarray(total)


def gaussian_log_likelihood(model: Model, posterior: xr.Dataset) -> Array:
    """Return the log likelihood of all rows together given the group effects, shape (draw,).

    Parameters
    ----------
    model
        One for which :func:`sums_suffice`, or whose rows were streamed.
    posterior
        Draws, dims (chain, draw, ...); group effects that are not stored are made in blocks.
    """
    count, constant = _count_and_constant(model)
    if model.stream is not None:
        model = stand_in_model(model)
    squares = _from_sums(model, posterior) if sums_suffice(model) else _from_rows(model, posterior)
    variance = np.ones(1)
    if names.SIGMA in posterior:
        variance = posterior[names.SIGMA].to_numpy().reshape(-1) ** 2
    return np.asarray(-0.5 * (constant + count * np.log(variance) + squares / variance))


def _from_sums(model: Model, posterior: xr.Dataset) -> Array:
    """Return the weighted sum of squared residuals of every draw."""
    weight = frequency_weights(model) * precision_weights(model) * np.ones(len(model.frame.y))
    sums = _summed(model, posterior, weight)
    values = np.empty(posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW])
    step = max(1, int(_BLOCK_NUMBERS / max(1, sums.zr.size)))
    for places, arrays in draw_blocks(posterior, step):
        values[places] = sums.squares(*_effects(model, arrays))
    return values


def _from_rows(model: Model, posterior: xr.Dataset) -> Array:
    """Return the same of rows without weights, whatever groups they are in."""
    values = np.empty(posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW])
    for chunk in chunks(model, posterior):
        values[chunk.places] = ((model.frame.y - chunk.eta) ** 2).sum(axis=1)
    return values


def _count_and_constant(model: Model) -> tuple[float, float]:
    """Return how many rows count, and what the weights and 2 pi add to -2 log likelihood."""
    if model.stream is not None:
        count = float(model.stream.sums.repeats.sum())
        logarithms = float(model.stream.sums.log_weight.sum())
    else:
        frequency = frequency_weights(model) * np.ones(len(model.frame.y))
        count = float(frequency.sum())
        logarithms = float((frequency * np.log(precision_weights(model))).sum())
    return count, count * float(np.log(2 * np.pi)) - logarithms


def _effects(model: Model, arrays: dict[str, Array]) -> tuple[Array, Array]:
    """Return coefficients (draw, p) and group effects (draw, j, q); empty where there are none."""
    draws = len(next(iter(arrays.values())))
    b = arrays[names.B] if model.design.coefficients else np.zeros((draws, 0))
    if not model.design.groups:
        return b, np.zeros((draws, 0, 0))
    return b, arrays[names.u(model.design.groups[0].name)]


def _summed(model: Model, posterior: xr.Dataset, weight: Array) -> _Sums:
    design = model.design
    few = slice(None, None, max(1, posterior.sizes[names.DRAW] // _DRAWS_FOR_MIDDLE))
    middle = posterior.isel({names.CHAIN: 0, names.DRAW: few})
    arrays = {str(name): values.to_numpy() for name, values in middle.data_vars.items()}
    b, u = (values.mean(axis=0) for values in _effects(model, arrays))
    residual = model.frame.y - population_part(model, {names.B: b})
    X = design.X * weight[:, None]
    zr, zx, zz = np.zeros((0, 0)), np.zeros((0, 0, X.shape[1])), np.zeros((0, 0, 0))
    for group in design.groups:
        residual -= (u[group.index] * group.Z).sum(axis=1)
        Z = group.Z * weight[:, None]
        zr = _by_group(group, Z, residual[:, None])[:, :, 0]
        zx, zz = _by_group(group, Z, design.X), _by_group(group, Z, group.Z)
    return _Sums(
        b=b,
        u=u,
        rr=float((weight * residual**2).sum()),
        xr=X.T @ residual,
        xx=X.T @ design.X,
        zr=zr,
        zx=zx,
        zz=zz,
    )


def _by_group(group: GroupDesign, left: Array, right: Array) -> Array:
    """Return the sums of products of all columns, shape (group, left, right)."""
    out = np.empty((len(group.labels), left.shape[1], right.shape[1]))
    for k, x in enumerate(left.T):
        for m, y in enumerate(right.T):
            out[:, k, m] = np.bincount(group.index, x * y, minlength=len(group.labels))
    return out
