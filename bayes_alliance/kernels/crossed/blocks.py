"""Products with the factors of the dense effects: one small block a group, along the diagonal.

A matrix is stored as in :mod:`bayes_alliance.kernels.envelope`, each row up to the end of its
group's block on the diagonal (``complete_blocks``), so that it can be multiplied from either side.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.crossed.problem import CrossedArrays
from bayes_alliance.kernels.triangular import add_multiple


@compiled_inside
def complete_blocks(crossed: CrossedArrays, matrix: Floats) -> None:
    """Fill the block of each group above the diagonal."""
    at = crossed.at
    for k in range(crossed.block_factor.shape[0]):
        first, stop = crossed.block_start[k], crossed.block_start[k + 1]
        for a in range(first, stop):
            for b in range(first, a):
                matrix[at[b] + a] = matrix[at[a] + b]


@compiled_inside
def scale_vector(crossed: CrossedArrays, factors: Floats, vector: Floats) -> None:
    """Multiply the effects of every group by their factor."""
    space = np.empty(factors.shape[1])
    for k in range(crossed.block_factor.shape[0]):
        first, stop = crossed.block_start[k], crossed.block_start[k + 1]
        _scale(factors[crossed.block_factor[k]], vector[first:stop], space)


@compiled_inside
def scale_columns(crossed: CrossedArrays, factors: Floats, matrix: Floats) -> None:
    """Multiply a matrix by the transposed factors from the right."""
    space = np.empty(factors.shape[1])
    for r in range(crossed.reach.shape[0]):
        row = crossed.at[r]
        for k in range(*blocks_within(crossed, r)):
            first, stop = row + crossed.block_start[k], row + crossed.block_start[k + 1]
            _scale(factors[crossed.block_factor[k]], matrix[first:stop], space)


@compiled_inside
def scale_rows(crossed: CrossedArrays, factors: Floats, matrix: Floats) -> None:
    """Multiply a matrix by the factors from the left."""
    at = crossed.at
    space = np.empty((factors.shape[1], crossed.reach.shape[0]))
    for k in range(crossed.block_factor.shape[0]):
        factor = factors[crossed.block_factor[k]]
        first, stop = crossed.block_start[k], crossed.block_start[k + 1]
        begin = crossed.reach[first]
        for a in range(stop - first):
            space[a, begin:stop] = 0.0
            for b in range(stop - first):
                row = matrix[at[first + b] + begin : at[first + b] + stop]
                add_multiple(space[a, begin:stop], factor[a, b], row)
        for a in range(stop - first):
            matrix[at[first + a] + begin : at[first + a] + stop] = space[a, begin:stop]


@compiled_inside
def blocks_within(crossed: CrossedArrays, row: int) -> tuple[int, int]:
    """Return which blocks a row reaches, its own included: from, and up to."""
    n_blocks = crossed.block_factor.shape[0]
    if n_blocks == 0:
        return 0, 0
    return crossed.block_of[crossed.reach[row]], min(crossed.block_of[row] + 1, n_blocks)


@compiled_inside
def _scale(factor: Floats, vector: Floats, space: Floats) -> None:
    """Multiply a vector by the leading part of a factor."""
    q = vector.shape[0]
    for a in range(q):
        space[a] = 0.0
        for b in range(q):
            space[a] += factor[a, b] * vector[b]
    for a in range(q):
        vector[a] = space[a]
