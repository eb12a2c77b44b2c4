"""Log likelihood of whole groups of rows, their effects integrated out: any outcome.

Adaptive Gauss-Hermite quadrature: for every draw and group the nodes are laid around the mode of
the integrand, as wide as its curvature says (pinheiro1995). With more than two effects a grid would
be too large, and the nodes are a fixed set of normal points: importance sampling.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers
from bayes_alliance.kernels.integrated_likelihood import first_rows

# Linear predictor, shape (S, N), to log density of each row, repeats counted.
RowDensity = Callable[[Floats], Floats]

# Nodes along each of one or two effects: fewer where rows make the integrand nearly normal.
NODES = {1: (11, 7), 2: (7, 5)}
MANY_ROWS = 30
_POINTS = 256
_STEP = 1e-3
_STEPS = 12
_CLOSE = 0.1  # of the integrand's own width: the nodes need not sit exactly at the mode


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
