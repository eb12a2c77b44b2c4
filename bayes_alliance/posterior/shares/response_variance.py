"""The variance of an outcome with a link, itself, by level, integrated over the groups.

Given the group effects, the expected outcome of a client is a probability, or an expected
category; what it varies by over a group's effects is that group's variance (goldstein2002).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.shares import variance_along
from bayes_alliance.model.repeats import written_out
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.shared_groups import (
    containers,
    is_chain,
    lowest,
    need_nesting,
    together,
)
from bayes_alliance.posterior.shares.level_variance import (
    counted_rows,
    group_covariance,
    needed_variables,
    variances_at,
)
from bayes_alliance.posterior.shares.share_request import TOTAL, ShareRequest
from bayes_alliance.posterior.shares.stated_values import population_rows
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import (
    frequency_weights,
    population_of,
    population_part,
)
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Places = NDArray[np.int64]
Shared = Callable[[frozenset[str]], Array]
JOINTLY = "interaction of groups"
_MOST_ROWS = 250


@dataclass(frozen=True, kw_only=True)
class ResponseParts:
    """Variances on the response scale, shape (chain, draw, value)."""

    groups: Mapping[str, Array]
    within: Array
    shared: Mapping[str, Array]
    predictors: Array | None
    notes: tuple[str, ...]


def response_parts(fit: Fit, request: ShareRequest) -> ResponseParts:
    """Integrate over the group effects at stated values, or over rows and average."""
    model = fit.model
    posterior = thinned(fit.posterior[needed_variables(model)], request.draws)
    if request.average:
        rows = _even_rows(model, posterior)
        X, offset = model.design.X[rows], model.design.offset[rows]
        variances = {
            group.name: variance_along(group_covariance(group, posterior), group.Z[rows])
            for group in model.design.groups
        }
    else:
        rows = None
        X, offset = population_rows(model, request.values, request.count)
        variances = variances_at(model, posterior, request.values, request.count)
    outcome = _outcome(model, posterior, X, offset, variances)
    used = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
    return _assembled(fit, outcome, request, _notes(fit, used, rows))


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """Mean and variance of the outcome, and covariance of clients who share some groups."""

    mean: Array
    variance: Array
    shared: Shared


def _outcome(
    model: Model, posterior: xr.Dataset, X: Array, offset: Array, variances: Mapping[str, Array]
) -> _Outcome:
    shape = next(iter(variances.values())).shape
    eta = np.broadcast_to(population_of(model, posterior, X, offset), shape)
    flat = {name: variance.ravel() for name, variance in variances.items()}
    everything = np.asarray(sum(flat.values()))
    eta = eta.ravel()

    family, levels = model.family, model.frame.levels
    own = {name: posterior[name].to_numpy() for name in family.parameters}
    # Each draw's own parameters at all of its values, shape (element, 1, ...).
    at_elements = {
        name: np.repeat(values.reshape(-1, 1, *values.shape[2:]), shape[-1], axis=0)
        for name, values in own.items()
    }

    def shared(factors: frozenset[str]) -> Array:
        common = np.asarray(sum(flat[name] for name in factors))
        rest = np.maximum(everything - common, 0.0)
        return family.shared_covariance(eta, common, rest, at_elements, levels).reshape(shape)

    at = eta[:, None], at_elements, levels, everything[:, None]
    mean, variance = family.expected(*at)[:, 0], family.outcome_variance(*at)[:, 0]
    return _Outcome(mean=mean.reshape(shape), variance=variance.reshape(shape), shared=shared)


def _assembled(
    fit: Fit, outcome: _Outcome, request: ShareRequest, notes: tuple[str, ...]
) -> ResponseParts:
    need_nesting(fit)
    inside = containers(fit.model.design)

    def averaged(values: Array) -> Array:
        return values.mean(axis=-1, keepdims=True) if request.average else values

    variance = averaged(outcome.variance)
    by_factors: dict[frozenset[str], Array] = {frozenset(): np.zeros_like(variance)}

    def shared(factors: frozenset[str]) -> Array:
        if factors not in by_factors:
            by_factors[factors] = averaged(outcome.shared(factors))
        return by_factors[factors]

    closed = {name: frozenset({name, *above}) for name, above in inside.items()}
    everything = shared(frozenset(inside))
    groups = {name: shared(whole) - shared(whole - {name}) for name, whole in closed.items()}
    covariances = {name: shared(whole) for name, whole in closed.items()}
    if not is_chain(inside):
        groups[JOINTLY] = everything - np.asarray(sum(groups.values()))
    if len(lowest(inside)) > 1:
        covariances[together(lowest(inside))] = everything
    mean = outcome.mean
    return ResponseParts(
        groups=groups,
        within=variance - everything,
        shared=covariances,
        predictors=mean.var(axis=-1, keepdims=True) if request.of == TOTAL else None,
        notes=notes,
    )


def _even_rows(model: Model, posterior: xr.Dataset) -> NDArray[np.int64]:
    """Return places of rows spread evenly over the linear predictor, all of them if they are few.

    Rows that count several times are met as often.
    """
    weights = counted_rows(model)
    all_rows = np.arange(len(model.design.X))
    if weights is None and len(all_rows) <= _MOST_ROWS:
        return all_rows
    if weights is not None and written_out(weights).sum() <= _MOST_ROWS:
        return np.repeat(all_rows, written_out(weights))
    middle = posterior.mean((names.CHAIN, names.DRAW))
    eta = population_part(model, {str(name): middle[name].to_numpy() for name in middle})
    order = np.argsort(eta, kind="stable")
    reached = np.cumsum(np.ones(len(eta)) if weights is None else weights[order])
    wanted = (np.arange(_MOST_ROWS) + 0.5) / _MOST_ROWS * reached[-1]
    return np.asarray(order[np.searchsorted(reached, wanted)])


def _notes(fit: Fit, draws: int, rows: NDArray[np.int64] | None) -> tuple[str, ...]:
    notes, often = [], frequency_weights(fit.model)
    if draws < fit.draws_in_all:
        notes.append(f"Computed from {draws:,} of the {fit.draws_in_all:,} draws.")
    if rows is not None and len(rows) < np.sum(np.ones(len(fit.model.design.X)) * often):
        notes.append(f"Averaged over {len(rows)} rows, spread evenly over what is predicted.")
    scored = fit.model.family.score_note(fit.model.frame.levels)
    notes += [scored] if scored else []
    if not is_chain(containers(fit.model.design)):
        notes.append(f"'{JOINTLY}' is what crossed groups do beyond the sum of each alone.")
    return tuple(notes)
