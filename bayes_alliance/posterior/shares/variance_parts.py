"""The variance taken apart by level, per draw, and what two clients of one group have in common.

It is that of the linear predictor or, behind a link, that of the outcome itself: given the group
effects, the expected outcome of a client is a probability, or an expected category; what it varies
by over a group's effects is that group's variance (goldstein2002).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import listed
from bayes_alliance.kernels.shares import (
    averaged_variance,
    effect_covariance,
    row_covariance,
    second_moments,
    variance_along,
)
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.repeats import written_out
from bayes_alliance.model.spec import Model
from bayes_alliance.model.streaming.typical_rows import column_moments
from bayes_alliance.posterior.shared_groups import (
    containers,
    is_chain,
    lowest,
    need_nesting,
    together,
)
from bayes_alliance.posterior.shares.share_request import (
    TOTAL,
    ShareRequest,
    check_request,
    on_response_scale,
)
from bayes_alliance.posterior.standing import Values, effect_rows, population_rows
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import (
    frequency_weights,
    population_of,
    population_part,
    precision_weights,
)
from bayes_alliance.sampling.parameter_view import location_of, view_of
from bayes_alliance.sampling.stand_in import counted_sums
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
PREDICTORS = "predictors"
_CHUNK_NUMBERS = 4e6
Places = NDArray[np.int64]
Shared = Callable[[frozenset[str]], Array]
JOINTLY = "interaction of groups"
_MOST_ROWS = 250


@dataclass(frozen=True, kw_only=True)
class VarianceParts:
    """Variances per draw, shape (chain, draw, value); the value is one where none was asked for.

    Parameters
    ----------
    parts
        By level, the predictors (if asked for) and the residual last; they sum to the total.
    shared
        Covariance of two clients who share the group, and with it every group it lies in; of
        crossed factors also of those who share all of them.
    scale
        In words.
    notes
        What a reader has to know.
    """

    parts: Mapping[str, Array]
    shared: Mapping[str, Array]
    scale: str
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> Array:
        """The sum of the parts."""
        return np.asarray(sum(self.parts.values()))

    @property
    def undefined(self) -> int:
        """Number of draws in which the residual variance does not exist."""
        return int(np.isnan(self.total[..., 0]).sum())

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the parts."""
        return tuple(self.parts)

    @property
    def shares(self) -> Array:
        """Parts over their sum, shape (chain, draw, value, level)."""
        return np.stack(list(self.parts.values()), axis=-1) / self.total[..., None]


def split_variance(fit: Fit, request: ShareRequest) -> VarianceParts:
    """Take the variance apart as asked.

    Raises
    ------
    ModelError, SamplingError
        If the request has no answer; see :func:`check_request`.
    """
    check_request(fit, request)
    if on_response_scale(fit, request):
        found = response_parts(fit, request)
        parts = {**found.groups, **_predictors(found.predictors), names.RESIDUAL: found.within}
        return VarianceParts(parts=parts, shared=found.shared, scale="response", notes=found.notes)
    located = location_of(fit)
    model, posterior = located.model, located.posterior[needed_variables(located.model)]
    groups = (
        averaged_variances(model, posterior)
        if request.average
        else variances_at(model, posterior, request.values, request.count)
    )
    explained = predictor_variance(model, posterior) if request.of == TOTAL else None
    shape = next(iter(groups.values())).shape
    others = {
        **_predictors(explained),
        names.RESIDUAL: residual_variance(
            fit, posterior, None if request.average else request.values, request.count
        ),
    }
    parts = groups | {name: np.broadcast_to(part, shape) for name, part in others.items()}
    return VarianceParts(
        parts=parts,
        shared=_shared(located, groups),
        scale=model.link.scale,
        notes=_notes(fit, parts[names.RESIDUAL], average=request.average),
    )


def _predictors(explained: Array | None) -> dict[str, Array]:
    return {} if explained is None else {PREDICTORS: explained}


def _shared(fit: Fit, groups: Mapping[str, Array]) -> dict[str, Array]:
    inside = containers(fit.model.design)
    shared = {
        name: np.asarray(variance + sum(groups[above] for above in inside[name]))
        for name, variance in groups.items()
    }
    if len(lowest(inside)) > 1:
        shared[together(lowest(inside))] = np.asarray(sum(groups.values()))
    return shared


def _notes(fit: Fit, residual: Array, *, average: bool) -> tuple[str, ...]:
    notes = []
    if fit.model.predicted:
        notes.append(residual_note(fit.model, average=average))
    if is_weighted(fit.model):
        notes.append("The residual variance is averaged over the precision weights.")
    undefined = int(np.isnan(residual[..., 0]).sum())
    if undefined:
        notes.append(
            f"In {undefined:,} of the {residual[..., 0].size:,} draws nu is 2 or less, where a "
            "Student outcome has no variance and no share. The numbers are those of the other "
            "draws, as under a prior that keeps nu above 2; the standard deviations of the groups "
            "exist in any case."
        )
    return tuple(notes)


def needed_variables(model: Model) -> list[str]:
    """Return the container's variables that variances are computed from."""
    coefficients = [names.B] if model.design.coefficients else []
    spread = [names.sd(group.name) for group in model.design.groups]
    together = [names.cor(group.name) for group in model.design.groups if group.pairs]
    return [*coefficients, *spread, *together, *model.family.parameters]


def group_covariance(group: GroupDesign, posterior: xr.Dataset) -> Array:
    """Return the covariance of a group's effects, shape (chain, draw, effect, effect)."""
    sd = posterior[names.sd(group.name)].to_numpy()
    cor = posterior[names.cor(group.name)].to_numpy() if group.pairs else None
    return effect_covariance(sd, cor, group.pairs)


def variances_at(
    model: Model, posterior: xr.Dataset, values: Values, count: int
) -> dict[str, Array]:
    """Return each group's variance at stated values, shape (chain, draw, value)."""
    return {
        group.name: variance_along(
            group_covariance(group, posterior), effect_rows(group, values, count)
        )
        for group in model.design.groups
    }


def averaged_variances(model: Model, posterior: xr.Dataset) -> dict[str, Array]:
    """Return each group's variance averaged over the rows, shape (chain, draw, 1)."""
    return {
        group.name: averaged_variance(
            group_covariance(group, posterior), _second_moments(model, place)
        )[..., None]
        for place, group in enumerate(model.design.groups)
    }


def _second_moments(model: Model, place: int) -> Array:
    """Return the mean of ``z z'`` over the rows, of the grouping factor at a place."""
    if model.stream is None:
        return second_moments(model.design.groups[place].Z, counted_rows(model))
    mean, covariance = column_moments(counted_sums(model), model.stream.places[place + 1])
    return np.asarray(covariance + np.outer(mean, mean))


def residual_note(model: Model, *, average: bool) -> str:
    """Say whose residual variance it is, where it differs from row to row."""
    where = "averaged over the rows" if average else "that where the predictors stand"
    of = listed(model.predicted)
    return (
        f"The residual variance is {where}, and averaged over what groups not known add to {of}."
        if any(group.places_of(own) for group in model.design.groups for own in model.predicted)
        else f"The residual variance is {where}, as {of} has it."
    )


def _varying_residual(fit: Fit, values: Values | None, count: int) -> Array:
    """Return the mean residual variance over groups, at stated values or over the rows.

    Shape (chain, draw, value), or (chain, draw, 1).
    """
    model, draws = fit.model, fit.posterior
    own = {n: draws[n].to_numpy()[..., None] for n in model.family.parameters}
    squares: dict[str, Array] = {}
    for parameter in model.predicted:
        view = view_of(fit, parameter)
        X, offset = view.model.design.X, view.model.design.offset
        if values is not None:
            X, offset = population_rows(view.model, values, count)
        eta = population_of(view.model.design.location, view.posterior, X, offset)
        variance = np.zeros_like(eta)
        for group in view.model.design.groups:
            rows = group.Z if values is None else effect_rows(group, values, count)
            variance = variance + variance_along(group_covariance(group, view.posterior), rows)
        link = view.model.design.location.link
        squares[parameter] = np.asarray(link.mean(2 * eta, 4 * variance))
    found = model.family.mean_residual_variance(own, squares)
    if values is not None:
        return np.asarray(found * _mean_inverse_weight(model))
    by_weight = found / precision_weights(model)
    return np.average(by_weight, axis=-1, weights=counted_rows(model))[..., None]


def residual_variance(
    fit: Fit, posterior: xr.Dataset, values: Values | None = None, count: int = 1
) -> Array:
    """Return the clients' own variance, that of the link if it has one.

    Where it depends on the expected outcome, or the model predicts it, it is that of the stated
    values, shape (chain, draw, value), or the mean over the rows if there are none; else of shape
    (chain, draw, 1).
    """
    model = fit.model
    if model.predicted:
        return _varying_residual(fit, values, count)
    parameters = {name: posterior[name].to_numpy()[..., None] for name in model.family.parameters}
    mean = None
    if model.family.residual_needs_mean:
        mean = (
            _expected_outcome(model, posterior)[..., None]
            if values is None
            else _expected_at(model, posterior, values, count)
        )
    variance = model.family.residual_variance(parameters, mean) * _mean_inverse_weight(model)
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW], 1)
    return np.broadcast_to(variance, np.broadcast_shapes(variance.shape, shape))


def _expected_at(model: Model, posterior: xr.Dataset, values: Values, count: int) -> Array:
    """Return the expected outcome, averaged over groups, at stated values."""
    X, offset = population_rows(model, values, count)
    variance = np.asarray(sum(variances_at(model, posterior, values, count).values()))
    eta = np.broadcast_to(
        population_of(model.design.location, posterior, X, offset), variance.shape
    )
    own = {name: posterior[name].to_numpy()[:, :, None] for name in model.family.parameters}
    return model.family.expected(eta, own, model.frame.levels, variance)


def _expected_outcome(model: Model, posterior: xr.Dataset) -> Array:
    """Return the expected outcome, averaged over groups and rows, shape (chain, draw)."""
    design, family, levels = model.design, model.family, model.frame.levels
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    flat = {
        name: values.to_numpy().reshape(-1, *values.shape[2:])
        for name, values in posterior.data_vars.items()
    }
    b = flat[names.B] if design.coefficients else np.zeros((int(np.prod(shape)), 0))
    covariances = [
        group_covariance(group, posterior).reshape(len(b), *2 * (len(group.effects),))
        for group in design.groups
    ]
    mean = np.empty(len(b))
    step = max(1, int(_CHUNK_NUMBERS / max(1, len(design.X))))
    for start in range(0, len(b), step):
        some = slice(start, start + step)
        variance = np.zeros((1, 1))
        for group, covariance in zip(design.groups, covariances, strict=True):
            variance = variance + variance_along(covariance[some], group.Z)
        own = {name: flat[name][some, None] for name in family.parameters}
        eta = population_part(model, {names.B: b[some]})
        expected = family.expected(np.atleast_2d(eta), own, levels, variance)
        mean[some] = np.average(expected, axis=-1, weights=counted_rows(model))
    return mean.reshape(shape)


def _mean_inverse_weight(model: Model) -> float:
    if model.stream is not None:
        return model.stream.sums.mean_inverse_weight
    return float(np.mean(1 / precision_weights(model)))


def is_weighted(model: Model) -> bool:
    """Tell whether the residual variance differs between rows by their precision weights."""
    if model.stream is not None:
        return bool(model.stream.sums.log_weight.any())
    return bool(np.any(precision_weights(model) != 1.0))


def predictor_variance(model: Model, posterior: xr.Dataset) -> Array:
    """Return the variance of the population part over the rows, shape (chain, draw, 1)."""
    covariance = _predictor_covariance(model)
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    b = posterior[names.B].to_numpy() if model.design.coefficients else np.zeros((*shape, 0))
    b = np.concatenate([b, np.ones((*shape, 1))], axis=-1)  # the offset counts once
    return np.asarray(np.einsum("...i,ij,...j->...", b, covariance, b))[..., None]


def _predictor_covariance(model: Model) -> Array:
    """Return the covariance of the population's columns and the offset over the rows."""
    if model.stream is None:
        columns = np.column_stack([model.design.X, model.design.offset])
        return row_covariance(columns, counted_rows(model))
    sums = counted_sums(model)
    _, covariance = column_moments(sums, model.stream.places[0])
    count = sums.weight.sum()
    return np.pad(covariance * count / (count - 1), (0, 1))  # an offset is refused beforehand


def counted_rows(model: Model) -> Array | None:
    """Return how often each row counts, or None where each counts once."""
    weights = frequency_weights(model)
    return weights if isinstance(weights, np.ndarray) else None


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
    return _assembled(fit, outcome, request, _response_notes(fit, used, rows))


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
    eta = np.broadcast_to(population_of(model.design.location, posterior, X, offset), shape)
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


def _response_notes(fit: Fit, draws: int, rows: NDArray[np.int64] | None) -> tuple[str, ...]:
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
