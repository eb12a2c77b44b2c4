"""At lme4's maximum likelihood estimates the density given b is lme4's log likelihood."""

import csv
import json

import numpy as np
import pytest

from bayes_alliance.kernels import dense, marginal, moments, problem

MODELS = {
    "sleepstudy": ("Reaction", ["Days"], ["Days"], "Subject"),
    "hsb82": ("mathach", ["cses"], ["cses"], "school"),
    "dyestuff2": ("Yield", [], [], "Batch"),
}


def columns_of(path):
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    return {name: [row[name] for row in rows] for name in rows[0]}


def numbers(table, names):
    rows = len(next(iter(table.values())))
    chosen = [np.array(table[name], dtype=float) for name in names]
    return np.column_stack([np.ones(rows), *chosen])


def estimates(reference):
    found = reference["lme4"]["ML"]
    fixed = np.array([entry["estimate"] for entry in found["fixed"].values()])
    sds = np.array([e["value"] for e in found["random"] if e["kind"] == "sd"])
    cors = [e["value"] for e in found["random"] if e["kind"] == "correlation"]
    sigma = next(e["value"] for e in found["random"] if e["kind"] == "residual sd")
    correlation = np.eye(len(sds))
    if cors:
        correlation[0, 1] = correlation[1, 0] = cors[0]
    return fixed, sds[:, None] * np.linalg.cholesky(correlation), sigma, found["logLik"]


@pytest.mark.parametrize("name", list(MODELS))
def test_log_likelihood_is_the_one_of_lme4(name, shared_data, shared_reference):
    outcome, population, slopes, grouping = MODELS[name]
    table = columns_of(shared_data / f"{name}.csv")
    reference = json.loads((shared_reference / f"{name}.json").read_text())
    fixed, factor, sigma, expected = estimates(reference)
    y = np.array(table[outcome], dtype=float)
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
