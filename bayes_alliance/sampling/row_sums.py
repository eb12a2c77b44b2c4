"""Gaussian models with one grouping factor: each row's density given all others, in closed form.

Given the variance parameters every row's linear predictor is normal, with mean ``m`` and variance
``v`` once all rows are seen. Taking the row's own weight ``t`` out again leaves its density given
the others: ``log N(y; m, 1/t) + log(1 - t v) / 2`` with the squared distance over ``1 - t v``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.covariance_root import working_roots
from bayes_alliance.sampling.engines.collapsed.priors import reasons_against
from bayes_alliance.sampling.linear_predictor import (
    copy_weights,
    frequency_weights,
    precision_weights,
)
from bayes_alliance.sampling.working_scale import normal_coefficients, sampled_coefficients

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
_LOG_TWO_PI = float(np.log(2.0 * np.pi))
# Numbers of one array of work: larger ones leave the processor's cache.
_CHUNK_NUMBERS = 5e5
_LEAST_LEFT = 1e-12


def rows_have_closed_form(model: Model) -> bool:
    """Tell whether a row's density given all others and the variances has a closed form."""
    return len(model.design.groups) == 1 and not reasons_against(model)


def row_density_blocks(
    model: Model, posterior: xr.Dataset, rows: Integers | None = None, *, numbers: float
) -> Iterator[tuple[Integers, Array]]:
    """Yield places of rows and ``log p(y_i | y_-i)`` given the variance parameters, (draw, row).

    Of a row that stands for several clients one leaves, and the others stay.

    Parameters
    ----------
    model
        A model for which :func:`rows_have_closed_form`.
    posterior
        Draws of its variance parameters, and of the coefficients whose prior is not normal. They
        may come from a fit to other rows.
    rows
        Places of the rows wanted; all if left out.
    numbers
        Largest number of densities to be yielded at a time.
    """
    work = _prepare(model, posterior)
    wanted = np.arange(len(work.y)) if rows is None else rows
    order = wanted[np.argsort(model.design.groups[0].index[wanted], kind="stable")]
    whole = _coefficients(work)
    step = max(1, int(numbers / len(work.s2)))
    for start in range(0, len(order), step):
        places = order[start : start + step]
        yield places, _densities(work, whole, places)


def coefficients_given_variances(
    model: Model, posterior: xr.Dataset
) -> tuple[Integers, Array, Array]:
    """Return the normal posterior of the integrated coefficients, draw by draw of the variances.

    Returns
    -------
    places : Integers
        Which coefficients of the design they are, shape (k,).
    mean, covariance : Array
        Shapes (draw, k) and (draw, k, k).
    """
    places, work = normal_coefficients(model).places, _prepare(model, posterior)
    mean, covariance = _coefficients(work)
    to_user = model.priors.basis.coefficients.to_user
    own = to_user[np.ix_(places, places)]
    moved = work.given @ to_user[np.ix_(places, sampled_coefficients(model))].T
    return places, mean @ own.T + moved, own @ covariance @ own.T


@dataclass(frozen=True, kw_only=True)
class _Work:
    """Rows, their sums by group, and the draws.

    ``one`` is what a single client of each row counts. Sums are by group, each row weighted by
    its precision and repeats: ``zz`` (J, q, q), ``zx`` (J, q, p), and ``zr`` (J, q, 1 + s), whose
    columns belong to the outcome and to each coefficient that keeps its draws; ``xx`` and ``xr``
    are those of all rows. The coefficients' prior is ``prior_precision`` (p, p) and that times
    its mean, ``prior_right`` (p,). All columns are those of the working basis.
    """

    y: Array
    X: Array
    sampled: Array
    Z: Array
    index: Integers
    precision: Array
    one: Array
    zz: Array
    zx: Array
    zr: Array
    xx: Array
    xr: Array
    prior_right: Array
    prior_precision: Array
    s2: Array
    root: Array
    given: Array


def _prepare(model: Model, posterior: xr.Dataset) -> _Work:
    design, ones = model.design, np.ones(len(model.frame.y))
    (group,) = design.groups
    places = sampled_coefficients(model)
    prior, basis = normal_coefficients(model), model.priors.basis
    # On the columns that have the priors: a year and its square are nearly one column as written.
    columns = basis.coefficients.columns(design.X)
    Z = basis.effects[group.name].columns(group.Z)
    y, X, sampled = model.frame.y - design.offset, columns[:, prior.places], columns[:, places]
    precision, repeats = precision_weights(model) * ones, frequency_weights(model) * ones
    weight = (precision * repeats)[:, None]
    right = np.column_stack([y, sampled])
    root = working_roots(model, posterior, group.name)
    s2, given = np.ones(len(root)), np.zeros((len(root), 0))
    if names.SIGMA in posterior:
        s2 = posterior[names.SIGMA].to_numpy().reshape(-1) ** 2
    if places.size:
        given = posterior[names.B].to_numpy().reshape(len(root), -1)[:, places]
    groups = len(group.labels)
    return _Work(
        y=y,
        X=X,
        sampled=sampled,
        Z=Z,
        index=group.index,
        precision=precision,
        one=copy_weights(model) * ones,
        zz=_sums(Z, weight * Z, group.index, groups),
        zx=_sums(Z, weight * X, group.index, groups),
        zr=_sums(Z, weight * right, group.index, groups),
        xx=X.T @ (weight * X),
        xr=X.T @ (weight * right),
        prior_right=prior.mean / prior.variance,
        prior_precision=np.diag(1.0 / prior.variance),
        s2=s2,
        root=root,
        given=given,
    )


def _sums(left: Array, right: Array, index: Integers, groups: int) -> Array:
    """Sum the products of all pairs of columns by group, shape (J, a, b)."""
    total = np.empty((groups, left.shape[1], right.shape[1]))
    for a in range(left.shape[1]):
        for b in range(right.shape[1]):
            total[:, a, b] = np.bincount(index, weights=left[:, a] * right[:, b], minlength=groups)
    return total


def _rest(work: _Work, draws: slice) -> Array:
    """Return what the sums with the outcome are multiplied with, (S, 1 + s)."""
    given = work.given[draws]
    return np.column_stack([np.ones(len(given)), -given])


def _effects(work: _Work, draws: slice, groups: slice) -> tuple[Array, Array, Array]:
    """Return, by draw and group, the effects' covariance, slope on b, and mean where b is 0.

    Shapes (S, J, q, q), (S, J, q, p) and (S, J, q).
    """
    s2, root = work.s2[draws, None, None, None], work.root[draws, None]
    turned = root.swapaxes(-1, -2)
    q = root.shape[-1]
    covariance = root @ np.linalg.solve(np.eye(q) + turned @ (work.zz[groups] / s2) @ root, turned)
    right = np.einsum("jqk,sk->sjq", work.zr[groups], _rest(work, draws))
    mean = (covariance @ right[..., None])[..., 0] / s2[..., 0]
    return covariance, covariance @ work.zx[groups] / s2, mean


def _coefficients(work: _Work) -> tuple[Array, Array]:
    """Return mean (S, p) and covariance (S, p, p) of the integrated coefficients given all rows."""
    total, p = len(work.s2), len(work.prior_precision)
    mean, covariance = np.empty((total, p)), np.empty((total, p, p))
    groups, q = work.zx.shape[:2]
    step = max(1, int(_CHUNK_NUMBERS / (groups * q * (p + q))))
    for start in range(0, total if p else 0, step):
        draws = slice(start, min(start + step, total))
        s2 = work.s2[draws]
        _, slope, centre = _effects(work, draws, slice(None))
        seen = work.xx - np.einsum("jqa,sjqb->sab", work.zx, slope)
        precision = seen / s2[:, None, None] + work.prior_precision
        right = _rest(work, draws) @ work.xr.T - np.einsum("jqa,sjq->sa", work.zx, centre)
        right = right / s2[:, None] + work.prior_right
        covariance[draws] = np.linalg.inv(precision)
        mean[draws] = (covariance[draws] @ right[..., None])[..., 0]
    return mean, covariance


def _densities(work: _Work, whole: tuple[Array, Array], places: Integers) -> Array:
    """Return the densities of some rows, (draw, row); the rows are sorted by group."""
    index = work.index[places]
    mean, variance = (np.empty((len(places), len(work.s2))) for _ in range(2))
    edges = np.flatnonzero(np.diff(index, prepend=-1, append=-1))
    for start, stop in pairwise(edges.tolist()):
        rows = places[start:stop]
        columns = np.column_stack([work.X[rows], work.Z[rows]])
        centre, covariance = _joint(work, whole, int(index[start]))
        first, second = np.triu_indices(columns.shape[1])
        products = columns[:, first] * columns[:, second] * np.where(first == second, 1.0, 2.0)
        mean[start:stop] = columns @ centre.T
        variance[start:stop] = products @ covariance[:, first, second].T
    return _left_out(work, places, mean, variance).T


def _joint(work: _Work, whole: tuple[Array, Array], group: int) -> tuple[Array, Array]:
    """Return mean (S, p + q) and covariance of the coefficients and one group's effects."""
    estimate, spread = whole
    found = _effects(work, slice(None), slice(group, group + 1))
    own, slope, centre = (part[:, 0] for part in found)
    along = slope @ spread
    p = estimate.shape[1]
    mean = np.concatenate([estimate, centre - (slope @ estimate[..., None])[..., 0]], axis=1)
    covariance = np.empty((*mean.shape, mean.shape[1]))
    covariance[:, :p, :p] = spread
    covariance[:, p:, :p] = -along
    covariance[:, :p, p:] = -along.swapaxes(-1, -2)
    covariance[:, p:, p:] = own + along @ slope.swapaxes(-1, -2)
    return mean, covariance


def _left_out(work: _Work, places: Integers, mean: Array, variance: Array) -> Array:
    """Take one client's weight out again: the log density given the others, (row, draw)."""
    precision, one = work.precision[places, None], work.one[places, None]
    outcome = work.y[places, None] - work.sampled[places] @ work.given.T
    own = precision * one / work.s2
    left = np.maximum(1.0 - own * variance, _LEAST_LEFT)
    known = one * (np.log(work.s2) - np.log(precision) + _LOG_TWO_PI)
    distance = own * (outcome - mean) ** 2 / left
    return np.asarray(0.5 * (np.log(left) - known - distance))
