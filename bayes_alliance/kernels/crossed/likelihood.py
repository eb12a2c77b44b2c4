"""The collapsed log density and gradient for several grouping factors, nested or crossed.

Exact: the factor with the most groups is eliminated block by block, the effects of the others
and the coefficients together in one Cholesky factor, dense but for what nesting leaves zero.
The cost of a gradient does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled, compiled_inside
from bayes_alliance.kernels.crossed.blocks import scale_vector
from bayes_alliance.kernels.crossed.gradient import (
    dense_slopes,
    eliminated_middle,
    leave_sparse_residuals,
)
from bayes_alliance.kernels.crossed.information import (
    eliminated_factor,
    information,
    off_less_sampled,
    solve_dense,
    whiten_along,
)
from bayes_alliance.kernels.crossed.problem import CrossedArrays, CrossedProblem
from bayes_alliance.kernels.envelope import add_symmetric, covariance_within, trace_within
from bayes_alliance.kernels.one_factor.coefficients import sampled_slope, whiten_problem
from bayes_alliance.kernels.triangular import dot, multiply, multiply_transposed
from bayes_alliance.kernels.unconstrained import factor_slope
from bayes_alliance.kernels.variance_slopes import slope_from_middle
from bayes_alliance.kernels.whitening import factor_groups


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
