"""The share of few groups under other widths of the prior: by weights, and by fitting again."""

import numpy as np
import pytest

import bayes_alliance as ba
from bayes_alliance.checks.shares_by_prior import shares_by_prior
from bayes_alliance.posterior.evidence.term import rescaled_model
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.prior_draws import draw_prior

FORMULA = "alliance ~ stigma + (1 + stigma | agency)"
DRAWS = 20_000


def with_prior_as_posterior(model, fit, seed):
    """Return the fit with draws of a model's prior for its own."""
    arrays = draw_prior(model, DRAWS, np.random.default_rng(seed))
    return fit.with_group("posterior", draws_dataset(model, arrays))


@pytest.fixture(scope="module")
def before(clients, make_fit):
    """A fit that has learnt nothing: its draws are those of the prior."""
    model = ba.Model(FORMULA, clients.assign(stigma=clients["stigma"] + 5))
    return with_prior_as_posterior(model, make_fit(model), 1)


def test_weighted_draws_of_a_prior_are_draws_of_the_other(before):
    shares = ba.variance_shares(before, average=True)
    found = shares_by_prior(before, "agency", shares)
    assert list(found.table.index) == [0.5, 1.0, 2.0]
    assert found.refitted == ()
    keys = [e.key for e in before.model.priors.entries if e.variable == "sd_agency"]
    means = shares.draws["share"].sel(level="agency")
    for width in (0.5, 2.0):
        other = with_prior_as_posterior(rescaled_model(before.model, keys, width), before, 2)
        own = ba.variance_shares(other, average=True)
        expected = float(own.table.loc["agency", "mean"])
        # Four errors of a share whose sd is at most one half, from 4,500 of the 20,000 draws: what
        # weights between 1/2 and 4 times their mean leave at least.
        error = 4 * 0.5 / np.sqrt(4500)
        assert found.table.loc[width, "mean"] == pytest.approx(expected, abs=error)
        # Unweighted draws, the offender, would be seen.
        assert abs(float(means.mean()) - expected) > error
        for end in ("lower", "upper"):
            assert found.table.loc[width, end] == pytest.approx(
                float(own.table.loc["agency", end]), abs=0.05
            )


def test_the_width_it_has_gives_the_very_numbers(before):
    shares = ba.variance_shares(before, average=True)
    row = shares_by_prior(before, "agency", shares).table.loc[1.0]
    assert [row["mean"], row["lower"], row["upper"]] == [
        shares.table.loc["agency", name] for name in ("mean", "lower", "upper")
    ]
    assert row["prior"] == before.model.priors.of("sd_agency")[0].rounded


def test_an_improper_prior_has_no_width(clients, make_fit):
    model = ba.Model("alliance ~ 1 + (1 | agency)", clients, priors={"sd_agency": "HalfFlat()"})
    fit = make_fit(model)
    with pytest.raises(ba.SamplingError, match="improper"):
        shares_by_prior(fit, "agency", ba.variance_shares(fit))


def test_weights_that_cannot_be_relied_on_are_not_used(clients, make_fit):
    """Draws far out in the tail of a normal prior: a wider one would rest on the very last."""
    priors = {"sd_agency": "HalfNormal(0.05)"}
    model = ba.Model("alliance ~ 1 + (1 | agency)", clients, priors=priors)
    fit = make_fit(model, chains=4, draws=500)
    posterior = fit.posterior.copy(deep=True)
    sds = np.random.default_rng(1).gamma(4.0, 0.3, size=(4, 500, 1))
    posterior["sd_agency"] = (posterior["sd_agency"].dims, sds)
    fit = fit.with_group("posterior", posterior)
    assert fit.settings.engine != "collapsed"
    with pytest.raises(ba.SamplingError, match="rest on a few of them"):
        shares_by_prior(fit, "agency", ba.variance_shares(fit))


@pytest.mark.slow
def test_weights_give_what_fitting_again_gives(clients):
    model = ba.Model("alliance ~ stigma + (1 | agency)", clients)
    fit = ba.sample(model, seed=1, draws=2000)
    found = shares_by_prior(fit, "agency", ba.variance_shares(fit)).table
    for width in (0.5, 2.0):
        again = ba.sample(rescaled_model(model, ["sd_agency"], width), seed=2, draws=2000)
        own = ba.variance_shares(again).table.loc["agency"]
        # The share's sd is under .25, and either side is worth 2,000 of 8,000 draws: four errors.
        assert found.loc[width, "mean"] == pytest.approx(own["mean"], abs=0.03)


@pytest.mark.slow
def test_the_collapsed_engine_fits_again_where_weights_fail(clients):
    priors = {"sd_agency": "HalfNormal(0.02)"}
    model = ba.Model("alliance ~ stigma + (1 | agency)", clients, priors=priors)
    fit = ba.sample(model, seed=1)
    posterior = fit.posterior.copy(deep=True)
    posterior["sd_agency"] *= 20.0  # where the data pull hard
    pulled = fit.with_group("posterior", posterior)
    found = shares_by_prior(pulled, "agency", ba.variance_shares(pulled))
    assert 2.0 in found.refitted
    assert np.isfinite(found.table[["mean", "lower", "upper"]].to_numpy(dtype=float)).all()
