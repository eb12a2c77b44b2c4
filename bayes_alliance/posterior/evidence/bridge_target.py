"""What a bridge is built to: posterior draws as vectors of free numbers, and their density.

The full target is the posterior over everything: coefficients, variance parameters and every group
effect. Its density is written once more in plain numpy, from the families' and priors' own
densities, so that nothing is compiled; a test holds it to PyMC's.

The integrated target is the posterior of a gaussian model with coefficients and group effects
integrated out. It has a handful of dimensions whatever the number of groups, which is why its
evidence is exact to the second decimal where a bridge over all group effects is off by whole units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import lgamma
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.kernels.unconstrained import log_correlation_prior, partials_of, roots_of
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import SeveralFactors, collapsed_problem
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import chunks, frequency_weights, precision_weights
from bayes_alliance.sampling.working_scale import (
    posterior_working_scales,
    sampled_coefficients,
    thresholds_moved,
    user_coefficients,
    user_effects,
    working_coefficients,
    working_effects,
)

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
_CHUNK_BYTES = 64e6
_LOG_TWO_PI = float(np.log(2.0 * np.pi))
_POINTS = 200_001
_TAIL = 1e-9


@dataclass(frozen=True, kw_only=True)
class Target:
    """The posterior on unconstrained numbers.

    Parameters
    ----------
    points
        Draws, shape (chain, draw, d).
    log_density
        From points, shape (n, d), to log likelihood plus log prior plus log Jacobian, shape (n,):
        the log posterior density up to the log evidence, every constant kept.
    """

    points: Array
    log_density: Callable[[Array], Array]

    @property
    def dimensions(self) -> int:
        """How many numbers a draw is."""
        return int(self.points.shape[-1])


def full_target(fit: Fit) -> Target:
    """Return the target of any fit."""
    model = fit.model
    points = _free_numbers(fit)
    step = max(1, int(_CHUNK_BYTES / (8 * points.shape[-1])))

    def log_density(at: Array) -> Array:
        pieces = [
            _log_density(model, at[start : start + step]) for start in range(0, len(at), step)
        ]
        return np.concatenate(pieces)

    return Target(points=points, log_density=log_density)


def count_free_numbers(model: Model) -> int:
    """Return the number of dimensions the target has, without making it."""
    groups = sum(_width(group) for group in model.design.groups)
    own = sum(len(model.priors.of(name)) for name in model.family.parameters)
    return len(model.design.coefficients) + groups + own


@dataclass(frozen=True, kw_only=True)
class _Stretch:
    """Some free numbers turned into container variables, with what they add to the density."""

    values: Mapping[str, Array]
    log_density: Array


def _free_numbers(fit: Fit) -> Array:
    """Return every draw as free numbers, shape (chain, draw, d), in the order they are read.

    They are those that have the priors: at the means, where these stand.
    """
    model, posterior = fit.model, fit.posterior
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    parts: list[Array] = []
    moved: Array = np.zeros(())
    if model.design.coefficients:
        coefficients = posterior[names.B].to_numpy()
        parts.append(working_coefficients(model, coefficients))
        moved = thresholds_moved(model, coefficients)
    for group in model.design.groups:
        parts += [part.reshape(*shape, -1) for part in _free_group(model, group, posterior)]
    for own in model.family.own:
        values = posterior[own.name].to_numpy().reshape(*shape, -1)
        parts.append(own.support.free(values - moved if own.is_level else values))
    return np.concatenate(parts, axis=-1)


def _free_group(model: Model, group: GroupDesign, posterior: xr.Dataset) -> list[Array]:
    scales = posterior_working_scales(model, group, posterior)
    sd = scales.sd.reshape(-1, len(group.effects))
    u = posterior[names.u(group.name)].to_numpy().reshape(-1, *_effects_shape(group))
    u = working_effects(model, group, u)
    cor = scales.cor.reshape(-1, len(group.pairs)) if group.pairs else None
    correlation = effect_covariance(np.ones_like(sd), cor, group.pairs)
    partials = partials_of(correlation, _sizes(group))
    if model.centring[group.name] == "non-centred":
        root = sd[:, :, None] * roots_of(partials, _sizes(group))
        u = np.linalg.solve(root, u.transpose(0, 2, 1)).transpose(0, 2, 1)
    return [np.log(sd), partials, u]


def _log_density(model: Model, at: Array) -> Array:
    """Return log likelihood, log prior and log Jacobian together."""
    values: dict[str, Array] = {}  # of the design as written
    with_priors: dict[str, Array] = {}
    total = np.zeros(len(at))
    place = 0
    if model.design.coefficients:
        place = len(model.design.coefficients)
        with_priors[names.B] = at[:, :place]
        values[names.B] = user_coefficients(model, at[:, :place])
    for group in model.design.groups:
        stretch = _group_stretch(model, group, at[:, place : place + _width(group)])
        with_priors[names.sd(group.name)] = stretch.values[names.sd(group.name)]
        effects = stretch.values[names.u(group.name)]
        values[names.u(group.name)] = user_effects(model, group, effects)
        total += stretch.log_density
        place += _width(group)
    stretch = _family_stretch(model, at[:, place:])
    with_priors |= stretch.values
    values |= stretch.values
    level = model.family.level
    if level is not None and names.B in values:
        values[level.name] = values[level.name] + thresholds_moved(model, values[names.B])
    total += stretch.log_density + _log_priors(model, with_priors)
    return np.asarray(total + _log_likelihood(model, values))


def _group_stretch(model: Model, group: GroupDesign, at: Array) -> _Stretch:
    q, pairs = len(group.effects), len(group.pairs)
    sd, partials = np.exp(at[:, :q]), at[:, q : q + pairs]
    effects = at[:, q + pairs :].reshape(len(at), *_effects_shape(group))
    root = sd[:, :, None] * roots_of(partials, _sizes(group))
    total = at[:, :q].sum(axis=1)
    values = {names.sd(group.name): sd}
    if pairs:
        (prior,) = model.priors.of(names.cor(group.name))
        total += log_correlation_prior(partials, _sizes(group), prior.arguments[0])
    if model.centring[group.name] == "non-centred":
        standard = effects
        effects = effects @ root.transpose(0, 2, 1)
    else:
        standard = np.linalg.solve(root, effects.transpose(0, 2, 1))
        diagonal = np.diagonal(root, axis1=1, axis2=2)
        total -= len(group.labels) * np.log(diagonal).sum(axis=1)
    total -= 0.5 * (standard**2).sum(axis=(1, 2)) + 0.5 * effects[0].size * _LOG_TWO_PI
    values[names.u(group.name)] = effects
    return _Stretch(values=values, log_density=total)


def _family_stretch(model: Model, at: Array) -> _Stretch:
    total = np.zeros(len(at))
    values: dict[str, Array] = {}
    place = 0
    for own in model.family.own:
        priors = model.priors.of(own.name)
        elements, log_jacobian = own.support.constrained(at[:, place : place + len(priors)])
        values[own.name] = elements if own.dim else elements[:, 0]
        total += log_jacobian
        if own.support.is_ordered:  # the priors are cut to their order, and have their mass back
            total -= log_ordered_mass(priors)
        place += len(priors)
    return _Stretch(values=values, log_density=total)


def _log_priors(model: Model, values: Mapping[str, Array]) -> Array:
    """Return the log prior of everything but correlations and group effects."""
    total = np.zeros(len(next(iter(values.values()))))
    for variable in model.priors.variables:
        priors = model.priors.of(variable)
        if priors[0].kind.support == "correlation":
            continue
        elements = values[variable].reshape(len(total), -1)
        for k, prior in enumerate(priors):
            total += prior.frozen.logpdf(elements[:, k])
    return total


def _log_likelihood(model: Model, values: Mapping[str, Array]) -> Array:
    draws = draws_dataset(model, {name: v[None] for name, v in values.items()})
    total = np.empty(draws.sizes[names.DRAW])
    weights, precision = frequency_weights(model), precision_weights(model)
    for chunk in chunks(model, draws):
        density = model.family.log_density(model.frame.y, chunk.eta, chunk.parameters, precision)
        total[chunk.places] = (weights * density).sum(axis=-1)
    return total


def _width(group: GroupDesign) -> int:
    return len(group.effects) * (1 + len(group.labels)) + len(group.pairs)


def _effects_shape(group: GroupDesign) -> tuple[int, int]:
    return len(group.labels), len(group.effects)


def _sizes(group: GroupDesign) -> list[int]:
    return [len(block) for block in group.blocks]


def integrated_target(fit: Fit) -> Target:
    """Return the target of a fit by any engine, for a model the collapsed engine can do."""
    return Target(points=free_numbers(fit), log_density=integrated_density(fit.model))


def integrated_density(model: Model) -> Callable[[Array], Array]:
    """Return the density over theta, shape (n, d) to (n,): likelihood, priors and Jacobians."""
    from bayes_alliance.kernels.density_many import log_crossed_posterior_many, log_posterior_many

    problem, priors = collapsed_problem(model), variance_priors(model)
    flat, known = priors.arrays(), int(priors.known_sigma)

    def log_density(points: Array) -> Array:
        at = np.ascontiguousarray(points)
        if isinstance(problem, SeveralFactors):
            return log_crossed_posterior_many(problem.problem.arrays(), flat, known, at)
        return log_posterior_many(problem.inner.arrays(), flat, known, at)

    return log_density


def free_numbers(fit: Fit) -> Array:
    """Return theta of every draw, shape (chain, draw, d), from what the fit calls its numbers.

    ``log sigma`` unless it is known; for each grouping factor the log standard deviations and the
    transformed correlations; the coefficients that are not integrated out.
    """
    model, posterior = fit.model, fit.posterior
    parts: list[Array] = []
    if names.SIGMA in model.family.parameters:
        parts.append(np.log(posterior[names.SIGMA].to_numpy())[..., None])
    for group in model.design.groups:
        scales = posterior_working_scales(model, group, posterior)
        parts.append(np.log(scales.sd))
        if group.pairs:
            parts.append(_partials(model, group.name, scales.cor))
    sampled = sampled_coefficients(model)
    if sampled.size:
        parts.append(posterior[names.B].to_numpy()[..., sampled])
    return np.concatenate(parts, axis=-1)


def _partials(model: Model, group: str, correlations: Array) -> Array:
    design = model.design.group(group)
    flat = correlations.reshape(-1, correlations.shape[-1])
    ones = np.ones((len(flat), len(design.effects)))
    matrices = effect_covariance(ones, flat, design.pairs)
    partials = partials_of(matrices, [len(block) for block in design.blocks])
    return partials.reshape(*correlations.shape[:2], -1)


def log_ordered_mass(priors: Sequence[Prior]) -> float:
    """Return the log probability that draws from the priors, in turn, are increasing.

    It is one over the factorial of their number where they are all alike; else it is integrated
    on a fine grid, one threshold after the other.
    """
    if len(set(priors)) == 1:
        return -lgamma(len(priors) + 1)
    frozen = [prior.frozen for prior in priors]
    # Evenly spaced in rank, so that long tails and narrow priors are both seen well.
    ranks = np.linspace(_TAIL, 1 - _TAIL, _POINTS // len(frozen))
    grid = np.unique(np.concatenate([f.ppf(ranks) for f in frozen]))
    below = np.ones_like(grid)
    for distribution in frozen:
        # The chance that this one falls into a step, times that of the others lying below it.
        steps = np.diff(distribution.cdf(grid)) * 0.5 * (below[1:] + below[:-1])
        below = np.concatenate([[0.0], np.cumsum(steps)])
    return float(np.log(below[-1]))
