"""The scale of the data of the collapsed engine, and where the search for its optima begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.one_factor.problem import Problem
from bayes_alliance.kernels.unconstrained import partials_of
from bayes_alliance.kernels.variance_priors import CODES, VariancePriors
from bayes_alliance.sampling.engines.collapsed.problem import CollapsedProblem

Array = NDArray[np.float64]
type _Maker = Callable[[np.random.Generator, float, float, float], float]

# Improper priors have no draws, and are not here.
_MAKERS: dict[str, _Maker] = {
    "Normal": lambda g, a, b, c: g.normal(a, b),
    "StudentT": lambda g, a, b, c: b + c * g.standard_t(a),
    "Cauchy": lambda g, a, b, c: a + b * g.standard_cauchy(),
    "Laplace": lambda g, a, b, c: g.laplace(a, b),
    "Logistic": lambda g, a, b, c: g.logistic(a, b),
    "HalfNormal": lambda g, a, b, c: abs(g.normal(0.0, a)),
    "HalfStudentT": lambda g, a, b, c: abs(b * g.standard_t(a)),
    "HalfCauchy": lambda g, a, b, c: abs(a * g.standard_cauchy()),
    "Exponential": lambda g, a, b, c: g.exponential(1.0 / a),
    "Gamma": lambda g, a, b, c: g.gamma(a, 1.0 / b),
    "InverseGamma": lambda g, a, b, c: b / g.gamma(a),
    "LogNormal": lambda g, a, b, c: g.lognormal(a, b),
    "Weibull": lambda g, a, b, c: b * g.weibull(a),
}
_BY_CODE = {CODES[name]: maker for name, maker in _MAKERS.items()}
# How far from a typical value one without a proper prior is drawn.
_WIDE = 2.0
_SMALLEST = 1e-300


def draw_theta(priors: VariancePriors, typical: Array, rng: np.random.Generator) -> Array:
    """Draw one full theta.

    Parameters
    ----------
    priors
        Those of the full theta.
    typical
        Where entries with improper priors are drawn about, shape (k,).
    rng
        The random numbers.
    """
    theta = typical + rng.uniform(-_WIDE, _WIDE, size=len(typical))
    entries = zip(priors.codes, priors.arguments, priors.places, priors.positive, strict=True)
    for code, arguments, place, positive in entries:
        maker = _BY_CODE.get(int(code))
        if maker is not None:
            value = float(maker(rng, *arguments))
            theta[place] = np.log(max(value, _SMALLEST)) if positive else value
    for size, start, eta in zip(priors.blocks, priors.block_places, priors.etas, strict=True):
        position = int(start)
        for i in range(int(size)):
            for k in range(i):
                alpha = eta + 0.5 * (size - 2 - k)
                theta[position] = 0.5 * np.log(rng.gamma(alpha) / rng.gamma(alpha))
                position += 1
    if priors.known_sigma:
        theta[0] = 0.0
    return theta


# On the sd's own scale, so sixteen on the variance's: with fewer, sds of few groups mix badly.
STANDARD_ERRORS = 4.0
# As good as nothing: what is left of an outcome whose rows the group effects follow one by one.
_ROUNDING = 1e-12
_PRIOR_DRAWS = 10
# Places closer than this lead to the same top.
_ALIKE = 0.1


@dataclass(frozen=True, kw_only=True)
class Measure:
    """The size of things before anything is sampled: full thetas, log sigma included.

    Parameters
    ----------
    typical
        A likely theta with correlations of zero, shape (k,).
    even
        Another one, whose correlations make the rows of groups vary alike in every direction:
        where zero is far from all rows, intercept and slope of a group go closely together.
    resolution
        At the place of each group sd the sd that data can just tell from zero, shape (k,).
    """

    typical: Array
    even: Array
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
    even = _even(problem, priors, typical, scale)
    return Measure(typical=typical, even=even, resolution=resolution)


def _even(problem: CollapsedProblem, priors: VariancePriors, typical: Array, scale: float) -> Array:
    """Return the theta whose groups' rows vary alike in all directions of a block's columns."""
    even = typical.copy()
    rows = max(2.0, problem.inner.rows)
    block, first = 0, 1
    for part, last in zip(problem.parts, priors.block_ends, strict=True):
        along = 0
        for number in range(block, last):
            own = slice(along, along + int(priors.blocks[number]))
            root = _root_of_inverse(part.products[own, own])
            if root is not None:
                sd = np.sqrt((root**2).sum(axis=1))
                unit = root / sd[:, None]
                partials = partials_of((unit @ unit.T)[None], [len(sd)])[0]
                even[first + own.start : first + own.stop] = np.log(0.5 * scale * sd * rows**0.5)
                at = priors.block_places[number]
                even[at : at + len(partials)] = partials
            along = own.stop
        block = int(last)
        first = _next_factor(priors, first, len(part.lengths))
    return even


def _root_of_inverse(products: Array) -> Array | None:
    """Return a root of the inverse of cross products, None if they have none."""
    lengths = np.sqrt(np.diagonal(products))
    if len(lengths) < 2 or not (lengths > 0.0).all():
        return None
    values, vectors = np.linalg.eigh(products / np.outer(lengths, lengths))
    if values[0] <= 1e-13 * values[-1]:
        return None
    return np.asarray(vectors / np.sqrt(values) / lengths[:, None])


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


def places_of_the_data(priors: VariancePriors, units: Array, size: Measure) -> list[Array]:
    """Return the places of the data's scale: one, or two where correlations matter.

    Parameters
    ----------
    priors
        Those of the full theta.
    units
        Units of the sds that have a sign, 0 elsewhere, shape (k,).
    size
        The data's scale.
    """
    even, typical = (place_of(theta, priors, units) for theta in (size.even, size.typical))
    return [even] if np.abs(even - typical).max() <= _ALIKE else [even, typical]


def places_of_the_prior(
    priors: VariancePriors, units: Array, size: Measure, rng: np.random.Generator
) -> Iterator[Array]:
    """Yield the places of draws from the prior; the arguments are those of the data's places."""
    for _ in range(_PRIOR_DRAWS):
        yield place_of(draw_theta(priors, size.typical, rng), priors, units)


def place_of(theta: Array, priors: VariancePriors, units: Array) -> Array:
    """Return the place, all signs positive, of a full theta."""
    kept = slice(int(priors.known_sigma), None)
    return np.asarray(positive_places(theta[None, kept], units[kept])[0])


def positive_places(theta: Array, units: Array) -> Array:
    """Return the places, all signs positive, of thetas as the sampler has them, shape (n, k)."""
    places, signed = theta.copy(), units > 0.0
    with np.errstate(over="ignore"):
        places[:, signed] = np.arcsinh(np.exp(places[:, signed]) / units[signed])
    return places
