"""The tops of a log density from many places to begin at: which there are, and what each weighs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance.sampling.engines.climb import Density, Top, climb

Array = NDArray[np.float64]
type Which = NDArray[np.bool_]

# A top with less of the mass than this is no competitor.
COMPETES = 0.01
# Chains cross a pass that lies this little (in the log density) below the lower of two tops.
PASS = 2.0
# Laplace's masses are trusted when they differ by more than this (in logs), else drawn points tell.
_BEYOND_DOUBT = 12.0
_POINTS = 300
# Degrees of freedom of what points are drawn from: few, as heavy-tailed priors have few.
_TAIL = 2.0
_MOST_STEPS = 120
_ALONG = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, kw_only=True)
class Optima:
    """Tops of a density, the heaviest first, with their shares of the mass.

    Parameters
    ----------
    tops
        No two of them are one: between any two the density falls by more than :data:`PASS`.
    weights
        Shares of the mass, adding up to one.
    """

    tops: tuple[Top, ...]
    weights: Array

    @property
    def competing(self) -> tuple[int, ...]:
        """Places of the tops that hold more than :data:`COMPETES` of the mass."""
        return tuple(int(k) for k in np.flatnonzero(self.weights > COMPETES))

    @cached_property
    def chances(self) -> Array:
        """How likely a chain starts at each: half by mass, half alike for those that compete."""
        alike = np.zeros(len(self.tops))
        alike[list(self.competing)] = 1.0
        chances = 0.5 * self.weights * alike + 0.5 * alike / alike.sum()
        return np.asarray(chances / chances.sum())


def find_optima(
    density: Density,
    places: Sequence[Array],
    more: Iterable[Array],
    signed: Which,
    signs: Callable[[Array], Array],
    rng: np.random.Generator,
) -> Optima | None:
    """Climb from each place and weigh what was found.

    Parameters
    ----------
    density
        Returns the log density at a place and its slope.
    places
        Where to begin, the best guesses first, each of shape (k,): climbed to the end.
    more
        Further ones, left as soon as they seem to lead to a top already found.
    signed
        Which entries tell the same story with either sign, shape (k,).
    signs
        Returns what a place is to be multiplied with to tell its story with all of these
        positive, shape (k,): its mirrored copies are one top.
    rng
        Draws the points that weigh tops of about the same mass.

    Returns
    -------
    Optima or None
        None if no place leads to a top.
    """
    tops: list[Top] = []

    def known(place: Array, value: float) -> bool:
        return any(_downhill(density, top, signs(place) * place, value, 0.0) for top in tops)

    for number, place in enumerate(chain(places, more)):
        asked = known if number >= len(places) else None
        top = climb(density, place, most_steps=_MOST_STEPS, known=asked)
        if top is not None:
            turn = signs(top.place)
            top = replace(top, place=turn * top.place, root=turn[:, None] * top.root)
            tops[:] = _with_another(density, tops, top)
    if not tops:
        return None
    tops.sort(key=lambda top: -top.log_mass)
    weights = _weights(density, tops, signed, rng)
    order = np.argsort(-weights, kind="stable")
    return Optima(tops=tuple(tops[k] for k in order), weights=weights[order])


def _downhill(density: Density, top: Top, place: Array, value: float, slack: float) -> bool:
    """Tell whether the density only falls on the straight way from a top to a place.

    It may lie ``slack`` below the lower end.
    """
    if value > top.value + slack:
        return False
    before = value
    for share in _ALONG:
        here = density(place + share * (top.place - place))[0]
        if not here >= before - slack:
            return False
        before = value if slack else here
    return True


def _with_another(density: Density, tops: list[Top], top: Top) -> list[Top]:
    """Add a top, unless a chain would cross between it and a known one: the higher stays."""
    for k, other in enumerate(tops):
        low, high = sorted((top, other), key=lambda t: t.value)
        if _downhill(density, high, low.place, low.value, PASS):
            return [*tops[:k], high, *tops[k + 1 :]]
    return [*tops, top]


def _weights(
    density: Density, tops: Sequence[Top], signed: Which, rng: np.random.Generator
) -> Array:
    """Return the shares of the mass: Laplace's, or of drawn points where these are close."""
    masses = np.asarray([top.log_mass - _copies(top, signed) for top in tops])
    weights = special.softmax(masses)
    close = [k for k, mass in enumerate(masses) if mass > masses.max() - _BEYOND_DOUBT]
    if len(close) > 1:
        shares = _drawn_masses(density, [tops[k] for k in close], signed, rng)
        weights[close] = shares * weights[close].sum()
    return np.asarray(weights)


def _copies(top: Top, signed: Which) -> float:
    """Return the log of how often a top at zero is counted beside one away from it."""
    spread = np.sqrt((top.root**2).sum(axis=1))
    # The mass on the positive side alone, of a normal that may reach over zero.
    return float(-special.log_ndtr(top.place[signed] / spread[signed]).sum())


def _drawn_masses(
    density: Density, tops: Sequence[Top], signed: Which, rng: np.random.Generator
) -> Array:
    """Return the shares of tops by importance sampling from wide t distributions about them."""
    size = len(tops[0].place)
    points = np.concatenate([spread_about(top, 1.0, _POINTS, rng) for top in tops])
    points = points[(points[:, signed] > 0.0).all(axis=1)]
    proposals = np.stack([_log_t(top, points) for top in tops])
    values = np.asarray([density(point)[0] for point in points])
    logs = np.where(np.isfinite(values), values, -np.inf) - special.logsumexp(proposals, axis=0)
    owner = nearest(tops, points)
    found = [special.logsumexp(np.append(logs[owner == k], -np.inf)) for k in range(len(tops))]
    laplace = np.asarray([top.log_mass - _copies(top, signed) for top in tops])
    usable = size > 0 and np.isfinite(found).all()
    return np.asarray(special.softmax(np.asarray(found) if usable else laplace))


def nearest(tops: Sequence[Top], points: Array) -> NDArray[np.int64]:
    """Return which top's t distribution is the densest at each point, shape (point, k)."""
    return np.asarray(np.argmax([_log_t(top, points) for top in tops], axis=0))


def _distances(top: Top, points: Array) -> Array:
    """Squared distances from a top in its own standard deviations."""
    return np.asarray((np.linalg.solve(top.root, (points - top.place).T) ** 2).sum(axis=0))


def _log_t(top: Top, points: Array) -> Array:
    """Log density of the t distribution about a top, but for a constant all tops share."""
    size = len(top.place)
    log_scale = np.linalg.slogdet(top.root)[1]
    tail = np.log1p(_distances(top, points) / _TAIL)
    return np.asarray(-log_scale - 0.5 * (_TAIL + size) * tail)


def spread_about(top: Top, width: float, count: int, rng: np.random.Generator) -> Array:
    """Draw from a t distribution about a top, so many times as wide as its curvature says."""
    normal = rng.standard_normal((count, len(top.place)))
    scale = np.sqrt(_TAIL / rng.chisquare(_TAIL, size=(count, 1)))
    return np.asarray(top.place + width * scale * normal @ top.root.T)
