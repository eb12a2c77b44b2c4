"""Which grouping factor holds which, and the order of their effects that nesting wants.

Every upper group stands right after the groups it holds. In nested data its row then reaches no
further left than its own groups, and their matrix stays nearly empty however many groups it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Integers

# Sorts after every group.
_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class GroupOrder:
    """Where the effects of all factors but the largest stand.

    Parameters
    ----------
    eliminated
        The factor with the most groups, whose effects are eliminated group by group.
    dense
        Number of the other effects.
    holders
        For each factor the one directly above it, -1 if there is none, shape (F,).
    places
        For each factor the place of each group's first effect, shape (groups,); none for the
        eliminated factor.
    """

    eliminated: int
    dense: int
    holders: Integers
    places: tuple[Integers, ...]


def order_groups(
    group: Sequence[Integers], n_groups: Sequence[int], effects: Sequence[int]
) -> GroupOrder:
    """Give every dense effect its place.

    Parameters
    ----------
    group
        For each factor the group of every row, shape (N,).
    n_groups, effects
        For each factor its number of groups, and of effects a group has.
    """
    holders = find_holders(group, n_groups)
    return GroupOrder(
        eliminated=largest_factor(n_groups),
        dense=count_dense(n_groups, effects),
        holders=holders,
        places=_places(group, n_groups, effects, holders),
    )


def find_holders(group: Sequence[Integers], n_groups: Sequence[int]) -> Integers:
    """Find for each factor the one directly above it, each of whose groups holds whole groups.

    Parameters
    ----------
    group
        For each factor the group of every row, shape (N,).
    n_groups
        For each factor its number of groups.

    Returns
    -------
    ndarray
        Position of the holder that has the most groups, -1 if there is none; shape (F,).
    """
    holders = np.full(len(group), -1, dtype=np.int64)
    for f in range(len(group)):
        for above in sorted(range(len(group)), key=lambda place: -n_groups[place]):
            fewer = n_groups[above] < n_groups[f]
            if fewer and np.array_equal(_owner(group, n_groups, f, above)[group[f]], group[above]):
                holders[f] = above
                break
    return holders


def _places(
    group: Sequence[Integers],
    n_groups: Sequence[int],
    effects: Sequence[int],
    holders: Integers,
) -> tuple[Integers, ...]:
    dense = [f for f in range(len(group)) if f != largest_factor(n_groups)]
    rank = _ranks(n_groups, holders, dense)
    paths = [_paths(group, n_groups, holders, rank, f) for f in dense]
    width = max((path.shape[1] for path in paths), default=0)
    padded = [
        np.pad(path, ((0, 0), (0, width - path.shape[1])), constant_values=_LAST) for path in paths
    ]
    counts = [n_groups[f] for f in dense]
    keys = np.vstack([np.zeros((0, width), dtype=np.int64), *padded])
    order = np.lexsort(keys.T[::-1]) if len(keys) else np.zeros(0, dtype=np.int64)
    sizes = np.repeat([effects[f] for f in dense], counts).astype(np.int64)
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.cumsum(sizes[order]) - sizes[order]
    found = [np.zeros(0, dtype=np.int64)] * len(group)
    for f, own in zip(dense, np.split(places, np.cumsum(counts)), strict=False):
        found[f] = own
    return tuple(found)


def count_dense(n_groups: Sequence[int], effects: Sequence[int]) -> int:
    """Count the effects that stay in one matrix: all but those of the largest factor."""
    sizes = [count * q for count, q in zip(n_groups, effects, strict=True)]
    return sum(sizes) - sizes[largest_factor(n_groups)]


def largest_factor(n_groups: Sequence[int]) -> int:
    """Find the factor that is eliminated group by group: the first that has the most groups."""
    return int(np.argmax(n_groups))


def _ranks(n_groups: Sequence[int], holders: Integers, dense: Sequence[int]) -> Integers:
    """Rank factors by the groups they hold, themselves included: those that are crossed last."""
    held = np.zeros(len(n_groups), dtype=np.int64)
    for f in sorted(dense, key=lambda place: -n_groups[place]):
        held[f] += n_groups[f]
        if holders[f] >= 0:
            held[holders[f]] += held[f]
    return np.argsort(np.argsort(-held, kind="stable"))


def _paths(
    group: Sequence[Integers],
    n_groups: Sequence[int],
    holders: Integers,
    rank: Integers,
    factor: int,
) -> Integers:
    """Write the way from the top down to each group: factor, group, factor, group, ..."""
    columns: list[Integers] = []
    held, own = factor, np.arange(n_groups[factor])
    while held >= 0:
        columns = [np.full(len(own), rank[held]), own, *columns]
        above = int(holders[held])
        if above >= 0:
            own = _owner(group, n_groups, held, above)[own]
        held = above
    return np.column_stack(columns)


def _owner(group: Sequence[Integers], n_groups: Sequence[int], factor: int, above: int) -> Integers:
    """Return for each group of a factor a group of another that has one of its rows."""
    owner = np.zeros(n_groups[factor], dtype=np.int64)
    owner[group[factor]] = group[above]
    return owner
