"""Small linear algebra as plain loops: Cholesky factors, inverses, sums over groups."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside


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
