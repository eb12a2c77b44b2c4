"""The oracle itself, against scipy and against the rules of conditioning."""

import numpy as np
import pytest
from scipy import stats

from bayes_alliance.kernels import dense


def two_factors(study):
    data = study(1, [3, 4, 2], 2, 2)
    first = dense.Factor(
        columns=data.Z, group=data.group, covariance=np.array([[1.0, 0.3], [0.3, 0.5]])
    )
    second = dense.Factor(
        columns=np.ones((9, 1)), group=np.arange(9) % 4, covariance=np.array([[0.8]])
    )
    return data, [first, second]


def whole_covariance(data, factors, prior, s2, weights):
    total = data.X @ prior @ data.X.T + np.diag(s2 / weights)
    for factor in factors:
        for i in range(9):
            for k in range(9):
                if factor.group[i] == factor.group[k]:
                    total[i, k] += factor.columns[i] @ factor.covariance @ factor.columns[k]
    return total


def test_density_is_scipys(study):
    data, factors = two_factors(study)
    mean, prior, weights = np.array([0.5, 1.0]), np.diag([4.0, 2.0]), np.linspace(0.5, 2.0, 9)
    total = whole_covariance(data, factors, prior, 0.7, weights)
    expected = stats.multivariate_normal(data.X @ mean, total).logpdf(data.y)
    found = dense.log_density(data.y, data.X, factors, 0.7, mean, prior, weights=weights)
    assert found == pytest.approx(expected, rel=1e-11)


def test_conditional_obeys_bayes(study):
    # log p(y) = log p(y | v) + log p(v) - log p(v | y), at any v.
    data, factors = two_factors(study)
    mean, prior = np.array([0.5, 1.0]), np.diag([4.0, 2.0])
    center, covariance = dense.conditional(data.y, data.X, factors, 0.7, mean, prior)
    rng = np.random.default_rng(1)
    v = rng.normal(size=len(center))
    effects = v[2:8].reshape(3, 2)[data.group]
    expectation = data.X @ v[:2] + (data.Z * effects).sum(axis=1) + v[8:][np.arange(9) % 4]
    terms = stats.norm(expectation, np.sqrt(0.7)).logpdf(data.y).sum()
    terms += stats.multivariate_normal(mean, prior).logpdf(v[:2])
    terms += (
        stats.multivariate_normal([0, 0], factors[0].covariance).logpdf(v[2:8].reshape(3, 2)).sum()
    )
    terms += stats.norm(0, np.sqrt(0.8)).logpdf(v[8:]).sum()
    terms -= stats.multivariate_normal(center, covariance).logpdf(v)
    found = dense.log_density(data.y, data.X, factors, 0.7, mean, prior)
    assert found == pytest.approx(terms, rel=1e-10)
