"""Predictive density of what was left out, a row or a group at a time.

What a model says of a row or group it has not seen is found from the draws it made with it, each
weighted by one over the density of what is left out, the weights smoothed (vehtari2017). Pareto k
says where that cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.kernels.pareto_smoothing import largest_good_shape, smooth_weights
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.group_likelihood import group_log_likelihood, is_nested
from bayes_alliance.sampling.group_sums import density_without_group, need_groups, sums_suffice
from bayes_alliance.sampling.left_out import LeftOut, split_effects
from bayes_alliance.sampling.linear_predictor import (
    MEMORY_GIGABYTES,
    check_memory,
    copies_of_rows,
)
from bayes_alliance.sampling.row_blocks import log_likelihood_blocks
from bayes_alliance.sampling.row_sums import row_density_blocks, rows_have_closed_form
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
LEAST_DRAWS = 100
# Draws times rows beyond which draws are thinned, and how many are kept in any case: half a
# minute's work or so. Quadrature evaluates every row a dozen times, and two effects three dozen;
# quadrature within quadrature hundreds of times.
_BY_ROW, _BY_GROUP, _BY_QUADRATURE, _BY_NESTED = 1e8, 2e8, 2e7, 3e5
_FEWEST_DRAWS, _FEWEST_BY_QUADRATURE = 1000, 400
_BLOCK_NUMBERS = 4e6  # densities of rows in closed form that are held at a time


@dataclass(frozen=True, kw_only=True)
class LeftOutDensity:
    """Log predictive density of every row or group, left out.

    Parameters
    ----------
    unit
        ``"row"``, or the name of the grouping factor.
    log_density
        Shape (unit,).
    mcse
        Monte Carlo standard error of each.
    shape
        Pareto k of each; NaN where the model was refitted without it, or where too many of the
        largest weights are the same for it to exist.
    refitted
        Which were found by a refit.
    within
        Log density of each when it is not left out, shape (unit,).
    limit
        Largest Pareto k that can be trusted with so many draws.
    draws
        Number of draws used.
    exact
        Whether coefficients and effects were integrated out in closed form.
    nested
        Whether the effects of smaller groups within a group were integrated out by quadrature,
        within the quadrature over the group's own.
    copies
        How often each counts, shape (unit,): a row that stands for several clients is left out
        once for each, and their densities are the same.
    """

    unit: str
    log_density: Array
    mcse: Array
    shape: Array
    refitted: NDArray[np.bool_]
    within: Array
    limit: float
    draws: int
    copies: NDArray[np.int64]
    exact: bool = False
    nested: bool = False

    @property
    def elpd(self) -> float:
        """Sum of the log densities."""
        return float(self.copies @ self.log_density)

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Which cannot be trusted."""
        return ~self.refitted & ~(self.shape <= self.limit)


def density_by_row(
    fit: Fit, *, integrate: bool | None = None, memory: float = MEMORY_GIGABYTES
) -> LeftOutDensity:
    """Leave out one row at a time, in blocks of rows; of a row with copies, one copy.

    Parameters
    ----------
    fit
        A fit with its rows.
    integrate
        Whether coefficients and group effects are integrated out, given all other rows, so that
        only the draws of the variance parameters are weighted; if left out, wherever that has a
        closed form. Otherwise the row's density given all of them is weighted.
    memory
        Gigabytes that may be taken.
    """
    fit.need_data("Leaving rows out")
    posterior = thinned(fit.posterior, _enough_draws(fit, _BY_ROW))
    efficiency = relative_efficiency(fit.model.groups, posterior)
    draws = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
    exact = rows_have_closed_form(fit.model) if integrate is None else integrate
    blocks: Iterator[tuple[Any, Array]]
    if exact:
        blocks = row_density_blocks(fit.model, posterior, numbers=_BLOCK_NUMBERS)
    else:
        blocks = log_likelihood_blocks(fit, posterior, memory=memory)
    columns = [np.empty(len(fit.model.frame.y)) for _ in range(4)]
    for places, values in blocks:
        for column, part in zip(columns, _from_draws(values, efficiency)[:4], strict=True):
            column[places] = part
    return _density(names.ROW, columns, draws, copies=copies_of_rows(fit.model), exact=exact)


def density_by_group(
    fit: Fit, left_out: LeftOut, *, memory: float = MEMORY_GIGABYTES
) -> tuple[LeftOutDensity, Array, xr.Dataset]:
    """Leave out one group at a time, its effects integrated out.

    Returns
    -------
    density : LeftOutDensity
        One a group.
    weights : Array
        The smoothed weights that turn the draws into draws without each group, (draw, group).
    posterior : xarray.Dataset
        The draws they belong to, thinned where all would be wasteful.
    """
    need_groups(fit, left_out, "Leaving groups out")
    exact = sums_suffice(fit.model, left_out)
    nested = not exact and _by_nested_quadrature(fit, left_out)
    enough = None if exact else _enough_by_group(fit, nested=nested)
    posterior = thinned(fit.posterior, enough)
    efficiency = relative_efficiency(fit.model.groups, posterior)
    draws = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
    check_memory("Leaving groups out", 3 * draws, len(left_out.labels), memory, unit="groups")
    if exact:
        values = density_without_group(fit.model, posterior)
    else:
        values = group_log_likelihood(fit.model, posterior, left_out)
    *columns, weights = _from_draws(values, efficiency)
    density = _density(left_out.name, columns, draws, exact=exact, nested=nested)
    return density, weights, posterior


def _density(
    unit: str,
    columns: Sequence[Array],
    draws: int,
    *,
    copies: NDArray[np.int64] | None = None,
    exact: bool = False,
    nested: bool = False,
) -> LeftOutDensity:
    log_density, error, shape, within = columns
    return LeftOutDensity(
        unit=unit,
        log_density=log_density,
        mcse=error,
        shape=shape,
        refitted=np.zeros(len(shape), dtype=bool),
        within=within,
        limit=largest_good_shape(draws),
        draws=draws,
        copies=np.ones(len(shape), dtype=np.int64) if copies is None else copies,
        exact=exact,
        nested=nested,
    )


def relative_efficiency(groups: tuple[str, ...], posterior: xr.Dataset) -> float:
    """Return effective draws over draws, averaged over everything but the group effects."""
    import arviz as az

    if posterior.sizes[names.CHAIN] == 1:
        return 1.0
    draws = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
    effects = {names.u(group) for group in groups}
    top = posterior[[name for name in posterior.data_vars if name not in effects]]
    found = az.ess(top, method="mean")
    values = np.concatenate([np.ravel(found[name].to_numpy()) for name in found.data_vars])
    return float(np.nanmean(values)) / draws


def _by_nested_quadrature(fit: Fit, left_out: LeftOut) -> bool:
    return not fit.model.family.has_closed_form and is_nested(split_effects(fit.model, left_out))


def _enough_by_group(fit: Fit, *, nested: bool) -> int | None:
    if fit.model.family.has_closed_form:
        return _enough_draws(fit, _BY_GROUP)
    work = _BY_NESTED if nested else _BY_QUADRATURE
    return _enough_draws(fit, work, fewest=_FEWEST_BY_QUADRATURE)


def _enough_draws(fit: Fit, work: float, *, fewest: int = _FEWEST_DRAWS) -> int | None:
    """Return to how many draws to thin, or None for all of them."""
    most = max(fewest, int(work / max(1, len(fit.model.frame.y))))
    return most if most < fit.draws_in_all else None


def _from_draws(values: Array, efficiency: float) -> tuple[Array, Array, Array, Array, Array]:
    """Return log density, its error, Pareto k, log density within and weights."""
    if len(values) < LEAST_DRAWS:
        raise SamplingError(
            "Rows or groups were to be left out by weighting the draws.",
            f"There are {len(values)} draws.",
            f"Sample at least {LEAST_DRAWS}; 1,000 or more are better.",
        )
    from scipy.special import logsumexp

    smoothed = smooth_weights(-values, efficiency)
    weights = np.exp(smoothed.log_weights)
    # In logarithms: where a unit has most of its weight, its density may be too small for a number.
    each = smoothed.log_weights + values
    log_mean = logsumexp(each, axis=0)
    spread = ((np.exp(each - log_mean) - weights) ** 2).sum(axis=0)
    error = np.sqrt(spread / min(efficiency, 1.0))
    within = logsumexp(values, axis=0) - np.log(len(values))
    return log_mean, error, smoothed.shape, within, weights
