"""Fitting the proposal to the density: batches of points, weights, a mixture refitted.

Weights are those of the mixture of all proposals so far (cornuet2012), so that a batch whose
proposal was poor does no harm; the next proposal is fitted to them by weighted expectation and
maximisation (cappe2008).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.independent.mixture import Mixture

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
type Values = Callable[[Array], Array]

BATCH = 1_000
_FEWEST, _MOST = 2, 12
# Weights worth this share of a batch are good enough; more batches would cost more than they gain.
_GOOD = 0.6
# Batches in a row that may bring nothing new.
_PATIENCE = 2
_GROWS = 1.05
_COMPONENTS, _MOST_COMPONENTS = 3, 5
_STEPS = 4
# Where an sd is small its correlations are unsure: a corner that few components miss.
_GUARD, _GUARD_WIDTH = 0.1, 3.0
# Weights worth fewer points for each unknown are made more alike before anything is fitted.
_POINTS_AN_UNKNOWN, _LEAST_POINTS = 10, 50


class Proposal(Protocol):
    """Something that points were drawn from."""

    def log_density(self, points: Array) -> Array:
        """Return the log density at each point, shape (n,)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Every point so far with its density, and every proposal's density there.

    Parameters
    ----------
    points, values
        Shapes (n, k) and (n,): points and the log density at them.
    proposals, sizes
        What they were drawn from, and how many from each.
    proposed
        Log density of each proposal at each point, shape (n, proposal).
    """

    points: Array
    values: Array
    proposals: tuple[Proposal, ...] = ()
    sizes: tuple[int, ...] = ()
    proposed: Array

    def joined(self, proposal: Proposal, points: Array, values: Array) -> Seen:
        """Add a batch."""
        earlier = [own.log_density(points) for own in self.proposals]
        rows = np.reshape(earlier, (len(self.proposals), len(points))).T
        whole = np.vstack([self.points, points])
        column = proposal.log_density(whole)
        return Seen(
            points=whole,
            values=np.concatenate([self.values, values]),
            proposals=(*self.proposals, proposal),
            sizes=(*self.sizes, len(points)),
            proposed=np.column_stack([np.vstack([self.proposed, rows]), column]),
        )

    @property
    def weights(self) -> Array:
        """Weights of the points against the mixture of all proposals, adding up to one."""
        shares = np.log(np.asarray(self.sizes) / sum(self.sizes))
        return special.softmax(self.values - special.logsumexp(self.proposed + shares, axis=1))


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """A proposal fitted to a density.

    Parameters
    ----------
    mixture
        What is proposed from henceforth.
    seen
        All that it was fitted to.
    shares
        What the weights of each batch, against its own proposal, were worth as a share of it.
    """

    mixture: Mixture
    seen: Seen
    shares: tuple[float, ...]


def nothing_seen(size: int) -> Seen:
    """Return what is known before the first batch of points of so many entries."""
    return Seen(points=np.empty((0, size)), values=np.empty(0), proposed=np.empty((0, 0)))


def adapt(density: Values, first: Mixture, seed: int, seen: Seen) -> Adapted | None:
    """Fit a proposal to a density, batch by batch.

    Parameters
    ----------
    density
        Returns the log density at points, shape (n, k) to (n,).
    first
        What is proposed from at first.
    seed
        The fit's.
    seen
        Points that are known beforehand.

    Returns
    -------
    Adapted or None
        After the first batch that is good enough, or when further ones bring nothing. None if
        the density is zero at every point of a batch.
    """
    mixture, shares = first, list[float]()
    while not (len(shares) >= _FEWEST and _is_done(shares)):
        rng = generator(seed, Stream.PROPOSALS, len(shares))
        points = mixture.draw(BATCH, rng)
        values = density(points)
        if not np.isfinite(values).any():
            return None
        shares.append(share_of_weights(values - mixture.log_density(points)))
        seen = seen.joined(mixture, points, values)
        mixture = _refitted(mixture, seen, rng, grows=shares[-1] < _GOOD)
    return Adapted(mixture=_guarded(mixture, seen), seen=seen, shares=tuple(shares))


def adapt_further(adapted: Adapted, points: Array, values: Array, seed: int) -> Adapted:
    """Fit the proposal once more, to what was drawn from it too.

    Parameters
    ----------
    adapted
        The proposal so far.
    points, values
        What was drawn from it, shapes (n, k) and (n,), with the log density.
    seed
        The fit's.
    """
    seen = adapted.seen.joined(adapted.mixture, points, values)
    rng = generator(seed, Stream.PROPOSALS, _MOST)
    mixture = _refitted(adapted.mixture, seen, rng, grows=True)
    return replace(adapted, mixture=_guarded(mixture, seen), seen=seen)


def share_of_weights(log_weights: Array) -> float:
    """Return how many equal weights these are worth, as a share of their number."""
    if not np.isfinite(log_weights).any():
        return 0.0
    weights = special.softmax(log_weights)
    return float(1.0 / (weights @ weights) / len(weights))


def _is_done(shares: list[float]) -> bool:
    """Tell whether the last batch was good enough, or the last few brought nothing."""
    if shares[-1] > _GOOD or len(shares) == _MOST:
        return True
    before, lately = shares[:-_PATIENCE], shares[-_PATIENCE:]
    poor = shares[-1] < 0.5 * _GOOD
    return not poor and bool(before) and max(lately) < _GROWS * max(before)


def _refitted(mixture: Mixture, seen: Seen, rng: np.random.Generator, *, grows: bool) -> Mixture:
    """Fit the mixture to weighted points; with another component where it fits them badly."""
    points = seen.points
    told = _tempered(seen.weights, max(_LEAST_POINTS, _POINTS_AN_UNKNOWN * mixture.size))
    wanted = max(_COMPONENTS, len(mixture.weights) + 1) if grows else _COMPONENTS
    more = min(wanted, _MOST_COMPONENTS) - len(mixture.weights)
    if more > 0:
        share = 1.0 / (len(mixture.weights) + more)
        picked = points[rng.choice(len(points), more, p=told)]
        mixture = mixture.joined(picked, _covariance(points, told), share * more)
    return mixture.fitted(points, told, _STEPS)


def _guarded(mixture: Mixture, seen: Seen) -> Mixture:
    """Add one that is wider than all together, for corners that no batch happened to reach."""
    weights = seen.weights
    middle = (weights @ seen.points)[None]
    return mixture.joined(middle, _GUARD_WIDTH * _covariance(seen.points, weights), _GUARD)


def _covariance(points: Array, weights: Array) -> Array:
    """Return the covariance of weighted points, shape (k, k), of full rank."""
    away = points - weights @ points
    scale = (weights[:, None] * away).T @ away
    scale[np.diag_indices_from(scale)] *= 1.0 + 1e-9
    scale[np.diag_indices_from(scale)] += 1e-12
    return np.asarray(scale)


def _tempered(weights: Array, least: int) -> Array:
    """Return weights to the highest power, up to one, at which they are worth so many points."""

    def raised(power: float) -> Array:
        logs = np.log(np.maximum(weights, 1e-300)) * power
        return np.asarray(special.softmax(np.where(weights > 0.0, logs, -np.inf)))

    def worth(power: float) -> float:
        found = raised(power)
        return float(1.0 / (found @ found))

    if worth(1.0) >= least:
        return weights
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if worth(middle) >= least else (low, middle)
    return raised(low)
