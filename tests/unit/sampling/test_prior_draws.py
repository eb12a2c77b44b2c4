"""Prior draws follow the priors, group effects their covariance, correlations the LKJ law."""

import numpy as np
import pytest
from scipy import stats

from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling import prior_draws
from bayes_alliance.sampling.prior_draws import (
    draw_lkj,
    draw_prior,
    with_prior,
    with_prior_predictive,
)

# Every distribution test below allows one false alarm in 100,000.
ALARM = 1e-5


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("eta", [0.7, 1.0, 4.0])
def test_lkj_marginals_are_the_known_beta(size, eta):
    """Each correlation is 2 Beta(a, a) - 1 with a = eta - 1 + size / 2, and all are alike."""
    factor = draw_lkj(size, eta, 4000, np.random.default_rng(7))
    matrix = factor @ factor.transpose(0, 2, 1)
    np.testing.assert_allclose(np.diagonal(matrix, axis1=1, axis2=2), 1.0)
    assert (np.linalg.eigvalsh(matrix) > -1e-12).all()
    a = eta - 1 + size / 2
    pairs = list(zip(*np.triu_indices(size, k=1), strict=True))
    for i, j in pairs:
        law = stats.kstest((matrix[:, i, j] + 1) / 2, stats.beta(a, a).cdf)
        assert law.pvalue > ALARM / len(pairs)


def test_lkj_determinant_has_its_known_law():
    """For 3 effects det R is a product of independent Betas (the onion's radii), apart from
    the marginals: a wrong dependence between correlations would show."""
    eta, size = 2.0, 3
    factor = draw_lkj(size, eta, 4000, np.random.default_rng(8))
    found = np.log(np.linalg.det(factor) ** 2)
    rng = np.random.default_rng(9)
    expected = sum(
        np.log(rng.beta(eta + (size - 1 - k) / 2, k / 2, size=40_000)) for k in range(1, size)
    )
    assert stats.ks_2samp(found, expected).pvalue > ALARM


def test_top_level_draws_follow_their_priors(clients):
    model = Model(
        "alliance ~ stigma + (1 + stigma | manager)",
        clients,
        family="student",
        priors={"b": "Laplace(1, 2)", "sd_manager[stigma]": "Uniform(0, 3)", "nu": "Gamma(3, 0.2)"},
    )
    arrays = draw_prior(model, 3000, np.random.default_rng(5))
    for entry in model.priors.entries:
        if entry.variable == "cor_manager":
            continue
        values = arrays[entry.variable][0]
        if entry.element is not None:
            labels = [e.element for e in model.priors.entries if e.variable == entry.variable]
            values = values[:, labels.index(entry.element)]
        assert stats.kstest(values, entry.prior.frozen.cdf).pvalue > ALARM


def test_group_effects_have_the_covariance_of_their_draw(clients):
    model = Model("alliance ~ 1 + (1 + stigma | manager) + (0 + age | manager)", clients)
    arrays = draw_prior(model, 4000, np.random.default_rng(6))
    sd, cor, u = (arrays[f"{k}_manager"][0] for k in ("sd", "cor", "u"))
    standard = u / sd[:, None, :]
    for effect in range(3):
        assert stats.kstest(standard[:, 0, effect], stats.norm.cdf).pvalue > ALARM
    # Given the correlation what is left of the second effect is normal and apart from the first.
    left = (standard[..., 1] - cor * standard[..., 0]) / np.sqrt(1 - cor**2)
    assert stats.kstest(left[:, 1], stats.norm.cdf).pvalue > ALARM
    limit = stats.norm.isf(ALARM / 2) / np.sqrt(4000)
    assert abs(np.mean(left[:, 1] * standard[:, 1, 0])) < limit
    assert abs(np.mean(standard[:, 0, 0] * standard[:, 0, 2])) < limit
    # Groups are apart from one another, given the standard deviations.
    assert abs(np.mean(standard[:, 0, 0] * standard[:, 1, 0])) < limit


@pytest.mark.parametrize("priors", [None, {"cutpoint[1|2]": "Normal(-2, 1)"}])
def test_thresholds_come_in_order(priors, clients):
    model = Model("rating ~ stigma", clients, family="cumulative", priors=priors)
    cutpoint = draw_prior(model, 2000, np.random.default_rng(1))["cutpoint"][0]
    assert cutpoint.shape == (2000, 2)
    assert (np.diff(cutpoint) > 0).all()


def test_thresholds_alike_are_order_statistics(clients):
    """Two independent normals in order: the lower is their minimum."""
    model = Model("rating ~ 1", clients, family="cumulative", priors={"cutpoint": "Normal(0, 2)"})
    lower = draw_prior(model, 4000, np.random.default_rng(2))["cutpoint"][0, :, 0]
    normal = stats.norm(0, 2)
    assert stats.kstest(lower, lambda x: 1 - normal.sf(x) ** 2).pvalue > ALARM


def test_thresholds_apart_are_conditioned_on_their_order(clients):
    """P(first < second) conditions both; compared with plain rejection."""
    priors = {"cutpoint[1|2]": "Normal(0.5, 1)", "cutpoint[2|3]": "Normal(0, 1)"}
    model = Model("rating ~ 1", clients, family="cumulative", priors=priors)
    found = draw_prior(model, 4000, np.random.default_rng(3))["cutpoint"][0]
    rng = np.random.default_rng(4)
    pairs = rng.normal([0.5, 0.0], 1.0, size=(60_000, 2))
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    for k in (0, 1):
        assert stats.ks_2samp(found[:, k], pairs[:, k]).pvalue > ALARM


def test_thresholds_that_can_never_be_in_order(clients, monkeypatch):
    monkeypatch.setattr(prior_draws, "_MOST_TRIES", 50)
    priors = {"cutpoint[1|2]": "Uniform(2, 3)", "cutpoint[2|3]": "Uniform(0, 1)"}
    model = Model("rating ~ 1", clients, family="cumulative", priors=priors)
    with pytest.raises(SamplingError, match="still out of order"):
        draw_prior(model, 3, np.random.default_rng(1))


@pytest.mark.parametrize("key", ["b", "sd_manager"])
def test_improper_priors_have_no_draws(key, make_fit, clients):
    improper = {"b": "Flat()", "sd_manager": "HalfFlat()"}[key]
    model = Model("alliance ~ stigma + (1 | manager)", clients, priors={key: improper})
    with pytest.raises(SamplingError, match="is improper") as caught:
        with_prior(make_fit(model))
    assert all(name.startswith(key) for name in caught.value.facts["improper"])


def test_the_prior_has_the_posteriors_variables_and_dims(fit):
    prior = with_prior(fit, draws=7).idata["prior"].to_dataset()
    posterior = fit.posterior
    assert set(prior.data_vars) == set(posterior.data_vars)
    for name, values in posterior.data_vars.items():
        assert prior[name].dims == values.dims
        assert prior[name].shape == (1, 7, *values.shape[2:])
    for name in set(posterior.coords) - {"chain", "draw"}:
        np.testing.assert_array_equal(prior[name], posterior[name])


def test_the_same_seed_gives_the_same_prior(slopes):
    first, again, other = (with_prior(slopes, seed=s).idata["prior"]["b"] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_prior_predictions_go_with_their_prior_draws(make_fit, clients):
    """With next to no residual left, the prediction is the linear predictor of its draw."""
    model = Model(
        "alliance ~ stigma + (1 + stigma | manager)",
        clients,
        priors={"sigma": "Uniform(1e-9, 2e-9)"},
    )
    fit = with_prior_predictive(make_fit(model), draws=6, seed=2)
    assert dict(fit.idata["prior_predictive"].sizes) == {"chain": 1, "draw": 6, "row": 36}
    draws = fit.idata["prior"].to_dataset().isel(chain=0)
    group = model.design.group("manager")
    effects = draws["u_manager"].to_numpy()[:, group.index, :]
    eta = draws["b"].to_numpy() @ model.design.X.T + (effects * group.Z).sum(-1)
    found = fit.idata["prior_predictive"]["alliance"][0]
    np.testing.assert_allclose(found, eta, atol=1e-7)


def test_prior_predictions_of_every_family(fit):
    predicted = with_prior_predictive(fit, draws=4).idata["prior_predictive"][fit.model.outcome]
    assert predicted.shape == (1, 4, 36)
    assert np.isfinite(predicted).all()


def test_prior_predictions_respect_memory(slopes):
    with pytest.raises(SamplingError, match="Prior prediction keeps one number"):
        with_prior_predictive(slopes, memory=1e-9)
