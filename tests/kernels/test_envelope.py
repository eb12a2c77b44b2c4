"""Leaving zeros out gives what plain linear algebra gives; nested data leave many out."""

import numba
import numpy as np
import pytest

from bayes_alliance.kernels.envelope import (
    covariance_within,
    factor_within,
    first_entries,
    inverse_entries,
    invert_within,
)


@numba.njit
def worked(matrix, first, reach):
    """Compiled kernels are called from compiled code only."""
    log_determinant = factor_within(matrix, first)
    lower = matrix.copy()
    invert_within(matrix, first, reach)
    return log_determinant, lower, matrix, covariance_within(matrix, reach)


def nested(schools: int, classes: int, coefficients: int) -> tuple[np.ndarray, np.ndarray]:
    """Every class (eliminated) meets one school; effects of a school meet one another."""
    start = np.arange(0, 2 * schools * classes + 1, 2)
    school = np.repeat(np.arange(schools), classes)
    return start, np.column_stack([2 * school, 2 * school + 1]).ravel()


def crossed(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    meets = [np.sort(rng.choice(size, size=3, replace=False)) for _ in range(4 * size)]
    return np.arange(0, 12 * size + 1, 3), np.concatenate(meets)


def matrix_of(start, active, dense, size, rng):
    """A positive definite matrix with entries just where the data can put them."""
    rows = []
    for j in range(len(start) - 1):
        row = np.zeros(size)
        row[active[start[j] : start[j + 1]]] = rng.normal(size=start[j + 1] - start[j])
        row[dense:] = rng.normal(size=size - dense)
        rows.append(row)
    columns = np.array(rows)
    return columns.T @ columns + np.eye(size)


@pytest.mark.parametrize("kind", ["nested", "crossed", "nothing met"])
def test_it_is_plain_linear_algebra(kind):
    rng = np.random.default_rng(3)
    if kind == "nested":
        dense, (start, active) = 14, nested(7, 3, 2)
    elif kind == "crossed":
        dense, (start, active) = 9, crossed(rng, 9)
    else:
        dense, (start, active) = 0, (np.zeros(4, dtype=np.int64), np.zeros(0, dtype=np.int64))
    size = dense + 3
    first = first_entries(start, active, dense, size)
    reach = inverse_entries(first)
    matrix = matrix_of(start, active, dense, size, rng)
    log_determinant, lower, inverse, covariance = worked(matrix.copy(), first, reach)
    expected = np.linalg.cholesky(matrix)
    np.testing.assert_allclose(lower, expected, atol=1e-12)
    np.testing.assert_allclose(log_determinant, np.linalg.slogdet(matrix)[1], rtol=1e-12)
    np.testing.assert_allclose(np.tril(inverse), np.linalg.inv(expected), atol=1e-11)
    np.testing.assert_allclose(covariance, np.linalg.inv(matrix), atol=1e-11)


def test_nested_data_leave_small_blocks():
    start, active = nested(50, 4, 1)
    first = first_entries(start, active, 100, 101)
    assert (np.arange(100) - first[:100]).max() == 1
    np.testing.assert_array_equal(inverse_entries(first), first)


def test_what_is_not_positive_definite_is_nan():
    matrix = np.array([[1.0, 2.0], [2.0, 1.0]])
    first = np.zeros(2, dtype=np.int64)
    assert np.isnan(worked(matrix, first, first)[0])
