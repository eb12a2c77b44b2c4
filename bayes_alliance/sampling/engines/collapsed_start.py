"""Where the sampler of the collapsed engine starts: near the scale of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.problem import Problem
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.collapsed_problem import CollapsedProblem

Array = NDArray[np.float64]
# On the sd's own scale, so sixteen on the variance's: with fewer, sds of few groups mix badly.
STANDARD_ERRORS = 4.0
# As good as nothing: what is left of an outcome whose rows the group effects follow one by one.
_ROUNDING = 1e-12
type StartPlaces = Callable[[int], Array]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """The size of things before anything is sampled: full thetas, log sigma included.

    Parameters
    ----------
    typical
        A likely theta, shape (k,).
    resolution
        At the place of each group sd the sd that data can just tell from zero, shape (k,).
    """

    typical: Array
    resolution: Array


def measure(problem: CollapsedProblem, priors: VariancePriors) -> Measure:
    """Take the scale of the data from their sums.

    An sd of zero is estimated with a variance whose standard error is about
    ``sqrt(2 / groups)`` times the variance of what else moves the mean of a group: its rows, or
    the smaller groups it holds.
    """
    inner = problem.inner
    rows = max(2.0, inner.rows)
    spread, in_all = _spreads(inner, rows)
    scale, largest = (1.0, max(1.0, in_all)) if priors.known_sigma else (spread, in_all)
    typical = np.zeros(priors.size + priors.known_sigma)
    typical[0] = np.log(spread)
    resolution = np.ones_like(typical)
    first = 1
    for part in problem.parts:
        sds = slice(first, first + len(part.lengths))
        # Of a column of zeros nothing can be told: it gets the unit of a constant.
        lengths = np.where(part.lengths > 0.0, part.lengths / np.sqrt(rows), 1.0)
        typical[sds] = np.log(0.5 * scale / lengths)
        moved = largest if part.holds_groups else scale
        error = moved / lengths * np.sqrt(part.groups / part.members)
        resolution[sds] = STANDARD_ERRORS * error * (2.0 / part.groups) ** 0.25
        first = _next_factor(priors, first, len(part.lengths))
    if inner.prior.sampled.size:
        typical[-inner.prior.sampled.size :] = inner.prior.origin[inner.prior.sampled]
    return Measure(typical=typical, resolution=resolution)


def _spreads(inner: Problem, rows: float) -> tuple[float, float]:
    """Return the sd of rows within the groups of the largest factor, and of all rows."""
    off_root = inner.residual[-1, -1]
    square = off_root + (inner.columns[:, -1] ** 2).sum()
    in_all = np.sqrt(square / rows) if square > 0.0 else 1.0
    if off_root <= _ROUNDING * square:
        return in_all, in_all
    # Groups of few rows take up less than a row an effect: too large then, never too small.
    free = max(rows - inner.n_groups * inner.n_effects, 1.0)
    return min(np.sqrt(off_root / free), in_all), in_all


def _next_factor(priors: VariancePriors, first: int, effects: int) -> int:
    """Return where the sds of the next factor begin: after this one's sds and correlations."""
    later = priors.places[(priors.places >= first + effects) & (priors.positive == 1)]
    return int(later.min()) if later.size else first


def start_places(priors: VariancePriors, units: Array, typical: Array) -> StartPlaces:
    """Return a function from a seed to a place near a typical theta.

    Parameters
    ----------
    priors
        Those of the full theta.
    units
        Units of the sds that have a sign, 0 elsewhere, shape (k,).
    typical
        The full theta to start near, shape (k,).
    """
    kept = slice(int(priors.known_sigma), None)
    centre, unit = typical[kept], units[kept]
    signed = unit > 0

    def start(seed: int) -> Array:
        place = centre + generator(seed, Stream.STARTS).uniform(-0.5, 0.5, size=priors.size)
        place[signed] = np.arcsinh(np.exp(place[signed]) / unit[signed])
        return place

    return start
