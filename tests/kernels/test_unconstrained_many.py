"""Many correlation matrices at a time: equal to the compiled map of one, there and back."""

import numpy as np
import pytest

from bayes_alliance.kernels.unconstrained import (
    constrain,
    lkj,
    log_correlation_prior,
    partials_of,
    roots_of,
)

BLOCKS = [[1], [2], [3], [3, 1, 2, 4], [1, 1]]


def partials(blocks, draws=40):
    count = sum(n * (n - 1) // 2 for n in blocks)
    return 1.2 * np.random.default_rng(1).normal(size=(draws, count))


@pytest.mark.parametrize("blocks", BLOCKS)
def test_the_compiled_map_and_prior_are_met(blocks):
    z, q, eta = partials(blocks), sum(blocks), 1.7
    roots, prior = roots_of(z, blocks), log_correlation_prior(z, blocks, eta)
    for k in range(len(z)):
        theta = np.concatenate([np.zeros(q), z[k]])
        tau, root, gradient = np.empty(q), np.empty((q, q)), np.zeros_like(theta)
        expected = constrain(theta, 0, np.array(blocks), tau, root)
        place = q
        for size in blocks:
            expected += lkj(theta, place, size, eta, gradient) if size > 1 else 0.0
            place += size * (size - 1) // 2
        np.testing.assert_allclose(roots[k], root, atol=1e-14)
        assert prior[k] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("blocks", BLOCKS)
def test_there_and_back(blocks):
    z = partials(blocks)
    roots = roots_of(z, blocks)
    # The correlations themselves hold z to about the square root of rounding at |z| = 5.
    back = partials_of(roots @ roots.transpose(0, 2, 1), blocks)
    np.testing.assert_allclose(back, z, atol=1e-5)


def test_correlations_at_their_bounds_stay_finite():
    for rho in (1.0, -1.0, 1 - 1e-16, 0.0):
        matrix = np.array([[[1.0, rho], [rho, 1.0]]])
        found = partials_of(matrix, [2])
        assert np.isfinite(found).all()
        assert np.tanh(found[0, 0]) == pytest.approx(rho, abs=1e-12)
