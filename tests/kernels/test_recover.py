"""Recovered draws have exactly the conditional mean and covariance: no Monte Carlo needed.

A draw is linear in its standard normals, so zeros give the mean and the unit vectors give a
root of the covariance.
"""

import numpy as np
import pytest

from bayes_alliance.kernels import dense
from bayes_alliance.kernels.one_factor import moments, problem, recover


def setup(study, p, q, **options):
    data = study(11, [4, 1, 6], p, q)
    weights = np.linspace(0.5, 2.0, 11)
    reduced = moments.moments(data.y, data.X, data.Z, data.group, data.n_groups, weights=weights)
    rng = np.random.default_rng(5)
    return data, weights, reduced, np.tril(rng.normal(size=(q, q))), rng.normal(size=p)


def by_unit_vectors(ready, s2, factor, sampled=None):
    """Mean and covariance of (coefficients, effects) from basis vectors as normals."""
    p, n_effects = ready.prior.kept.size, ready.n_groups * ready.n_effects
    normals = np.vstack([np.zeros(p + n_effects), np.eye(p + n_effects)])
    count = len(normals)
    drawn = recover.recover(
        ready,
        np.full(count, s2),
        np.broadcast_to(factor, (count, *factor.shape)),
        normals[:, :p],
        normals[:, p:].reshape(count, ready.n_groups, ready.n_effects),
        None if sampled is None else np.broadcast_to(sampled, (count, len(sampled))),
    )
    flat = np.hstack([drawn.coefficients, drawn.effects.reshape(count, -1)])
    root = flat[1:] - flat[0]
    return flat[0], root.T @ root


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("q", [1, 2, 3])
def test_moments_of_draws_are_the_dense_conditional(p, q, study):
    data, weights, reduced, factor, mean = setup(study, p, q)
    variance = np.linspace(30.0, 5.0, p)
    found = by_unit_vectors(problem.prepare(reduced, mean, variance), 0.7, factor)
    only = dense.Factor(columns=data.Z, group=data.group, covariance=factor @ factor.T)
    exact = dense.conditional(data.y, data.X, [only], 0.7, mean, np.diag(variance), weights=weights)
    for ours, theirs in zip(found, exact, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("integrated", [[0, 2], [1], [2, 1], []])
def test_sampled_coefficients_are_respected(integrated, study):
    data, weights, reduced, factor, mean = setup(study, 3, 2)
    kept = np.array(integrated, dtype=np.int64)
    variance = np.linspace(30.0, 5.0, 3)
    rest = np.setdiff1d(np.arange(3), kept)
    ready = problem.prepare(reduced, mean[kept], variance[kept], integrated=kept)
    found = by_unit_vectors(ready, 0.7, factor, mean[rest])
    given = variance.copy()
    given[rest] = 0.0
    only = dense.Factor(columns=data.Z, group=data.group, covariance=factor @ factor.T)
    exact = dense.conditional(data.y, data.X, [only], 0.7, mean, np.diag(given), weights=weights)
    for ours, theirs in zip(found, exact, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10)


def test_no_variance_between_groups_means_no_effect(study):
    _, _, reduced, _, mean = setup(study, 2, 2)
    ready = problem.prepare(reduced, mean, np.ones(2))
    found = recover.recover_seeded(
        ready, np.ones(4), np.zeros((4, 2, 2)), seed=3, draws=np.arange(4)
    )
    assert not found.effects.any()


def test_a_draw_does_not_depend_on_its_chunk(study):
    _, _, reduced, factor, mean = setup(study, 2, 2)
    ready = problem.prepare(reduced, mean, np.ones(2))
    s2 = np.linspace(0.5, 2.0, 6)
    factors = np.broadcast_to(factor, (6, 2, 2))
    whole = recover.recover_seeded(ready, s2, factors, seed=3, draws=np.arange(6))
    for cut in (np.array([4]), np.array([5, 2])):
        part = recover.recover_seeded(ready, s2[cut], factors[cut], seed=3, draws=cut)
        np.testing.assert_array_equal(part.coefficients, whole.coefficients[cut])
        np.testing.assert_array_equal(part.effects, whole.effects[cut])
    other = recover.recover_seeded(ready, s2, factors, seed=4, draws=np.arange(6))
    assert not np.isclose(other.effects, whole.effects).any()
    alone = recover.recover_seeded(
        ready, s2, factors, seed=3, draws=np.arange(6), with_effects=False
    )
    np.testing.assert_array_equal(alone.coefficients, whole.coefficients)
    assert alone.effects.shape == (0, *whole.effects.shape[1:])


def test_counted_normals_are_standard_and_unrelated():
    normals = recover.standard_normals(7, np.arange(2000), 50)
    # 100,000 numbers: five standard errors of mean and variance.
    assert abs(normals.mean()) < 5 / np.sqrt(100_000)
    assert abs(normals.var() - 1.0) < 5 * np.sqrt(2 / 100_000)
    neighbours = np.mean(normals[1:] * normals[:-1])
    assert abs(neighbours) < 5 / np.sqrt(99_950)


def test_a_missing_sampled_coefficient_is_refused(study):
    _, _, reduced, factor, mean = setup(study, 2, 2)
    ready = problem.prepare(reduced, mean[:1], np.ones(1), integrated=np.array([0]))
    with pytest.raises(ValueError, match="1 sampled coefficients"):
        recover.recover_seeded(ready, np.ones(1), factor[None], seed=1, draws=np.arange(1))
