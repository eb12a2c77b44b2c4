"""At lme4's maximum likelihood estimates the density given b is lme4's log likelihood."""

import numpy as np
import pytest

from bayes_alliance.kernels import dense
from bayes_alliance.kernels.one_factor import moments, problem
from bayes_alliance.kernels.one_factor import posterior as marginal

MODELS = {
    "sleepstudy": ("Reaction", ["Days"], ["Days"], "Subject"),
    "hsb82": ("mathach", ["cses"], ["cses"], "school"),
    "dyestuff2": ("Yield", [], [], "Batch"),
}


def numbers(table, names):
    return np.column_stack([np.ones(len(table)), *(table[name] for name in names)])


def estimates(reference):
    found = reference["maximum_likelihood"]
    (sds,) = (np.array(own) for own in found["sds"].values())
    correlation = np.eye(len(sds))
    if len(sds) == 2:
        correlation[0, 1] = correlation[1, 0] = found["correlation"]
    factor = sds[:, None] * np.linalg.cholesky(correlation)
    return np.array(found["coefficients"]), factor, found["sigma"], found["log_likelihood"]


@pytest.mark.parametrize("name", list(MODELS))
def test_log_likelihood_is_the_one_of_lme4(name, real_data, figures):
    outcome, population, slopes, grouping = MODELS[name]
    table = real_data(name)
    fixed, factor, sigma, expected = estimates(figures(name))
    y = table[outcome].to_numpy(dtype=float)
    X, Z = numbers(table, population), numbers(table, slopes)
    levels, group = np.unique(table[grouping], return_inverse=True)
    reduced = moments.moments(y, X, Z, group, len(levels))
    nothing = np.zeros(0)
    ready = problem.prepare(reduced, nothing, nothing, integrated=nothing.astype(int))
    found = marginal.density_and_gradient(ready, sigma**2, factor, fixed)
    # lme4's estimates and log likelihood are printed with eight digits.
    assert found.log_density == pytest.approx(expected, abs=1e-3)
    # A maximum: no slope, on the scale of one standard error or so.
    assert abs(found.residual_variance) * sigma**2 < 1e-2
    np.testing.assert_allclose(found.sampled, 0.0, atol=1e-2)
    if len(y) < 500:
        only = dense.Factor(columns=Z, group=group, covariance=factor @ factor.T)
        plain = dense.log_density(y, X, [only], sigma**2, fixed, np.zeros((len(fixed),) * 2))
        assert found.log_density == pytest.approx(plain, rel=1e-9)
