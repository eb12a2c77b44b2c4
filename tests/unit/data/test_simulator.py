"""The simulator recovers its truth, over many studies and within Monte Carlo error."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from bayes_alliance.data.simulator import simulate_study
from bayes_alliance.data.study_outcomes import OUTCOMES
from bayes_alliance.errors import DataError
from bayes_alliance.model.families.registry import FAMILIES

STUDIES = 300
# A mean of independent estimates lies further from the truth once in 16,000.
ERRORS = 4.0


def assert_mean(estimates, truth):
    estimates = np.asarray(estimates, dtype=float)
    error = estimates.std(ddof=1) / np.sqrt(len(estimates))
    assert error > 0
    assert abs(estimates.mean() - truth) < ERRORS * error


def studies(number=STUDIES, **settings):
    return (simulate_study(seed=seed, **settings) for seed in range(number))


def test_null_variance_components_by_analysis_of_variance():
    """With equal caseloads the mean squares give unbiased variance components."""
    size, between, within = 5, [], []
    settings = {"slope": 0, "sd_slope": 0, "sd_intercept": 4, "sigma": 9, "caseload_variation": 0}
    for study in studies(clients=30 * size, groups=30, **settings):
        scores = study.data["alliance"].to_numpy().reshape(30, size)
        residual = scores.var(axis=1, ddof=1).mean()
        within.append(residual)
        between.append(scores.mean(axis=1).var(ddof=1) - residual / size)
    assert_mean(between, 16.0)
    assert_mean(within, 81.0)


def test_coefficients_and_group_covariance_by_separate_regressions():
    """Regressions by group give unbiased effects, with a known sampling covariance to take off."""
    size, means, covariances, residuals = 12, [], [], []
    settings = {"intercept": 60, "slope": -2, "sd_intercept": 4, "sd_slope": 3, "cor": -0.5}
    for study in studies(clients=20 * size, groups=20, sigma=9, caseload_variation=0, **settings):
        y = study.data["alliance"].to_numpy().reshape(20, size, 1)
        x = study.data["stigma"].to_numpy().reshape(20, size)
        design = np.stack([np.ones_like(x), x], axis=2)
        inverse = np.linalg.inv(design.swapaxes(1, 2) @ design)
        effects = inverse @ design.swapaxes(1, 2) @ y
        s2 = ((y - design @ effects) ** 2).sum(axis=(1, 2)) / (size - 2)
        noise = (s2[:, None, None] * inverse).mean(axis=0)
        means.append(effects[..., 0].mean(axis=0))
        covariances.append(np.cov(effects[..., 0].T) - noise)
        residuals.append(s2.mean())
    means, covariances = np.array(means), np.array(covariances)
    assert_mean(means[:, 0], 60.0)
    assert_mean(means[:, 1], -2.0)
    assert_mean(covariances[:, 0, 0], 16.0)
    assert_mean(covariances[:, 1, 1], 9.0)
    assert_mean(covariances[:, 0, 1], -0.5 * 4 * 3)
    assert_mean(residuals, 81.0)


def test_predictor_variances_and_covariate_coefficients():
    between, within, months, setting = [], [], [], []
    settings = {"months_slope": 0.3, "setting_effect": 5.0, "caseload_variation": 0}
    settings |= {"predictor_sd_between": 0.5, "predictor_sd_within": 0.8, "groups": 20}
    for study in studies(clients=160, **settings):
        x = study.data["stigma"].to_numpy().reshape(20, 8)
        within.append(x.var(axis=1, ddof=1).mean())
        between.append(x.mean(axis=1).var(ddof=1) - within[-1] / 8)
        community = study.data["setting"] == "community"
        columns = [np.ones(160), study.data["stigma"], study.data["months_in_care"], community]
        design = np.column_stack(columns).astype(float)
        found = np.linalg.lstsq(design, study.data["alliance"].to_numpy(), rcond=None)[0]
        months.append(found[2])
        setting.append(found[3])
    assert_mean(between, 0.25)
    assert_mean(within, 0.64)
    assert_mean(months, 0.3)
    assert_mean(setting, 5.0)


def test_null_icc_is_the_correlation_of_two_clients_of_one_group():
    settings = {"setting_effect": 4.0, "months_slope": 0.2, "predictor_sd_between": 0.7}
    pairs = [
        simulate_study(seed=s, clients=400, groups=200, caseload_variation=0, **settings)
        for s in range(200)
    ]
    covariances, variances = [], []
    for study in pairs:
        scores = study.data["alliance"].to_numpy().reshape(200, 2)
        covariances.append(np.cov(scores.T)[0, 1])
        variances.append(scores.var(ddof=1))
    ratio = np.mean(covariances) / np.mean(variances)
    residuals = np.array(covariances) - ratio * np.array(variances)
    error = residuals.std(ddof=1) / np.sqrt(len(pairs)) / np.mean(variances)
    assert abs(ratio - pairs[0].truth["null_icc"]) < ERRORS * error


def test_icc_of_the_truth():
    truth = simulate_study(seed=1, sd_intercept=3, sigma=4).truth
    assert truth["icc"] == pytest.approx(9 / 25)
    plain = simulate_study(seed=1, sd_intercept=3, sigma=4, slope=0, sd_slope=0).truth
    assert plain["null_icc"] == pytest.approx(9 / 25)
    logits = simulate_study(seed=1, sd_intercept=1, family="bernoulli").truth
    assert logits["icc"] == pytest.approx(1 / (1 + np.pi**2 / 3))
    heavy = simulate_study(seed=1, sd_intercept=3, sigma=2, nu=4, family="student").truth
    assert heavy["icc"] == pytest.approx(9 / (9 + 8))
    assert np.isnan(simulate_study(seed=1, nu=2, family="student").truth["icc"])


def test_student_residuals_follow_their_distribution():
    study = simulate_study(
        seed=4, clients=4000, groups=20, family="student", nu=3, sigma=2, intercept=10, slope=1
    )
    u = study.truth["group_effects"].loc[study.data["case_manager"]]
    x = study.data["stigma"].to_numpy()
    fitted = 10 + u["Intercept"].to_numpy() + (1 + u["stigma"].to_numpy()) * x
    residuals = (study.data["alliance"].to_numpy() - fitted) / 2
    assert stats.kstest(residuals, stats.t(3).cdf).pvalue > 1e-3
    assert stats.kstest(residuals, stats.norm.cdf).pvalue < 1e-6


def test_bernoulli_answers_have_their_probability():
    settings = {"intercept": 0.5, "slope": 0, "sd_intercept": 1, "sd_slope": 0, "clients": 100}
    shares = [s.data["alliance"].mean() for s in studies(family="bernoulli", **settings)]
    expected = integrate.quad(lambda u: stats.logistic.cdf(0.5 + u) * stats.norm.pdf(u), -8, 8)[0]
    assert_mean(shares, expected)
    answers = simulate_study(seed=1, family="bernoulli").data["alliance"]
    assert answers.dtype == np.int64
    assert set(answers) == {0, 1}


def test_bernoulli_slope_has_its_sign_and_size():
    study = simulate_study(
        seed=2,
        clients=20000,
        groups=2,
        family="bernoulli",
        intercept=0,
        slope=1,
        sd_intercept=0,
        sd_slope=0,
        predictor_sd_between=0,
        predictor_sd_within=1,
    )
    x, y = study.data["stigma"].to_numpy(), study.data["alliance"].to_numpy()
    p = stats.logistic.cdf(x)
    score = x * (y - p)
    # The score at the true slope has mean zero.
    assert abs(score.sum()) < ERRORS * np.sqrt((x**2 * p * (1 - p)).sum())


def test_cumulative_answers_have_their_probabilities():
    cuts = (-1.0, 0.0, 2.0)
    study = simulate_study(
        seed=3,
        clients=20000,
        groups=4,
        family="cumulative",
        cutpoints=cuts,
        intercept=0.4,
        slope=0,
        sd_intercept=0,
        sd_slope=0,
    )
    counts = study.data["alliance"].value_counts().sort_index()
    assert counts.index.tolist() == [1, 2, 3, 4]
    steps = np.diff([0, *stats.logistic.cdf(np.array(cuts) - 0.4), 1])
    assert stats.chisquare(counts.to_numpy(), 20000 * steps).pvalue > 1e-3
    assert study.truth["cutpoints"] == cuts


def test_counts_follow_their_distribution():
    rate = np.exp(0.4 + 0.3 * np.repeat([0.0, 1.0], 10000))
    settings = {"slope": 0, "sd_intercept": 0, "sd_slope": 0, "setting_effect": 0.3}
    study = simulate_study(
        seed=3, clients=20000, groups=2, family="poisson", intercept=0.4, **settings
    )
    community = study.data["setting"] == "community"
    for mean, counts in (
        (rate[0], study.data["alliance"][~community]),
        (rate[-1], study.data["alliance"][community]),
    ):
        cells = np.arange(7)
        expected = stats.poisson.pmf(cells, mean)
        seen = np.array([(counts == cell).sum() for cell in cells])
        rest = len(counts) - seen.sum()
        chances = np.append(expected, 1 - expected.sum()) * len(counts)
        assert stats.chisquare(np.append(seen, rest), chances).pvalue > 1e-3


def test_icc_of_counts_is_that_of_lognormal_variables():
    """A lognormal variable with a count's mean and variance has log(1 + 1 / mean) (Nakagawa)."""
    truth = simulate_study(seed=1, family="poisson", intercept=1, sd_intercept=0.5).truth
    mean = np.exp(1 + 0.25 / 2)
    assert truth["icc"] == pytest.approx(0.25 / (0.25 + np.log(1 + 1 / mean)))
    still = {"slope": 0, "sd_slope": 0, "months_slope": 0.02, "setting_effect": 0.4}
    study = simulate_study(seed=1, family="poisson", intercept=1, sd_intercept=0.5, **still)
    between, within = 0.25 + 0.04, 0.02**2 * 180
    mean = np.exp(1 + 0.02 * 19 + 0.2 + (between + within) / 2)
    all_variance = between + within + np.log(1 + 1 / mean)
    assert study.truth["null_icc"] == pytest.approx(between / all_variance)


def test_every_family_of_the_models_can_be_simulated():
    assert set(OUTCOMES) == set(FAMILIES)


def test_group_effects_of_the_truth_are_those_in_the_data():
    study = simulate_study(seed=5, sigma=0, intercept=50, slope=-1)
    u = study.truth["group_effects"]
    assert u.columns.tolist() == ["Intercept", "stigma"]
    assert u.index.name == "case_manager"
    own = u.loc[study.data["case_manager"]].to_numpy()
    x = study.data["stigma"].to_numpy()
    expected = 50 + own[:, 0] + (own[:, 1] - 1) * x
    np.testing.assert_allclose(study.data["alliance"], expected, rtol=1e-12)


@pytest.mark.parametrize("cor", [-1.0, 1.0])
def test_perfectly_correlated_effects(cor):
    u = simulate_study(seed=5, cor=cor).truth["group_effects"]
    assert np.corrcoef(u.to_numpy().T)[0, 1] == pytest.approx(cor)


@pytest.mark.parametrize("variation", [0.0, 0.5, 1.5, 5.0])
def test_every_group_has_a_client(variation):
    for seed in range(30):
        study = simulate_study(seed=seed, clients=45, groups=30, caseload_variation=variation)
        sizes = study.data["case_manager"].value_counts()
        assert len(sizes) == 30
        assert sizes.sum() == 45
        if variation == 0:
            assert sizes.max() - sizes.min() == 1


def test_caseload_variation_is_the_spread_of_shares():
    def spread(variation):
        sizes = [
            s.data["case_manager"].value_counts().std()
            for s in studies(20, clients=2000, groups=40, caseload_variation=variation)
        ]
        return np.mean(sizes) / 50

    # With fifty clients a group, sampling noise adds little to the gamma shares.
    assert spread(0.5) == pytest.approx(0.5, abs=0.1)
    assert spread(1.0) == pytest.approx(1.0, abs=0.2)


def test_columns_and_labels():
    study = simulate_study(
        seed=1, clients=20, groups=5, outcome="wai", group="ward", predictor="trust"
    )
    data = study.data
    assert list(data) == ["client", "ward", "wai", "trust", "months_in_care", "setting"]
    assert data["ward"].unique().tolist() == ["W1", "W2", "W3", "W4", "W5"]
    assert data["client"].tolist()[:2] == ["C01", "C02"]
    assert data["ward"].dtype == data["setting"].dtype == data["client"].dtype == "str"
    assert data.groupby("ward")["setting"].nunique().max() == 1
    assert set(data["setting"]) == {"clinic", "community"}
    assert data["months_in_care"].min() >= 1
    assert simulate_study(seed=1).data["case_manager"].iloc[0] == "CM01"


def test_same_seed_same_study():
    one, same, other = (simulate_study(seed=seed).data for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one["alliance"].equals(other["alliance"])


def test_changing_one_part_leaves_the_others_alone():
    plain, louder = simulate_study(seed=1), simulate_study(seed=1, sigma=1, missing=0.3)
    assert plain.data["months_in_care"].equals(louder.data["months_in_care"])
    kept = louder.data["stigma"].notna()
    assert 0 < kept.sum() < 160
    assert plain.data["stigma"][kept].equals(louder.data["stigma"][kept])


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_missing_values_have_their_proportion(family):
    shares = [
        s.data[["alliance", "stigma"]].isna().to_numpy().mean()
        for s in studies(100, missing=0.2, family=family)
    ]
    assert_mean(shares, 0.2)
    whole = simulate_study(seed=1, missing=0.2).data.drop(columns=["alliance", "stigma"])
    assert not whole.isna().any().any()


def test_record_shows_itself_and_is_frozen():
    study = simulate_study(seed=1)
    assert str(study).startswith("Simulated study: 160 clients")
    assert "sd_slope" in str(study)
    assert "sd_slope" in study._repr_html_()
    assert study.table.loc["sigma", "truth"] == 9.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.data = None
    with pytest.raises(TypeError):
        study.truth["slope"] = 0


@pytest.mark.parametrize(
    ("family", "present", "absent"),
    [
        ("gaussian", {"sigma"}, {"nu", "cutpoints"}),
        ("student", {"sigma", "nu"}, {"cutpoints"}),
        ("bernoulli", set(), {"sigma", "nu", "cutpoints"}),
        ("cumulative", {"cutpoints"}, {"sigma", "nu"}),
        ("poisson", set(), {"sigma", "nu", "cutpoints"}),
    ],
)
def test_truth_holds_the_parameters_of_the_family(family, present, absent):
    truth = simulate_study(seed=1, family=family).truth
    assert present | {"intercept", "slope", "sd_intercept", "sd_slope", "cor"} <= set(truth)
    assert not absent & set(truth)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"clients": 10, "groups": 11}, "Each group needs one client"),
        ({"groups": 0}, "no group at all"),
        ({"sd_intercept": -1}, "sd_intercept=-1"),
        ({"sd_slope": -0.1}, "cannot be negative"),
        ({"sigma": -2}, "sigma=-2"),
        ({"slope": float("nan")}, "no finite number"),
        ({"predictor_sd_within": float("inf")}, "no finite number"),
        ({"cor": 1.01}, "between -1 and 1"),
        ({"cor": float("nan")}, "between -1 and 1"),
        ({"caseload_variation": 6}, "in one group"),
        ({"caseload_variation": -1}, "cannot be negative"),
        ({"missing": 1.0}, "a proportion"),
        ({"missing": -0.1}, "a proportion"),
        ({"family": "gausian"}, "Did you mean 'gaussian'?"),
        ({"family": "bernoulli", "sigma": 1.0}, "bernoulli family has no sigma"),
        ({"family": "poisson", "sigma": 1.0}, "poisson family has no sigma"),
        ({"nu": 4}, "gaussian family has no nu"),
        ({"cutpoints": (0, 1)}, "gaussian family has no cutpoints"),
        ({"family": "student", "nu": 0}, "above 0"),
        ({"family": "cumulative", "cutpoints": (1, 1)}, "They must rise"),
        ({"family": "cumulative", "cutpoints": ()}, "They must rise"),
        ({"outcome": "stigma"}, "stigma twice"),
        ({"group": "client"}, "client twice"),
        ({"seed": -1}, "whole number"),
        ({"seed": 1.5}, "whole number"),
        ({"seed": True}, "whole number"),
    ],
)
def test_impossible_truths(arguments, words):
    with pytest.raises(DataError) as caught:
        simulate_study(**({"seed": 1} | arguments))
    assert words in str(caught.value)
