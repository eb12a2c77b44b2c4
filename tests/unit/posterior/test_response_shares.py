"""Shares of the outcome's own variance, against brute force: many clients of many groups."""

import dataclasses

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import expit

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.kernels.link_mean import shared_covariance
from bayes_alliance.model.families.link import CLOGLOG, LOGIT, PROBIT
from bayes_alliance.sampling.fit import Fit

GROUPS = 400_000
LINKS = {link.name: link for link in (LOGIT, PROBIT, CLOGLOG)}


def one_draw(fit: Fit, **values: float) -> Fit:
    """Return a fit whose draws all have the stated values, so that truth is one number.

    But for one part in 10^9, because R-hat of what does not vary at all is not defined.
    """
    rng = np.random.default_rng(0)
    tree = fit.idata.copy()
    posterior = tree["posterior"].to_dataset()
    for name, value in values.items():
        variable = name.replace("__", ":")
        noise = 1 + 1e-9 * rng.normal(size=posterior[variable].shape)
        posterior[variable] = posterior[variable] * 0 + np.asarray(value) * noise
    tree["posterior"] = type(tree)(posterior)
    return dataclasses.replace(fit, idata=tree)


def mean_share(shares, level: str) -> float:
    return float(shares.draws["share"].sel(level=level).mean())


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
@pytest.mark.parametrize("spread", [0.05, 0.8, 3.0, 20.0])
def test_covariance_of_two_outcomes_by_adaptive_quadrature(link, spread):
    eta = np.array([-2.0, 0.0, 1.5])
    ours = shared_covariance(lambda at, _: LINKS[link].inverse(at), eta, np.full(3, spread**2))
    for k, centre in enumerate(eta):
        moments = [
            integrate.quad(
                lambda u, p=p, c=centre: (
                    LINKS[link].inverse(c + u) ** p * stats.norm.pdf(u, 0, spread)
                ),
                -12 * spread,
                12 * spread,
                points=np.linspace(-4, 4, 9) - centre,
                limit=400,
            )[0]
            for p in (1, 2)
        ]
        # quad itself is good to about 1e-9 here.
        assert ours[k] == pytest.approx(moments[1] - moments[0] ** 2, abs=2e-8)


def test_nothing_shared_is_no_covariance_and_nan_stays_nan():
    ours = shared_covariance(lambda at, _: expit(at), np.zeros(2), np.array([0.0, np.nan]))
    assert ours[0] == pytest.approx(0, abs=1e-30)
    assert np.isnan(ours[1])


def test_yes_or_no_with_slopes_by_simulation(bernoulli_fit):
    x, sd, cor, b = 2.0, np.array([1.1, 0.7]), -0.3, np.array([0.4, -0.5])
    fit = one_draw(bernoulli_fit, b=b, sd_case_manager=sd, cor_case_manager=cor)
    rng = np.random.default_rng(1)
    G = np.outer(sd, sd) * np.array([[1, cor], [cor, 1]])
    u = rng.multivariate_normal([0, 0], G, size=GROUPS)
    p = expit(b[0] + b[1] * x + u[:, 0] + u[:, 1] * x)
    expected = p.var() / (p.mean() * (1 - p.mean()))
    ours = mean_share(ba.variance_shares(fit, at={"stigma": x}, scale="response"), "case_manager")
    # The variance of a variance: its relative error is about sqrt(2 / groups) = 0.002.
    assert ours == pytest.approx(expected, rel=0.01)
    # Two clients of one group, drawn: the correlation is the share.
    first, second = (rng.random((2, GROUPS)) < p).astype(float)
    correlation = ba.client_correlations(fit, at={"stigma": x}, scale="response")
    found = float(correlation.draws["correlation"].mean())
    assert found == pytest.approx(np.corrcoef(first, second)[0, 1], abs=5 / np.sqrt(GROUPS))


def test_averaged_over_rows_by_simulation(bernoulli_fit):
    sd, cor, b = np.array([1.1, 0.7]), -0.3, np.array([0.4, -0.5])
    fit = one_draw(bernoulli_fit, b=b, sd_case_manager=sd, cor_case_manager=cor)
    rng = np.random.default_rng(2)
    G = np.outer(sd, sd) * np.array([[1, cor], [cor, 1]])
    u = rng.multivariate_normal([0, 0], G, size=20_000)
    x = fit.model.frame.rows["stigma"].to_numpy()
    p = expit(b[0] + b[1] * x + u[:, :1] + u[:, 1:] * x)  # (group, row)
    between, within = p.var(axis=0).mean(), (p * (1 - p)).mean()
    predictors = p.mean(axis=0).var()
    options = {"average": True, "scale": "response", "draws": 4}
    shares = ba.variance_shares(fit, **options)
    # 320 rows are met by 250 evenly spread ones: 1%; 20,000 groups: 1% of a variance.
    expected = between / (between + within)
    assert mean_share(shares, "case_manager") == pytest.approx(expected, rel=0.02)
    assert any("250 rows" in note for note in shares.notes)
    total = ba.variance_shares(fit, of="total", **options)
    expected = predictors / (predictors + between + within)
    assert mean_share(total, "predictors") == pytest.approx(expected, rel=0.03)


def nested_shares(probability: np.ndarray) -> tuple[float, float]:
    """Shares of agency and manager from probabilities, shape (agency, manager)."""
    whole = probability.mean() * (1 - probability.mean())
    agency = np.mean(probability[:, ::2].mean(1) * probability[:, 1::2].mean(1))
    agency -= probability.mean() ** 2  # halves have independent managers: no bias from few
    return agency / whole, (probability.var() - agency) / whole


def test_nested_levels_by_simulation(clients, make_fit):
    model = ba.Model("stayed ~ 1 + (1 | agency/case_manager)", clients, "bernoulli")
    spread = {"sd_agency": [0.9], "sd_agency__case_manager": [1.4]}
    fit = one_draw(make_fit(model, draws=4), b=[0.3], **spread)
    rng = np.random.default_rng(3)
    agency = 0.9 * rng.normal(size=(60_000, 1))
    p = expit(0.3 + agency + 1.4 * rng.normal(size=(60_000, 20)))
    expected = nested_shares(p)
    shares = ba.variance_shares(fit, scale="response")
    # A variance from 60,000 agencies: sqrt(2 / 60,000) = 0.6%, three times that allowed.
    assert mean_share(shares, "agency") == pytest.approx(expected[0], rel=0.02)
    assert mean_share(shares, "agency:case_manager") == pytest.approx(expected[1], rel=0.02)
    same = ba.client_correlations(fit, scale="response").draws["correlation"]
    assert float(same.sel(same="agency").mean()) == pytest.approx(expected[0], rel=0.02)
    both = float(same.sel(same="agency:case_manager").mean())
    assert both == pytest.approx(sum(expected), rel=0.02)


def test_crossed_groups_do_something_jointly(clients, make_fit):
    crossed = clients.assign(day=np.tile(["mo", "tu", "we", "th"], len(clients) // 4))
    model = ba.Model("stayed ~ 1 + (1 | day) + (1 | case_manager)", crossed, "bernoulli")
    fit = one_draw(make_fit(model, draws=4), b=[1.2], sd_day=[1.5], sd_case_manager=[2.0])
    rng = np.random.default_rng(4)
    eta = 1.2 + 1.5 * rng.normal(size=(3000, 1)) + 2.0 * rng.normal(size=(1, 3000))
    p = expit(eta)
    whole = p.mean() * (1 - p.mean())
    day, manager = p.mean(1).var() / whole, p.mean(0).var() / whole
    shares = ba.variance_shares(fit, scale="response")
    # 3,000 groups of a kind: sqrt(2 / 3,000) = 2.6%, three times that allowed.
    assert mean_share(shares, "day") == pytest.approx(day, rel=0.08)
    assert mean_share(shares, "case_manager") == pytest.approx(manager, rel=0.08)
    joint = p.var() / whole - day - manager
    assert mean_share(shares, "interaction of groups") == pytest.approx(joint, abs=0.005)
    assert mean_share(shares, "interaction of groups") > 0
    np.testing.assert_allclose(shares.draws["share"].sum("level"), 1, rtol=1e-12)
    assert "in the interaction of the crossed groups" in shares.sentence
    together = ba.client_correlations(fit, scale="response").table.loc["day and case_manager"]
    assert together["mean"] == pytest.approx(p.var() / whole, rel=0.05)


def test_ordinal_categories_by_simulation(ordinal_fit):
    cuts, tau, slope, x = np.array([-1.0, 0.2, 1.9]), 1.3, -0.4, 2.0
    fit = one_draw(ordinal_fit, b=[slope], sd_case_manager=[tau], cutpoint=cuts)
    rng = np.random.default_rng(5)
    u = tau * rng.normal(size=GROUPS)
    latent = slope * x + u + rng.logistic(size=(2, GROUPS))
    first, second = (latent[..., None] > cuts).sum(-1)
    shares = ba.variance_shares(fit, at={"stigma": x}, scale="response")
    expected = np.corrcoef(first, second)[0, 1]
    found = mean_share(shares, "case_manager")
    assert found == pytest.approx(expected, abs=5 / np.sqrt(GROUPS))
    assert any("Categories count as their own numbers, 1 to 4" in note for note in shares.notes)


def test_probit_has_a_closed_form(clients, make_fit):
    model = ba.Model("stayed ~ 1 + (1 | case_manager)", clients, "bernoulli", link="probit")
    fit = one_draw(make_fit(model, draws=4), b=[0.3], sd_case_manager=[1.2])
    v = 1 + 1.2**2
    at = 0.3 / np.sqrt(v)
    p = stats.norm.cdf(at)
    both = stats.multivariate_normal.cdf([at, at], cov=[[1, 1.2**2 / v], [1.2**2 / v, 1]])
    expected = (both - p**2) / (p * (1 - p))
    found = mean_share(ba.variance_shares(fit, scale="response"), "case_manager")
    assert found == pytest.approx(expected, abs=1e-6)  # scipy's bivariate probability


def test_rows_that_count_often_are_met_often(clients, make_fit):
    heavy = clients.assign(times=np.where(clients["stigma"] > 3, 50, 1))
    formula = "stayed | weights(times) ~ stigma + (1 | case_manager)"
    fit = make_fit(ba.Model(formula, heavy, "bernoulli"), draws=4)
    fit = one_draw(fit, b=[6.0, -2.0], sd_case_manager=[1.0])
    x, w = heavy["stigma"].to_numpy(), heavy["times"].to_numpy()
    u = np.random.default_rng(6).normal(size=(20_000, 1))
    p = expit(6 - 2 * x + u)
    between, whole = (np.average(q, weights=w) for q in (p.var(0), p.mean(0) * (1 - p.mean(0))))
    found = mean_share(ba.variance_shares(fit, average=True, scale="response"), "case_manager")
    # 250 of the 16,000 rows that the weights stand for, evenly spread: about 1%.
    assert found == pytest.approx(between / whole, rel=0.03)


def test_draws_are_thinned_and_said(bernoulli_fit):
    shares = ba.variance_shares(bernoulli_fit, at={"stigma": 2}, scale="response", draws=100)
    assert shares.draws.sizes[names.CHAIN] * shares.draws.sizes[names.DRAW] == 100
    assert "100 of the 1,000 draws" in str(shares)
    full = ba.variance_shares(bernoulli_fit, at={"stigma": 2}, scale="response", draws=None)
    assert full.draws.sizes[names.DRAW] == 250


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"at": "mean"}, "no place"),
        ({"at": {"stigma": 1}, "of": "total"}, "Add average=True"),
        ({"at": {"stigma": 1, "age": 3}}, "age"),
    ],
)
def test_places_on_the_response_scale_are_checked(clients, make_fit, options, said):
    model = ba.Model("stayed ~ stigma + (1 | case_manager)", clients, "bernoulli")
    with pytest.raises(ba.ModelError, match=said):
        ba.variance_shares(make_fit(model, draws=4), scale="response", **options)
