"""Leaving zeros out gives what plain linear algebra gives; nested data leave many out."""

import numba
import numpy as np
import pytest

from bayes_alliance.kernels.crossed.moments import Term, crossed_moments
from bayes_alliance.kernels.crossed.problem import (
    count_steps,
    elimination_steps,
    prepare_crossed,
    steps_if_all_meet,
)
from bayes_alliance.kernels.envelope import (
    add_symmetric,
    add_transposed,
    compact,
    covariance_within,
    factor_within,
    first_entries,
    inverse_entries,
    invert_within,
    row_offsets,
    solve_within,
    trace_within,
)


@numba.njit
def worked(kept, first, reach, at, vector):
    """Compiled kernels are called from compiled code only."""
    matrix = kept.copy()
    log_determinant = factor_within(matrix, first, at)
    lower = matrix.copy()
    invert_within(matrix, first, reach, at)
    covariance = covariance_within(matrix, reach, at)
    size = len(reach)
    solution, turned, product = np.empty(size), np.zeros(size), np.zeros(size)
    solve_within(matrix, reach, at, vector, solution)
    add_transposed(lower, first, at, vector, turned)
    add_symmetric(kept, reach, at, -2.0, vector, product)
    trace = trace_within(covariance, kept, reach, at)
    return log_determinant, lower, matrix, covariance, solution, turned, product, trace


def blocks(effects: int, groups: int) -> np.ndarray:
    """The first effect of each dense effect's group."""
    return effects * np.repeat(np.arange(groups), effects)


def stored(matrix: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that end on the diagonal, and a last one of zeros: where they stand, and the store."""
    size = len(reach)
    stop = np.arange(1, size + 1)
    at = row_offsets(reach, stop)
    return at, compact(np.pad(matrix, (0, 1)), np.arange(size + 1), reach, stop, at)


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
        block, (start, active) = blocks(2, 7), nested(7, 3, 2)
    elif kind == "crossed":
        block, (start, active) = blocks(1, 9), crossed(rng, 9)
    else:
        block, (start, active) = blocks(1, 0), (np.zeros(4, dtype=np.int64), np.zeros(0, int))
    size = len(block) + 3
    first = first_entries(start, active, block, size)
    reach = inverse_entries(first)
    matrix = matrix_of(start, active, len(block), size, rng)
    vector = rng.normal(size=size)
    at, kept = stored(matrix, reach)
    log_determinant, lower, inverse, covariance, solution, turned, product, trace = worked(
        kept, first, reach, at, vector
    )
    expected = np.linalg.cholesky(matrix)
    places = np.arange(size)
    rows, columns = np.nonzero((places >= reach[:, None]) & (places <= places[:, None]))
    entries = at[rows] + columns
    np.testing.assert_array_equal(entries, np.arange(len(rows)))
    np.testing.assert_allclose(lower[entries], expected[rows, columns], atol=1e-12)
    np.testing.assert_allclose(log_determinant, np.linalg.slogdet(matrix)[1], rtol=1e-12)
    root = np.linalg.inv(expected)
    np.testing.assert_allclose(inverse[entries], root[rows, columns], atol=1e-11)
    full = np.linalg.inv(matrix)
    np.testing.assert_allclose(covariance[entries], full[rows, columns], atol=1e-11)
    np.testing.assert_allclose(solution, full @ vector, atol=1e-11)
    np.testing.assert_allclose(turned, expected.T @ vector, atol=1e-12)
    np.testing.assert_allclose(product, -2.0 * matrix @ vector, atol=1e-12)
    np.testing.assert_allclose(trace, size, rtol=1e-10)


def test_nested_data_leave_small_blocks():
    start, active = nested(50, 4, 1)
    first = first_entries(start, active, blocks(2, 50), 101)
    assert (np.arange(100) - first[:100]).max() == 1
    np.testing.assert_array_equal(inverse_entries(first), first)


def test_what_is_not_positive_definite_is_nan():
    matrix = np.array([[1.0, 2.0], [2.0, 1.0]])
    first = np.zeros(2, dtype=np.int64)
    at, kept = stored(matrix, first)
    assert np.isnan(worked(kept, first, first, at, np.ones(2))[0])


@numba.njit
def loops(first, reach):
    """The loops of factor, inverse and product, with a counter for what they do inside."""
    steps = 0
    for r in range(len(first)):
        for c in range(first[r], r):
            steps += max(0, c - max(first[r], first[c]))
        for k in range(first[r], r):
            steps += k + 1 - reach[k]
    for k in range(len(first)):
        for r in range(reach[k], k + 1):
            steps += r + 1 - max(reach[k], reach[r])
    return steps


def levels(kind: str, rng: np.random.Generator) -> tuple[list[np.ndarray], list[int]]:
    """The groups of each row, labels in no order, and how many effects a group has."""
    client = np.repeat(np.arange(240), 2)
    manager = rng.permutation(80)[client // 3]
    agency = rng.permutation(20)[np.argsort(rng.permutation(80)) // 4][manager]
    return {
        "two levels": ([manager, client], [2, 1]),
        "three levels": ([agency, client, manager], [1, 1, 2]),
        "four levels": ([agency // 5, agency, client, manager], [2, 1, 1, 2]),
        "crossed": ([rng.integers(20, size=480), client], [2, 1]),
        "waves over levels": ([agency // 4, np.arange(480) % 7, client, manager], [1, 1, 1, 1]),
        "crossed in part": ([agency, client, manager, rng.integers(5, size=480)], [1, 1, 1, 1]),
    }[kind]


LEVELS = ["two levels", "three levels", "four levels", "waves over levels"]


@pytest.mark.parametrize("kind", [*LEVELS, "crossed", "crossed in part"])
def test_the_work_is_known_from_the_groups_alone(kind):
    """The same first entries as those of the sums, whose making is what is to be avoided."""
    rng = np.random.default_rng(4)
    group, effects = levels(kind, rng)
    counts = [int(g.max()) + 1 for g in group]
    terms = [
        Term(columns=rng.normal(size=(480, q)), group=g, n_groups=n)
        for g, n, q in zip(group, counts, effects, strict=True)
    ]
    X = np.ones((480, 1))
    sums = crossed_moments(rng.normal(size=480), X, terms)
    ready = prepare_crossed(sums, np.zeros(1), np.ones(1)).arrays()
    dense = len(ready.reach) - 1
    steps = elimination_steps(group, counts, effects)
    assert steps == loops(ready.first[:dense], ready.reach[:dense])
    # Where groups hold one another, a few that cross them all do not fill the matrix.
    assert (steps < 0.1 * steps_if_all_meet(dense)) == (kind != "crossed")


@pytest.mark.parametrize("effects", [1, 2, 7, 150])
def test_the_work_of_effects_that_all_meet_has_a_closed_form(effects):
    nothing = np.zeros(effects, dtype=np.int64)
    assert steps_if_all_meet(effects) == count_steps(nothing, nothing)
