"""Each group left out in turn, without a refit: one grouping factor, Gaussian outcome.

Given the variance parameters a group's rows have the density
``p(y_j | y_-j) = N(y_j; X_j b_j, V_j + X_j P_j^-1 X_j')``, where ``P_j`` and ``b_j`` are precision
and mean of the coefficients given all other groups. Both follow from sums by group.

What the other groups say is added up from both ends, never by taking a group off a total, so
that no digit is lost where one group knows nearly everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled, compiled_inside
from bayes_alliance.kernels.one_factor.coefficients import fold_sampled, whiten_problem
from bayes_alliance.kernels.one_factor.moments import Moments
from bayes_alliance.kernels.one_factor.problem import Arrays, Problem, coefficient_prior, prepare
from bayes_alliance.kernels.one_factor.recover import given_coefficients
from bayes_alliance.kernels.triangular import (
    cholesky_in_place,
    invert_lower_in_place,
    multiply,
    multiply_by_inverse,
)
from bayes_alliance.kernels.whitening import factor_groups

_LOG_TWO_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, kw_only=True)
class GroupProblem:
    """A problem with what each group adds to it.

    Parameters
    ----------
    problem
        All groups together.
    residual
        Cross products off the root by group, shape (J, k, k), in the order of the problem's.
    constant
        All of each group's log density that depends on no unknown, shape (J,).
    rows
        Rows of each group, repeats counted, shape (J,).
    """

    problem: Problem
    residual: Floats
    constant: Floats
    rows: Floats


@dataclass(frozen=True, kw_only=True)
class WithoutGroup:
    """The integrated coefficients without each group, in the order of ``prior.kept``.

    Parameters
    ----------
    mean, variance
        Weighted over the draws, shape (J, p).
    above_zero
        Probability that the coefficient is positive, shape (J, p).
    """

    mean: Floats
    variance: Floats
    above_zero: Floats


def prepare_groups(
    moments: Moments,
    prior_mean: Floats,
    prior_covariance: Floats,
    log_weight: Floats,
    *,
    integrated: Integers | None = None,
    to_working: Floats | None = None,
) -> GroupProblem:
    """Make the problem and keep what belongs to each group.

    Parameters
    ----------
    moments
        Reduced with ``by_group=True``.
    prior_mean, prior_covariance, integrated, to_working
        As in :func:`bayes_alliance.kernels.one_factor.problem.prepare`.
    log_weight
        Sum of the logarithms of the precision weights of each group, repeats counted, (J,).

    Raises
    ------
    ValueError
        If the moments keep no residual by group.
    """
    if moments.residual_by_group is None:
        raise ValueError("leaving a group out needs moments(by_group=True)")
    prior = prior_mean, prior_covariance
    _, basis = coefficient_prior(moments.anchor, *prior, integrated, to_working)
    return GroupProblem(
        problem=prepare(moments, *prior, integrated=integrated, to_working=to_working),
        residual=np.ascontiguousarray(basis.T @ moments.residual_by_group @ basis),
        constant=-0.5 * (moments.n * _LOG_TWO_PI - log_weight),
        rows=moments.n,
    )


def log_density_left_out(
    groups: GroupProblem, s2: Floats, factor: Floats, sampled: Floats | None = None
) -> Floats:
    """Return ``log p(y_j | y_-j)`` given the variance parameters, shape (S, J).

    With every coefficient among ``sampled`` it is ``log p(y_j)`` given all of them: the group's
    log likelihood with its effects integrated out.

    Parameters
    ----------
    groups
        From :func:`prepare_groups`.
    s2, factor, sampled
        As in :func:`bayes_alliance.kernels.one_factor.recover.recover`: shapes (S,), (S, q, q),
        (S, s).
    """
    s2, factor, given = _checked(groups, s2, factor, sampled)
    densities = np.empty((len(s2), groups.problem.n_groups))
    _densities(
        groups.problem.arrays(),
        groups.residual,
        groups.constant,
        groups.rows,
        s2,
        factor,
        given,
        densities,
    )
    return densities


def coefficients_left_out(
    groups: GroupProblem,
    s2: Floats,
    factor: Floats,
    weights: Floats,
    sampled: Floats | None = None,
) -> WithoutGroup:
    """Average the coefficients' conditional posterior without each group over weighted draws.

    Parameters
    ----------
    groups, s2, factor, sampled
        As in :func:`log_density_left_out`.
    weights
        Importance weights of the draws for each group, shape (S, J), summing to one.
    """
    s2, factor, given = _checked(groups, s2, factor, sampled)
    prior = groups.problem.prior
    pushed = (given - prior.origin[prior.sampled]) @ prior.cross.T
    sums = np.zeros((3, groups.problem.n_groups, prior.kept.size))
    _average(
        groups.problem.arrays(),
        groups.residual,
        s2,
        factor,
        given,
        np.ascontiguousarray(weights, dtype=np.float64),
        prior.inverse_transform,
        np.ascontiguousarray(prior.origin[prior.kept] - pushed @ prior.inverse_transform.T),
        sums,
    )
    mean, square, above = sums
    return WithoutGroup(mean=mean, variance=square - mean**2, above_zero=above)


def _checked(
    groups: GroupProblem, s2: Floats, factor: Floats, sampled: Floats | None
) -> tuple[Floats, Floats, Floats]:
    """Return the draws contiguous, for compiled code."""
    s2 = np.ascontiguousarray(s2, dtype=np.float64)
    given = given_coefficients(groups.problem.prior, len(s2), sampled)
    return s2, np.ascontiguousarray(factor, dtype=np.float64), given


@compiled
def _densities(
    arrays: Arrays,
    residual: Floats,
    constant: Floats,
    rows: Floats,
    s2: Floats,
    factor: Floats,
    sampled: Floats,
    densities: Floats,
) -> None:
    """Write the log density of every group for every draw."""
    q, width, n_groups = arrays.columns.shape
    p = width - 1
    inverse = np.empty((q, q, n_groups))
    cross = np.empty((n_groups, width, width))
    estimate = np.empty((n_groups, p))
    spread = np.empty((n_groups, p, p))
    whole = np.empty((p, p))
    rest = np.empty(p)
    for s in range(s2.shape[0]):
        mean = cross_products_by_group(
            arrays, residual, s2[s], factor[s], sampled[s], inverse, cross
        )
        log_without = densities[s]
        leave_each_out(arrays, mean, cross, estimate, spread, log_without)
        log_whole = precision_of_all(arrays, cross, whole)
        for j in range(n_groups):
            log_v = (rows[j] - q) * np.log(s2[s])
            for a in range(q):
                log_v -= 2.0 * np.log(inverse[a, a, j])
            quadratic = squared_distance(cross[j], estimate[j], whole, rest)
            change = log_whole - log_without[j]
            densities[s, j] = constant[j] - 0.5 * (log_v + change + quadratic)


@compiled
def _average(
    arrays: Arrays,
    residual: Floats,
    s2: Floats,
    factor: Floats,
    sampled: Floats,
    weights: Floats,
    back: Floats,
    shift: Floats,
    sums: Floats,
) -> None:
    """Add up weighted mean, square and probability above zero of every coefficient."""
    q, width, n_groups = arrays.columns.shape
    p = width - 1
    inverse = np.empty((q, q, n_groups))
    cross = np.empty((n_groups, width, width))
    estimate = np.empty((n_groups, p))
    spread = np.empty((n_groups, p, p))
    unused = np.empty(n_groups)
    for s in range(s2.shape[0]):
        mean = cross_products_by_group(
            arrays, residual, s2[s], factor[s], sampled[s], inverse, cross
        )
        leave_each_out(arrays, mean, cross, estimate, spread, unused)
        for j in range(n_groups):
            for c in range(p):
                centre = shift[s, c]
                for d in range(p):
                    centre += back[c, d] * estimate[j, d]
                variance = variance_along(spread[j], back[c])
                sums[0, j, c] += weights[s, j] * centre
                sums[1, j, c] += weights[s, j] * (centre * centre + variance)
                sums[2, j, c] += weights[s, j] * 0.5 * erfc(-centre / np.sqrt(2 * variance))


@compiled_inside
def cross_products_by_group(
    arrays: Arrays,
    residual: Floats,
    s2: float,
    factor: Floats,
    sampled: Floats,
    inverse: Floats,
    cross: Floats,
) -> Floats:
    """Write ``[X_j, y_j]' V_j^-1 [X_j, y_j]`` of every group; return the prior mean."""
    q, width, n_groups = arrays.columns.shape
    white = np.empty((q, width, n_groups))
    factor_groups(arrays.root, arrays.root_determinant, factor, s2, inverse)
    mean = whiten_problem(arrays, sampled, inverse, white)
    values = sampled - arrays.sampled_origin
    for j in range(n_groups):
        own = fold_sampled(residual[j], values)
        for c in range(width):
            for d in range(c + 1):
                entry = own[c, d] / s2
                for a in range(q):
                    entry += white[a, c, j] * white[a, d, j]
                cross[j, c, d] = entry
                cross[j, d, c] = entry
    return mean


@compiled_inside
def leave_each_out(
    arrays: Arrays,
    mean: Floats,
    cross: Floats,
    estimate: Floats,
    spread: Floats,
    log_precision: Floats,
) -> None:
    """Write the coefficients' mean, inverse factor and log precision without each group."""
    n_groups, width, _ = cross.shape
    p = width - 1
    before = np.zeros((n_groups, p, width))
    for j in range(1, n_groups):
        for c in range(p):
            for d in range(width):
                before[j, c, d] = before[j - 1, c, d] + cross[j - 1, c, d]
    after = np.empty((p, width))
    right = np.empty(p)
    pull = multiply(arrays.prior_precision, mean)
    for c in range(p):
        after[c, p] = pull[c]
        for d in range(p):
            after[c, d] = arrays.prior_precision[c, d]
    for j in range(n_groups - 1, -1, -1):
        for c in range(p):
            right[c] = before[j, c, p] + after[c, p]
            for d in range(p):
                spread[j, c, d] = before[j, c, d] + after[c, d]
            for d in range(width):
                after[c, d] += cross[j, c, d]
        log_precision[j] = cholesky_in_place(spread[j])
        invert_lower_in_place(spread[j])
        multiply_by_inverse(spread[j], right, estimate[j])


@compiled_inside
def precision_of_all(arrays: Arrays, cross: Floats, inverse_factor: Floats) -> float:
    """Write the inverse factor of the precision given every group; return its log determinant."""
    for c in range(inverse_factor.shape[0]):
        for d in range(inverse_factor.shape[0]):
            inverse_factor[c, d] = arrays.prior_precision[c, d] + cross[:, c, d].sum()
    log_determinant = cholesky_in_place(inverse_factor)
    invert_lower_in_place(inverse_factor)
    return log_determinant


@compiled_inside
def squared_distance(
    cross: Floats, estimate: Floats, inverse_factor: Floats, rest: Floats
) -> float:
    """Squared distance of a group's outcomes from what the other groups predict."""
    p = estimate.shape[0]
    total = float(cross[p, p])
    for c in range(p):
        rest[c] = cross[c, p]
        for d in range(p):
            rest[c] -= cross[c, d] * estimate[d]
        total -= estimate[c] * (cross[c, p] + rest[c])
    for r in range(p):
        entry = 0.0
        for c in range(r + 1):
            entry += inverse_factor[r, c] * rest[c]
        total -= entry * entry
    return total


@compiled_inside
def variance_along(inverse_factor: Floats, direction: Floats) -> float:
    """Variance of a combination of coefficients, from the inverse factor of their precision."""
    total = 0.0
    for r in range(direction.shape[0]):
        entry = 0.0
        for c in range(r + 1):
            entry += inverse_factor[r, c] * direction[c]
        total += entry * entry
    return total
