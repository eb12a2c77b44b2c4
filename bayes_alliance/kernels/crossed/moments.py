"""Sufficient statistics for several grouping factors, nested or crossed.

The factor with the most groups is eliminated group by group, exactly as a single one would be.
For it, the columns of the other factors are just more columns, nearly all of them zero within
one group: only the active ones are kept along the root. What is left off the root is one dense
matrix over the effects of the other factors and the coefficients together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.anchor import Anchor, find_anchor
from bayes_alliance.kernels.compiled import Floats, Integers, compiled, compiled_inside
from bayes_alliance.kernels.group_order import order_groups
from bayes_alliance.kernels.one_factor.moments import positive
from bayes_alliance.kernels.triangular import rotate_row_in


@dataclass(frozen=True, kw_only=True)
class Term:
    """One grouping factor: its columns (N, q), the group of each row, the number of groups."""

    columns: Floats
    group: Integers
    n_groups: int


@dataclass(frozen=True, kw_only=True)
class CrossedMoments:
    """Sufficient statistics of ``(y, X)`` and several grouping factors.

    Parameters
    ----------
    anchor
        Centring of outcome, population columns and columns of the eliminated factor.
    eliminated
        Position of the factor with the most groups.
    effects, groups
        Effects and groups of each factor, in the order given, shape (F,).
    holders, places
        The factor directly above each, -1 if there is none, shape (F,), and for each factor the
        first dense effect of each of its groups: see :mod:`bayes_alliance.kernels.group_order`.
    root, rotated
        As in :class:`bayes_alliance.kernels.one_factor.moments.Moments`, for the eliminated factor.
    start, active
        Active dense effects of group j: ``active[start[j]:start[j + 1]]``.
    along
        Their columns along the root, shape (q, number of active effects over all groups).
    residual
        Cross products off the root: dense effects, X, y.
    rows, log_weight
        Number of rows, and the sum of the logarithms of the precision weights.
    """

    anchor: Anchor
    eliminated: int
    effects: Integers
    groups: Integers
    holders: Integers
    places: tuple[Integers, ...]
    root: Floats
    rotated: Floats
    start: Integers
    active: Integers
    along: Floats
    residual: Floats
    rows: float
    log_weight: float


def crossed_moments(
    y: Floats,
    X: Floats,
    terms: Sequence[Term],
    *,
    weights: Floats | None = None,
    repeats: Floats | None = None,
) -> CrossedMoments:
    """Reduce rows to the sufficient statistics of several grouping factors.

    Parameters
    ----------
    y, X
        Outcome (N,) and population columns (N, p).
    terms
        The grouping factors.
    weights, repeats
        Precision and frequency weights, as for one factor.
    """
    n_groups = [term.n_groups for term in terms]
    effects = [term.columns.shape[1] for term in terms]
    group = _checked_groups(terms, len(y))
    order = order_groups(group, n_groups, effects)
    largest = terms[order.eliminated]
    y, X = np.asarray(y, dtype=np.float64), np.asarray(X, dtype=np.float64)
    anchor = find_anchor(y, X, np.asarray(largest.columns, dtype=np.float64))
    ids, values = _dense_columns(terms, group, order.places)
    start, active = _active(largest.group, ids, largest.n_groups, order.dense)
    weight, repeat = positive(weights, len(y), "weights"), positive(repeats, len(y), "repeats")
    length = np.sqrt(weight * repeat)[:, None]
    centred = np.column_stack([X - anchor.population.shift, y - anchor.outcome_shift])
    own = largest.columns - anchor.group.shift
    rows = [block * length for block in (own, centred, values)]
    root, rotated, along, residual = _reduce_rows(largest, rows, ids, start, active, order.dense)
    return CrossedMoments(
        anchor=anchor,
        eliminated=order.eliminated,
        effects=np.array(effects, dtype=np.int64),
        groups=np.array(n_groups, dtype=np.int64),
        holders=order.holders,
        places=order.places,
        root=root,
        rotated=rotated,
        start=start,
        active=active,
        along=along,
        residual=residual,
        rows=float(repeat.sum()),
        log_weight=float(repeat @ np.log(weight)),
    )


def _reduce_rows(
    largest: Term,
    blocks: Sequence[Floats],
    ids: Integers,
    start: Integers,
    active: Integers,
    dense: int,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Rotate the rows ``[Z, (X, y), dense columns]`` of the largest factor, group by group."""
    order = np.argsort(largest.group, kind="stable")
    Z, centred, values = (np.ascontiguousarray(block[order]) for block in blocks)
    q, k = Z.shape[1], centred.shape[1]
    root = np.zeros((largest.n_groups, q, q))
    rotated = np.zeros((largest.n_groups, q, k))
    along = np.zeros((q, len(active)))
    lower = np.zeros((dense + k, dense + k))
    first_row = np.searchsorted(largest.group[order], np.arange(largest.n_groups + 1))
    sorted_ids = np.ascontiguousarray(ids[order])
    _absorb(Z, centred, sorted_ids, values, first_row, start, active, root, rotated, along, lower)
    return root, rotated, along, lower + np.tril(lower, -1).T


def _checked_groups(terms: Sequence[Term], rows: int) -> list[Integers]:
    """Return each factor's group of every row."""
    groups = [np.asarray(term.group, dtype=np.int64) for term in terms]
    for position, (term, group) in enumerate(zip(terms, groups, strict=True)):
        if len(group) != rows or group.min() < 0 or group.max() >= term.n_groups:
            raise ValueError(f"groups of term {position} must lie between 0 and {term.n_groups}")
    return groups


def _dense_columns(
    terms: Sequence[Term], group: Sequence[Integers], places: Sequence[Integers]
) -> tuple[Integers, Floats]:
    """List each row's own dense effects and their columns."""
    ids = [np.zeros((len(group[0]), 0), dtype=np.int64)]
    values = [np.zeros((len(group[0]), 0))]
    for term, own, place in zip(terms, group, places, strict=True):
        if len(place):
            ids.append(place[own][:, None] + np.arange(term.columns.shape[1]))
            values.append(np.asarray(term.columns, dtype=np.float64))
    return np.hstack(ids), np.hstack(values)


def _active(group: Integers, ids: Integers, n_groups: int, dense: int) -> tuple[Integers, Integers]:
    """List the dense effects that rows of each eliminated group touch, in order."""
    pairs = np.unique(np.asarray(group, dtype=np.int64)[:, None] * dense + ids)
    start = np.searchsorted(pairs, np.arange(n_groups + 1) * dense)
    return start.astype(np.int64), (pairs % max(dense, 1)).astype(np.int64)


@compiled
def _absorb(
    Z: Floats,
    centred: Floats,
    ids: Integers,
    values: Floats,
    first_row: Integers,
    start: Integers,
    active: Integers,
    root: Floats,
    rotated: Floats,
    along: Floats,
    lower: Floats,
) -> None:
    """Rotate the rows of each group, which come one group after the other."""
    q = Z.shape[1]
    k = centred.shape[1]
    where = np.zeros(lower.shape[0], dtype=np.int64)
    row = np.empty(q)
    for j in range(root.shape[0]):
        begin = start[j]
        n_active = start[j + 1] - begin
        for t in range(n_active):
            where[active[begin + t]] = t
        turned = np.zeros((1, q, n_active + k))
        partner = np.empty(n_active + k)
        for i in range(first_row[j], first_row[j + 1]):
            for a in range(q):
                row[a] = Z[i, a]
            partner[:n_active] = 0.0
            for t in range(ids.shape[1]):
                partner[where[ids[i, t]]] += values[i, t]
            for c in range(k):
                partner[n_active + c] = centred[i, c]
            rotate_row_in(root[j : j + 1], turned, 0, row, partner)
            _add_sparse_square(partner, active[begin : begin + n_active], lower)
        for a in range(q):
            for t in range(n_active):
                along[a, begin + t] = turned[0, a, t]
            for c in range(k):
                rotated[j, a, c] = turned[0, a, n_active + c]


@compiled_inside
def _add_sparse_square(partner: Floats, active: Integers, lower: Floats) -> None:
    """Add the outer product of what is left of a row to the lower triangle."""
    n_active = active.shape[0]
    k = partner.shape[0] - n_active
    dense = lower.shape[0] - k
    for c in range(n_active + k):
        if partner[c] == 0.0:
            continue
        row = active[c] if c < n_active else dense + c - n_active
        for d in range(min(c + 1, n_active)):
            lower[row, active[d]] += partner[c] * partner[d]
        for d in range(n_active, c + 1):
            lower[row, dense + d - n_active] += partner[c] * partner[d]
