"""The density without slopes is the one with slopes, and zero where an sd is not positive."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.kernels.signed_scales import signed_units, theta_at
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.engines.collapsed.start import measure
from bayes_alliance.sampling.engines.independent.density import PositiveDensity
from bayes_alliance.sampling.engines.independent.prior_points import PriorProposal

SAMPLED = {"b[x]": "StudentT(3, 0, 2)"}
MODELS = {
    "one sd": ("y ~ x + (1 | a)", None),
    "slopes": ("y ~ x + (1 + x | a)", None),
    "sampled": ("y ~ x + (1 + x | a)", SAMPLED),
    "no mirror": ("y ~ x + (1 + x | a)", {"sd_a[x]": "LogNormal(0, 1)"}),
    "three effects": ("y ~ x + (1 + x + z | a)", None),
    "known errors": ("y | se(s) ~ x + (1 | a)", None),
    "nested": ("y ~ x + (1 + x | a/b)", None),
    "crossed": ("y ~ x + (1 + x | a) + (1 | c)", SAMPLED),
}


def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = 96
    return pd.DataFrame(
        {
            "y": rng.normal(size=rows),
            "x": rng.normal(size=rows),
            "z": rng.normal(size=rows),
            "s": rng.uniform(0.5, 2.0, size=rows),
            "a": np.repeat([f"a{k}" for k in range(6)], 16),
            "b": np.tile(np.repeat([f"b{k}" for k in range(4)], 4), 6),
            "c": np.tile([f"c{k}" for k in range(5)], 20)[:rows],
        }
    )


@pytest.mark.parametrize("name", MODELS)
def test_values_are_those_of_the_density_with_slopes(name: str) -> None:
    formula, written = MODELS[name]
    model = ba.Model(formula, table(), priors=written)
    problem, priors = collapsed_problem(model), variance_priors(model)
    units = signed_units(priors, measure(problem, priors).resolution)
    known, flat = int(priors.known_sigma), priors.arrays()
    signed = units[known:] > 0.0
    places = np.random.default_rng(1).normal(0.0, 0.8, size=(20, priors.size))
    places[:, signed] = np.abs(places[:, signed])
    with_slopes = problem.density()
    expected, theta, slope = [], np.empty(priors.size), np.empty(priors.size)
    for place in places:
        log_jacobian = theta_at(place, units, known, flat, theta)
        expected.append(log_jacobian + with_slopes(flat, known, theta, slope))
    values = [PositiveDensity(problem, priors, units, cores)(places) for cores in (1, 2)]
    np.testing.assert_allclose(values[0], expected, rtol=1e-11)
    np.testing.assert_array_equal(values[0], values[1])
    if signed.any():
        places[:, np.flatnonzero(signed)[0]] *= -1.0
        assert (PositiveDensity(problem, priors, units, 1)(places) == -np.inf).all()


@pytest.mark.parametrize("prior", ["HalfNormal(1)", "HalfCauchy(0.5)", "Gamma(2, 3)"])
def test_the_prior_at_all_places_adds_up_to_one(prior: str) -> None:
    written = {"sd_a": prior, "sigma": "HalfStudentT(3, 2)"}
    model = ba.Model("y ~ x + (1 | a)", table(), priors=written)
    priors = variance_priors(model)
    units = signed_units(priors, measure(collapsed_problem(model), priors).resolution)
    ends = np.linspace(-16.0, 12.0, 1201), np.linspace(-14.0, 14.0, 1601)
    places = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(PriorProposal(priors=priors, units=units).log_density(places))
    cell = (ends[0][1] - ends[0][0]) * (ends[1][1] - ends[1][0])
    assert density.sum() * cell == pytest.approx(1.0, abs=0.02)
