"""Gaussian models with one grouping factor: everything about a group from its sums alone.

The rows are read once, or their sums were kept of a stream. The cost of a draw depends on the
number of groups, not of rows, and it does not matter which engine made the draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError, listed
from bayes_alliance.kernels.leave_group_out import (
    GroupProblem,
    WithoutGroup,
    coefficients_left_out,
    log_density_left_out,
    prepare_groups,
)
from bayes_alliance.kernels.one_factor.moments import Moments, moments
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.covariance_root import working_roots
from bayes_alliance.sampling.engines.collapsed.priors import reasons_against
from bayes_alliance.sampling.engines.streamed_moments import streamed_moments
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.left_out import LeftOut
from bayes_alliance.sampling.linear_predictor import frequency_weights, precision_weights
from bayes_alliance.sampling.working_scale import normal_coefficients, sampled_coefficients

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


def sums_suffice(model: Model, left_out: LeftOut) -> bool:
    """Tell whether leaving these groups out is exact without refits."""
    if len(model.design.groups) != 1 or reasons_against(model):
        return False
    (group,) = model.design.groups
    if model.stream is not None:  # no row says which group it is in
        return (group.name, group.labels) == (left_out.name, left_out.labels)
    return np.array_equal(group.index, left_out.index)


def need_groups(fit: Fit, left_out: LeftOut, what: str) -> None:
    """Refuse to leave groups out where neither rows nor sums say what is in them.

    Raises
    ------
    SamplingError
        With what the sums of streamed rows can do instead.
    """
    model = fit.model
    enough = sums_suffice(model, left_out)
    if enough or not fit.has_sums:
        fit.need_data(what, sums_suffice=enough)
        return
    factors = f"the grouping factor{'s' * (len(model.groups) > 1)} {listed(model.groups)}"
    raise SamplingError(
        f"{what} was asked for, groups of {left_out.name}, of '{model.formula.text}'.",
        f"Its rows were streamed from {fit.streamed_from}, and it has {factors}: the sums kept of "
        "them suffice where the groups left out are those of the only factor.",
        f"Fit a model with {left_out.name} as its only grouping factor, or read a sample of the "
        "rows into memory and fit the model to it for this.",
        group=left_out.name,
    )


def density_without_group(model: Model, posterior: xr.Dataset) -> Array:
    """Return ``log p(y_j | y_-j)`` given the variance parameters, shape (draw, group).

    Coefficients are integrated over what the other groups say of them, but those whose prior is
    not normal: they keep their draws.
    """
    problem, sampled = _problem(model, sampled_coefficients(model))
    s2, root, given = _draws(model, posterior, sampled)
    return log_density_left_out(problem, s2, root, given)


def density_given_coefficients(model: Model, posterior: xr.Dataset) -> Array:
    """Return the log likelihood of every group, its effects integrated out, (draw, group)."""
    problem, sampled = _problem(model, np.arange(len(model.design.coefficients)))
    s2, root, given = _draws(model, posterior, sampled)
    return log_density_left_out(problem, s2, root, given)


def coefficients_without_group(model: Model, posterior: xr.Dataset, weights: Array) -> WithoutGroup:
    """Return the coefficients without each group, for weights of shape (draw, group).

    All coefficients are returned, in the order of the design; for one whose prior is not normal
    the weighted draws themselves are averaged. The last row, behind the groups', leaves nothing
    out and weighs all draws alike.
    """
    problem, sampled = _problem(model, sampled_coefficients(model), empty_groups=1)
    s2, root, given = _draws(model, posterior, sampled)
    equal = np.full((len(weights), 1), 1 / len(weights))
    weights = np.hstack([weights, equal])
    exact = coefficients_left_out(problem, s2, root, weights, given)
    kept = problem.problem.prior.kept
    shape = (weights.shape[1], len(model.design.coefficients))
    mean, variance, above = (np.empty(shape) for _ in range(3))
    mean[:, kept], variance[:, kept], above[:, kept] = exact.mean, exact.variance, exact.above_zero
    mean[:, sampled] = weights.T @ given
    variance[:, sampled] = weights.T @ given**2 - mean[:, sampled] ** 2
    above[:, sampled] = weights.T @ (given > 0)
    return WithoutGroup(mean=mean, variance=variance, above_zero=above)


def _problem(
    model: Model, sampled: Integers, *, empty_groups: int = 0
) -> tuple[GroupProblem, Integers]:
    """Read the sums by group; the coefficients at ``sampled`` are not integrated out."""
    sums, logarithms = _sums_by_group(model, empty_groups)
    prior = normal_coefficients(model, sampled)
    problem = prepare_groups(
        sums,
        prior.mean,
        prior.variance,
        logarithms,
        integrated=prior.places,
        to_working=prior.to_working,
    )
    return problem, problem.problem.prior.sampled


def _sums_by_group(model: Model, empty_groups: int) -> tuple[Moments, Array]:
    """Return the sums, and those of the logarithms of the precision weights, by group."""
    if model.stream is not None:
        stream = model.stream
        bases = model.priors.basis.effects
        sums = streamed_moments(stream, bases, by_group=True, empty_groups=empty_groups)
        return sums, np.bincount(stream.group_of_cell[0], stream.sums.log_weight, len(sums.n))
    design, frame = model.design, model.frame
    (group,) = design.groups
    ones, n_groups = np.ones(len(frame.y)), len(group.labels) + empty_groups
    weights = precision_weights(model) * ones
    repeats = frequency_weights(model) * ones
    sums = moments(
        frame.y - design.offset,
        design.X,
        model.priors.basis.effects[group.name].columns(group.Z),
        group.index,
        n_groups,
        weights=weights,
        repeats=repeats,
        by_group=True,
    )
    return sums, np.bincount(group.index, repeats * np.log(weights), n_groups)


def _draws(model: Model, posterior: xr.Dataset, sampled: Integers) -> tuple[Array, Array, Array]:
    """Return residual variance, root of G and sampled coefficients of every draw."""
    root = working_roots(model, posterior, model.groups[0])
    s2 = np.ones(len(root))
    if names.SIGMA in posterior:
        s2 = posterior[names.SIGMA].to_numpy().reshape(-1) ** 2
    if not model.design.coefficients:
        return s2, root, np.zeros((len(root), 0))
    coefficients = posterior[names.B].to_numpy().reshape(len(root), -1)
    return s2, root, coefficients[:, sampled]
