"""The optima of the collapsed posterior in the sampler's coordinates, and starts about them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.pointers import address_table
from bayes_alliance.kernels.signed_scales import theta_at
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.climb import Top
from bayes_alliance.sampling.engines.collapsed.problem import CollapsedProblem
from bayes_alliance.sampling.engines.collapsed.start import (
    Measure,
    place_of,
    places_of_the_data,
    places_of_the_prior,
)
from bayes_alliance.sampling.engines.optima import Optima, find_optima, spread_about

Array = NDArray[np.float64]
type StartPlaces = Callable[[int], Array]

# Wider than the posterior, so that chains which agree have come together.
_WIDTHS = (2.0, 1.0, 0.5, 0.1)
# Standard deviations a chain may start away in any one direction.
_FARTHEST = 4.0
# Squared ratio of a ridge's length to its width: beyond, each draw takes very many steps.
_RIDGE = 1_000.0
# In units of an sd: small beside what data can tell, and beside any spike that a prior makes.
_NEAR_ZERO, _AT_ZERO = 1e-3, 1e-6
_POINTER = ctypes.c_void_p


class PlaceDensity:
    """The collapsed log posterior of a place with its slope, called at its address."""

    def __init__(self, problem: CollapsedProblem, priors: VariancePriors, units: Array) -> None:
        address, self._arrays = problem.callback(priors, units)
        self._table = address_table(self._arrays)
        made = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[_POINTER] * 4)
        self._function: Any = made(address)
        self._data = self._table.ctypes.data

    def __call__(self, place: Array) -> tuple[float, Array]:
        """Return the log density, minus infinity where there is none, and the slope."""
        here = np.ascontiguousarray(place)
        numbers = np.empty(len(here) + 1)
        out = numbers.ctypes.data
        failed = self._function(len(here), here.ctypes.data, out, out + 8 * len(here), self._data)
        return (-np.inf if failed else float(numbers[-1])), numbers[:-1]


def collapsed_optima(
    problem: CollapsedProblem, priors: VariancePriors, units: Array, size: Measure, seed: int
) -> Optima:
    """Seek the optima from the data's scale and from draws of the prior, and weigh them.

    Parameters
    ----------
    problem, priors, units
        What the density is made of.
    size
        The data's scale.
    seed
        The fit's.
    """
    rng = generator(seed, Stream.OPTIMA)
    known, flat = int(priors.known_sigma), priors.arrays()
    signed = units[known:] > 0.0

    def signs(place: Array) -> Array:
        turn, turned = np.where(signed, place, 1.0), np.empty(len(place))
        theta_at(turn, units, known, flat, turned)
        return np.where(signed, np.where(place > 0.0, 1.0, -1.0), turned)

    density = PlaceDensity(problem, priors, units)
    first = places_of_the_data(priors, units, size)
    first += _almost_zero(density, first[-1], signed)
    more = places_of_the_prior(priors, units, size, rng)
    found = find_optima(density, first, more, signed, signs, rng)
    if found is not None:
        return found
    # No top within reach, as under improper priors: the data's scale, as wide as half a log.
    place = place_of(size.even, priors, units)
    top = Top(place=place, value=0.0, root=0.25 * np.eye(len(place)))
    return Optima(tops=(top,), weights=np.ones(1))


def _almost_zero(density: PlaceDensity, place: Array, signed: NDArray[np.bool_]) -> list[Array]:
    """Return the place with those sds at zero near which the density falls, if it does of any."""
    near = np.where(signed, _NEAR_ZERO, place)
    value, slope = density(near)
    falls = signed & (slope < 0.0) & np.isfinite(value)
    return [np.where(falls, _AT_ZERO, place)] if falls.any() else []


def start_places(density: Callable[[Array], tuple[float, Array]], optima: Optima) -> StartPlaces:
    """Return a function from a chain's seed to a place about one of the optima."""

    def start(seed: int) -> Array:
        rng = generator(seed, Stream.STARTS)
        top = optima.tops[rng.choice(len(optima.tops), p=optima.chances)]
        for width in _WIDTHS:
            place = spread_about(top, width, 1, rng)[0]
            away = np.linalg.solve(top.root, place - top.place)
            place = top.place + top.root @ (_FARTHEST * np.tanh(away / _FARTHEST))
            if np.isfinite(density(place)[0]):
                return place
        return top.place

    return start


def is_narrow_ridge(optima: Optima) -> bool:
    """Tell whether the heaviest optimum is a ridge across the axes that a diagonal cannot fit."""
    covariance = optima.tops[0].root @ optima.tops[0].root.T
    scale = np.sqrt(np.diagonal(covariance))
    return bool(np.linalg.cond(covariance / np.outer(scale, scale)) > _RIDGE)
