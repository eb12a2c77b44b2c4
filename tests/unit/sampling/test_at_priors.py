"""Draws where the priors stand: the same wherever a predictor has its zero."""

import numpy as np
import pytest

import bayes_alliance as ba
from bayes_alliance.checks.power_scaling import check_priors
from bayes_alliance.checks.structure import check_boundary
from bayes_alliance.posterior.summaries import summarize
from bayes_alliance.sampling.at_priors import at_priors
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.prior_draws import draw_prior

FORMULA = "alliance ~ stigma + (1 + stigma | manager)"
SHIFT = 64.0


@pytest.fixture(scope="module")
def fits(clients, make_fit):
    """The same draws, of parameters near those of the example, told of two zeros of stigma."""
    found = []
    for table in (clients, clients.assign(stigma=clients["stigma"] + SHIFT)):
        fit = make_fit(ba.Model(FORMULA, table), chains=4, draws=250)
        arrays = draw_prior(fit.model, 1000, np.random.default_rng(3))
        arrays = {name: own.reshape(4, 250, *own.shape[2:]) for name, own in arrays.items()}
        found.append(fit.with_group("posterior", draws_dataset(fit.model, arrays)))
    return found


def top_level(fit):
    return at_priors(fit.model, summarize(fit).draws)


def test_labels_say_where(fits):
    here = top_level(fits[0])
    assert list(here["coefficient"].to_numpy()) == ["Intercept at the means", "stigma"]
    assert list(here["manager_effect"].to_numpy()) == ["Intercept at the means", "stigma"]
    assert list(here["manager_pair"].to_numpy()) == ["Intercept ~ stigma at the means"]
    assert list(here.data_vars) == list(summarize(fits[0]).draws.data_vars)


def test_draws_are_the_same_wherever_the_zero_is(fits):
    here, there = (top_level(fit) for fit in fits)
    for name in here.data_vars:
        # A variance is a difference of squares of 64, of which it keeps 1e-12; its root 1e-6.
        np.testing.assert_allclose(here[name], there[name], rtol=1e-5, atol=1e-5, err_msg=name)
    # As written they are not: the check would notice.
    before, after = (fit.posterior["sd_manager"].to_numpy()[..., 0] for fit in fits)
    assert (after > 5 * before).mean() > 0.8


def test_so_is_what_the_verdict_says_of_priors_and_of_spread_at_its_boundary(fits):
    here, there = (check_priors(fit) for fit in fits)
    assert (here.message, here.where, here.level) == (there.message, there.where, there.level)
    edges = [check_boundary(fit) for fit in fits]
    assert [e.where for e in edges[0]] == [e.where for e in edges[1]] != []


def test_what_is_written_for_this_zero_stays_as_written(clients, make_fit):
    own = {"b[Intercept]": "Normal(50, 20)", "sd_manager": "HalfNormal(5)"}
    fit = make_fit(ba.Model(FORMULA, clients, priors=own))
    draws = summarize(fit).draws
    assert at_priors(fit.model, draws).identical(draws)
