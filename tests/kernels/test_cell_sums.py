"""Sums by cell: against plain numpy, in any batches, and where centring at zero loses digits."""

import numpy as np
import pytest

from bayes_alliance.kernels.cell_sums import add_rows, cell_sums, cell_width, stand_in_rows

CELLS = 7


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    cell = np.concatenate([np.arange(CELLS), rng.integers(0, CELLS, 300)])
    values = rng.normal(size=(3, len(cell))) + 4 * rng.normal(size=(3, CELLS))[:, cell]
    return values, cell, rng.uniform(0.5, 3.0, len(cell))


def _state(values, cell, weight, *, step=10_000):
    state = np.zeros((CELLS, cell_width(len(values))))
    for start in range(0, len(cell), step):
        here = slice(start, start + step)
        add_rows(np.ascontiguousarray(values[:, here]), cell[here], weight[here], state)
    return state


@pytest.mark.parametrize("weighted", [False, True])
def test_weights_means_and_products_are_those_of_the_rows(rows, weighted):
    values, cell, weight = rows
    found = cell_sums(_state(values, cell, weight if weighted else np.zeros(0)), 3)
    for j in range(CELLS):
        own, w = values[:, cell == j], weight[cell == j] if weighted else np.ones((cell == j).sum())
        mean = np.average(own, axis=1, weights=w)
        centred = own - mean[:, None]
        # Float error: some tens of terms of order 1 to 10.
        np.testing.assert_allclose(found.weight[j], w.sum(), rtol=1e-13)
        np.testing.assert_allclose(found.mean[j], mean, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(found.products[j], (centred * w) @ centred.T, atol=1e-11)
    np.testing.assert_allclose(
        found.total_mean,
        np.average(values, axis=1, weights=weight if weighted else None),
        rtol=1e-13,
        atol=1e-13,
    )


def test_batches_do_not_change_a_bit(rows):
    values, cell, weight = rows
    whole = _state(values, cell, weight)
    np.testing.assert_array_equal(_state(values, cell, weight, step=17), whole)


def test_rows_that_stand_in_have_the_products_of_the_real_ones(rows):
    values, cell, weight = rows
    origin = np.array([0.3, -2.0, 5.0])
    few = stand_in_rows(cell_sums(_state(values, cell, weight), 3), origin)
    for j in range(CELLS):
        own = np.vstack([np.ones((cell == j).sum()), values[:, cell == j] - origin[:, None]])
        np.testing.assert_allclose(
            few[j].T @ few[j], (own * weight[cell == j]) @ own.T, rtol=1e-12, atol=1e-11
        )


def test_digits_survive_cells_far_apart():
    rng = np.random.default_rng(1)
    cell = np.repeat(np.arange(CELLS), 50)
    small = rng.normal(size=(2, len(cell))) * 2.0**-20
    # Whole shifts and steps of 2^-40: the shifted values are exact, so the answer is known.
    small = np.round(small * 2.0**40) / 2.0**40
    values = small + 1000.0 * (1 + cell)
    found = cell_sums(_state(values, cell, np.zeros(0)), 2)
    for j in range(CELLS):
        own = small[:, cell == j]
        centred = own - own.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(found.products[j], centred @ centred.T, rtol=1e-11)
    # Negative control: sums around zero have lost every digit of these.
    own = values[:, cell == 6]
    naive = own @ own.T - np.outer(own.sum(axis=1), own.sum(axis=1)) / own.shape[1]
    assert not np.allclose(naive, found.products[6], rtol=0.1)


def test_a_column_that_another_determines_gets_no_pivot(rows):
    values, cell, _ = rows
    doubled = np.vstack([values[:1], 2.0 * values[:1], values[1:2]])
    few = stand_in_rows(cell_sums(_state(doubled, cell, np.zeros(0)), 3), np.zeros(3))
    np.testing.assert_array_equal(few[:, 2, 2], 0.0)
    np.testing.assert_allclose(few[:, 1, 2], 2.0 * few[:, 1, 1], rtol=1e-13)


def test_a_cell_of_one_row_is_that_row():
    state = np.zeros((1, cell_width(2)))
    add_rows(np.array([[3.0], [4.0]]), np.zeros(1, dtype=np.int64), np.zeros(0), state)
    few = stand_in_rows(cell_sums(state, 2), np.zeros(2))
    np.testing.assert_array_equal(few[0], [[1, 3, 4], [0, 0, 0], [0, 0, 0]])
