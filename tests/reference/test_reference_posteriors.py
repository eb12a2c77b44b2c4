"""The posterior of every reference that the families here cover, parameter by parameter."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba

# Draws a chain that give some 6,000 effective ones for the slowest parameter: 4,000 are asked for.
GAUSSIAN = {
    "sleepstudy": 3000,
    "stigma_states": 3000,
    "schizo_psychiatrists": 5000,
    "hsb82": 5000,
    "dyestuff2": 4000,
    "btheb": 2500,
    "penicillin": 4000,
    "classroom": 3500,
}
OTHERS = {"wine": 6000, "schizo_response": 6000, "epilepsy": 16000}
# Draws a chain of which nearly all are effective.
INDEPENDENT = 2000
LONG = pytest.mark.long


@pytest.mark.slow
@pytest.mark.parametrize("name", GAUSSIAN)
def test_gaussian_reference_is_met_by_the_collapsed_engine(name, tools, counted):
    reference = tools.read(name)
    fit = ba.sample(tools.model(reference), seed=20261122, draws=GAUSSIAN[name])
    assert fit.settings.engine == "collapsed"
    found = tools.compare_all(fit, reference)
    counted.append(len(found))
    assert tools.disagreements(found) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", GAUSSIAN)
def test_gaussian_reference_is_met_by_the_independent_engine(name, tools, counted):
    reference = tools.read(name)
    model = tools.model(reference)
    fit = ba.sample(model, seed=20261122, draws=INDEPENDENT, engine="independent")
    assert fit.settings.engine == "independent"
    found = tools.compare_all(fit, reference)
    counted.append(len(found))
    assert tools.disagreements(found) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["wine", *(pytest.param(name, marks=LONG) for name in ("schizo_response", "epilepsy"))]
)
def test_other_families_are_met_by_the_joint_engine(name, tools, counted):
    reference = tools.read(name)
    fit = ba.sample(tools.model(reference), seed=20261122, draws=OTHERS[name])
    assert fit.settings.engine == "nutpie"
    found = tools.compare_all(fit, reference)
    counted.append(len(found))
    assert tools.disagreements(found) == []


@pytest.mark.slow
def test_a_binary_reference_is_met_on_any_machine(tools, real_data, counted):
    """Sick cattle by herd and period: a row for the sick and one for the others, with weights."""
    reference, table = tools.read("cbpp"), real_data("cbpp")
    table = table.assign(**{f"period{k}": (table["period"] == k).astype(int) for k in (2, 3, 4)})
    sick = table.assign(sick=1, count=table["incidence"])
    others = table.assign(sick=0, count=table["size"] - table["incidence"])
    rows = pd.concat([sick, others], ignore_index=True).query("count > 0")
    model = ba.Model(reference["formula"], rows, reference["family"], reference["priors"])
    fit = ba.sample(model, seed=20261122, draws=6000)
    found = tools.compare_all(fit, reference)
    counted.append(len(found))
    assert tools.disagreements(found) == []


@pytest.mark.slow
@pytest.mark.parametrize("centred", [True, pytest.param(False, marks=LONG)])
def test_joint_engine_meets_a_gaussian_reference(centred, tools, counted):
    reference = tools.read("sleepstudy")
    model = tools.model(reference, centred=centred)
    fit = ba.sample(model, seed=20261122, engine="nutpie", draws=6000)
    found = tools.compare_all(fit, reference)
    counted.append(len(found))
    assert tools.disagreements(found) == []


def test_eight_schools_with_known_standard_errors(tools, real_data, counted):
    reference, table = tools.read("eight_schools"), real_data("eight_schools")
    priors = {"b[Intercept]": "Normal(0, 5)", "sd_school": "HalfCauchy(5)"}
    model = ba.Model("effect | se(se) ~ 1 + (1 | school)", table, priors=priors)
    fit = ba.sample(model, seed=20261122, draws=8000)
    mu = fit.posterior["b"].sel(coefficient="Intercept")
    ours = {"mu": mu, "tau": fit.posterior["sd_school"].sel(school_effect="Intercept")}
    for k, school in enumerate(table["school"], start=1):
        own = fit.posterior["u_school"].sel(school=school, school_effect="Intercept")
        ours[f"theta[{k}]"] = mu + own
    found = _compared(ours, reference, tools)
    counted.append(len(found))
    assert tools.disagreements(found) == []


def test_rats_with_flat_standard_deviations(tools, shared_reference, counted):
    reference = tools.read("rats")
    file = shared_reference / "posteriordb" / "rats_data.data.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    week = np.asarray(data["x"], dtype=float) - data["xbar"]
    table = pd.DataFrame({"weight": data["y"], "week": week, "rat": data["rat"]})
    priors = {
        "b[Intercept]": "Normal(0, 100)",
        "b": "Normal(0, 100)",
        "sd_rat": "HalfFlat()",
        "sigma": "HalfFlat()",
    }
    model = ba.Model("weight ~ week + (1 + week || rat)", table, priors=priors)
    fit = ba.sample(model, seed=20261122, draws=4000)
    posterior = fit.posterior
    mu, slope = (posterior["b"].sel(coefficient=c) for c in ("Intercept", "week"))
    sd = posterior["sd_rat"]
    ours = {
        "mu_alpha": mu,
        "mu_beta": slope,
        "alpha0": mu - data["xbar"] * slope,
        "sigma_y": posterior["sigma"],
        "sigma_alpha": sd.sel(rat_effect="Intercept"),
        "sigma_beta": sd.sel(rat_effect="week"),
    }
    for k in range(1, data["N"] + 1):
        own = posterior["u_rat"].sel(rat=str(k))
        ours[f"alpha[{k}]"] = mu + own.sel(rat_effect="Intercept")
        ours[f"beta[{k}]"] = slope + own.sel(rat_effect="week")
    found = _compared(ours, reference, tools)
    counted.append(len(found))
    assert tools.disagreements(found) == []


def _compared(ours, reference, tools):
    known = tools.truths(reference)
    assert set(known) <= set(ours)
    theirs = reference["effective_draws"]
    return [c for key in known for c in tools.compare(ours[key], known[key], theirs, key)]


@pytest.mark.parametrize(
    ("shift", "spread"),
    [(0.15, 1.0), (0.0, 1.15)],
    ids=["shifted by 0.15 sd", "15% too wide"],
)
def test_a_wrong_posterior_fails_the_same_comparison(shift, spread, tools):
    reference = tools.read("dyestuff2")
    truth = tools.truths(reference)["b_Intercept"]
    rng = np.random.default_rng(5)
    right = rng.normal(truth["mean"], truth["sd"], size=(4, 5000))
    wrong = truth["mean"] + shift * truth["sd"] + spread * (right - truth["mean"])
    theirs = reference["effective_draws"]
    assert tools.disagreements(tools.compare(wrong, truth, theirs, "wrong"))


def test_the_limit_counts_every_comparison(tools, counted):
    """Runs last in this file: the comparisons made must not exceed those the limit is set for."""
    assert sum(counted) <= tools.comparisons
