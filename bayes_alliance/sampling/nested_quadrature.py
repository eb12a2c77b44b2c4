"""Effects of groups within groups integrated out of any outcome: quadrature within quadrature.

The effects of the smaller groups are integrated out for each value of the larger group's. The
nodes of the larger one are laid around the mode of what is left, as wide as its curvature says;
both are taken from differences, because what is left is itself an integral.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.integrated_likelihood import (
    MANY_ROWS,
    RowDensity,
    integrated_by_quadrature,
    quadrature_points,
)

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
_STEPS = 8
_WIDTH = 0.5  # of a difference, in widths of the integrand
_CLOSE = 0.15
_LONGEST = 3.0
_FLATTEST = 0.25  # no integrand is wider than twice its prior


@dataclass(frozen=True, kw_only=True)
class NestedLevel:
    """Effects whose groups are the same sets of rows.

    Parameters
    ----------
    columns
        Shape (row, q).
    unit
        Group of each row, from 0 and never decreasing; each lies within one of the level before.
    root
        A root of the effects' covariance for every draw, shape (draw, q, q).
    """

    columns: Array
    unit: Integers
    root: Array


def integrated_in_turn(
    density: RowDensity, eta: Array, levels: Sequence[NestedLevel], counts: Array | None = None
) -> Array:
    """Return the log density of the rows of every unit of the first level, (draw, unit).

    Parameters
    ----------
    density
        Log density of each row given its linear predictor.
    eta
        Linear predictor without the effects, shape (draw, row).
    levels
        The coarsest first.
    counts
        How often each row's density counts, shape (row,); once if left out.
    """
    return _Integral(density, levels, counts).of(eta)


class _Integral:
    """One level's integral; it remembers where the mass lay, to begin the next search there."""

    def __init__(
        self, density: RowDensity, levels: Sequence[NestedLevel], counts: Array | None
    ) -> None:
        self.density, self.level, self.counts = density, levels[0], counts
        self.inner = _Integral(density, levels[1:], counts) if len(levels) > 1 else None
        self.start: Array | None = None
        if self.inner is not None:
            inner = self.inner.level.unit
            first = np.flatnonzero(np.diff(inner, prepend=-1))
            self.first_units = np.flatnonzero(np.diff(self.level.unit[first], prepend=-1))

    def of(self, eta: Array) -> Array:
        """Return the log integral for every unit, (draw, unit)."""
        level = self.level
        if self.inner is None:
            found, self.start = integrated_by_quadrature(
                self.density, eta, level.columns, level.root, level.unit, self.start, self.counts
            )
            return found
        slopes = level.columns @ level.root
        units, q = int(level.unit[-1]) + 1, level.columns.shape[1]

        def height(effect: Array) -> Array:
            moved = eta + np.einsum("srq,srq->sr", slopes, effect[:, level.unit])
            return self._below(moved) - 0.5 * (effect**2).sum(axis=-1)

        origin = np.zeros((units, q)) if self.start is None else self.start
        mode, spread, log_scale = _mode(height, np.repeat(origin[None], len(eta), axis=0))
        self.start = mode.mean(axis=0)
        enough = bool(np.quantile(np.bincount(level.unit, self.counts), 0.1) >= MANY_ROWS)
        total = np.full(mode.shape[:2], -np.inf)
        for point, log_weight in zip(*quadrature_points(q, many_rows=enough), strict=True):
            values = height(mode + spread @ point) + 0.5 * point @ point + log_weight
            total = np.logaddexp(total, values)
        return np.asarray(total + log_scale)

    def _below(self, eta: Array) -> Array:
        """Return the log density given this level's effects: the smaller groups' in sum."""
        assert self.inner is not None
        return np.asarray(np.add.reduceat(self.inner.of(eta), self.first_units, axis=1))


def _mode(height: Callable[[Array], Array], start: Array) -> tuple[Array, Array, Array]:
    """Find mode and width of every integrand by Newton steps with differences.

    Returns the modes (S, J, q), roots of the inverse curvature (S, J, q, q) and the logarithms of
    their determinants (S, J).
    """
    mode, q = start, start.shape[-1]
    spread = np.broadcast_to(np.eye(q), (*mode.shape, q))
    for _ in range(_STEPS):
        slope, bend = _differences(height, mode, spread)
        # In the present widths' coordinates: a round integrand has curvature one.
        values, vectors = np.linalg.eigh(bend)
        floor = _FLATTEST * np.linalg.norm(spread, axis=(-1, -2)) ** 2 / q
        values = np.maximum(values, np.minimum(floor, 1.0)[..., None])
        turned = (vectors.swapaxes(-1, -2) @ slope[..., None])[..., 0]
        length = np.sqrt((turned**2 / values).sum(axis=-1))
        step = (vectors @ (turned / values)[..., None])[..., 0]
        step *= np.minimum(1.0, _LONGEST / np.maximum(length, 1e-300))[..., None]
        mode = mode + (spread @ step[..., None])[..., 0]
        before, spread = spread, spread @ (vectors / np.sqrt(values)[..., None, :])
        change = np.abs(np.log(_volume(spread) / _volume(before)))
        if length.max() < _CLOSE and change.max() < _CLOSE * q:
            break
    return mode, spread, np.log(_volume(spread))


def _volume(spread: Array) -> Array:
    return np.asarray(np.abs(np.linalg.det(spread)))


def _differences(height: Callable[[Array], Array], at: Array, spread: Array) -> tuple[Array, Array]:
    """Return slope and negative curvature along the columns of ``spread``."""
    q = at.shape[-1]
    steps = _WIDTH * spread
    middle = height(at)
    high = [height(at + steps[..., k]) for k in range(q)]
    low = [height(at - steps[..., k]) for k in range(q)]
    slope = np.stack([(h - b) / (2 * _WIDTH) for h, b in zip(high, low, strict=True)], axis=-1)
    bend = np.empty((*at.shape, q))
    for k in range(q):
        bend[..., k, k] = (2 * middle - high[k] - low[k]) / _WIDTH**2
    for a, b in combinations(range(q), 2):
        corner = height(at + steps[..., a] + steps[..., b])
        bend[..., a, b] = (high[a] + high[b] - middle - corner) / _WIDTH**2
        bend[..., b, a] = bend[..., a, b]
    return slope, bend
