"""The collapsed log posterior of several grouping factors, nested or crossed, with its gradient.

Exact: the factor with the most groups is eliminated block by block, the effects of the others
and the coefficients together in one Cholesky factor, dense but for what nesting leaves zero.
The cost of a gradient does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled, compiled_inside
from bayes_alliance.kernels.crossed.gradient import (
    dense_slopes,
    eliminated_middle,
    leave_sparse_residuals,
)
from bayes_alliance.kernels.crossed.information import (
    eliminated_factor,
    information,
    off_less_sampled,
    scale_vector,
    solve_dense,
    whiten_along,
)
from bayes_alliance.kernels.crossed.problem import CrossedArrays, CrossedProblem
from bayes_alliance.kernels.envelope import add_symmetric, covariance_within, trace_within
from bayes_alliance.kernels.one_factor.coefficients import sampled_slope, whiten_problem
from bayes_alliance.kernels.triangular import dot, multiply, multiply_transposed
from bayes_alliance.kernels.unconstrained import (
    add_slope,
    constrain,
    count_parameters,
    factor_slope,
    scale_rows,
)
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors
from bayes_alliance.kernels.whitening import factor_groups, slope_from_middle


@dataclass(frozen=True, kw_only=True)
class CrossedGradient:
    """The log density and its slopes.

    Parameters
    ----------
    log_density
        Log marginal likelihood of the outcome.
    factors
        Slope in the lower factor of each G, ``dL = sum(slope * dfactor)``, in the order of the
        factors. For a positive definite G the slope in G itself is half of it times the inverse
        of the factor.
    residual_variance
        Slope in s2.
    sampled
        Slope in the coefficients that are not integrated out.
    """

    log_density: float
    factors: tuple[Floats, ...]
    residual_variance: float
    sampled: Floats


def density_and_gradient(
    problem: CrossedProblem,
    s2: float,
    factors: Sequence[Floats],
    sampled: Floats | None = None,
) -> CrossedGradient:
    """Evaluate the collapsed log density of several grouping factors and its gradient.

    Parameters
    ----------
    problem
        From :func:`bayes_alliance.kernels.crossed.problem.prepare_crossed`.
    s2
        Residual variance.
    factors
        For each grouping factor a matrix with ``factor factor' = G``.
    sampled
        Values of the coefficients that are not integrated out.
    """
    wanted = problem.eliminated_problem.prior.sampled.size
    values = np.zeros(0) if sampled is None else np.ascontiguousarray(sampled, dtype=np.float64)
    if values.shape != (wanted,):
        raise ValueError(f"{wanted} sampled coefficients are needed")
    stacked = stack_factors(problem, factors)
    slopes = np.zeros_like(stacked)
    d_sampled = np.zeros_like(values)
    log_density, d_s2 = evaluate_crossed(
        problem.arrays(), float(s2), stacked, values, slopes, d_sampled
    )
    sizes = [len(factor) for factor in factors]
    return CrossedGradient(
        log_density=log_density,
        factors=tuple(slopes[f, :q, :q].copy() for f, q in enumerate(sizes)),
        residual_variance=d_s2,
        sampled=d_sampled,
    )


def stack_factors(problem: CrossedProblem, factors: Sequence[Floats]) -> Floats:
    """Put the factors of different sizes into one array, shape (F, largest q, largest q)."""
    sizes = [int(q) for q in problem.moments.effects]
    if [np.shape(factor) for factor in factors] != [(q, q) for q in sizes]:
        raise ValueError(f"factors must be square with {sizes} effects")
    stacked = np.zeros((len(sizes), max(sizes), max(sizes)))
    for f, q in enumerate(sizes):
        stacked[f, :q, :q] = factors[f]
    return stacked


@compiled
def evaluate_crossed(
    crossed: CrossedArrays,
    s2: float,
    factors: Floats,
    sampled: Floats,
    d_factors: Floats,
    d_sampled: Floats,
) -> tuple[float, float]:
    """Evaluate for compiled callers: return density and slope in s2, write the other slopes."""
    arrays = crossed.arrays
    q, width, n_groups = arrays.columns.shape
    own = eliminated_factor(crossed, factors)
    inverse = np.empty((q, q, n_groups))
    white = np.empty((q, width, n_groups))
    log_groups = factor_groups(arrays.root, arrays.root_determinant, own, s2, inverse)
    mean = whiten_problem(arrays, sampled, inverse, white)
    along = whiten_along(crossed, inverse)
    off = off_less_sampled(crossed, sampled)
    total = information(crossed, off, along, white, s2)
    size = crossed.reach.shape[0]
    dense = size - mean.shape[0]
    root, scaled = np.empty_like(total), np.empty(size)
    log_precision = solve_dense(crossed, factors, total, mean, root, scaled)
    estimate = scaled.copy()
    scale_vector(crossed, factors, estimate)
    off_root = _residual_squares(crossed, off, estimate)
    on_root = leave_sparse_residuals(crossed, along, white, estimate)
    strain = multiply(arrays.prior_root, estimate[dense:] - mean)
    effects = scaled[:dense]
    quadratic = off_root / s2 + on_root + dot(strain, strain) + dot(effects, effects)
    log_volume = arrays.rows * np.log(s2) + log_groups + log_precision
    log_density = arrays.constant - 0.5 * (log_volume + quadratic)
    pull = multiply_transposed(arrays.prior_root, strain)
    outcome = white[:, width - 1].copy()
    sampled_slope(arrays, estimate, sampled, inverse, outcome, s2, pull, d_sampled)
    spread = covariance_within(root, crossed.reach, crossed.at)
    dense_slopes(crossed, factors, total, spread, scaled, estimate, d_factors)
    off_root += trace_within(spread, off, crossed.reach, crossed.at)
    d_s2 = 0.5 * (off_root / s2 - (arrays.rows - q * n_groups)) / s2
    middle = eliminated_middle(crossed, along, white, spread)
    return log_density, d_s2 + _eliminated_slope(crossed, own, inverse, middle, d_factors)


@compiled_inside
def _residual_squares(crossed: CrossedArrays, residual: Floats, estimate: Floats) -> float:
    """Residual sum of squares off the root, at the estimate."""
    size = estimate.shape[0]
    last = crossed.at[size]
    pulled = -2.0 * residual[last : last + size]
    add_symmetric(residual, crossed.reach, crossed.at, 1.0, estimate, pulled)
    return float(residual[last + size] + dot(pulled, estimate))


@compiled_inside
def _eliminated_slope(
    crossed: CrossedArrays, own: Floats, inverse: Floats, middle: Floats, d_factors: Floats
) -> float:
    """Write the slope in the eliminated factor; return its groups' part of the slope in s2."""
    q = own.shape[0]
    d_covariance = np.empty((q, q))
    slope = np.empty((q, q))
    on_root = slope_from_middle(crossed.arrays.root, inverse, middle, d_covariance)
    factor_slope(d_covariance, own, slope)
    for a in range(q):
        for b in range(q):
            d_factors[crossed.eliminated, a, b] = slope[a, b]
    return on_root


@compiled
def evaluate_crossed_unconstrained(
    crossed: CrossedArrays,
    theta: Floats,
    blocks: Integers,
    block_ends: Integers,
    gradient: Floats,
) -> float:
    """Return log likelihood plus log Jacobian, and write the gradient.

    Parameters
    ----------
    crossed
        From :meth:`bayes_alliance.kernels.crossed.problem.CrossedProblem.arrays`.
    theta
        ``log sigma``, the stretch of each factor in the order given, sampled coefficients.
    blocks, block_ends
        Sizes of the blocks of correlated effects of all factors, one after the other, and where
        each factor's blocks end: shapes (blocks,) and (F,).
    gradient
        Written, as long as theta.
    """
    n_factors = crossed.effects.shape[0]
    largest = 0
    for q in crossed.effects:
        largest = max(largest, q)
    factors = np.zeros((n_factors, largest, largest))
    d_factors = np.zeros((n_factors, largest, largest))
    stop = 1 + count_parameters(blocks)
    log_jacobian = theta[0]
    position = 1
    for f in range(n_factors):
        q = crossed.effects[f]
        mine = blocks[block_ends[f - 1] if f > 0 else 0 : block_ends[f]]
        tau = np.empty(q)
        factor = np.empty((q, q))
        log_jacobian += constrain(theta, position, mine, tau, factor)
        scale_rows(tau, factor, factors[f])
        position += count_parameters(mine)
    s2 = np.exp(2.0 * theta[0])
    log_density, d_s2 = evaluate_crossed(
        crossed, s2, factors, theta[stop:], d_factors, gradient[stop:]
    )
    gradient[:stop] = 0.0
    gradient[0] = 1.0 + 2.0 * s2 * d_s2
    position = 1
    for f in range(n_factors):
        q = crossed.effects[f]
        mine = blocks[block_ends[f - 1] if f > 0 else 0 : block_ends[f]]
        add_slope(theta, position, mine, q, factors[f], d_factors[f], gradient)
        position += count_parameters(mine)
    return float(log_density + log_jacobian)


@compiled
def log_crossed_posterior(
    crossed: CrossedArrays, priors: PriorArrays, known_sigma: int, theta: Floats, gradient: Floats
) -> float:
    """Return the log posterior density of theta up to the evidence, and write its gradient.

    The arguments are those of
    :func:`bayes_alliance.kernels.one_factor.posterior.log_posterior`.
    """
    full = np.zeros(theta.shape[0] + known_sigma)
    full[known_sigma:] = theta
    slope = np.empty_like(full)
    total = evaluate_crossed_unconstrained(crossed, full, priors.blocks, priors.block_ends, slope)
    total += add_priors(priors, full, slope)
    gradient[:] = slope[known_sigma:]
    return float(total)
