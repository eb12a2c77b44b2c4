"""Products with the factors of the dense effects: one small block a group, along the diagonal.

A matrix is stored as in :mod:`bayes_alliance.kernels.envelope`, each row up to the end of its
group's block on the diagonal (``complete_blocks``), so that it can be multiplied from either side.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.crossed_problem import CrossedArrays
from bayes_alliance.kernels.triangular import add_multiple


@compiled_inside
def complete_blocks(crossed: CrossedArrays, matrix: Floats) -> None:
    """Fill the block of each group above the diagonal."""
    at = crossed.at
    for f in range(crossed.base.shape[0]):
        q = crossed.effects[f]
        for g in range(crossed.groups[f] if crossed.base[f] >= 0 else 0):
            first = crossed.base[f] + g * q
            for a in range(q):
                for b in range(a):
                    matrix[at[first + b] + first + a] = matrix[at[first + a] + first + b]


@compiled_inside
def scale_vector(crossed: CrossedArrays, factors: Floats, vector: Floats) -> None:
    """Multiply the effects of every group by their factor."""
    space = np.empty(factors.shape[1])
    for f in range(crossed.base.shape[0]):
        q = crossed.effects[f]
        for g in range(crossed.groups[f] if crossed.base[f] >= 0 else 0):
            _scale(factors[f], q, vector, crossed.base[f] + g * q, space)


@compiled_inside
def scale_columns(crossed: CrossedArrays, factors: Floats, matrix: Floats) -> None:
    """Multiply a matrix by the transposed factors from the right."""
    space = np.empty(factors.shape[1])
    for r in range(crossed.reach.shape[0]):
        for f in range(crossed.base.shape[0]):
            q = crossed.effects[f]
            begin, stop = blocks_within(crossed, f, r)
            for g in range(begin, stop):
                _scale(factors[f], q, matrix, crossed.at[r] + crossed.base[f] + g * q, space)


@compiled_inside
def scale_rows(crossed: CrossedArrays, factors: Floats, matrix: Floats) -> None:
    """Multiply a matrix by the factors from the left."""
    at = crossed.at
    space = np.empty((factors.shape[1], crossed.reach.shape[0]))
    for f in range(crossed.base.shape[0]):
        q = crossed.effects[f]
        for g in range(crossed.groups[f] if crossed.base[f] >= 0 else 0):
            first = crossed.base[f] + g * q
            begin, stop = crossed.reach[first], first + q
            for a in range(q):
                space[a, begin:stop] = 0.0
                for b in range(q):
                    row = matrix[at[first + b] + begin : at[first + b] + stop]
                    add_multiple(space[a, begin:stop], factors[f, a, b], row)
            for a in range(q):
                matrix[at[first + a] + begin : at[first + a] + stop] = space[a, begin:stop]


@compiled_inside
def blocks_within(crossed: CrossedArrays, factor: int, row: int) -> tuple[int, int]:
    """Return which groups of a factor a row reaches, its own included: from, and up to."""
    base, q = crossed.base[factor], crossed.effects[factor]
    if base < 0 or row < base:
        return 0, 0
    begin = max(0, crossed.reach[row] - base) // q
    return begin, min(crossed.groups[factor], (row - base) // q + 1)


@compiled_inside
def _scale(factor: Floats, q: int, vector: Floats, first: int, space: Floats) -> None:
    """Multiply one stretch of a vector by a factor."""
    for a in range(q):
        space[a] = 0.0
        for b in range(q):
            space[a] += factor[a, b] * vector[first + b]
    for a in range(q):
        vector[first + a] = space[a]
