"""The level law: which level is the reference, and the order of levels, change no answer."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.model.spec import Model

# The covariance of effects of levels depends on the coding: it cannot hold for `(1 + a | g)`.
NUMBERS_VARY = ["1", "x", "x + z", "x*z", "x + I(x**2)"]
LEVELS = {"a": ["low", "mid", "top"], "b": ["no", "yes"], "h": ["H0", "H1", "H2", "H3"]}


def recoded(table, rng):
    """Return the table with the levels of its categories in another order."""
    return table.assign(
        **{
            name: pd.Categorical(table[name], list(rng.permutation(levels)))
            for name, levels in LEVELS.items()
        }
    )


def difference(first, second, at, densities):
    here = densities(first, at)
    return np.max(np.abs(densities(second, at) - here) / np.abs(here))


@settings(max_examples=25)
@given(data=st.data(), seed=st.integers(0, 9999))
def test_the_density_stays(formulas, study, places, densities, data, seed):
    asked = data.draw(formulas(effects=NUMBERS_VARY))
    table = study(seed, far=3.0)
    first = Model(asked.text, table)
    second = Model(asked.text, recoded(table, np.random.default_rng(seed)))
    assert difference(first, second, places(first, seed), densities) <= 1e-8


@settings(max_examples=12)
@given(data=st.data(), seed=st.integers(0, 9999))
def test_the_prior_of_every_row_stays(formulas, study, data, seed):
    """Of any family: mean and covariance of the rows' linear predictors under the prior."""
    asked = data.draw(formulas(effects=NUMBERS_VARY))
    outcome, family = data.draw(
        st.sampled_from([("y", "student"), ("met", "bernoulli"), ("rating", "cumulative")])
    )
    text = asked._replace(response=outcome).text
    table = study(seed, far=3.0)
    first = Model(text, table, family)
    second = Model(text, recoded(table, np.random.default_rng(seed)), family)
    for here, there in zip(rows_under_prior(first), rows_under_prior(second), strict=True):
        np.testing.assert_allclose(there, here, rtol=0, atol=1e-8 * max(1.0, np.abs(here).max()))


def rows_under_prior(model):
    """Return mean and covariance; a constant that is no column is left to the thresholds."""
    working = model.priors.basis.coefficients.columns(model.design.X)
    mean, sd = np.array([p.arguments for p in model.priors.of(names.B)]).reshape(-1, 2).T
    return working @ mean, (working * sd**2) @ working.T


@pytest.mark.slow
def test_what_the_verbs_say_stays(study, places, fit_at):
    table = study(5)
    text = "y ~ a*x + b + (1 + x | g)"
    first = Model(text, table)
    second = Model(text, recoded(table, np.random.default_rng(3)))
    assert first.design.coefficients != second.design.coefficients
    at = places(first, 1, 400).reshape(4, 100, -1)
    fits = [fit_at(model, at) for model in (first, second)]
    # Drawn in another basis, draws differ and their distributions do not: 400 independent ones.
    means = [
        ba.predict(fit, target="same").draws["prediction"].to_numpy().reshape(400, -1)
        for fit in fits
    ]
    error = np.sqrt(sum(own.var(axis=0) for own in means) / 400)
    assert (np.abs(means[0].mean(axis=0) - means[1].mean(axis=0)) < 5 * error).all()
    differences = [
        ba.contrast(fit, {"a": ("low", "top")}, target="same").table.iloc[0] for fit in fits
    ]
    error = np.sqrt(sum(own["mcse_mean"] ** 2 for own in differences))
    assert abs(differences[0]["mean"] - differences[1]["mean"]) < 5 * error
    evidence = [ba.log_evidence(fit, seed=1).log_evidence for fit in fits]
    assert evidence[0] == pytest.approx(evidence[1], abs=1e-6)


def test_levels_that_nobody_has(study, places, densities):
    table = study(6)
    more = table.assign(a=pd.Categorical(table["a"], ["none", "mid", "low", "other", "top"]))
    first, second = (Model("y ~ a*x + (1 | g)", own) for own in (table, more))
    assert difference(first, second, places(first, 6), densities) <= 1e-8


def test_an_offender_is_seen(study, places, densities):
    """Independent priors of differences from the reference: the density depends on it."""
    table = study(4)
    again = table.assign(a=pd.Categorical(table["a"], ["top", "mid", "low"]))
    text = "y ~ a + (1 | g)"
    offending = [
        Model(text, own, priors={f"b[a[{level}]]": "Normal(0, 2)" for level in others})
        for own, others in ((table, ["mid", "top"]), (again, ["mid", "low"]))
    ]
    at = places(offending[0], 1)
    assert difference(*offending, at, densities) > 1e-6
    assert difference(Model(text, table), Model(text, again), at, densities) <= 1e-8
