"""Densities far out and next to 1, variances that are known, and names that are not there."""

import itertools

import mpmath
import numpy as np
import pandas as pd
import pytest

from bayes_alliance.errors import ModelError
from bayes_alliance.model.families.registry import FAMILIES, find_family
from bayes_alliance.model.spec import Model


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_bernoulli_holds_far_out_where_pymc_does_too(link, pymc_terms):
    far = np.array([-300.0, -40.0, -9.0, 3.0, 5.5])
    rows = pd.DataFrame({"x": np.repeat(far, 2), "met": [0, 1] * 5})
    model = Model("met ~ 0 + x", rows, family="bernoulli", link=link)
    found = model.family.log_density(model.frame.y, rows["x"].to_numpy(), {})
    expected = pymc_terms(model.pymc, {"b": [1.0]}, optimizer="fast_run")["met"]
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-100)


def exact_probability(y, eta, cutpoint, link):
    """The ordinal probability from 400 digits: next to 1 a difference of 1e-200 must show."""
    with mpmath.workdps(400):
        edges = [-mpmath.inf, *map(mpmath.mpf, cutpoint), mpmath.inf]
        cumulative = {
            "logit": lambda x: 1 / (1 + mpmath.exp(-x)),
            "probit": lambda x: mpmath.ncdf(x),
        }[link]
        low, high = (cumulative(edges[y + k] - mpmath.mpf(eta)) for k in (0, 1))
        return float(mpmath.log(high - low))


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize("eta", [-300.0, -30.0, -5.0, 0.3, 8.0, 30.0, 200.0])
def test_ordinal_log_probabilities_against_many_digits(link, eta):
    if link == "probit" and abs(eta) > 30:
        eta /= 10  # a normal tail ends sooner
    cutpoint = np.array([-1.2, 0.1, 0.1 + 1e-9])
    parameters = {"cutpoint": cutpoint[None]}
    for y in range(4):
        found = find_family("cumulative", link).log_density(
            np.array([y]), np.array([eta]), parameters
        )
        # The two sides of the narrow category differ by 1e-9 of themselves.
        assert found[0] == pytest.approx(exact_probability(y, eta, cutpoint, link), rel=1e-6)


def test_bernoulli_tails_in_sixty_digits():
    exact = {
        "logit": lambda x: mpmath.log(1 / (1 + mpmath.exp(-x))),
        "probit": lambda x: mpmath.log(mpmath.ncdf(x)),
        "cloglog": lambda x: mpmath.log(-mpmath.expm1(-mpmath.exp(x))),
    }
    for link, eta in itertools.product(exact, (-800.0, -45.0, -10.0, -0.2, 1.0, 3.0)):
        with mpmath.workdps(60):
            expected = float(exact[link](mpmath.mpf(eta)))
        found = find_family("bernoulli", link).log_density(np.ones(1), np.array([eta]), {})
        assert found[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "link", "expected"),
    [
        ("gaussian", "identity", 4.0),
        ("student", "identity", 4.0 * 6 / 4),
        ("bernoulli", "logit", np.pi**2 / 3),
        ("bernoulli", "probit", 1.0),
        ("bernoulli", "cloglog", np.pi**2 / 6),
        ("cumulative", "logit", np.pi**2 / 3),
        ("cumulative", "probit", 1.0),
    ],
)
def test_residual_variance(name, link, expected):
    family = find_family(name, link)
    parameters = {"sigma": np.array([2.0]), "nu": np.array([6.0])}
    np.testing.assert_allclose(family.residual_variance(parameters), expected)
    assert family.on_link_scale == (name in ("bernoulli", "cumulative"))


def test_residual_variance_of_heavy_tails_does_not_exist():
    parameters = {"sigma": np.array([2.0, 2.0, 2.0]), "nu": np.array([1.5, 2.0, 4.0])}
    found = FAMILIES["student"].residual_variance(parameters)
    np.testing.assert_array_equal(np.isnan(found), [True, True, False])
    assert found[2] == 8.0


def test_residual_variance_differs_by_row_where_errors_are_known():
    family = find_family("gaussian", None, known_error=True)
    assert family.parameters == ()
    assert np.isnan(family.residual_variance({})).all()


def test_unknown_family_and_link():
    with pytest.raises(ModelError, match="Did you mean 'gaussian'"):
        find_family("gausian", None)
    with pytest.raises(ModelError, match="It has logit, probit, cloglog"):
        find_family("bernoulli", "log")
    assert find_family("cumulative", None).link.name == "logit"


def test_the_slope_of_a_no_keeps_its_digits_far_out():
    """The log probability is -exp(eta), and so are both derivatives of it."""
    family, eta = find_family("bernoulli", "cloglog"), np.array([-40.0, 0.0, 36.0, 45.0])
    for found in family.slopes(np.zeros(4), eta, {}):
        np.testing.assert_allclose(found, -np.exp(eta), rtol=1e-14)


def test_the_mean_of_a_link_broadcasts_centre_and_variance():
    family = find_family("bernoulli", "cloglog")
    eta, variance = np.array([[0.3]]), np.array([[0.0, 0.5], [1.0, 2.0]])
    found = family.link.mean(eta, variance)
    one = [[family.link.mean(eta, np.array([[v]]))[0, 0] for v in row] for row in variance]
    np.testing.assert_allclose(found, one, atol=1e-9)
