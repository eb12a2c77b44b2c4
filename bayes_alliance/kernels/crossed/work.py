"""How much work the effects of all factors but the largest leave, known before any sum is made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_alliance.kernels.compiled import Integers
from bayes_alliance.kernels.envelope import inverse_entries
from bayes_alliance.kernels.group_order import order_groups


def elimination_steps(
    group: Sequence[Integers], n_groups: Sequence[int], effects: Sequence[int]
) -> int:
    """Count the multiplications that the matrix of the dense effects costs an evaluation.

    What each row or eliminated group costs beside it is not counted: every engine pays for those.

    Parameters
    ----------
    group
        For each factor the group of every row, shape (N,).
    n_groups, effects
        For each factor its number of groups, and of effects a group has.
    """
    first = _first_entries(group, n_groups, effects)
    return count_steps(first, inverse_entries(first))


def count_steps(first: Integers, reach: Integers) -> int:
    """Count the inner steps of factor, inverse and product of :mod:`.envelope`.

    Parameters
    ----------
    first, reach
        First column of each row of the factor and of its inverse, shape (k,).
    """
    places = np.arange(len(first))
    inverted = np.concatenate([[0], np.cumsum(places + 1 - reach)])
    steps = int((inverted[places] - inverted[first]).sum())
    for r in places:
        row = places[first[r] : r]
        steps += int(np.maximum(row - np.maximum(first[row], first[r]), 0).sum())
        row = places[reach[r] : r + 1]
        steps += int((row + 1 - np.maximum(reach[row], reach[r])).sum())
    return steps


def steps_if_all_meet(effects: int) -> int:
    """Return the count for effects that all meet one another."""
    return effects * (effects**2 + 1) // 2


def _first_entries(
    group: Sequence[Integers], n_groups: Sequence[int], effects: Sequence[int]
) -> Integers:
    """Find where each dense effect's row begins, from who meets whom alone."""
    order = order_groups(group, n_groups, effects)
    first = np.arange(order.dense)
    met = group[order.eliminated]
    lowest = np.full(n_groups[order.eliminated], order.dense)
    dense = [f for f in range(len(group)) if f != order.eliminated]
    for f in dense:
        np.minimum.at(lowest, met, order.places[f][group[f]])
    for f in dense:
        places = order.places[f]
        np.minimum.at(first, places[group[f]], lowest[met])
        first[places[:, None] + np.arange(effects[f])] = first[places][:, None]
    return first
