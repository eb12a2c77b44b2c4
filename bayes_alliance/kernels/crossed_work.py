"""How much work the effects of all factors but the largest leave, known before any sum is made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_alliance.kernels.compiled import Integers
from bayes_alliance.kernels.envelope import inverse_entries


def elimination_steps(
    group: Sequence[Integers], n_groups: Sequence[int], effects: Sequence[int]
) -> int:
    """Count the multiplications of one Cholesky factor of the dense effects, up to a constant.

    A third of the cube of their number if everything meets everything; nearly nothing where the
    groups are nested.

    Parameters
    ----------
    group
        For each factor the group of every row, shape (N,).
    n_groups, effects
        For each factor its number of groups, and of effects a group has.
    """
    eliminated = int(np.argmax(n_groups))
    dense = sorted((f for f in range(len(group)) if f != eliminated), key=lambda f: -n_groups[f])
    sizes = [n_groups[f] * effects[f] for f in dense]
    base = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    met = [base[k] + group[f] * effects[f] for k, f in enumerate(dense)]
    lowest = np.full(n_groups[eliminated], base[-1])
    for place in met:
        np.minimum.at(lowest, group[eliminated], place)
    first = np.arange(base[-1])
    for place in met:
        np.minimum.at(first, place, lowest[group[eliminated]])
    for k, f in enumerate(dense):
        own = first[base[k] : base[k + 1]].reshape(n_groups[f], effects[f])
        own[:] = own[:, :1]
    width = np.arange(base[-1]) - inverse_entries(first) + 1
    return int((width.astype(float) ** 2).sum())
