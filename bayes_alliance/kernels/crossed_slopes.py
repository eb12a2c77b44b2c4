"""Slopes of the crossed density: in the dense factors, and what the eliminated one needs."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled_inside
from bayes_alliance.kernels.crossed_problem import CrossedArrays
from bayes_alliance.kernels.triangular import add_multiple, dot


@compiled_inside
def leave_sparse_residuals(
    crossed: CrossedArrays, along: Floats, white: Floats, estimate: Floats
) -> float:
    """Replace the whitened outcome by its residual; return the residual sum of squares."""
    q, width, n_groups = white.shape
    p = width - 1
    dense = estimate.shape[0] - p
    total = 0.0
    for a in range(q):
        outcome = white[a, p]
        for c in range(p):
            add_multiple(outcome, -estimate[dense + c], white[a, c])
        for j in range(n_groups):
            for t in range(crossed.start[j], crossed.start[j + 1]):
                outcome[j] -= along[a, t] * estimate[crossed.active[t]]
        total += dot(outcome, outcome)
    return total


@compiled_inside
def dense_slopes(
    crossed: CrossedArrays,
    total: Floats,
    spread: Floats,
    scaled: Floats,
    estimate: Floats,
    d_factors: Floats,
) -> None:
    """Write the slopes in the lower factors of the dense factors.

    The slope is the posterior mean, over groups, of the score of ``u`` times ``v'``.

    Parameters
    ----------
    total
        Information about ``(u, b)`` and the outcome.
    spread
        Posterior covariance of ``(v, b)`` with ``(u, b)``.
    scaled, estimate
        Posterior means of ``(v, b)`` and of ``(u, b)``.
    """
    size = scaled.shape[0]
    d_factors[:] = 0.0
    for f in range(crossed.base.shape[0]):
        q = crossed.effects[f]
        if crossed.base[f] < 0:
            continue
        for g in range(crossed.groups[f]):
            first = crossed.base[f] + g * q
            for a in range(q):
                row = total[first + a, :size]
                score = total[first + a, size] - dot(row, estimate)
                for b in range(q):
                    d_factors[f, a, b] += score * scaled[first + b] - dot(row, spread[first + b])


@compiled_inside
def eliminated_middle(
    crossed: CrossedArrays, along: Floats, white: Floats, spread: Floats
) -> Floats:
    """Compute ``Y_j Y_j' - I`` of the eliminated factor, lower triangles, shape (q, q, J).

    Parameters
    ----------
    spread
        Posterior covariance of ``(u, b)``.
    """
    q, width, n_groups = white.shape
    p = width - 1
    dense = spread.shape[0] - p
    middle = np.empty((q, q, n_groups))
    for j in range(n_groups):
        begin = crossed.start[j]
        n_active = crossed.start[j + 1] - begin
        here = np.empty((q, n_active + p))
        place = np.empty(n_active + p, dtype=np.int64)
        for t in range(n_active):
            place[t] = crossed.active[begin + t]
            for a in range(q):
                here[a, t] = along[a, begin + t]
        for c in range(p):
            place[n_active + c] = dense + c
            for a in range(q):
                here[a, n_active + c] = white[a, c, j]
        for a in range(q):
            for b in range(a + 1):
                entry = white[a, p, j] * white[b, p, j] - (1.0 if a == b else 0.0)
                middle[a, b, j] = entry + _bilinear(here[a], here[b], place, spread)
    return middle


@compiled_inside
def _bilinear(left: Floats, right: Floats, place: Integers, spread: Floats) -> float:
    """Multiply a matrix, at some places, by vectors from both sides."""
    total = 0.0
    for c in range(place.shape[0]):
        inner = 0.0
        for d in range(place.shape[0]):
            inner += spread[place[c], place[d]] * right[d]
        total += left[c] * inner
    return total
