"""Bridge sampling: the ratio of two normalising constants from draws of both sides.

One side is the posterior, unnormalised; the other a proposal that is a normal distribution fitted
to posterior draws. The optimal bridge is the one root of a monotone equation, so it is found by
bracketing instead of iterating a fixed point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Array = NDArray[np.float64]
_LOG_TWO_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """One estimate of a log ratio of normalising constants.

    Parameters
    ----------
    log_ratio
        Log normalising constant of the target less that of the proposal.
    at_draws, at_proposals
        The two averaged terms, each divided by its mean: their variances over their effective
        numbers add up to the relative variance of the ratio. Shapes of the inputs.
    """

    log_ratio: float
    at_draws: Array
    at_proposals: Array


@dataclass(frozen=True, kw_only=True)
class Centred:
    """A normal distribution as the map from standard normals: ``mean + root z``."""

    mean: Array
    root: Array

    @property
    def log_determinant(self) -> float:
        """Log determinant of the root."""
        return float(np.log(np.diagonal(self.root)).sum())

    def standardized(self, points: Array) -> Array:
        """Map points, shape (n, d), to where the normal is a standard one."""
        from scipy import linalg

        solved = linalg.solve_triangular(self.root, (points - self.mean).T, lower=True)
        return np.ascontiguousarray(solved.T)

    def back(self, standard: Array) -> Array:
        """Map standard points, shape (n, d), to the target's scale."""
        return np.ascontiguousarray(self.mean + standard @ self.root.T)


def fitted_normal(points: Array) -> Centred:
    """Return the normal with the mean and covariance of points, shape (n, d).

    Raises
    ------
    numpy.linalg.LinAlgError
        If the points do not span all d dimensions.
    """
    mean = points.mean(axis=0)
    covariance = np.cov(points, rowvar=False, ddof=1).reshape(len(mean), len(mean))
    scale = np.sqrt(np.diagonal(covariance))
    correlation = covariance / scale[:, None] / scale
    return Centred(mean=mean, root=scale[:, None] * np.linalg.cholesky(correlation))


def log_standard_normal(standard: Array) -> Array:
    """Return the log density of standard normal vectors, shape (n, d)."""
    size = standard.shape[-1]
    return np.asarray(-0.5 * (size * _LOG_TWO_PI + (standard**2).sum(axis=-1)))


def log_symmetrized(here: Array, mirrored: Array) -> Array:
    """Return the log density of a target made symmetric: the mean of a point's and its mirror's.

    It has the target's normalising constant and, being symmetric as the proposal is, overlaps
    with it better wherever the target is skewed (Meng and Schilling's warp).
    """
    return np.asarray(np.logaddexp(here, mirrored) - np.log(2.0))


def bridge(draws: Array, proposals: Array, *, effective_draws: float) -> Bridge:
    """Return the optimal bridge estimate.

    Parameters
    ----------
    draws
        Log target less log proposal density at draws from the target, any shape.
    proposals
        The same at draws from the proposal, shape (m,).
    effective_draws
        How many independent ones the target's draws are worth; they are weighed by it.

    Raises
    ------
    ValueError
        If a draw of the target has no density, or no proposal has.
    """
    if not np.isfinite(draws).all() or not np.isfinite(proposals).any():
        raise ValueError("the densities at the draws are not finite")
    share = effective_draws / (effective_draws + proposals.size)
    lean = float(special.logit(share))

    def terms(c: float) -> tuple[Array, Array]:
        return special.expit(c - draws - lean) / (1 - share), special.expit(
            proposals - c + lean
        ) / share

    def gap(c: float) -> float:
        target, proposal = terms(c)
        return float(np.mean(target) - np.mean(proposal))

    finite = np.concatenate([draws.ravel(), proposals[np.isfinite(proposals)]])
    low, high = float(finite.min()) - 1.0, float(finite.max()) + 1.0
    # The gap rises with c; far enough out its sign is sure.
    while gap(low) > 0:
        low -= 2 * (high - low)
    while gap(high) < 0:
        high += 2 * (high - low)
    root = float(optimize.brentq(gap, low, high, xtol=1e-12, rtol=1e-14))
    target, proposal = terms(root)
    return Bridge(
        log_ratio=root, at_draws=target / target.mean(), at_proposals=proposal / proposal.mean()
    )
