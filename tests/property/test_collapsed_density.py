"""The collapsed density and gradient hold for any design, caseload, prior and weight."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_alliance.kernels import dense
from bayes_alliance.kernels.one_factor import moments, problem
from bayes_alliance.kernels.one_factor import posterior as marginal


class Case(NamedTuple):
    y: np.ndarray
    X: np.ndarray
    Z: np.ndarray
    group: np.ndarray
    n_groups: int
    weights: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    s2: float
    factor: np.ndarray


@st.composite
def cases(draw) -> Case:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p, q = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    caseloads = draw(st.lists(st.integers(1, 9), min_size=2, max_size=8))
    group = rng.permutation(np.repeat(np.arange(len(caseloads)), caseloads))
    rows = len(group)
    slopes = rng.normal(size=(rows, 2)) + draw(st.sampled_from([0.0, 5.0]))
    if draw(st.booleans()):  # a predictor of the group, not of the row
        slopes[:, 0] = rng.normal(size=len(caseloads))[group]
    X = np.column_stack([np.ones(rows), slopes])[:, :p]
    if draw(st.booleans()):  # no column of ones, but dummies that add up to one
        dummy = (rng.random(rows) < 0.5).astype(float)
        X = np.column_stack([dummy, 1.0 - dummy, slopes])[:, : max(p, 2)]
    Z = np.column_stack([np.ones(rows), slopes])[:, :q]
    if draw(st.booleans()):  # a slope without an intercept comes first
        Z = Z[:, ::-1].copy()
    spread = rng.normal(size=(X.shape[1], X.shape[1]))
    return Case(
        y=X.sum(axis=1)
        + Z.sum(axis=1) * rng.normal(size=len(caseloads))[group]
        + rng.normal(size=rows)
        + draw(st.sampled_from([0.0, 70.0])),
        X=X,
        Z=Z,
        group=group,
        n_groups=len(caseloads),
        weights=rng.uniform(0.5, 2.0, size=rows),
        mean=rng.normal(size=X.shape[1]),
        covariance=spread @ spread.T + 10.0 * np.eye(X.shape[1]),
        s2=float(np.exp(rng.normal())),
        factor=np.tril(rng.normal(size=(q, q))),
    )


def prepared(case: Case, integrated: np.ndarray | None = None) -> problem.Problem:
    reduced = moments.moments(
        case.y, case.X, case.Z, case.group, case.n_groups, weights=case.weights
    )
    kept = np.arange(case.X.shape[1]) if integrated is None else integrated
    return problem.prepare(
        reduced, case.mean[kept], case.covariance[np.ix_(kept, kept)], integrated=integrated
    )


def oracle(case: Case, mean: np.ndarray, covariance: np.ndarray) -> float:
    only = dense.Factor(columns=case.Z, group=case.group, covariance=case.factor @ case.factor.T)
    return dense.log_density(
        case.y, case.X, [only], case.s2, mean, covariance, weights=case.weights
    )


def difference(function, at, step):
    near = function(at + step) - function(at - step)
    far = function(at + 2 * step) - function(at - 2 * step)
    return (8 * near - far) / (12 * step)


@given(cases())
def test_density_is_the_dense_one(case):
    found = marginal.density_and_gradient(prepared(case), case.s2, case.factor).log_density
    assert found == pytest.approx(oracle(case, case.mean, case.covariance), rel=1e-9, abs=1e-9)


@given(cases(), st.data())
def test_density_given_some_coefficients_is_the_dense_one(case, data):
    kept, sampled, values = split(case, data)
    ready = prepared(case, kept)
    found = marginal.density_and_gradient(ready, case.s2, case.factor, values).log_density
    mean = case.mean.copy()
    mean[sampled] = values
    covariance = np.zeros_like(case.covariance)
    covariance[np.ix_(kept, kept)] = case.covariance[np.ix_(kept, kept)]
    assert found == pytest.approx(oracle(case, mean, covariance), rel=1e-9, abs=1e-9)


@settings(max_examples=50)
@given(cases(), st.data())
def test_natural_gradient_is_the_central_difference(case, data):
    kept, _, values = split(case, data)
    ready = prepared(case, kept)
    found = marginal.density_and_gradient(ready, case.s2, case.factor, values)

    def along(size, s2=0.0, factor=0.0, coefficient=0.0):
        return marginal.density_and_gradient(
            ready,
            case.s2 + size * s2,
            case.factor + size * factor,
            values + size * coefficient,
        ).log_density

    check = {"rel": 1e-6, "abs": 1e-6}
    slope = difference(lambda t: along(t, s2=case.s2), 0.0, 1e-3) / case.s2
    assert found.residual_variance == pytest.approx(slope, **check)
    direction = np.random.default_rng(1).normal(size=case.factor.shape)
    slope = difference(lambda t: along(t, factor=direction), 0.0, 1e-3)
    on_factor = 2.0 * found.covariance @ case.factor
    assert np.sum(on_factor * direction) == pytest.approx(slope, **check)
    np.testing.assert_allclose(found.covariance, found.covariance.T, rtol=1e-12, atol=1e-12)
    for s in range(len(values)):
        unit = np.eye(len(values))[s]
        slope = difference(lambda t, unit=unit: along(t, coefficient=unit), 0.0, 1e-3)
        assert found.sampled[s] == pytest.approx(slope, **check)


@settings(max_examples=50)
@given(cases(), st.data())
def test_unconstrained_gradient_is_the_central_difference(case, data):
    kept, sampled, _ = split(case, data)
    arrays = prepared(case, kept).arrays()
    q = case.Z.shape[1]
    together = data.draw(st.integers(1, q))
    blocks = np.array([together, *([1] * (q - together))])
    size = 1 + q + together * (together - 1) // 2 + len(sampled)
    theta = np.random.default_rng(2).normal(size=size)
    gradient = np.empty(size)
    marginal.evaluate_unconstrained(arrays, theta, blocks, gradient)
    for k in range(size):
        unit = np.eye(size)[k]
        slope = difference(
            lambda t, unit=unit: marginal.evaluate_unconstrained(
                arrays, theta + t * unit, blocks, np.empty(size)
            ),
            0.0,
            1e-3,
        )
        assert gradient[k] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def split(case: Case, data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose which coefficients are integrated out; values for the others."""
    p = case.X.shape[1]
    chosen = data.draw(st.lists(st.booleans(), min_size=p, max_size=p))
    kept, sampled = np.flatnonzero(chosen), np.flatnonzero(~np.array(chosen))
    return kept, sampled, np.random.default_rng(3).normal(size=len(sampled))
