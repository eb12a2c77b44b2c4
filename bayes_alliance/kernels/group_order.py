"""Which grouping factor holds which, and the order of their effects that nesting wants.

Every upper group stands right after the groups it holds. In nested data its row then reaches no
further left than its own groups, and their matrix stays nearly empty however many groups it has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_alliance.kernels.compiled import Integers

# Sorts after every group.
_LAST = np.iinfo(np.int64).max


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


def place_groups(
    group: Sequence[Integers],
    n_groups: Sequence[int],
    effects: Sequence[int],
    holders: Integers,
) -> tuple[Integers, ...]:
    """Give a place to the effects of every factor but the largest.

    Parameters
    ----------
    group, n_groups
        As for :func:`find_holders`.
    effects
        For each factor the number of effects a group has.
    holders
        From :func:`find_holders`.

    Returns
    -------
    tuple of ndarray
        For each factor the place of each group's first effect, shape (groups,); none for the
        largest factor.
    """
    dense = [f for f in range(len(group)) if f != largest_factor(n_groups)]
    paths = [_paths(group, n_groups, holders, f) for f in dense]
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


def largest_factor(n_groups: Sequence[int]) -> int:
    """Find the factor with the most groups: the one that is eliminated group by group."""
    return int(np.argmax(n_groups))


def count_dense(n_groups: Sequence[int], effects: Sequence[int]) -> int:
    """Count the effects that stay in one matrix: all but those of the largest factor."""
    sizes = [count * q for count, q in zip(n_groups, effects, strict=True)]
    return sum(sizes) - sizes[largest_factor(n_groups)]


def _paths(
    group: Sequence[Integers], n_groups: Sequence[int], holders: Integers, factor: int
) -> Integers:
    """Write the way from the top down to each group: factor, group, factor, group, ..."""
    # Factors with more groups first, so that those of crossed upper levels come last.
    rank = np.argsort(np.argsort([-count for count in n_groups], kind="stable"))
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
