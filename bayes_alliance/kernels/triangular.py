"""Triangular factors as plain loops: Cholesky, inverses, Givens rotations, sums over groups.

Rotating a row into a triangular root keeps ``root'root`` equal to the sum of squares of all
rows seen so far without ever forming that sum, so no digits are lost to cancellation, and what
is left of the row afterwards is orthogonal to the columns of the root.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled, compiled_inside


@compiled_inside
def cholesky_in_place(matrix: Floats) -> float:
    """Turn a positive definite matrix into its lower factor; return its log determinant.

    Only the lower triangle is read. A matrix that is not positive definite gives NaN.
    """
    size = matrix.shape[0]
    log_determinant = 0.0
    for r in range(size):
        for c in range(r):
            matrix[r, c] = (matrix[r, c] - dot_rows(matrix, r, c, c)) / matrix[c, c]
            matrix[c, r] = 0.0
        pivot = matrix[r, r] - dot_rows(matrix, r, r, r)
        if not pivot > 0.0:
            return np.nan
        matrix[r, r] = np.sqrt(pivot)
        log_determinant += np.log(pivot)
    return log_determinant


@compiled_inside
def dot_rows(matrix: Floats, first: int, second: int, length: int) -> float:
    """Inner product of the beginnings of two rows, in four running sums."""
    one = two = three = four = 0.0
    whole = length - length % 4
    for k in range(0, whole, 4):
        one += matrix[first, k] * matrix[second, k]
        two += matrix[first, k + 1] * matrix[second, k + 1]
        three += matrix[first, k + 2] * matrix[second, k + 2]
        four += matrix[first, k + 3] * matrix[second, k + 3]
    for k in range(whole, length):
        one += matrix[first, k] * matrix[second, k]
    return (one + two) + (three + four)


@compiled_inside
def invert_lower_in_place(lower: Floats) -> None:
    """Replace a lower triangular matrix by its inverse."""
    size = lower.shape[0]
    row = np.empty(size)
    for r in range(size):
        pivot = 1.0 / lower[r, r]
        row[:r] = 0.0
        for k in range(r):
            value = lower[r, k]
            for c in range(k + 1):
                row[c] -= value * lower[k, c]
        for c in range(r):
            lower[r, c] = row[c] * pivot
        lower[r, r] = pivot


@compiled_inside
def multiply_by_inverse(inverse: Floats, vector: Floats, out: Floats) -> None:
    """Solve ``A out = vector`` given the inverse of the lower factor of ``A``."""
    size = vector.shape[0]
    half = np.zeros(size)
    for r in range(size):
        for k in range(r + 1):
            half[r] += inverse[r, k] * vector[k]
    for r in range(size):
        entry = 0.0
        for k in range(r, size):
            entry += inverse[k, r] * half[k]
        out[r] = entry


@compiled_inside
def dot(left: Floats, right: Floats) -> float:
    """Inner product in four running sums: faster than one, and rounds less."""
    size = left.shape[0]
    first = second = third = fourth = 0.0
    whole = size - size % 4
    for j in range(0, whole, 4):
        first += left[j] * right[j]
        second += left[j + 1] * right[j + 1]
        third += left[j + 2] * right[j + 2]
        fourth += left[j + 3] * right[j + 3]
    for j in range(whole, size):
        first += left[j] * right[j]
    return (first + second) + (third + fourth)


@compiled_inside
def multiply(matrix: Floats, vector: Floats) -> Floats:
    """Multiply a matrix by a vector."""
    out = np.zeros(matrix.shape[0])
    for r in range(matrix.shape[0]):
        for c in range(matrix.shape[1]):
            out[r] += matrix[r, c] * vector[c]
    return out


@compiled_inside
def multiply_transposed(matrix: Floats, vector: Floats) -> Floats:
    """Multiply the transpose of a matrix by a vector."""
    out = np.zeros(matrix.shape[1])
    for r in range(matrix.shape[0]):
        for c in range(matrix.shape[1]):
            out[c] += matrix[r, c] * vector[r]
    return out


@compiled_inside
def add_product(target: Floats, left: Floats, right: Floats) -> None:
    """Add the elementwise product of two vectors to a third."""
    for j in range(target.shape[0]):
        target[j] += left[j] * right[j]


@compiled_inside
def add_multiple(target: Floats, value: float, vector: Floats) -> None:
    """Add a multiple of one vector to another."""
    for j in range(target.shape[0]):
        target[j] += value * vector[j]


@compiled_inside
def rotate_row_in(root: Floats, rotated: Floats, j: int, row: Floats, partner: Floats) -> None:
    """Absorb one row into the triangular root ``root[j]``.

    Parameters
    ----------
    root
        Upper triangular roots, shape (J, q, q), changed in place at ``j``.
    rotated
        What goes along with the root, shape (J, q, k), changed in place at ``j``.
    row
        The new row, shape (q,); zero afterwards.
    partner
        What goes along with the row, shape (k,); its orthogonal rest afterwards.
    """
    q = root.shape[1]
    k = rotated.shape[2]
    for a in range(q):
        if row[a] == 0.0:
            continue
        old = root[j, a, a]
        length = np.sqrt(old * old + row[a] * row[a])
        shrink = 1.0 / length
        cosine = old * shrink
        sine = row[a] * shrink
        root[j, a, a] = length
        row[a] = 0.0
        for b in range(a + 1, q):
            kept = root[j, a, b]
            root[j, a, b] = cosine * kept + sine * row[b]
            row[b] = cosine * row[b] - sine * kept
        for c in range(k):
            kept = rotated[j, a, c]
            rotated[j, a, c] = cosine * kept + sine * partner[c]
            partner[c] = cosine * partner[c] - sine * kept


@compiled
def rotate_roots_together(
    root: Floats, rotated: Floats, other_root: Floats, other_rotated: Floats, residual: Floats
) -> None:
    """Merge a second set of roots of the same groups into the first, in place.

    The rest of each absorbed row is added to ``residual``, shape (J or 1, k, k): one matrix a
    group, or one for all of them.
    """
    q = root.shape[1]
    k = rotated.shape[2]
    row = np.empty(q)
    partner = np.empty(k)
    for j in range(root.shape[0]):
        g = j if residual.shape[0] > 1 else 0
        for a in range(q):
            for b in range(q):
                row[b] = other_root[j, a, b]
            for c in range(k):
                partner[c] = other_rotated[j, a, c]
            rotate_row_in(root, rotated, j, row, partner)
            for c in range(k):
                for d in range(k):
                    residual[g, c, d] += partner[c] * partner[d]
