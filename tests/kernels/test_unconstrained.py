"""The unconstrained vector maps one to one, with the right Jacobian and a normalised LKJ."""

import itertools

import numpy as np
import pytest
from scipy import integrate

from bayes_alliance.kernels import unconstrained


def constrain(theta, blocks):
    q = int(np.sum(blocks))
    tau, factor = np.empty(q), np.empty((q, q))
    log_jacobian = unconstrained.constrain(theta, 0, np.asarray(blocks), tau, factor)
    return tau, factor, log_jacobian


def unconstrain(tau, correlation_factor, blocks):
    """The way back from :func:`constrain`."""
    stretch, first = list(np.log(tau)), 0
    for size in blocks:
        for i in range(size):
            row = correlation_factor[first + i, first : first + i + 1]
            # What is left of the unit row from each place on, added up from its small end.
            left = [np.sqrt(np.sum(row[k + 1 :] ** 2)) for k in range(i)]
            stretch += list(np.arcsinh(row[:i] / left))
        first += size
    return np.array(stretch)


BLOCKS = [[1], [2], [3], [4], [2, 1], [1, 3, 2], [1, 1]]


@pytest.mark.parametrize("blocks", BLOCKS, ids=str)
def test_there_and_back(blocks):
    size = unconstrained.count_parameters(np.array(blocks))
    theta = np.random.default_rng(1).normal(size=size)
    tau, factor, _ = constrain(theta, blocks)
    np.testing.assert_allclose(np.sum(factor**2, axis=1), 1.0, rtol=1e-13)
    back = unconstrain(tau, factor, blocks)
    np.testing.assert_allclose(back, theta, rtol=1e-10)


@pytest.mark.parametrize("z", [-12.0, -2.0, 0.0, 0.3, 9.0])
def test_one_correlation_is_the_tanh(z):
    _, factor, log_jacobian = constrain(np.array([0.0, 0.0, z]), [2])
    assert factor[1, 0] == pytest.approx(np.tanh(z), rel=1e-15)
    # The entry that vanishes near the edge keeps its digits.
    assert factor[1, 1] == pytest.approx(1.0 / np.cosh(z), rel=1e-13)
    assert log_jacobian == pytest.approx(-2.0 * np.log(np.cosh(z)), rel=1e-13)


def test_effects_of_different_blocks_are_uncorrelated():
    _, factor, _ = constrain(np.random.default_rng(2).normal(size=7), [2, 1, 1])[:3]
    correlation = factor @ factor.T
    assert correlation[0, 1] != 0.0
    assert not correlation[2, :2].any()
    assert not correlation[3, :3].any()


@pytest.mark.parametrize("blocks", BLOCKS, ids=str)
def test_log_jacobian_is_the_determinant_of_the_differences(blocks):
    size = unconstrained.count_parameters(np.array(blocks))
    theta = np.random.default_rng(3).normal(size=size) * 0.7
    starts = np.concatenate([[0], np.cumsum(blocks)])
    pairs = [
        (i, k)
        for first, stop in itertools.pairwise(starts)
        for i in range(first, stop)
        for k in range(first, i)
    ]

    def natural(values):
        tau, factor, _ = constrain(values, blocks)
        correlation = factor @ factor.T
        return np.concatenate([tau, [correlation[pair] for pair in pairs]])

    step = 1e-6
    jacobian = np.column_stack(
        [
            (natural(theta + step * unit) - natural(theta - step * unit)) / (2 * step)
            for unit in np.eye(size)
        ]
    )
    found = constrain(theta, blocks)[2]
    assert found == pytest.approx(np.linalg.slogdet(jacobian)[1], abs=1e-7)


@pytest.mark.parametrize("eta", [0.5, 1.0, 2.0, 7.3])
def test_lkj_integrates_to_one_for_a_pair(eta):
    def density(z):
        return np.exp(
            unconstrained.lkj(np.array([z]), 0, 2, eta, np.zeros(1))
            + unconstrained.log_sech_squared(z)
        )

    assert integrate.quad(density, -40.0, 40.0)[0] == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("eta", [1.0, 2.5])
def test_lkj_integrates_to_one_for_three_effects(eta):
    nodes, weights = np.polynomial.legendre.leggauss(24)
    total = 0.0
    for places in itertools.product(range(24), repeat=3):
        chosen = list(places)
        theta = np.concatenate([np.zeros(3), np.arctanh(nodes[chosen])])
        log_density = unconstrained.lkj(theta, 3, 3, eta, np.zeros(6)) + constrain(theta, [3])[2]
        # The rule is one in the partial correlations themselves: take the tanh off again.
        log_density -= np.log1p(-(nodes[chosen] ** 2)).sum()
        total += np.prod(weights[chosen]) * np.exp(log_density)
    # The integrand has square-root edges, which 24 nodes meet to four digits.
    assert total == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_lkj_depends_on_the_determinant_only_and_its_slope_is_right(size):
    rng = np.random.default_rng(4)
    pairs = size * (size - 1) // 2
    offsets = []
    for _ in range(3):
        theta = rng.normal(size=size + pairs)
        gradient = np.zeros(size + pairs)
        found = unconstrained.lkj(theta, size, size, 2.5, gradient)
        _, factor, _ = constrain(theta, [size])
        offsets.append(found - 1.5 * np.linalg.slogdet(factor @ factor.T)[1])
        for k in range(size + pairs):
            unit = 1e-5 * np.eye(size + pairs)[k]
            above = unconstrained.lkj(theta + unit, size, size, 2.5, np.zeros(size + pairs))
            below = unconstrained.lkj(theta - unit, size, size, 2.5, np.zeros(size + pairs))
            assert gradient[k] == pytest.approx((above - below) / 2e-5, abs=1e-7)
    np.testing.assert_allclose(offsets, offsets[0], rtol=1e-12)
