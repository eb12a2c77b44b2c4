"""The zero law: where the zero of a predictor lies changes nothing that is said about the rows."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.model.pymc_model import (
    DATA_COEFFICIENTS,
    DATA_CONSTANT,
    data_arrays,
    data_effects,
)
from bayes_alliance.model.spec import Model

EPS = 2.0**-52
BACK = (DATA_COEFFICIENTS, DATA_CONSTANT, data_effects(""))
FAMILIES = [("y", "student"), ("met", "bernoulli"), ("rating", "cumulative")]


def tolerance(model, table, moved):
    """Return the digits that the highest power of the far predictor leaves."""
    designs = [model.design, *model.design.groups]
    degree = max([1, *(order.degree for design in designs for order in design.orders)])
    far = max(np.abs(values[name]).max() for values in (table, moved) for name in ("x", "z"))
    return max(1e-8, 100 * EPS * (far / table["x"].std()) ** degree)


def arguments(model):
    return np.array([e.prior.arguments[-1] for e in model.priors.entries])


def centres(model):
    return np.array([e.prior.arguments[0] for e in model.priors.entries])


def scale_free(first, second):
    """Return the largest difference, as a share of the first one's size."""
    return float(np.max(np.abs(first - second) / np.maximum(1.0, np.abs(first)), initial=0.0))


def broken(first, second, at, densities):
    """Say what of two models is not the same: where priors stand, their numbers, the density."""
    if [(e.key, e.stands) for e in first.priors.entries] != [
        (e.key, e.stands) for e in second.priors.entries
    ]:
        return {"where priors stand": np.inf}
    return {
        "prior scales": scale_free(arguments(first), arguments(second)),
        "prior centres": scale_free(centres(first), centres(second)),
        "density": scale_free(densities(first, at), densities(second, at)),
    }


shifts = st.sampled_from([1.0, 37.0, -1000.0, 9973.0])


@settings(max_examples=25)
@given(data=st.data(), seed=st.integers(0, 9999), far=st.sampled_from([0.0, 3.0, 2010.0]))
def test_density_and_priors_stay(formulas, study, places, densities, data, seed, far):
    asked, shift = data.draw(formulas()), data.draw(shifts)
    table = study(seed, far=far)
    moved = table.assign(x=table["x"] + shift, z=table["z"] - 2 * shift)
    first, second = Model(asked.text, table), Model(asked.text, moved)
    found = broken(first, second, places(first, seed), densities)
    limit = tolerance(first, table, moved)
    assert {what: size for what, size in found.items() if not size <= limit} == {}


@settings(max_examples=25)
@given(data=st.data(), seed=st.integers(0, 9999), far=st.sampled_from([0.0, 3.0, 2010.0]))
def test_every_family_samples_the_same_columns_under_the_same_priors(
    formulas, study, data, seed, far
):
    """All that a joint model is made of: columns, offsets and priors where they stand."""
    asked, shift = data.draw(formulas()), data.draw(shifts)
    outcome, family = data.draw(st.sampled_from(FAMILIES))
    text = asked._replace(response=outcome).text
    table = study(seed, far=far)
    moved = table.assign(x=table["x"] + shift, z=table["z"] - 2 * shift)
    first, second = Model(text, table, family), Model(text, moved, family)
    limit = tolerance(first, table, moved)
    assert scale_free(arguments(first), arguments(second)) <= limit
    sampled, again = data_arrays(first), data_arrays(second)
    # Maps back to the design as written are there only where they are needed, and do change.
    for name in (name for name in sampled if not name.startswith(BACK)):
        assert scale_free(sampled[name], again[name]) <= limit, name


@settings(max_examples=6)
@given(data=st.data(), seed=st.integers(0, 9999))
def test_draws_of_every_row_stay(formulas, study, places, fit_at, data, seed):
    """Drawn back with the same seed, every row has the same linear predictor."""
    asked = data.draw(formulas())
    table = study(seed, far=100.0)
    moved = table.assign(x=table["x"] + 900.0)
    first, second = Model(asked.text, table), Model(asked.text, moved)
    at = places(first, seed, 4)[None]
    fits = [fit_at(model, at, seed=seed) for model in (first, second)]
    etas = [linear_predictor(fit) for fit in fits]
    np.testing.assert_allclose(etas[1], etas[0], rtol=0, atol=1e3 * tolerance(first, table, moved))


def linear_predictor(fit):
    design, draws = fit.model.design, fit.posterior
    eta = draws[names.B].to_numpy() @ design.X.T + design.offset
    for group in design.groups:
        effects = draws[names.u(group.name)].to_numpy()[..., group.index, :]
        eta = eta + (effects * group.Z).sum(axis=-1)
    return eta


def said(fit, place):
    """Return numbers of every verb that speaks of the rows, and not of the point zero."""
    at = {"x": place, "z": 1.0}
    groups = ba.group_effects(fit)
    effects = ba.predict(fit, {**at, "a": "mid", "g": "G2"}, target="same")
    return {
        "groups": groups.table[["mean", "sd", "lower", "upper", "raw"]],
        "ranks": groups.ranks[["mean", "lower", "upper"]],
        "groups at a place": ba.group_effects(fit, at={"x": place}).table["mean"],
        "shares at the means": ba.variance_shares(fit, at="means").table["mean"],
        "shares at a place": ba.variance_shares(fit, at={"x": place}).table["mean"],
        "shares on average": ba.variance_shares(fit, average=True).table["mean"],
        "explained": ba.r2_measures(fit).table["mean"],
        "explained, rows": ba.bayes_r2(fit).table["mean"],
        "predictions": ba.predict(fit, target="same").table["mean"],
        "of a group": effects.table["mean"],
        "contrast": ba.contrast(fit, {"x": (place, place + 1)}, target="same").table["mean"],
        "slope": ba.slopes(fit, "x", target="same").table["mean"],
        "group means": ba.group_means(fit).table["mean"],
        "group slopes": ba.group_slopes(fit, "x").table["mean"],
        "highest slope": fit.posterior[names.B].sel(coefficient="x:z").mean(),
        "evidence": ba.log_evidence(fit, seed=1).log_evidence,
    }


@pytest.mark.slow
@pytest.mark.parametrize("shift", [-3.0, 2000.0])
def test_what_the_verbs_say_stays(study, places, fit_at, shift):
    table = study(5)
    text = "y ~ x*z + a + (1 + x | g)"
    first = Model(text, table)
    second = Model(text, table.assign(x=table["x"] + shift))
    at = places(first, 1, 400).reshape(4, 100, -1)
    here, there = said(fit_at(first, at), 0.5), said(fit_at(second, at), 0.5 + shift)
    for what, numbers in here.items():
        np.testing.assert_allclose(there[what], numbers, rtol=1e-5, atol=1e-6, err_msg=what)


@pytest.mark.slow
def test_what_is_said_in_words_stays(study, places, fit_at):
    table = study(5)
    text = "y ~ x*z + a + (1 + x | g)"
    first, second = Model(text, table), Model(text, table.assign(x=table["x"] + 2000.0))
    at = places(first, 1, 400).reshape(4, 100, -1)
    here, there = fit_at(first, at), fit_at(second, at)
    for say in (
        lambda fit: re.sub(r"\(-?[\d.]+\)", "(its mean)", str(ba.variance_shares(fit))),
        lambda fit: re.sub(r"\(-?[\d.]+\)", "(its mean)", ba.group_effects(fit).sentence),
        lambda fit: str(ba.bayes_r2(fit)),
        lambda fit: str(ba.group_means(fit)),
        lambda fit: [finding.code for finding in ba.diagnose(fit).findings],
        lambda fit: [note.code for note in fit.model.data_report.notes],
    ):
        assert say(here) == say(there)


@pytest.mark.slow
def test_the_verdict_names_what_cannot_hold(study, places, fit_at):
    text = "y ~ x + (1 + x || g)"
    codes = []
    for shift in (0.0, 2000.0):
        table = study(5)
        model = Model(text, table.assign(x=table["x"] + shift))
        fit = fit_at(model, places(model, 1, 100).reshape(4, 25, -1))
        codes.append({finding.code for finding in ba.diagnose(fit).findings})
    assert codes[1] - codes[0] == {"uncorrelated_at_zero"}


def test_an_offender_is_seen(study, places, densities):
    """The default priors of before: on the columns as they are written."""
    table = study(2)
    moved = table.assign(x=table["x"] + 30.0)
    text = "y ~ x*z + (1 + x | g)"

    def as_written(rows):
        width = float(2.5 * rows["y"].std() / (rows["x"] * rows["z"]).std())
        return Model(text, rows, priors={"b[x:z]": f"Normal(0, {width!r})"})

    at = places(Model(text, table), 1)
    found = broken(as_written(table), as_written(moved), at, densities)
    assert found["prior scales"] > 0.1
    assert found["density"] > 1e-6
    kept = broken(Model(text, table), Model(text, moved), at, densities)
    assert max(kept.values()) <= 1e-8
