"""Moments of weighted draws: their errors against repetition, their tails against known ones."""

import numpy as np
import pytest

from bayes_alliance.checks.group_shifts import (
    batches_of,
    errors_by_batch,
    moments_from,
    standard_error,
    tail_shapes,
    weighted_sums,
)
from bayes_alliance.kernels.pareto_smoothing import largest_good_shape, smooth_weights

CHAINS, DRAWS = 4, 500


def chains_of(rng, dependence):
    """Standard normal chains, shape (chain, draw), each draw dependent on the one before."""
    noise = rng.normal(size=(CHAINS, DRAWS))
    values = noise.copy()
    for k in range(1, DRAWS):
        values[:, k] = dependence * values[:, k - 1] + np.sqrt(1 - dependence**2) * noise[:, k]
    return values


def two_columns(values):
    """Return weights that move the mean by 0.5, and equal ones; each sums to one."""
    tilted = np.exp(0.5 * values)
    return np.column_stack([tilted / tilted.sum(), np.full(len(values), 1 / len(values))])


@pytest.mark.parametrize(("chains", "draws"), [(4, 500), (3, 7), (1, 101), (30, 2)])
def test_batches_hold_every_draw_once_and_no_two_chains(chains, draws):
    batches = batches_of(chains, draws)
    places = np.arange(chains * draws).reshape(chains, draws)
    rows = [np.arange(chains * draws)[b.rows] for b in batches]
    np.testing.assert_array_equal(np.concatenate(rows), places.ravel())
    for batch, own in zip(batches, rows, strict=True):
        np.testing.assert_array_equal(own, places[batch.chain, batch.draws])


def test_moments_are_the_weighted_ones():
    rng = np.random.default_rng(1)
    values = 60 + rng.normal(size=(CHAINS * DRAWS, 2)) * [0.01, 100]
    weights = two_columns(rng.normal(size=len(values)))
    found = moments_from(weighted_sums(values, weights, batches_of(CHAINS, DRAWS)))
    for column in range(2):
        w = weights[:, column]
        mean = np.average(values, axis=0, weights=w)
        np.testing.assert_allclose(found.mean[column], mean, rtol=1e-12)
        variance = np.average((values - mean) ** 2, axis=0, weights=w)
        np.testing.assert_allclose(found.sd[column], np.sqrt(variance), rtol=1e-9)
        above = np.average(values > 0, axis=0, weights=w)
        np.testing.assert_allclose(found.above_zero[column], above, rtol=1e-12)


@pytest.mark.parametrize("dependence", [0.0, 0.8])
def test_the_error_is_the_spread_over_repetitions(dependence):
    """Of the weighted mean, and of its difference from the plain mean of the same draws."""
    rng = np.random.default_rng(2)
    means, claimed = [], []
    for _ in range(400):
        values = chains_of(rng, dependence).reshape(-1, 1)
        sums = weighted_sums(values, two_columns(values[:, 0]), batches_of(CHAINS, DRAWS))
        found, errors = moments_from(sums), errors_by_batch(sums)
        means.append([found.mean[0, 0], found.mean[0, 0] - found.mean[1, 0]])
        claimed.append([found.mcse[0, 0], standard_error(errors[:, 0] - errors[:, 1])[0]])
    # 400 repetitions know a spread to 3.5%; batches of 100 draws miss 4% of dependence at most.
    ratio = np.sqrt(np.mean(np.square(claimed), axis=0)) / np.std(means, axis=0)
    np.testing.assert_allclose(ratio, 1.0, atol=0.14)


def test_good_weights_do_not_make_a_long_tail_good():
    """The control: weights of a short tail, for a normal quantity and for one without a mean."""
    rng = np.random.default_rng(3)
    weights = np.exp(0.2 * rng.normal(size=(4000, 3)))
    weights /= weights.sum(axis=0)
    limit = largest_good_shape(4000)
    assert (smooth_weights(np.log(weights)).shape < 0.3).all()
    values = np.column_stack([rng.normal(size=4000), rng.standard_cauchy(4000), np.full(4000, 5.0)])
    shapes = tail_shapes(values, weights, weights.T @ values, 1.0)
    assert shapes.shape == (3, 3)
    assert (shapes[:, [0, 2]] < 0.5).all()
    # Cauchy tails have k = 1, which 200 draws of the tail know to about 0.15.
    assert (shapes[:, 1] > limit).all()


def test_a_tail_to_the_left_counts_as_one_to_the_right():
    rng = np.random.default_rng(4)
    long = rng.pareto(1.0, size=(4000, 1))
    weights = np.full((4000, 1), 1 / 4000)
    right = tail_shapes(long, weights, weights.T @ long, 1.0)
    np.testing.assert_allclose(tail_shapes(-long, weights, -weights.T @ long, 1.0), right)
    assert right[0, 0] > largest_good_shape(4000)
