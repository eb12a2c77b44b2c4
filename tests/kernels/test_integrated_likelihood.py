"""Effects integrated out of whole groups, against scipy's normal density and its quadrature."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from bayes_alliance.kernels.integrated_likelihood import (
    EffectLayer,
    integrated_by_quadrature,
    integrated_normal,
    quadrature_points,
)

GROUP = np.repeat([0, 1, 2], [5, 2, 6])
MANAGER = np.array([0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 5])
S2 = np.array([0.5, 2.0])


def roots(q, seed):
    return np.tril(np.random.default_rng(seed).normal(size=(2, q, q)))


def layer(unit, q, seed):
    return EffectLayer(columns=np.random.default_rng(seed).normal(size=(13, q)), unit=unit)


def covariance(layers, own_roots, s, weight):
    total = np.diag(S2[s] / weight)
    for each, root in zip(layers, own_roots, strict=True):
        same = each.unit[:, None] == each.unit[None]
        total += np.where(same, each.columns @ root[s] @ root[s].T @ each.columns.T, 0.0)
    return total


LAYERS = {
    "none": [],
    "own": [layer(GROUP, 2, 1)],
    "nested": [layer(GROUP, 2, 1), layer(MANAGER, 1, 2)],
    "three": [layer(GROUP, 1, 1), layer(MANAGER, 2, 2), layer(np.arange(13), 1, 3)],
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_integrated_exactly(name):
    layers = LAYERS[name]
    own_roots = [roots(each.columns.shape[1], 7 + k) for k, each in enumerate(layers)]
    rng = np.random.default_rng(5)
    rest, weight = rng.normal(size=(2, 13)), rng.uniform(0.5, 2.0, 13)
    found = integrated_normal(rest, S2, layers, own_roots, GROUP, weight, np.ones(13))
    for s in range(2):
        whole = covariance(layers, own_roots, s, weight)
        for j in range(3):
            rows = np.flatnonzero(np.equal(GROUP, j))
            expected = stats.multivariate_normal.logpdf(
                rest[s, rows], cov=whole[np.ix_(rows, rows)]
            )
            assert found[s, j] == pytest.approx(expected, rel=1e-11)


def test_repeats_are_rows():
    repeats = np.tile([1.0, 2.0, 3.0], 5)[:13]
    places = np.repeat(np.arange(13), repeats.astype(int))
    layers = LAYERS["nested"]
    long = [EffectLayer(columns=y.columns[places], unit=y.unit[places]) for y in layers]
    own_roots, ones = [roots(2, 7), roots(1, 8)], np.ones(13)
    rest = np.random.default_rng(6).normal(size=(2, 13))
    short = integrated_normal(rest, S2, layers, own_roots, GROUP, ones, repeats)
    every = np.ones(len(places))
    expected = integrated_normal(rest[:, places], S2, long, own_roots, GROUP[places], every, every)
    np.testing.assert_allclose(short, expected, rtol=1e-11)


def test_a_standard_deviation_of_zero_is_no_edge():
    zero = np.zeros((2, 2, 2))
    rest = np.random.default_rng(6).normal(size=(2, 13))
    ones = np.ones(13)
    found = integrated_normal(rest, S2, LAYERS["own"], [zero], GROUP, ones, ones)
    plain = integrated_normal(rest, S2, [], [], GROUP, ones, ones)
    np.testing.assert_allclose(found, plain, rtol=1e-12)


def bernoulli(y):
    return lambda eta: special.log_expit(np.where(y == 1, eta, -eta))


@pytest.mark.parametrize("sd", [0.0, 0.3, 1.5, 8.0])
def test_one_effect_against_scipys_quadrature(sd):
    rng = np.random.default_rng(9)
    y = (rng.random(13) < 0.6).astype(float)
    eta, columns = rng.normal(size=(2, 13)), rng.normal(size=(13, 1))
    found = integrated_by_quadrature(bernoulli(y), eta, columns, np.full((2, 1, 1), sd), GROUP)[0]
    for s in range(2):
        for j in range(3):
            rows = np.flatnonzero(np.equal(GROUP, j))

            def joint(v, rows=rows, s=s):
                moved = eta[s, rows] + columns[rows, 0] * sd * v
                return np.exp(bernoulli(y[rows])(moved).sum() + stats.norm.logpdf(v))

            expected, _ = integrate.quad(joint, -12, 12, points=[-2, 0, 2], epsabs=0, epsrel=1e-10)
            # Eleven nodes; hardest where two outcomes and sd 8 make the integrand a ramp.
            assert found[s, j] == pytest.approx(np.log(expected), abs=2e-2 if sd == 8 else 1e-4)


def test_two_effects_against_a_fine_grid():
    rng = np.random.default_rng(10)
    y = (rng.random(13) < 0.5).astype(float)
    eta, columns, root = rng.normal(size=(2, 13)), rng.normal(size=(13, 2)), roots(2, 11)
    found, _ = integrated_by_quadrature(bernoulli(y), eta, columns, root, GROUP)
    axis = np.linspace(-7, 7, 281)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    for s in range(2):
        for j in range(3):
            rows = np.flatnonzero(np.equal(GROUP, j))
            moved = eta[s, rows] + grid @ (columns[rows] @ root[s]).T
            values = bernoulli(y[rows])(moved).sum(axis=1) + stats.norm.logpdf(grid).sum(axis=1)
            expected = special.logsumexp(values) + 2 * np.log(axis[1] - axis[0])
            assert found[s, j] == pytest.approx(expected, abs=2e-3)  # seven nodes a side


def test_a_normal_outcome_is_integrated_to_all_digits():
    """There the integrand is the normal the nodes are laid for, so quadrature is exact."""
    y, eta, columns, root = (
        np.random.default_rng(12).normal(size=13),
        np.zeros((2, 13)),
        LAYERS["own"][0].columns,
        roots(2, 13),
    )
    ones = np.ones(13)
    found, _ = integrated_by_quadrature(
        lambda e: stats.norm.logpdf(y, e, np.sqrt(S2)[:, None]), eta, columns, root, GROUP
    )
    exact = integrated_normal(y - eta, S2, LAYERS["own"], [root], GROUP, ones, ones)
    # The curvature is a difference quotient of step 1e-3: about eight digits.
    np.testing.assert_allclose(found, exact, atol=1e-5)


def test_three_effects_by_importance_sampling():
    rng = np.random.default_rng(14)
    y, columns, root = rng.normal(size=13), rng.normal(size=(13, 3)), roots(3, 15)
    own, ones = EffectLayer(columns=columns, unit=GROUP), np.ones(13)
    found, _ = integrated_by_quadrature(
        lambda e: stats.norm.logpdf(y, e, np.sqrt(S2)[:, None]),
        np.zeros((2, 13)),
        columns,
        root,
        GROUP,
    )
    exact = integrated_normal(np.tile(y, (2, 1)), S2, [own], [root], GROUP, ones, ones)
    np.testing.assert_allclose(found, exact, atol=1e-5)  # the proposal is the target here


@pytest.mark.parametrize("q", [1, 2, 4])
def test_points_stand_for_a_standard_normal(q):
    points, log_weights = quadrature_points(q)
    weights = np.exp(log_weights)
    assert weights.sum() == pytest.approx(1.0)
    covariance_of_points = (points * weights[:, None]).T @ points
    # Grids are exact; 256 Sobol points miss a little.
    np.testing.assert_allclose(covariance_of_points, np.eye(q), atol=1e-10 if q < 3 else 0.1)


def test_a_start_from_other_draws_changes_nothing():
    """The nodes may move by a tenth of the integrand's width; the integral hardly does."""
    rng = np.random.default_rng(16)
    y = (rng.random(13) < 0.5).astype(float)
    eta, columns, root = rng.normal(size=(2, 13)), rng.normal(size=(13, 1)), roots(1, 17)
    cold, mode = integrated_by_quadrature(bernoulli(y), eta, columns, root, GROUP)
    assert mode.shape == (3, 1)
    warm, _ = integrated_by_quadrature(bernoulli(y), eta, columns, root, GROUP, mode)
    np.testing.assert_allclose(warm, cold, atol=1e-5)


def test_many_rows_need_fewer_nodes():
    rng = np.random.default_rng(18)
    group = np.repeat(np.arange(20), 30)
    y = (rng.random(600) < 0.4).astype(float)
    eta, columns = rng.normal(size=(1, 600)), np.ones((600, 1))
    found, _ = integrated_by_quadrature(bernoulli(y), eta, columns, np.full((1, 1, 1), 1.2), group)
    assert len(quadrature_points(1, many_rows=True)[0]) < len(quadrature_points(1)[0])
    axis = np.linspace(-8, 8, 2001)
    for j in range(20):
        rows = group == j
        values = bernoulli(y[rows])(eta[0, rows] + 1.2 * axis[:, None]).sum(axis=1)
        expected = special.logsumexp(values + stats.norm.logpdf(axis)) + np.log(axis[1] - axis[0])
        assert found[0, j] == pytest.approx(expected, abs=1e-5)
