"""Slopes of the crossed density: in the dense factors, and what the eliminated one needs."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.crossed.information import (
    blocks_within,
    complete_blocks,
    scale_columns,
    scale_rows,
)
from bayes_alliance.kernels.crossed.problem import CrossedArrays
from bayes_alliance.kernels.envelope import add_symmetric
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
    factors: Floats,
    total: Floats,
    spread: Floats,
    scaled: Floats,
    estimate: Floats,
    d_factors: Floats,
) -> None:
    """Write the slopes in the lower factors of the dense factors; turn the spread into that of u.

    The slope is the posterior mean, over groups, of the score of ``u`` times ``v'``.

    Parameters
    ----------
    total
        Information about ``(u, b)`` and the outcome.
    spread
        Posterior covariance of ``(v, b)``; that of ``(u, b)`` afterwards.
    scaled, estimate
        Posterior means of ``(v, b)`` and of ``(u, b)``.
    """
    size = scaled.shape[0]
    d_factors[:] = 0.0
    at = crossed.at
    score = total[at[size] : at[size] + size].copy()
    add_symmetric(total, crossed.reach, at, -1.0, estimate, score)
    complete_blocks(crossed, spread)
    by_rows = spread.copy()
    scale_rows(crossed, factors, by_rows)
    _slopes_below(crossed, total, by_rows, d_factors)
    scale_columns(crossed, factors, spread)
    _slopes_along(crossed, total, spread, score, scaled, d_factors)
    scale_rows(crossed, factors, spread)


@compiled_inside
def _slopes_along(
    crossed: CrossedArrays,
    total: Floats,
    spread: Floats,
    score: Floats,
    scaled: Floats,
    d_factors: Floats,
) -> None:
    """Add what each group's rows hold up to their block: score, and covariance of v with u."""
    at = crossed.at
    for k in range(crossed.block_factor.shape[0]):
        slope = d_factors[crossed.block_factor[k]]
        first, stop = crossed.block_start[k], crossed.block_start[k + 1]
        begin = crossed.reach[first]
        for a in range(stop - first):
            row = total[at[first + a] + begin : at[first + a] + stop]
            for b in range(stop - first):
                entry = score[first + a] * scaled[first + b]
                other = spread[at[first + b] + begin : at[first + b] + stop]
                slope[a, b] += entry - dot(row, other)


@compiled_inside
def _slopes_below(crossed: CrossedArrays, total: Floats, spread: Floats, d_factors: Floats) -> None:
    """Add what each group's columns hold below their block: covariance of u with v."""
    at = crossed.at
    for r in range(crossed.reach.shape[0]):
        row = at[r]
        begin, stop = blocks_within(crossed, r)
        # A row's own block is not below itself.
        for k in range(begin, min(stop, crossed.block_of[r])):
            slope = d_factors[crossed.block_factor[k]]
            first, q = (
                row + crossed.block_start[k],
                crossed.block_start[k + 1] - crossed.block_start[k],
            )
            for a in range(q):
                for b in range(q):
                    slope[a, b] -= total[first + a] * spread[first + b]


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
    middle = np.empty((q, q, n_groups))
    turned = np.empty((p, n_groups))
    for b in range(q):
        _spread_coefficients(crossed, white[b], spread, turned)
        for a in range(b, q):
            one, other = white[a], white[b]
            for j in range(n_groups):
                middle[a, b, j] = one[p, j] * other[p, j] - (1.0 if a == b else 0.0)
            for c in range(p):
                for j in range(n_groups):
                    middle[a, b, j] += one[c, j] * turned[c, j]
    _add_active(crossed, along, white, spread, middle)
    return middle


@compiled_inside
def _spread_coefficients(
    crossed: CrossedArrays, columns: Floats, spread: Floats, turned: Floats
) -> None:
    """Multiply whitened coefficient columns, shape (p, J), by the coefficients' covariance."""
    p = turned.shape[0]
    dense = crossed.reach.shape[0] - p
    turned[:] = 0.0
    for c in range(p):
        for d in range(c + 1):
            entry = spread[crossed.at[dense + c] + dense + d]
            add_multiple(turned[c], entry, columns[d])
            if d < c:
                add_multiple(turned[d], entry, columns[c])


@compiled_inside
def _add_active(
    crossed: CrossedArrays, along: Floats, white: Floats, spread: Floats, middle: Floats
) -> None:
    """Add what dense effects do: their covariances with coefficients and with one another."""
    q, width, n_groups = white.shape
    p = width - 1
    dense = crossed.reach.shape[0] - p
    pull = np.empty(q)
    for j in range(n_groups):
        begin = crossed.start[j]
        for t in range(begin, crossed.start[j + 1]):
            row = crossed.active[t]
            place = crossed.at[row]
            for a in range(q):
                # Half of the diagonal, because it is added from both sides.
                pull[a] = 0.5 * along[a, t] * spread[place + row]
                for s in range(begin, t):
                    pull[a] += along[a, s] * spread[place + crossed.active[s]]
                for c in range(p):
                    pull[a] += white[a, c, j] * spread[crossed.at[dense + c] + row]
            for a in range(q):
                for b in range(a + 1):
                    middle[a, b, j] += along[a, t] * pull[b] + along[b, t] * pull[a]
