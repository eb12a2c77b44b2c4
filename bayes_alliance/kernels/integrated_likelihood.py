"""Log likelihood of whole groups of rows, their effects integrated out: normal outcomes, and any.

Effects may lie in layers: those of the group itself, and those of smaller groups nested in it.
The finest layer is eliminated first, every unit for itself; what it leaves is added up over the
units of the next one. Plain numpy, all draws of a chunk at a time.

Where outcomes are not normal, by adaptive Gauss-Hermite quadrature: for every draw and group the
nodes are laid around the mode of the integrand, as wide as its curvature says (pinheiro1995). With
more than two effects a grid would be too large, and the nodes are a fixed set of normal points:
importance sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers

_LOG_TWO_PI = float(np.log(2.0 * np.pi))

# Linear predictor, shape (S, N), to log density of each row, repeats counted.
RowDensity = Callable[[Floats], Floats]

# Nodes along each of one or two effects: fewer where rows make the integrand nearly normal.
NODES = {1: (11, 7), 2: (7, 5)}
MANY_ROWS = 30
_POINTS = 256
_STEP = 1e-3
_STEPS = 12
_CLOSE = 0.1  # of the integrand's own width: the nodes need not sit exactly at the mode


@dataclass(frozen=True, kw_only=True)
class EffectLayer:
    """The effects of one grouping factor that are integrated out.

    Parameters
    ----------
    columns
        Columns of the effects, shape (N, q); zero in rows whose effects are given.
    unit
        Unit of each row, shape (N,), numbered from 0 and never decreasing: a unit has one
        draw of the effects, and lies within one unit of the layer above.
    """

    columns: Floats
    unit: Integers


def integrated_normal(
    rest: Floats,
    s2: Floats,
    layers: Sequence[EffectLayer],
    roots: Sequence[Floats],
    group: Integers,
    weight: Floats,
    repeats: Floats,
) -> Floats:
    """Return the log density of every group's rows, shape (S, J).

    Parameters
    ----------
    rest
        Outcome less everything that is given, shape (S, N), rows in the order of ``group``.
    s2
        Residual variance, shape (S,).
    layers
        From the group's own effects to the finest.
    roots
        For each layer a root of the effects' covariance, shape (S, q, q).
    group
        Group of each row, shape (N,), numbered from 0 and never decreasing.
    weight, repeats
        Precision weight of each row and how often it counts, shape (N,).
    """
    starts = [first_rows(group), *(first_rows(layer.unit) for layer in layers)]
    columns = np.column_stack([np.zeros((len(group), 0)), *(y.columns for y in reversed(layers))])
    length = weight * repeats
    finest = starts[-1]
    scaled = rest * (length / s2[:, None])
    square = _summed(scaled * rest, finest)
    cross = np.zeros((*square.shape, columns.shape[1]))
    for k, column in enumerate(columns.T):
        cross[..., k] = _summed(scaled * column, finest)
    outer = (columns[:, :, None] * columns[:, None, :]) * length[:, None, None]
    whole = np.add.reduceat(outer, finest)[None] / s2[:, None, None, None]
    for k in range(len(layers) - 1, -1, -1):
        square, cross, whole = _eliminate(square, cross, whole, roots[k])
        above = np.searchsorted(finest, starts[k])
        square = _summed(square, above)
        cross, whole = (np.add.reduceat(part, above, axis=1) for part in (cross, whole))
        finest = starts[k]
    count = np.add.reduceat(repeats, starts[0])
    constant = np.add.reduceat(repeats * np.log(weight), starts[0]) - count * _LOG_TWO_PI
    total: Floats = 0.5 * (constant - count * np.log(s2)[:, None] - square)
    return total


def first_rows(unit: Integers) -> Integers:
    """Return where each unit begins."""
    return np.flatnonzero(np.diff(unit, prepend=-1)).astype(np.int64)


def _summed(values: Floats, starts: Integers) -> Floats:
    """Sum along the last axis from each start to the next."""
    total: Floats = np.add.reduceat(values, starts, axis=-1)
    return total


def _eliminate(
    square: Floats, cross: Floats, whole: Floats, root: Floats
) -> tuple[Floats, Floats, Floats]:
    """Integrate one layer out; its columns are the first of ``cross`` and ``whole``.

    ``square`` takes the log determinant along, so that half of it is all that is left.
    """
    q = root.shape[1]
    turned = root[:, None].swapaxes(-1, -2)
    joined = np.concatenate([whole[..., :q, :], cross[..., :q, None]], axis=-1)
    along = turned @ joined
    inner = along[..., :q] @ root[:, None] + np.eye(q)
    factor = np.linalg.cholesky(inner)
    white = np.linalg.solve(factor, along[..., q:])
    log_determinant = 2.0 * np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)
    outcome = white[..., -1]
    columns = white[..., :-1]
    square = square + log_determinant - (outcome**2).sum(axis=-1)
    cross = cross[..., q:] - (columns * outcome[..., None]).sum(axis=-2)
    return square, cross, whole[..., q:, q:] - columns.swapaxes(-1, -2) @ columns


def integrated_by_quadrature(
    density: RowDensity,
    eta: Floats,
    columns: Floats,
    root: Floats,
    group: Integers,
    start: Floats | None = None,
    counts: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Return the log density of every group's rows, shape (S, J), and where its mass lies, (J, q).

    Parameters
    ----------
    density
        Log density of each row given its linear predictor.
    eta
        Linear predictor without the effects, shape (S, N).
    columns
        Columns of the effects, shape (N, q).
    root
        A root of the effects' covariance, shape (S, q, q).
    group
        Group of each row, shape (N,), numbered from 0 and never decreasing.
    start
        Where the mass of other draws lay, from an earlier call: the search is shorter then.
    counts
        How often each row's density counts, shape (N,); once if left out.
    """
    starts = first_rows(group)
    q = columns.shape[1]
    if q == 0:
        return np.asarray(np.add.reduceat(density(eta), starts, axis=1)), np.zeros((len(starts), 0))
    slopes = columns @ root
    origin = np.zeros((len(starts), q)) if start is None else start
    mode, spread, log_scale = _find_modes(density, eta, slopes, group, starts, origin)
    enough = bool(np.quantile(np.bincount(group, counts), 0.1) >= MANY_ROWS)
    points, log_weights = quadrature_points(q, many_rows=enough)
    total = np.full(mode.shape[:2], -np.inf)
    for point, log_weight in zip(points, log_weights, strict=True):
        effect = mode + spread @ point
        values = _group_sums(density, eta, slopes, effect, group, starts)
        ratio = 0.5 * (point @ point - (effect**2).sum(axis=-1))
        total = np.logaddexp(total, values + ratio + log_weight)
    return np.asarray(total + log_scale), np.asarray(mode.mean(axis=0))


def quadrature_points(q: int, *, many_rows: bool = False) -> tuple[Floats, Floats]:
    """Return points for a standard normal of q dimensions, shape (K, q), and log weights."""
    if q not in NODES:
        from scipy.stats import norm, qmc

        uniform = qmc.Sobol(q, seed=1).random(_POINTS)
        return norm.ppf(uniform), np.full(_POINTS, -np.log(_POINTS))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES[q][many_rows])
    log_weights = np.log(weights / weights.sum())
    points = np.array(list(product(nodes, repeat=q)))
    return points, np.array([sum(part) for part in product(log_weights, repeat=q)])


def _group_sums(
    density: RowDensity,
    eta: Floats,
    slopes: Floats,
    effect: Floats,
    group: Integers,
    starts: Integers,
) -> Floats:
    """Sum the rows' log densities at given standardised effects, shape (S, J, q)."""
    moved = eta + _spread_out(slopes, effect, group)
    return np.asarray(np.add.reduceat(density(moved), starts, axis=1))


def _spread_out(slopes: Floats, effect: Floats, group: Integers) -> Floats:
    """Return what the effects add to every row's linear predictor, shape (S, N)."""
    added = np.zeros(slopes.shape[:2])
    for k in range(slopes.shape[2]):
        added += slopes[:, :, k] * effect[:, group, k]
    return added


def _find_modes(
    density: RowDensity,
    eta: Floats,
    slopes: Floats,
    group: Integers,
    starts: Integers,
    origin: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Find mode and width of every group's integrand by Newton steps.

    Returns the modes (S, J, q), roots of the inverse curvature (S, J, q, q) and the logarithms of
    their determinants (S, J).
    """
    q = slopes.shape[2]
    mode = np.broadcast_to(origin, (len(eta), *origin.shape))
    bend = np.broadcast_to(np.eye(q), (*mode.shape, q))
    for _ in range(_STEPS):
        slope, curvature = _derivatives(density, eta + _spread_out(slopes, mode, group))
        pull = _by_group(slopes, slope, starts) - mode
        bend = _bend(slopes, curvature, starts)
        step = np.linalg.solve(bend, pull[..., None])[..., 0]
        length = np.sqrt((step * (bend @ step[..., None])[..., 0]).sum(axis=-1))
        # A step of many widths comes from a far tail, where curvature says little.
        mode = mode + step * np.minimum(1.0, 5.0 / np.maximum(length, 1e-300))[..., None]
        if length.max() < _CLOSE:
            break
    factor = np.linalg.cholesky(bend)
    spread = np.linalg.inv(factor).swapaxes(-1, -2)
    log_scale = -np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)
    return mode, spread, log_scale


def _derivatives(density: RowDensity, eta: Floats) -> tuple[Floats, Floats]:
    """Return slope and negative curvature of every row's log density, the latter not below 0."""
    low, middle, high = (density(eta + step) for step in (-_STEP, 0.0, _STEP))
    slope = (high - low) / (2 * _STEP)
    curvature = (2 * middle - low - high) / _STEP**2
    return slope, np.maximum(curvature, 0.0)


def _by_group(slopes: Floats, values: Floats, starts: Integers) -> Floats:
    """Sum columns times values over each group's rows, shape (S, J, q)."""
    return np.asarray(np.add.reduceat(slopes * values[:, :, None], starts, axis=1))


def _bend(slopes: Floats, curvature: Floats, starts: Integers) -> Floats:
    """Return the negative Hessian of every group's integrand, shape (S, J, q, q)."""
    q = slopes.shape[2]
    bend = np.empty((len(slopes), len(starts), q, q))
    for a in range(q):
        for b in range(a + 1):
            entry = np.add.reduceat(slopes[:, :, a] * slopes[:, :, b] * curvature, starts, axis=1)
            bend[:, :, a, b] = entry + (a == b)
            bend[:, :, b, a] = bend[:, :, a, b]
    return bend
