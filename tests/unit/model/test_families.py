"""The numpy densities are PyMC's, hold out at the edges, and their simulators follow them."""

import itertools

import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from bayes_alliance.errors import ModelError
from bayes_alliance.model.families import FAMILIES, find_family
from bayes_alliance.model.spec import Model

LINKS = [(family.name, link) for family in FAMILIES.values() for link in family.links]
OUTCOME = {"gaussian": "y", "student": "y", "bernoulli": "met", "cumulative": "rating"}
VALUES = {"sigma": 1.7, "nu": 4.3, "cutpoint": np.array([-1.2, 0.1, 0.6])}
ETA = np.array([-9.0, -4.0, -1.3, 0.0, 0.2, 0.9, 2.5, 5.0])


def table():
    """Every outcome at every linear predictor; x is the linear predictor."""
    grid = itertools.product(ETA, range(4))
    rows = pd.DataFrame([(x, k + 1, k % 2) for x, k in grid], columns=["x", "rating", "met"])
    noise = np.random.default_rng(2).normal(size=len(rows))
    return rows.assign(y=rows["x"] + 3 * noise, w=0.3 + np.abs(noise), n=1 + rows["met"])


def own_parameters(family):
    return {name: np.asarray(VALUES[name])[None] for name in family.parameters}


@pytest.mark.parametrize("weights", ["", " | weights(n)", " | weights(w, precision)", " | se(w)"])
@pytest.mark.parametrize(("name", "link"), LINKS)
def test_the_density_is_pymcs(name, link, weights, pymc_terms):
    numeric = FAMILIES[name].outcome == "numeric"
    if not numeric and ("precision" in weights or "se" in weights):
        with pytest.raises(ModelError, match=r"residual variance|standard error"):
            Model(f"{OUTCOME[name]}{weights} ~ 0 + x", table(), family=name, link=link)
        return
    # As written, so that the model's thresholds are the container's own.
    priors = {"cutpoint": "Normal(0, 5)"} if "cutpoint" in FAMILIES[name].parameters else None
    model = Model(f"{OUTCOME[name]}{weights} ~ 0 + x", table(), name, priors, link=link)
    frequency = model.formula.response.weight_kind == "frequency"
    row_weights = model.frame.weights
    precision = 1.0 if row_weights is None or frequency else row_weights
    found = model.family.log_density(
        model.frame.y, table()["x"].to_numpy(), own_parameters(model.family), link, precision
    )
    if row_weights is not None and frequency:
        found = found * row_weights
    values = {"b": [1.0], **{p: VALUES[p] for p in model.family.parameters}}
    expected = pymc_terms(model.pymc, values, optimizer="fast_run")[model.outcome]
    # PyMC takes differences of probabilities in ordinal models: with eta of 9 they keep 1e-12.
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("link", FAMILIES["bernoulli"].links)
def test_bernoulli_holds_far_out_where_pymc_does_too(link, pymc_terms):
    far = np.array([-300.0, -40.0, -9.0, 3.0, 5.5])
    rows = pd.DataFrame({"x": np.repeat(far, 2), "met": [0, 1] * 5})
    model = Model("met ~ 0 + x", rows, family="bernoulli", link=link)
    found = model.family.log_density(model.frame.y, rows["x"].to_numpy(), {}, link)
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


@pytest.mark.parametrize("link", FAMILIES["cumulative"].links)
@pytest.mark.parametrize("eta", [-300.0, -30.0, -5.0, 0.3, 8.0, 30.0, 200.0])
def test_ordinal_log_probabilities_against_many_digits(link, eta):
    if link == "probit" and abs(eta) > 30:
        eta /= 10  # a normal tail ends sooner
    cutpoint = np.array([-1.2, 0.1, 0.1 + 1e-9])
    parameters = {"cutpoint": cutpoint[None]}
    for y in range(4):
        found = FAMILIES["cumulative"].log_density(np.array([y]), np.array([eta]), parameters, link)
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
        found = FAMILIES["bernoulli"].log_density(np.ones(1), np.array([eta]), {}, link)
        assert found[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("name", "link"), LINKS)
def test_the_density_adds_up_to_one(name, link):
    family = FAMILIES[name]
    parameters = own_parameters(family)
    for eta in (-1.1, 0.7):
        at = np.array([eta])
        if family.outcome == "numeric":
            total, _ = integrate.quad(
                lambda y, at=at: np.exp(family.log_density(y, at, parameters, link, 2.0)[0]),
                -np.inf,
                np.inf,
            )
        else:
            values = range(2 if family.outcome == "binary" else 4)
            total = sum(
                np.exp(family.log_density(np.array([y]), at, parameters, link)[0]) for y in values
            )
        assert total == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "link"), [f for f in LINKS if f[0] in ("bernoulli", "cumulative")]
)
def test_the_simulator_draws_from_the_density(name, link):
    """Chi-square of 20,000 outcomes; 5 families x 2 predictors at 1e-5 each: 1e-4 in all."""
    family, rng = FAMILIES[name], np.random.default_rng(8)
    parameters = own_parameters(family)
    for eta in (-0.8, 0.9):
        draws = family.simulate(rng, np.full(20_000, eta), parameters, link)
        values = np.arange(2 if name == "bernoulli" else 4)
        at = np.full(len(values), eta)
        expected = 20_000 * np.exp(family.log_density(values, at, parameters, link))
        counts = np.array([(draws == v).sum() for v in values])
        assert counts.sum() == 20_000
        assert stats.chisquare(counts, expected).pvalue > 1e-5


@pytest.mark.parametrize("name", ["gaussian", "student"])
def test_the_numeric_simulators_draw_from_the_density(name):
    """Kolmogorov-Smirnov of 20,000 outcomes against the distribution of known scale, at 1e-5."""
    family, rng = FAMILIES[name], np.random.default_rng(9)
    weight = np.tile([0.25, 4.0], 10_000)
    draws = family.simulate(rng, np.full(20_000, 3.0), own_parameters(family), "identity", weight)
    standard = (draws - 3.0) / VALUES["sigma"] * np.sqrt(weight)
    cdf = stats.norm.cdf if name == "gaussian" else stats.t(VALUES["nu"]).cdf
    assert stats.kstest(standard, cdf).pvalue > 1e-5
    assert stats.kstest(standard[::2], standard[1::2]).pvalue > 1e-5


def test_simulators_broadcast_draws_against_rows():
    rng = np.random.default_rng(1)
    eta = np.zeros((5, 7))
    parameters = {
        "sigma": np.ones((5, 1)),
        "nu": np.full((5, 1), 5.0),
        "cutpoint": np.tile([-1.0, 0.0, 1.0], (5, 1, 1)),
    }
    for family in FAMILIES.values():
        draws = family.simulate(rng, eta, parameters, family.links[0], 1.0)
        assert draws.shape == (5, 7)
        density = family.log_density(draws, eta, parameters, family.links[0], 1.0)
        assert density.shape == (5, 7)
        assert np.isfinite(density).all()


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
    family = FAMILIES[name]
    parameters = {"sigma": np.array([2.0]), "nu": np.array([6.0])}
    np.testing.assert_allclose(family.residual_variance(parameters, link), expected)
    assert family.on_link_scale == (name in ("bernoulli", "cumulative"))


def test_residual_variance_of_heavy_tails_does_not_exist():
    parameters = {"sigma": np.array([2.0, 2.0, 2.0]), "nu": np.array([1.5, 2.0, 4.0])}
    found = FAMILIES["student"].residual_variance(parameters, "identity")
    np.testing.assert_array_equal(np.isnan(found), [True, True, False])
    assert found[2] == 8.0


def test_residual_variance_differs_by_row_where_errors_are_known():
    family, _ = find_family("gaussian", None, known_error=True)
    assert family.parameters == ()
    assert np.isnan(family.residual_variance({}, "identity")).all()


def test_unknown_family_and_link():
    with pytest.raises(ModelError, match="Did you mean 'gaussian'"):
        find_family("gausian", None)
    with pytest.raises(ModelError, match="It has logit, probit, cloglog"):
        find_family("bernoulli", "log")
    assert find_family("cumulative", None)[1] == "logit"


def test_every_family_is_under_test():
    """A new family must get its outcome and parameter values above."""
    assert set(OUTCOME) == set(FAMILIES)
    assert {p for f in FAMILIES.values() for p in f.parameters} == set(VALUES)
