"""Climbing a smooth log density from one place to its nearest top, in few evaluations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
type Density = Callable[[Array], tuple[float, Array]]

# What a full step would still gain, in units of the log density, when a top is reached.
_REACHED = 1e-4
_LONGEST_STEP = 2.0
# Before anything is known of the curvature: short, not to leap off a spike.
_FIRST_STEP = 0.1
# Of a step: a spike at an sd of zero may be a millionth as wide as the data's own scale.
_SHORTEST_SHARE = 1e-9
# Below this curvature, on the scale that the climb itself has learnt, a direction counts as flat.
_FLAT = 1e-4
_ROUNDS = 6


@dataclass(frozen=True, kw_only=True)
class Top:
    """A top of a log density.

    Parameters
    ----------
    place
        Where it is, shape (k,).
    value
        The log density there.
    root
        A root of the covariance that its curvature stands for, shape (k, k).
    """

    place: Array
    value: float
    root: Array

    @property
    def log_mass(self) -> float:
        """The log of the mass about it by Laplace's approximation."""
        half = 0.5 * len(self.place) * np.log(2.0 * np.pi)
        return float(self.value + half + np.linalg.slogdet(self.root)[1])


@dataclass
class _Walk:
    """Where a climb stands, what it has learnt of the curvature, and the steps it has left."""

    place: Array
    value: float
    slope: Array
    inverse: Array
    left: int

    @property
    def gain(self) -> float:
        """What a full step would gain."""
        return float(0.5 * self.slope @ self.inverse @ self.slope)


def climb(
    density: Density,
    start: Array,
    *,
    most_steps: int,
    known: Callable[[Array, float], bool] | None = None,
    look_every: int = 6,
) -> Top | None:
    """Follow a density upwards with the method of Broyden, Fletcher, Goldfarb and Shanno.

    Parameters
    ----------
    density
        Returns the log density at a place and its slope.
    start
        Where to begin, shape (k,).
    most_steps
        Steps after which the climb is given up.
    known
        Tells whether a place with its density belongs to a top already found: the climb ends.
    look_every
        Steps between two such questions.

    Returns
    -------
    Top or None
        None if the top is known, or none was reached.
    """
    value, slope = density(start)
    if not (np.isfinite(value) and np.isfinite(slope).all()):
        return None
    walk = _Walk(start.copy(), value, slope, np.eye(len(start)), most_steps)
    for _ in range(_ROUNDS):
        if not _walk_up(density, walk, known, look_every):
            return None
        root, certain = _root_of_covariance(density, walk)
        # The curvature itself, not what the walk made of it, says whether this is the top.
        walk.inverse = root @ root.T
        if certain and walk.gain < 10.0 * _REACHED:
            return Top(place=walk.place, value=walk.value, root=root)
    return None


def _walk_up(
    density: Density, walk: _Walk, known: Callable[[Array, float], bool] | None, every: int
) -> bool:
    """Take steps until none gains anything; tell whether a new top may be here."""
    first = True
    while walk.left > 0:
        looks = known is not None and not first and walk.left % every == 0
        if looks and known is not None and known(walk.place, walk.value):
            return False
        if walk.gain < _REACHED and not first:
            return True
        if not _step(density, walk, scale=first):
            return True
        walk.left -= 1
        first = False
    return False


def _step(density: Density, walk: _Walk, *, scale: bool) -> bool:
    """Take one step upwards; tell whether there was one."""
    direction = walk.inverse @ walk.slope
    longest = _FIRST_STEP if scale else _LONGEST_STEP
    direction *= min(1.0, longest / max(float(np.abs(direction).max()), 1e-300))
    rise = float(walk.slope @ direction)
    share = 1.0
    while share > _SHORTEST_SHARE:
        place = walk.place + share * direction
        value, slope = density(place)
        if value >= walk.value + 1e-4 * share * rise and np.isfinite(slope).all():
            break
        # Where a parabola through both ends has its top; half of the way if it cannot be told.
        drop = walk.value + share * rise - value
        guess = 0.5 * share * rise / drop if np.isfinite(drop) and drop > 0.0 else 0.5
        share *= min(max(guess, 0.1), 0.5)
    else:
        return False
    _learn(walk, place - walk.place, walk.slope - slope, scale=scale)
    walk.place, walk.value, walk.slope = place, value, slope
    return True


def _learn(walk: _Walk, moved: Array, fallen: Array, *, scale: bool) -> None:
    """Update the inverse curvature by how much the slope has fallen along a step."""
    product = float(moved @ fallen)
    if product <= 1e-10 * float(np.sqrt((moved @ moved) * (fallen @ fallen))):
        return
    if scale and np.array_equal(walk.inverse, np.eye(len(moved))):
        walk.inverse *= product / float(fallen @ fallen)
    across = walk.inverse @ fallen
    both = np.outer(across, moved)
    spread = (1.0 + float(fallen @ across) / product) / product
    walk.inverse += spread * np.outer(moved, moved) - (both + both.T) / product


def _root_of_covariance(density: Density, walk: _Walk) -> tuple[Array, bool]:
    """Return a root of the inverse curvature, by differences along the directions learnt.

    Also tell whether it curves down in all of them; a flat one is given more room.
    """
    values, vectors = np.linalg.eigh(walk.inverse)
    learnt = vectors * np.sqrt(np.maximum(values, 1e-16 * values.max()))
    step = 1e-2
    changes = [
        density(walk.place - step * d)[1] - density(walk.place + step * d)[1] for d in learnt.T
    ]
    curvature = learnt.T @ np.asarray(changes).T / (2.0 * step)
    if not np.isfinite(curvature).all():
        return np.asarray(learnt), False
    sizes, turned = np.linalg.eigh(0.5 * (curvature + curvature.T))
    root = np.asarray(learnt @ turned / np.sqrt(np.maximum(sizes, _FLAT)))
    return root, bool(sizes[0] > _FLAT)
