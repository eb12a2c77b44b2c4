"""Predictive density of what was left out, a row or a group at a time.

What a model says of a row or group it has not seen is found from the draws it made with it, each
weighted by one over the density of what is left out, the weights smoothed (vehtari2017). Pareto k
says where that cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.kernels.pareto_smoothing import largest_good_shape, smooth_weights
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.group_likelihood import group_log_likelihood
from bayes_alliance.sampling.group_sums import density_without_group, sums_suffice
from bayes_alliance.sampling.left_out import LeftOut
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES, check_memory
from bayes_alliance.sampling.row_blocks import log_likelihood_blocks
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
LEAST_DRAWS = 100
# Draws times rows beyond which draws are thinned, and how many are kept in any case: half a
# minute's work or so. Quadrature evaluates every row a dozen times, and two effects three dozen.
_BY_ROW, _BY_GROUP, _BY_QUADRATURE = 1e8, 2e8, 2e7
_FEWEST_DRAWS, _FEWEST_BY_QUADRATURE = 1000, 400


@dataclass(frozen=True, kw_only=True)
class LeftOutDensity:
    """Log predictive density of every row or group, left out.

    Parameters
    ----------
    unit
        ``"row"``, or the name of the grouping factor.
    log_density
        Shape (unit,).
    error
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
    """

    unit: str
    log_density: Array
    error: Array
    shape: Array
    refitted: NDArray[np.bool_]
    within: Array
    limit: float
    draws: int
    exact: bool = False

    @property
    def elpd(self) -> float:
        """Sum of the log densities."""
        return float(self.log_density.sum())

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Which cannot be trusted."""
        return ~self.refitted & ~(self.shape <= self.limit)


def density_by_row(fit: Fit, *, memory: float = MEMORY_GIGABYTES) -> LeftOutDensity:
    """Leave out one row at a time, given the group effects, in blocks of rows."""
    fit.need_data("Leaving rows out")
    posterior = thinned(fit.posterior, _enough_draws(fit, _BY_ROW))
    efficiency = relative_efficiency(fit.model.groups, posterior)
    parts = [
        _from_draws(values, efficiency)[:4]
        for _, values in log_likelihood_blocks(fit, posterior, memory=memory)
    ]
    columns = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return _density(names.ROW, columns, posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW])


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
    fit.need_data("Leaving groups out")
    exact = sums_suffice(fit.model, left_out)
    posterior = fit.posterior if exact else thinned(fit.posterior, _enough_by_group(fit))
    efficiency = relative_efficiency(fit.model.groups, posterior)
    draws = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
    check_memory("Leaving groups out", 3 * draws, len(left_out.labels), memory, unit="groups")
    if exact:
        values = density_without_group(fit.model, posterior)
    else:
        values = group_log_likelihood(fit.model, posterior, left_out)
    *columns, weights = _from_draws(values, efficiency)
    density = _density(left_out.name, columns, draws, exact=exact)
    return density, weights, posterior


def _density(
    unit: str, columns: Sequence[Array], draws: int, *, exact: bool = False
) -> LeftOutDensity:
    log_density, error, shape, within = columns
    return LeftOutDensity(
        unit=unit,
        log_density=log_density,
        error=error,
        shape=shape,
        refitted=np.zeros(len(shape), dtype=bool),
        within=within,
        limit=largest_good_shape(draws),
        draws=draws,
        exact=exact,
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


def _enough_by_group(fit: Fit) -> int | None:
    if fit.model.family.name == "gaussian":
        return _enough_draws(fit, _BY_GROUP)
    return _enough_draws(fit, _BY_QUADRATURE, fewest=_FEWEST_BY_QUADRATURE)


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
    smoothed = smooth_weights(-values, efficiency)
    top = values.max(axis=0)
    weights = np.exp(smoothed.log_weights)
    relative = np.exp(values - top)
    mean = (weights * relative).sum(axis=0)
    spread = (weights**2 * (relative - mean) ** 2).sum(axis=0)
    error = np.sqrt(spread / min(efficiency, 1.0)) / mean
    within = top + np.log(relative.mean(axis=0))
    return top + np.log(mean), error, smoothed.shape, within, weights
