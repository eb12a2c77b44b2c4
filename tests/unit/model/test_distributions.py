"""The prior language is PyMC's own: names, order, defaults, and the density itself."""

import inspect

import numpy as np
import pymc as pm
import pytest

from bayes_alliance.model.prior import DISTRIBUTIONS, Prior

PROPER = [name for name, kind in DISTRIBUTIONS.items() if kind.frozen is not None]
# One set of arguments a distribution, none of them 0 or 1, so that a swap shows.
ARGUMENTS = {
    "Normal": (1.3, 2.4),
    "StudentT": (3.5, -0.7, 2.2),
    "Cauchy": (0.4, 1.7),
    "Laplace": (-0.6, 1.9),
    "Logistic": (0.8, 1.6),
    "Uniform": (-1.5, 2.5),
    "HalfNormal": (2.3,),
    "HalfStudentT": (3.2, 2.6),
    "HalfCauchy": (1.8,),
    "Exponential": (0.7,),
    "Gamma": (2.1, 0.6),
    "InverseGamma": (3.3, 1.4),
    "LogNormal": (0.3, 0.8),
    "Weibull": (1.7, 2.8),
}
POINTS = np.array([-30.0, -2.0, -1e-3, 1e-3, 0.4, 1.0, 2.4, 7.0, 60.0])


def signature(name):
    parameters = inspect.signature(getattr(pm, name).dist).parameters
    return {p: v for p, v in parameters.items() if p not in ("args", "kwargs", "cls")}


@pytest.mark.parametrize("name", [n for n in DISTRIBUTIONS if n != "LKJ"])
def test_arguments_have_the_names_and_order_of_pymc(name):
    found = list(signature(name))
    ours = list(DISTRIBUTIONS[name].arguments)
    assert found[: len(ours)] == ours


@pytest.mark.parametrize("name", PROPER)
def test_the_density_is_pymcs(name, evaluate):
    prior = Prior(name, ARGUMENTS[name])
    found = prior.frozen.logpdf(POINTS)
    # As float64: PyTensor reads a plain 2.5 as a float32 and goes on with seven digits.
    given = zip(prior.kind.arguments, map(np.float64, prior.arguments), strict=True)
    expected = evaluate(pm.logp(getattr(pm, name).dist(**dict(given)), POINTS))
    # Two routes through logarithms and gamma functions; and the log 2 of PyMC's half
    # distributions has single precision, a constant that is off by 2e-9.
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=3e-9)


@pytest.mark.parametrize("name", PROPER)
def test_quantiles_undo_the_distribution_function(name):
    frozen = Prior(name, ARGUMENTS[name]).frozen
    levels = np.array([0.001, 0.025, 0.3, 0.5, 0.9, 0.975])
    np.testing.assert_allclose(frozen.cdf(frozen.ppf(levels)), levels, rtol=1e-9)


@pytest.mark.parametrize("name", PROPER)
def test_draws_follow_the_distribution_function(name):
    """Kolmogorov-Smirnov on 4,000 draws of a fixed seed; 14 tests at 1e-5 each."""
    from scipy import stats

    frozen = Prior(name, ARGUMENTS[name]).frozen
    draws = frozen.rvs(size=4000, random_state=np.random.default_rng(11))
    assert stats.kstest(draws, frozen.cdf).pvalue > 1e-5


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_support_is_where_there_is_mass(name):
    kind = DISTRIBUTIONS[name]
    if kind.frozen is None:
        assert name in ("Flat", "HalfFlat", "LKJ")
        return
    low, high = Prior(name, ARGUMENTS[name]).frozen.ppf([1e-12, 1 - 1e-12])
    assert (low < 0) == (kind.support in ("real", "interval"))
    if kind.support == "interval":
        assert ARGUMENTS[name][0] <= low
        assert high <= ARGUMENTS[name][1]
