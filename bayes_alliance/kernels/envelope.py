"""Linear algebra that leaves out what is zero before the first entry of a row.

In nested data the effects of two agencies never meet in one case manager, so that their matrix
falls apart into small blocks. Row r of the lower triangle is zero before column ``first[r]``, and
so is the factor's; where data are crossed the first entries lie far to the left and nothing is
lost. Inverses begin at ``reach[r]``. Only what lies between is stored, row after row: entry
``(r, c)`` stands at ``at[r] + c``.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled_inside


def first_entries(start: Integers, active: Integers, block: Integers, size: int) -> Integers:
    """Find the first column of each row in which data can put anything but zero.

    Parameters
    ----------
    start, active
        Dense effects that meet in eliminated group j, in increasing order:
        ``active[start[j]:start[j + 1]]``.
    block
        For each dense effect the first effect of its group: they always meet.
    size
        Number of rows; those after the dense effects (coefficients) meet everything.
    """
    first = np.zeros(size, dtype=np.int64)
    first[: len(block)] = block
    counts = np.diff(start)
    met = counts > 0
    np.minimum.at(first, active, np.repeat(active[start[:-1][met]], counts[met]))
    return first


def inverse_entries(first: Integers) -> Integers:
    """Find the same for the inverse of the lower factor: a row reaches what its columns reach."""
    reach = first.copy()
    for r in range(len(first)):
        if first[r] < r:
            reach[r] = min(first[r], reach[first[r] : r].min())
    return reach


def row_offsets(reach: Integers, stop: Integers) -> Integers:
    """Say where each row of a compact matrix stands: its column c at ``offset + c``.

    Parameters
    ----------
    reach, stop
        First stored column of each row and the one after its last, shape (k,). One more row, of
        everything, comes last.
    """
    ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(stop - reach)])
    return np.asarray(ends - np.append(reach, 0))


def compact(
    matrix: Floats, chosen: Integers, reach: Integers, stop: Integers, at: Integers
) -> Floats:
    """Store the chosen rows and columns of a symmetric matrix, one more than there are reaches.

    Parameters
    ----------
    matrix
        Shape (n, n).
    chosen
        Rows to store, shape (k + 1,).
    reach, stop, at
        As for :func:`row_offsets`, and what it returned.
    """
    size = len(reach)
    stored = np.empty(at[size] + size + 1)
    for r in range(size):
        stored[at[r] + reach[r] : at[r] + stop[r]] = matrix[chosen[r], chosen[reach[r] : stop[r]]]
    stored[at[size] :] = matrix[chosen[size], chosen]
    return stored


@compiled_inside
def factor_within(matrix: Floats, first: Integers, at: Integers) -> float:
    """Turn a positive definite matrix into its lower factor; return its log determinant.

    Only the lower triangle is read. A matrix that is not positive definite gives NaN.
    """
    size = first.shape[0]
    log_determinant = 0.0
    for r in range(size):
        begin = first[r]
        for c in range(begin, r):
            entry = matrix[at[r] + c] - _dot_between(matrix, at[r], at[c], max(begin, first[c]), c)
            matrix[at[r] + c] = entry / matrix[at[c] + c]
        pivot = matrix[at[r] + r] - _dot_between(matrix, at[r], at[r], begin, r)
        if not pivot > 0.0:
            return np.nan
        matrix[at[r] + r] = np.sqrt(pivot)
        log_determinant += np.log(pivot)
    return log_determinant


@compiled_inside
def _dot_between(matrix: Floats, first: int, second: int, begin: int, stop: int) -> float:
    """Inner product of a stretch of two rows, which begin somewhere, in four running sums."""
    one = two = three = four = 0.0
    whole = stop - max(stop - begin, 0) % 4
    for k in range(begin, whole, 4):
        one += matrix[first + k] * matrix[second + k]
        two += matrix[first + k + 1] * matrix[second + k + 1]
        three += matrix[first + k + 2] * matrix[second + k + 2]
        four += matrix[first + k + 3] * matrix[second + k + 3]
    for k in range(max(whole, begin), stop):
        one += matrix[first + k] * matrix[second + k]
    return (one + two) + (three + four)


@compiled_inside
def invert_within(lower: Floats, first: Integers, reach: Integers, at: Integers) -> None:
    """Replace a lower triangular matrix by its inverse."""
    size = first.shape[0]
    row = np.empty(size)
    for r in range(size):
        pivot = 1.0 / lower[at[r] + r]
        row[reach[r] : r] = 0.0
        for k in range(first[r], r):
            value = lower[at[r] + k]
            for c in range(reach[k], k + 1):
                row[c] -= value * lower[at[k] + c]
        for c in range(reach[r], r):
            lower[at[r] + c] = row[c] * pivot
        lower[at[r] + r] = pivot


@compiled_inside
def covariance_within(inverse_root: Floats, reach: Integers, at: Integers) -> Floats:
    """Multiply the inverse lower factor by its transpose from the left: entries from reach on."""
    size = reach.shape[0]
    whole = np.empty_like(inverse_root)
    for r in range(size):
        for c in range(reach[r], r + 1):
            whole[at[r] + c] = 0.0
    for k in range(size):
        for r in range(reach[k], k + 1):
            value = inverse_root[at[k] + r]
            for c in range(max(reach[k], reach[r]), r + 1):
                whole[at[r] + c] += value * inverse_root[at[k] + c]
    return whole


@compiled_inside
def solve_within(
    inverse: Floats, reach: Integers, at: Integers, vector: Floats, out: Floats
) -> None:
    """Solve ``A out = vector`` given the inverse of the lower factor of ``A``."""
    size = vector.shape[0]
    half = np.zeros(size)
    for r in range(size):
        for c in range(reach[r], r + 1):
            half[r] += inverse[at[r] + c] * vector[c]
    out[:] = 0.0
    add_transposed(inverse, reach, at, half, out)


@compiled_inside
def add_transposed(
    lower: Floats, reach: Integers, at: Integers, vector: Floats, out: Floats
) -> None:
    """Add the transpose of a lower triangular matrix times a vector."""
    for r in range(reach.shape[0]):
        for c in range(reach[r], r + 1):
            out[c] += lower[at[r] + c] * vector[r]


@compiled_inside
def add_symmetric(
    matrix: Floats, reach: Integers, at: Integers, factor: float, vector: Floats, out: Floats
) -> None:
    """Add a multiple of a symmetric matrix, given by its lower triangle, times a vector."""
    for r in range(reach.shape[0]):
        entry = matrix[at[r] + r] * vector[r]
        for c in range(reach[r], r):
            entry += matrix[at[r] + c] * vector[c]
            out[c] += factor * matrix[at[r] + c] * vector[r]
        out[r] += factor * entry


@compiled_inside
def trace_within(left: Floats, right: Floats, reach: Integers, at: Integers) -> float:
    """Trace of the product of two symmetric matrices, given by their lower triangles."""
    total = 0.0
    for r in range(reach.shape[0]):
        total += left[at[r] + r] * right[at[r] + r]
        for c in range(reach[r], r):
            total += 2.0 * left[at[r] + c] * right[at[r] + c]
    return total
