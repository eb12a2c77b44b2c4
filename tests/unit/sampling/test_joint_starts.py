"""Chains of joint engines start at draws of nearly the posterior, whatever the units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytensor
import pytest
from pymc.initial_point import make_initial_point_fn

import bayes_alliance as ba
from bayes_alliance.model.families.bernoulli import Bernoulli
from bayes_alliance.model.families.registry import FAMILIES
from bayes_alliance.model.parametrization import F_RATIO, chosen_centring
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.collapsed.engine import CollapsedEngine
from bayes_alliance.sampling.engines.joint_engine import repeatable_compilation
from bayes_alliance.sampling.engines.joint_starts import (
    UNLIKELY,
    all_notes,
    chain_starts,
    joint_start,
)
from bayes_alliance.sampling.engines.likely_values import likely_values
from bayes_alliance.sampling.engines.nutpie import is_narrow_ridge


@pytest.fixture(scope="module")
def study():
    table = ba.load_example("simulated_study")
    thirds = np.digitize(table["alliance"], table["alliance"].quantile([0.3, 0.7]))
    high = (table["alliance"] > table["alliance"].median()).astype(int)
    rows = np.arange(len(table))
    return table.assign(high=high, thirds=thirds, weight=1 + rows % 3, visits=rows % 7)


MODELS = {
    "slopes": {"formula": "alliance ~ stigma + (1 + stigma | case_manager)"},
    "centred": {"formula": "alliance ~ stigma + (1 + stigma | case_manager)", "centred": True},
    "three effects": {
        "formula": "alliance ~ stigma + (1 + stigma + I(stigma**2) | case_manager)",
        "centred": True,
    },
    "uncorrelated": {"formula": "alliance ~ stigma + (1 + stigma || case_manager)"},
    "no groups": {"formula": "alliance ~ stigma"},
    "nothing but groups": {"formula": "alliance ~ 0 + (1 | case_manager)"},
    "own priors": {
        "formula": "alliance ~ stigma + (1 + stigma | case_manager)",
        "priors": {
            "b[stigma]": "StudentT(3, 0, 1)",
            "sd_case_manager[stigma]": "Uniform(0, 0.5)",
            "sd_case_manager[Intercept]": "HalfFlat()",
            "sigma": "HalfFlat()",
        },
    },
    "student": {"formula": "alliance ~ stigma + (1 | case_manager)", "family": "student"},
    "weights": {"formula": "high | weights(weight) ~ (1 | case_manager)", "family": "bernoulli"},
    "probit": {"formula": "high ~ (1 | case_manager)", "family": "bernoulli", "link": "probit"},
    "cloglog": {"formula": "high ~ (1 | case_manager)", "family": "bernoulli", "link": "cloglog"},
    "ordinal": {"formula": "thirds ~ stigma + (1 | case_manager)", "family": "cumulative"},
    "counts": {"formula": "visits ~ stigma + (1 + stigma | case_manager)", "family": "poisson"},
    "crossed": {
        "formula": "visits ~ (1 | case_manager) + (1 + stigma | weight) + offset(stigma)",
        "family": "poisson",
    },
    "nested": {"formula": "high ~ (1 | case_manager / thirds)", "family": "bernoulli"},
}


def test_no_family_is_left_out():
    assert {case.get("family", "gaussian") for case in MODELS.values()} == set(FAMILIES)


@pytest.mark.parametrize("name", MODELS)
def test_every_variable_has_a_start_with_a_density(study, name):
    arguments = dict(MODELS[name])
    model = ba.Model(arguments.pop("formula"), study, **arguments)
    starts = joint_start(model, 3).values
    joint = model.pymc
    assert set(starts) == {variable.name for variable in joint.free_RVs}
    # Computed once, so not worth compiling.
    with repeatable_compilation(), pytensor.config.change_flags(mode="FAST_COMPILE", cxx=""):
        make = make_initial_point_fn(model=joint, overrides=starts, jitter_rvs=set())
        point = make(0)
        usual = make_initial_point_fn(model=joint)(0)
        assert {k: np.shape(v) for k, v in point.items()} == {
            k: np.shape(v) for k, v in usual.items()
        }
        assert np.isfinite(joint.compile_logp()(point))


def posterior_of(model):
    """Means and sds of a slopes model's posterior, by the engine that integrates effects out."""
    posterior = ba.sample(model, seed=1, engine="collapsed").posterior
    draws = np.concatenate(
        [posterior["b"].to_numpy().reshape(-1, 2), posterior["sigma"].to_numpy().reshape(-1, 1)], 1
    )
    return draws.mean(axis=0), draws.std(axis=0)


def likely_draws(model, count=40):
    """Coefficients and sigma of as many likely values."""
    found = [likely_values(model, generator(k, Stream.STARTS)) for k in range(count)]
    to_user = model.priors.basis.coefficients.to_user
    return np.array([[*(to_user @ v.coefficients), *v.own["sigma"]] for v in found])


def is_like(draws, mean, sd):
    """Whether the draws lie where the posterior does: it is no more than a start."""
    off = np.abs(draws.mean(axis=0) - mean) / sd
    # Of 40 draws the mean is known to 0.16 sd, so that 0.75 is 4.7 standard errors.
    return bool((off < 0.75).all() and (draws.std(axis=0) < 2 * sd).all())


@pytest.mark.slow
def test_likely_values_lie_where_the_posterior_does(study):
    model = ba.Model("alliance ~ stigma + (1 + stigma | case_manager)", study)
    mean, sd = posterior_of(model)
    assert is_like(likely_draws(model), mean, sd)
    # PyMC's own points, half a unit off on average in each direction, do not.
    rng = np.random.default_rng(1)
    assert not is_like(np.array([0.0, 0.0, 1.0]) + rng.uniform(-1, 1, (40, 3)), mean, sd)


@pytest.mark.parametrize(("factor", "shift"), [(1e-6, 0.0), (1e6, 5e7), (1.0, 2016.0)])
def test_units_and_zeros_change_no_start(study, factor, shift):
    formula = "alliance ~ stigma + (1 + stigma | case_manager)"
    other = study.assign(stigma=factor * study["stigma"] + shift)
    here, there = (likely_draws(ba.Model(formula, rows), 3) for rows in (study, other))
    # Differences in the last digits of a column decide no draw; its size is that of a slope.
    np.testing.assert_allclose(there[:, 1] * factor, here[:, 1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(there[:, 2], here[:, 2], rtol=1e-5)


def test_chains_start_at_places_of_their_own(study):
    model = ba.Model("alliance ~ (1 | case_manager)", study)
    first, second = chain_starts(model, seed=1, chains=2)
    again = joint_start(model, 1, 1)
    assert first.values["b"] != second.values["b"]
    assert second.values["b"] == again.values["b"]


def test_counts_far_above_the_common_rate_throw_no_start_off(monkeypatch):
    groups = 60
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(groups), 5)
    log_rate = 1.0 + 2.5 * rng.normal(size=groups)
    y = rng.poisson(np.exp(log_rate)[group])
    rows = pd.DataFrame({"y": y, "g": [f"g{k:02d}" for k in group]})
    model = ba.Model("y ~ (1 | g)", rows, family="poisson")
    own = np.log(rows.groupby("g")["y"].mean().to_numpy() + 0.05)
    many = own > 1.0

    def farthest() -> float:
        """How far the log rate of a group with many events lies from that of its own rows."""
        found = likely_values(model, generator(1, Stream.STARTS))
        (root,), (standard,) = found.roots.values(), found.standard.values()
        return float(np.abs(found.coefficients + (standard @ root.T)[:, 0] - own)[many].max())

    # Five counts of e or more: a log rate is known to 0.27.
    assert farthest() < 1.5
    # A step to the top of a parabola leads so far up that ten more do not lead back.
    monkeypatch.setattr("bayes_alliance.sampling.engines.likely_values._SWEEPS", 10)
    monkeypatch.setattr("bayes_alliance.sampling.engines.likely_values._HALVINGS", 0)
    assert farthest() > 5.0


def test_a_start_without_a_density_is_told(study, monkeypatch):
    model = ba.Model("high ~ (1 | case_manager)", study, family="bernoulli")
    assert all_notes(chain_starts(model, seed=1, chains=2)) == ()
    nowhere = lambda self, y, eta, own, weight=1.0: np.full(eta.shape, -np.inf)  # noqa: E731
    monkeypatch.setattr(Bernoulli, "log_density", nowhere)
    found = chain_starts(model, seed=1, chains=2)
    assert all_notes(found) == (UNLIKELY,)
    assert all(np.isfinite(values).all() for start in found for values in start.values.values())


def test_what_is_unusual_about_a_run_stays_with_its_fit(study, monkeypatch):
    model = ba.Model("alliance ~ (1 | case_manager)", study)
    draw = CollapsedEngine.draw

    def told(self, *arguments):
        return replace(draw(self, *arguments), notes=("Unusual.",))

    assert "Unusual." not in ba.sample(model, seed=1, draws=20, tune=20, chains=1).notes
    monkeypatch.setattr(CollapsedEngine, "draw", told)
    assert "Unusual." in ba.sample(model, seed=1, draws=20, tune=20, chains=1).notes


def test_priors_at_a_far_zero_are_a_narrow_ridge(study):
    years = study.assign(year=2010 + np.arange(len(study)) % 11)
    formula = "alliance ~ year + (1 + year | case_manager)"
    assert not is_narrow_ridge(ba.Model(formula, years))
    written = {"sd_case_manager[year]": "HalfNormal(1)"}
    assert is_narrow_ridge(ba.Model(formula, years, priors=written))
    near = years.assign(year=years["year"] - 2015)
    assert not is_narrow_ridge(ba.Model(formula, near, priors=written))


def centring_of(sd: float, shift: float = 0.0) -> str:
    """The parametrisation of 50 groups of 12 rows, whose intercepts and slopes have this sd."""
    rng = np.random.default_rng(4)
    group, x = np.repeat(np.arange(50), 12), rng.normal(size=600)
    effects = sd * rng.normal(size=(50, 2))
    y = effects[group, 0] + effects[group, 1] * x + rng.normal(size=600)
    rows = pd.DataFrame({"y": y, "x": x + shift, "g": group.astype(str)})
    return ba.Model("y ~ x + (1 + x | g)", rows).centring["g"]


def test_groups_that_differ_clearly_are_centred():
    # The F ratio expected is about 1 + 12 sd^2.
    assert 1 + 12 * 0.2**2 < F_RATIO < 1 + 12 * 1.0**2
    for shift in (0.0, 2016.0):
        assert centring_of(0.2, shift) == "non-centred"
        assert centring_of(1.0, shift) == "centred"


def test_a_word_of_the_user_decides(study):
    model = ba.Model("alliance ~ (1 | case_manager)", study)
    for centred, kind in ((True, "centred"), (False, "non-centred")):
        assert chosen_centring(model.design, model.frame.y, centred) == {"case_manager": kind}
