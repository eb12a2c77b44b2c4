"""Log likelihoods against a naive loop, replications, and the memory they may take."""

import numpy as np
import pytest
from scipy import stats

from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling import linear_predictor
from bayes_alliance.sampling.log_prior import joint_log_likelihood, log_prior
from bayes_alliance.sampling.predictive import with_log_likelihood, with_predictive
from bayes_alliance.sampling.thinning import thinned


def naive_log_density(model, draw, row):
    """One row of one draw, with scipy and plain arithmetic."""
    design, frame = model.design, model.frame
    eta = design.offset[row]
    if design.coefficients:
        eta += design.X[row] @ draw["b"].to_numpy()
    for group in design.groups:
        eta += group.Z[row] @ draw[f"u_{group.name}"].to_numpy()[group.index[row]]
    y, kind = frame.y[row], model.formula.response.weight_kind
    weight = 1.0 if frame.weights is None else frame.weights[row]
    scale = float(draw["sigma"]) if "sigma" in draw else 1.0
    if kind != "frequency":
        scale /= np.sqrt(weight)
    if model.family.name == "gaussian":
        value = stats.norm.logpdf(y, eta, scale)
    elif model.family.name == "student":
        value = stats.t.logpdf(y, float(draw["nu"]), eta, scale)
    elif model.family.name == "bernoulli":
        value = stats.bernoulli.logpmf(y, 1 / (1 + np.exp(-eta)))
    else:
        edges = np.concatenate([[-np.inf], draw["cutpoint"].to_numpy(), [np.inf]])
        low, high = stats.logistic.cdf(edges[int(y) : int(y) + 2] - eta)
        value = np.log(high - low)
    return value * weight if kind == "frequency" else value


def test_log_likelihood_is_that_of_a_naive_loop(fit):
    found = with_log_likelihood(fit).idata["log_likelihood"][fit.model.outcome]
    assert found.dims == ("chain", "draw", "row")
    for chain, draw, row in [(0, 0, 0), (0, 4, 17), (1, 2, 35), (1, 4, 3)]:
        one = fit.posterior.isel(chain=chain, draw=draw)
        expected = naive_log_density(fit.model, one, row)
        assert found[chain, draw, row].item() == pytest.approx(expected, rel=1e-9)


def test_it_holds_exactly_one_variable(fit):
    assert list(with_log_likelihood(fit).idata["log_likelihood"].data_vars) == [fit.model.outcome]


def test_chunks_do_not_show(slopes, monkeypatch):
    whole = with_log_likelihood(slopes).idata["log_likelihood"]["alliance"]
    monkeypatch.setattr(linear_predictor, "_CHUNK_BYTES", 3 * 8 * 36)
    sizes = [c.eta.shape[0] for c in linear_predictor.chunks(slopes.model, slopes.posterior)]
    assert sizes == [3, 2, 3, 2]  # a chunk ends where its chain does
    parts = with_log_likelihood(slopes).idata["log_likelihood"]["alliance"]
    # Products of matrices of another shape may differ in their last digits.
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


def test_the_joint_log_likelihood_is_the_sum(fit):
    by_row = with_log_likelihood(fit).idata["log_likelihood"][fit.model.outcome]
    np.testing.assert_allclose(joint_log_likelihood(fit), by_row.sum("row"), rtol=1e-12)


def test_log_prior_by_hand(make_fit, clients):
    priors = {
        "b": "StudentT(4, 0, 3)",
        "b[Intercept]": "Flat()",
        "sd_manager": "Exponential(2)",
        "cor_manager": "LKJ(3)",
        "sigma": "HalfNormal(2)",
    }
    model = Model("alliance ~ stigma + (1 + stigma | manager)", clients, priors=priors)
    fit = make_fit(model)
    found, draws = log_prior(fit), fit.posterior
    np.testing.assert_allclose(found["b"], stats.t(4, 0, 3).logpdf(draws["b"][..., 1]))
    np.testing.assert_allclose(
        found["sd_manager"], stats.expon(scale=0.5).logpdf(draws["sd_manager"]).sum(-1)
    )
    np.testing.assert_allclose(found["sigma"], stats.halfnorm(0, 2).logpdf(draws["sigma"]))
    # Two effects: (eta - 1) log(1 - cor^2), up to a constant.
    np.testing.assert_allclose(
        found["cor_manager"], 2 * np.log(1 - draws["cor_manager"][..., 0] ** 2)
    )


def test_replications_repeat_with_their_seed(fit):
    first = with_predictive(fit, seed=5).idata["posterior_predictive"][fit.model.outcome]
    again = with_predictive(fit, seed=5).idata["posterior_predictive"][fit.model.outcome]
    other = with_predictive(fit, seed=6).idata["posterior_predictive"][fit.model.outcome]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dims == ("chain", "draw", "row")
    own = with_predictive(fit).idata["posterior_predictive"][fit.model.outcome]
    same = with_predictive(fit, seed=fit.settings.seed).idata["posterior_predictive"]
    np.testing.assert_array_equal(own, same[fit.model.outcome])


def test_replications_are_outcomes_of_their_family(fit):
    values = np.unique(
        with_predictive(fit, seed=1).idata["posterior_predictive"][fit.model.outcome]
    )
    allowed = {"binary": {0, 1}, "ordinal": {0, 1, 2}}.get(fit.model.family.measure)
    assert len(values) > 100 if allowed is None else set(values) == allowed


def test_replications_have_the_right_mean_and_spread(make_fit, clients):
    """Standardised by the true predictor: z of mean and variance, each at 1e-5 two-sided."""
    model = Model("alliance | weights(precise, precision) ~ stigma + (1 | manager)", clients)
    fit = make_fit(model, chains=2, draws=500)
    found = with_predictive(fit, seed=4).idata["posterior_predictive"]["alliance"]
    eta = np.stack([chunk.eta for chunk in linear_predictor.chunks(model, fit.posterior)])
    scale = fit.posterior["sigma"].to_numpy()[..., None] / np.sqrt(clients["precise"].to_numpy())
    z = ((found.to_numpy() - eta) / scale).ravel()
    limit = stats.norm.isf(0.5e-5)
    assert abs(z.mean()) * np.sqrt(z.size) < limit
    assert abs((z**2).mean() - 1) * np.sqrt(z.size / 2) < limit


def test_fewer_draws_are_spread_over_every_chain(slopes):
    replicated = with_predictive(slopes, draws=4).idata["posterior_predictive"]
    assert dict(replicated.sizes) == {"chain": 2, "draw": 2, "row": 36}
    # The draws keep their own numbers.
    np.testing.assert_array_equal(replicated["draw"], [0, 4])


@pytest.mark.parametrize(
    ("count", "kept"),
    [(None, 5), (1, 1), (2, 1), (3, 2), (4, 2), (9, 5), (10, 5), (1000, 5)],
)
def test_thinning(count, kept, slopes):
    assert thinned(slopes.posterior, count).sizes["draw"] == kept


@pytest.mark.parametrize("count", [0, -3])
def test_thinning_needs_a_draw(count, slopes):
    with pytest.raises(SamplingError, match=f"draws={count} was asked for"):
        with_predictive(slopes, draws=count)


def test_what_would_not_fit_is_refused_before_it_is_made(slopes):
    for verb in (with_log_likelihood, with_predictive):
        with pytest.raises(SamplingError, match="10 draws and 36 rows") as caught:
            verb(slopes, memory=2.8e-6)
        assert caught.value.facts["gigabytes"] == pytest.approx(8 * 10 * 36 / 1e9)
        verb(slopes, memory=2.9e-6)


def test_a_fit_is_not_changed_by_what_is_added(slopes):
    before = set(slopes.idata.children)
    assert "log_likelihood" in with_log_likelihood(slopes).idata.children
    assert set(slopes.idata.children) == before
