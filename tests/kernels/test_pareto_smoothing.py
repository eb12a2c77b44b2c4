"""Smoothing many columns at once against ArviZ, which takes them one by one."""

import numpy as np
import pytest
from arviz_stats.base import array_stats

from bayes_alliance.kernels.pareto_smoothing import largest_good_shape, smooth_weights


@pytest.mark.parametrize("efficiency", [0.3, 1.0, 1.7])
@pytest.mark.parametrize(("draws", "spread"), [(4000, 0.01), (4000, 1.5), (1000, 4.0), (150, 1.0)])
def test_it_is_what_arviz_does(draws, spread, efficiency):
    ratios = spread * np.random.default_rng(1).normal(size=(draws, 40))
    found = smooth_weights(ratios, efficiency)
    weights, shape = array_stats.psislw(-ratios.T, r_eff=efficiency)
    weights -= np.log(np.exp(weights).sum(axis=1, keepdims=True))
    # The same arithmetic in another order: float error.
    np.testing.assert_allclose(found.shape, shape, atol=1e-10)
    np.testing.assert_allclose(found.log_weights, weights.T, atol=1e-10)


def test_weights_sum_to_one_and_the_input_is_left_alone():
    ratios = np.random.default_rng(2).normal(size=(400, 3))
    before = ratios.copy()
    found = smooth_weights(ratios + 1000.0)
    np.testing.assert_allclose(np.exp(found.log_weights).sum(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(ratios, before)


def test_equal_weights_stay_equal():
    found = smooth_weights(np.full((200, 2), -3.0))
    np.testing.assert_allclose(found.log_weights, -np.log(200), rtol=1e-12)
    np.testing.assert_array_equal(found.shape, 0.0)


def test_a_heavy_tail_is_seen():
    """Ratios with infinite variance have k above one half; normal ones have k near 0."""
    rng = np.random.default_rng(3)
    heavy = np.log(rng.pareto(1.2, size=(4000, 200)) + 1)  # k = 1 / 1.2
    light = np.log(rng.exponential(size=(4000, 200)))  # k = 0
    # The sd of k over columns is about 0.09, of its mean 0.006; the estimate is drawn to 0.5.
    assert smooth_weights(heavy).shape.mean() == pytest.approx(1 / 1.2, abs=0.05)
    assert smooth_weights(light).shape.mean() == pytest.approx(0.0, abs=0.06)


def test_the_limit_depends_on_the_draws():
    assert largest_good_shape(100_000) == 0.7
    assert largest_good_shape(100) == pytest.approx(0.5)


def test_too_few_draws_are_refused():
    with pytest.raises(ValueError, match="20 draws"):
        smooth_weights(np.zeros((20, 1)))
