"""Where the sampler of the collapsed engine starts: near the scale of the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.problem import Problem
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.sampling.engines.collapsed_problem import CollapsedProblem

Array = NDArray[np.float64]
type StartPlaces = Callable[[int], Array]


def typical_theta(problem: CollapsedProblem, priors: VariancePriors) -> Array:
    """Return a full theta, log sigma included, at the scale of the data."""
    inner = problem.inner
    rows = max(2.0, inner.rows)
    spread = np.sqrt(max(inner.residual[-1, -1], 1e-12) / rows)
    typical = 1.0 if priors.known_sigma else spread
    full = np.zeros(priors.size + priors.known_sigma)
    full[priors.places] = np.where(priors.positive == 1, np.log(0.5 * typical), 0.0)
    full[0] = np.log(spread)
    _scale_by_columns(full, inner, priors, typical)
    if inner.prior.sampled.size:
        full[-inner.prior.sampled.size :] = inner.prior.origin[inner.prior.sampled]
    return full


def start_places(priors: VariancePriors, scales: Array, typical: Array) -> StartPlaces:
    """Return a function from a seed to a place near a typical theta.

    Parameters
    ----------
    priors
        Those of the full theta.
    scales
        Units of the sds that have a sign, 0 elsewhere, shape (k,).
    typical
        The full theta to start near, shape (k,).
    """
    kept = slice(int(priors.known_sigma), None)
    centre, signed = np.where(scales > 0, 0.0, typical)[kept], (scales > 0)[kept]

    def start(seed: int) -> Array:
        jitter = np.random.default_rng(seed).uniform(-0.5, 0.5, size=priors.size)
        return np.where(signed, np.exp(jitter), centre + jitter)

    return start


def _scale_by_columns(full: Array, inner: Problem, priors: VariancePriors, typical: float) -> None:
    """Start sds of slopes at the scale of their columns; possible for one grouping factor."""
    if len(priors.block_ends) == 1:
        q = inner.n_effects
        lengths = np.sqrt((inner.root**2).sum(axis=(0, 2)) / max(2.0, inner.rows))
        full[1 : 1 + q] = np.log(0.5 * typical / np.maximum(lengths, 1e-12))
