"""What every quantity would be without each group, from weighted draws with their own error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import ModelError
from bayes_alliance.kernels.pareto_smoothing import smooth_weights
from bayes_alliance.posterior.comparison.leave_one_out import LeftOutDensity, relative_efficiency
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
NOTICEABLE = 0.5  # posterior standard deviations
CLEAR_ERRORS = 2.0  # Monte Carlo errors
_BATCHES = 20  # in all chains: the error is then known to a sixth of itself
_BLOCK = 4_000_000  # numbers of a block of tails


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
class Shifts:
    """Every quantity with all groups in and without each.

    Parameters
    ----------
    whole, without
        Of shapes (quantity,) and (group, quantity).
    mcse_change
        Monte Carlo error of the difference of the two means: both are of the same draws.
    shape
        Pareto k, the larger of that of the weights and that of weights times quantity.
    refitted
        The groups whose numbers are from a refit, shape (group,).
    """

    whole: Moments
    without: Moments
    mcse_change: Array
    shape: Array
    refitted: NDArray[np.bool_]

    @property
    def spread(self) -> Array:
        """Posterior standard deviations; NaN for what does not vary."""
        return np.where(self.whole.sd > 0, self.whole.sd, np.nan)

    @property
    def shift(self) -> Array:
        """Differences of the means in posterior standard deviations."""
        return (self.without.mean - self.whole.mean) / self.spread

    @property
    def mcse_shift(self) -> Array:
        """Monte Carlo errors of the shifts."""
        return self.mcse_change / self.spread

    def reliable(self, limit: float) -> NDArray[np.bool_]:
        """Tell which can be trusted, for the largest Pareto k that can: (group, quantity).

        Two errors must be less than a noticeable shift, or leave one that is noticeable. What does
        not vary has no error.
        """
        doubt = np.where(np.isnan(self.spread), 0.0, CLEAR_ERRORS * self.mcse_shift)
        most = np.fmax(NOTICEABLE, np.abs(self.shift) - NOTICEABLE)
        told: NDArray[np.bool_] = self.refitted[:, None] | (self.shape <= limit)
        return told & (doubt <= most)


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
    try:
        found = variance_shares(fit, at=at)
    except ModelError as reason:
        if at:
            raise
        return None, f"No variance shares: {reason}"
    if found.undefined:
        return None, f"No variance shares: in {found.undefined} draws they do not exist (nu <= 2)."
    note = "Variance shares are averaged over the predictors of all rows." if found.average else ""
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


def all_groups(quantities: Quantities, posterior: xr.Dataset) -> Moments:
    """Summarise the quantities with every draw alike."""
    equal = np.full((len(quantities.values), 1), 1 / len(quantities.values))
    return moments_from(weighted_sums(quantities.values, equal, _batches(posterior))).at(0)


def _batches(posterior: xr.Dataset) -> list[Batch]:
    return batches_of(posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])


def without_each(
    fit: Fit,
    posterior: xr.Dataset,
    quantities: Quantities,
    weights: Array,
    density: LeftOutDensity,
) -> Shifts:
    """Summarise the quantities without each group, and with all, by weighting the draws.

    Where it is exact the coefficients are averaged in closed form instead. Their own draws are then
    not weighted, and Pareto k is that of the weights.
    """
    values, batches = quantities.values, _batches(posterior)
    weights = weights / weights.sum(axis=0)
    with_all = np.hstack([weights, np.full((len(weights), 1), 1 / len(weights))])
    sums = weighted_sums(values, with_all, batches)
    weighted = np.ones(values.shape[1], dtype=bool)
    if density.exact:
        weighted = np.array([name != names.B for name in quantities.variables])
        if not weighted.all():
            _put_closed_form(sums, ~weighted, fit, posterior, weights, batches)
    moments, errors = moments_from(sums), errors_by_batch(sums)
    without = moments.at(slice(None, -1))
    shape = np.tile(density.shape[:, None], values.shape[1])
    efficiency = relative_efficiency(fit.model.groups, posterior)
    own = tail_shapes(values[:, weighted], weights, without.mean[:, weighted], efficiency)
    shape[:, weighted] = np.maximum(shape[:, weighted], own)
    return Shifts(
        whole=moments.at(-1),
        without=without,
        mcse_change=standard_error(errors[:, :-1] - errors[:, -1:]),
        shape=shape,
        refitted=np.zeros(len(shape), dtype=bool),
    )


def _put_closed_form(
    sums: Sums,
    places: NDArray[np.bool_],
    fit: Fit,
    posterior: xr.Dataset,
    weights: Array,
    batches: list[Batch],
) -> None:
    """Replace the sums of the coefficients by those of their mean and variance in each draw."""
    centre = sums.centre[places]
    sums.second[:, places] = sums.above[:, places] = 0.0
    for k, batch in enumerate(batches):
        draws = posterior.isel({names.CHAIN: [batch.chain], names.DRAW: batch.draws})
        part = coefficients_without_group(fit.model, draws, weights[batch.rows])
        # Behind the groups all draws of the batch are averaged: of all draws they are a share.
        scale = np.ones((len(part.mean), 1))
        scale[-1] = sums.weight[k, -1]
        mean, total = part.mean * scale, sums.weight[k][:, None]
        square = (part.variance + part.mean**2) * scale
        sums.first[k][:, places] = mean - centre * total
        sums.second[:, places] += square - 2 * centre * mean + centre**2 * total
        sums.above[:, places] += part.above_zero * scale


def with_refits(
    shifts: Shifts,
    fit: Fit,
    left_out: LeftOut,
    at: Mapping[str, Any] | None,
    *,
    limit: float,
    most: int,
    seed: int,
) -> Shifts:
    """Replace what weights cannot tell by refits without the group, the worst Pareto k first."""
    bad = ~shifts.reliable(limit).all(axis=1)
    worst = np.argsort(-np.where(bad, np.nan_to_num(shifts.shape, nan=np.inf).max(axis=1), -np.inf))
    places = [int(k) for k in worst[: min(most, int(bad.sum()))]]
    if not places:
        return shifts

    def keep(place: int, refit: Fit) -> Moments:
        # The shares are those of the whole table's rows, as they are without a refit.
        lent = replace(fit, idata=refit.idata)
        return all_groups(quantities_of(lent, lent.posterior, at)[0], lent.posterior)

    found = refit_without(fit, left_out, places, keep, seed=seed)
    change, shape = shifts.mcse_change.copy(), shifts.shape.copy()
    for place, moments in found.items():
        change[place] = np.hypot(moments.mcse, shifts.whole.mcse)
        shape[place] = np.nan
    return replace(
        shifts,
        without=shifts.without.put(found),
        mcse_change=change,
        shape=shape,
        refitted=np.isin(np.arange(len(shape)), places),
    )


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Consecutive draws of one chain.

    Parameters
    ----------
    chain, draws
        Where they are.
    rows
        Where they are with all chains behind one another.
    """

    chain: int
    draws: slice
    rows: slice


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Weighted sums of quantities about a centre; the weights of a column sum to one.

    Parameters
    ----------
    centre
        Shape (quantity,).
    weight
        Of each batch, shape (batch, column).
    first
        Sums by batch, shape (batch, column, quantity).
    second, above
        Sums of squares and of what is above zero, shape (column, quantity).
    """

    centre: Array
    weight: Array
    first: Array
    second: Array
    above: Array


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mean, its Monte Carlo error, standard deviation and probability of being positive.

    Parameters
    ----------
    mean, mcse, sd, above_zero
        Shape (..., quantity).
    """

    mean: Array
    mcse: Array
    sd: Array
    above_zero: Array

    def at(self, place: int | slice) -> Moments:
        """Return those of one column of weights, or of several."""
        return Moments(
            mean=self.mean[place],
            mcse=self.mcse[place],
            sd=self.sd[place],
            above_zero=self.above_zero[place],
        )

    def put(self, found: Mapping[int, Moments]) -> Moments:
        """Return a copy with other numbers for some columns of weights."""
        copies = {name: array.copy() for name, array in vars(self).items()}
        for place, other in found.items():
            for name, array in copies.items():
                array[place] = getattr(other, name)
        return Moments(**copies)


def batches_of(chains: int, draws: int) -> list[Batch]:
    """Cut the chains into about twenty batches, each of consecutive draws of one chain."""
    pieces = min(max(1, -(-_BATCHES // chains)), draws)
    edges = np.linspace(0, draws, pieces + 1).astype(int).tolist()
    return [
        Batch(
            chain=chain,
            draws=slice(start, stop),
            rows=slice(chain * draws + start, chain * draws + stop),
        )
        for chain in range(chains)
        for start, stop in pairwise(edges)
    ]


def weighted_sums(values: Array, weights: Array, batches: list[Batch]) -> Sums:
    """Sum draws, shape (draw, quantity), under each column of weights, shape (draw, column)."""
    # About the plain mean: the variance is then no difference of large numbers.
    centre = values.mean(axis=0)
    about = values - centre
    return Sums(
        centre=centre,
        weight=np.stack([weights[b.rows].sum(axis=0) for b in batches]),
        first=np.stack([weights[b.rows].T @ about[b.rows] for b in batches]),
        second=weights.T @ about**2,
        above=weights.T @ (values > 0).astype(float),
    )


def errors_by_batch(sums: Sums) -> Array:
    """Return what each batch adds to the error of the mean, shape (batch, column, quantity).

    Of a ratio of sums: the batches that weigh more than others do not count as error by that.
    """
    mean = sums.first.sum(axis=0)
    return sums.first - mean * sums.weight[:, :, None]


def standard_error(errors: Array) -> Array:
    """Return the Monte Carlo error of a sum over batches; draws of a batch may depend."""
    many = len(errors)
    if many < 2:
        return np.full(errors.shape[1:], np.nan)
    found: Array = np.sqrt(many / (many - 1) * (errors**2).sum(axis=0))
    return found


def moments_from(sums: Sums) -> Moments:
    """Turn sums into moments, shape (column, quantity)."""
    mean = sums.first.sum(axis=0)
    return Moments(
        mean=sums.centre + mean,
        mcse=standard_error(errors_by_batch(sums)),
        sd=np.sqrt(np.maximum(sums.second - mean**2, 0.0)),
        above_zero=sums.above,
    )


def tail_shapes(values: Array, weights: Array, mean: Array, efficiency: float) -> Array:
    """Return Pareto k of weight times distance from the weighted mean, shape (column, quantity).

    The error of a weighted mean is a sum of such terms. Where few of them decide it, it has no
    use, however well the weights alone behave (vehtari2024).

    Parameters
    ----------
    values, weights
        Shapes (draw, quantity) and (draw, column).
    mean
        Shape (column, quantity).
    efficiency
        Effective draws over draws.
    """
    shapes = np.empty(mean.shape)
    size = max(1, _BLOCK // len(values))
    for start in range(0, len(mean), size):
        here = slice(start, start + size)
        for k in range(values.shape[1]):
            term = weights[:, here] * np.abs(values[:, k, None] - mean[here, k])
            logarithm = np.log(np.maximum(term, np.finfo(float).tiny))
            shapes[here, k] = smooth_weights(logarithm, efficiency).shape
    return shapes
