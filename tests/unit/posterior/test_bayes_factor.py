"""Bayes factors: against Savage-Dickey, against models written anew, and in words."""

from dataclasses import replace

import arviz as az
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayes_alliance as ba
from bayes_alliance.model.prior import DISTRIBUTIONS, Prior
from bayes_alliance.posterior.evidence.term import ABSENT, differing_priors, rescaled_prior
from bayes_alliance.posterior.evidence.term_evidence import factor_table
from bayes_alliance.posterior.several_fits import have_same_rows

pytestmark = pytest.mark.slow

SHARED = {
    "b[Intercept]": "Normal(60, 10)",
    "sd_case_manager[Intercept]": "HalfStudentT(3, 5)",
    "sigma": "HalfStudentT(3, 8)",
}
SLOPE = {"b[stigma]": "Normal(0, 4)"}
NULL, SLOPED = "alliance ~ 1 + (1 | case_manager)", "alliance ~ stigma + (1 | case_manager)"
VARYING = "alliance ~ stigma + (1 + stigma | case_manager)"
VARIED = {"sd_case_manager[stigma]": "HalfNormal(2)", "cor_case_manager": "LKJ(2)"}


@pytest.fixture(scope="module")
def fits(clients):
    models = {
        "null": ba.Model(NULL, clients, priors=SHARED),
        "slope": ba.Model(SLOPED, clients, priors=SHARED | SLOPE),
        "varying": ba.Model(VARYING, clients, priors=SHARED | SLOPE | VARIED),
    }
    return {name: ba.sample(model, seed=2) for name, model in models.items()}


@pytest.fixture(scope="module")
def factors(fits):
    return ba.bayes_factors(fits)


def density_of_slope_at_zero(fit):
    """Posterior density of the slope at 0: the mean of its conditional normals, in plain numpy.

    With groups of one size n, the inverse of sigma^2 I + tau^2 J is (I - k J) / sigma^2.
    """
    X, y, (group,) = fit.model.design.X, fit.model.frame.y, fit.model.design.groups
    n = group.caseloads[0]
    assert (group.caseloads == n).all()
    columns = np.column_stack([X, y])
    sums = np.stack([columns[group.index == g].sum(axis=0) for g in range(len(group.labels))])
    tau = fit.posterior["sd_case_manager"].to_numpy().reshape(-1, 1, 1)
    variance = fit.posterior["sigma"].to_numpy().reshape(-1, 1, 1) ** 2
    k = tau**2 / (variance + n * tau**2)
    weighted = (columns.T @ columns - k * (sums.T @ sums)) / variance
    prior_mean, prior_precision = np.array([60.0, 0.0]), np.array([10.0, 4.0]) ** -2
    covariance = np.linalg.inv(weighted[:, :2, :2] + np.diag(prior_precision))
    mean = np.einsum("dij,dj->di", covariance, weighted[:, :2, 2] + prior_mean * prior_precision)
    density = stats.norm(mean[:, 1], np.sqrt(covariance[:, 1, 1])).pdf(0)
    error = az.mcse(density.reshape(fit.posterior["sigma"].shape), method="mean")
    return density.mean(), float(error) / density.mean()


def test_savage_and_dickey_give_the_same(clients):
    """Prior over posterior density at zero is the Bayes factor of the model with the slope.

    The predictor's order is mixed up, so that zero is not far out in a tail.
    """
    mixed = clients.assign(stigma=np.random.default_rng(9).permutation(clients["stigma"]))
    fits = {
        "null": ba.sample(ba.Model(NULL, mixed, priors=SHARED), seed=1),
        "slope": ba.sample(ba.Model(SLOPED, mixed, priors=SHARED | SLOPE), seed=1),
    }
    row = ba.bayes_factors(fits, prior_scales=(1,)).table.loc["slope"]
    density, error = density_of_slope_at_zero(fits["slope"])
    expected = stats.norm(0, 4).logpdf(0) - np.log(density)
    both = np.hypot(row["mcse_log_bayes_factor"], error)
    assert both < 0.01
    assert row["log_bayes_factor"] == pytest.approx(expected, abs=4 * both)


def test_the_table_is_made_of_the_evidence(fits, factors):
    evidence = {name: ba.log_evidence(fit) for name, fit in fits.items()}
    table = factors.table
    for name, found in evidence.items():
        assert table.loc[name, "log_evidence"] == found.log_evidence
        assert table.loc[name, "mcse"] == found.mcse
        bridges = factors.draws["log_evidence"].sel(model=name)
        assert bridges.dims == ("repeat", "half")
        np.testing.assert_array_equal(bridges, found.estimates)
    # The priors of these terms are the user's own, so a test and the fit have the same.
    np.testing.assert_allclose(table["as_fitted"], table["bayes_factor"])
    np.testing.assert_allclose(
        np.log(table["bayes_factor"]), table["log_evidence"] - table.loc["null", "log_evidence"]
    )
    odds = table["probability"] / table.loc["null", "probability"]
    np.testing.assert_allclose(odds, table["bayes_factor"])
    assert table["probability"].sum() == pytest.approx(1, abs=1e-12)
    assert table.loc["null", "mcse_log_bayes_factor"] == 0
    turned = ba.bayes_factors(fits, against="slope", prior_scales=(1,)).table
    assert turned.loc["null", "bayes_factor"] * table.loc["slope", "bayes_factor"] == pytest.approx(
        1, abs=1e-12
    )


def test_other_scales_are_models_written_anew(clients, fits, factors):
    assert factors.scaled["varying"] == ("b[stigma]", "sd_case_manager[stigma]")
    null = ba.log_evidence(fits["null"])
    wide = SHARED | {"b[stigma]": "Normal(0, 8)"}
    narrow = (
        SHARED | VARIED | {"b[stigma]": "Normal(0, 2)", "sd_case_manager[stigma]": "HalfNormal(1)"}
    )
    cases = (("slope", SLOPED, wide, 2.0), ("varying", VARYING, narrow, 0.5))
    for name, formula, priors, scale in cases:
        anew = ba.log_evidence(ba.sample(ba.Model(formula, clients, priors=priors), seed=2))
        row = factors.tables[scale].loc[name]
        error = np.hypot(row["mcse_log_bayes_factor"], anew.mcse)
        assert error < 0.05
        expected = anew.log_evidence - null.log_evidence
        assert row["log_bayes_factor"] == pytest.approx(expected, abs=4 * error)
        # The scales differ by more than the errors: the comparison can tell them apart.
        other = factors.table.loc[name, "log_bayes_factor"]
        assert abs(row["log_bayes_factor"] - other) > 6 * error
    assert list(factors.sensitivity.columns) == ["x 0.5", "x 1", "x 2"]
    assert (
        factors.sensitivity.loc["slope", "x 2"] == factors.tables[2.0].loc["slope", "bayes_factor"]
    )


def test_the_priors_on_which_they_differ_are_shown(factors):
    expected = {
        "b[stigma]": [ABSENT, "Normal(0, 4)", "Normal(0, 4)"],
        "sd_case_manager[stigma]": [ABSENT, ABSENT, "HalfNormal(2)"],
        "cor_case_manager": [ABSENT, ABSENT, "LKJ(2)"],
    }
    assert {key: list(row) for key, row in factors.priors.T.items()} == expected
    for shown in (str(factors), factors._repr_html_()):
        assert "HalfNormal(2)" in shown
        assert "b[stigma], sd_case_manager[stigma]" in shown
        assert "x 0.5" in shown
    assert "Left as they are: cor_case_manager." in str(factors)


def test_models_with_the_same_parameters_have_their_unlike_priors_scaled(clients):
    models = {
        "vague": ba.Model(NULL, clients, priors=SHARED),
        "firm": ba.Model(NULL, clients, priors=SHARED | {"sigma": "HalfNormal(1)"}),
    }
    found = differing_priors(models)
    assert found.scaled == ("sigma",)
    assert list(found.table.index) == ["sigma"]
    same = differing_priors({"one": models["vague"], "two": models["vague"]})
    assert (same.scaled, len(same.table)) == ((), 0)


def test_equal_models_are_as_good_as_each_other(fits):
    found = ba.bayes_factors({"one": fits["null"], "two": fits["null"]})
    assert list(found.tables) == [1.0]
    assert found.table.loc["two", "bayes_factor"] == 1
    assert not found.terms
    assert "priors are the same" in str(found)


ARGUMENTS = {
    "Normal": (1.0, 2.0), "StudentT": (4.0, 1.0, 2.0), "Cauchy": (1.0, 2.0),
    "Laplace": (1.0, 2.0), "Logistic": (1.0, 2.0), "Uniform": (-1.0, 3.0), "HalfNormal": (2.0,),
    "HalfStudentT": (4.0, 2.0), "HalfCauchy": (2.0,), "Exponential": (0.5,), "Gamma": (2.0, 0.5),
    "InverseGamma": (3.0, 2.0), "LogNormal": (0.3, 0.7), "Weibull": (1.5, 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_rescaled_prior_is_stretched(name, factor):
    """Every quantile moves away from the location, or from zero for what is positive."""
    prior = Prior(name, ARGUMENTS[name])
    centre = 1.0 if prior.kind.support in ("real", "interval") else 0.0
    ranks = np.array([0.01, 0.3, 0.5, 0.9])
    before, after = prior.frozen.ppf(ranks), rescaled_prior(prior, factor).frozen.ppf(ranks)
    np.testing.assert_allclose(after, centre + factor * (before - centre), rtol=1e-10, atol=1e-10)


def test_every_proper_distribution_can_be_rescaled():
    proper = {name for name, kind in DISTRIBUTIONS.items() if kind.frozen is not None}
    assert set(ARGUMENTS) == proper
    from_zero = rescaled_prior(Prior("Uniform", (0.0, 3.0)), 2.0)
    assert from_zero.arguments == (0.0, 6.0)


def test_what_cannot_be_compared_is_refused(clients, fits):
    with pytest.raises(ba.ModelError, match="One fit was given"):
        ba.bayes_factors({"null": fits["null"]})
    with pytest.raises(ba.ModelError, match="Did you mean 'slope'"):
        ba.bayes_factors(fits, against="slop")
    with pytest.raises(ba.ModelError, match="not greater than zero"):
        ba.bayes_factors(fits, prior_scales=(0, 1))
    few = ba.sample(ba.Model(NULL, clients.iloc[:-1]), seed=1, draws=20, tune=100)
    with pytest.raises(ba.ModelError, match="few was not fitted to the outcome and rows of null"):
        ba.bayes_factors({"null": fits["null"], "few": few})
    other = ba.Model("stayed ~ 1 + (1 | case_manager)", clients)
    moved = ba.sample(other, seed=1, draws=20, tune=100)
    with pytest.raises(ba.ModelError, match="outcome and rows"):
        ba.bayes_factors({"null": fits["null"], "other": moved})


def test_models_that_differ_in_more_than_a_term_are_weighed_as_fitted(clients, fits):
    priors = SHARED | {"b[tenure]": "Normal(0, 3)"}
    table = clients.assign(tenure=np.random.default_rng(3).normal(size=len(clients)))
    other = ba.sample(
        ba.Model("alliance ~ tenure + (1 | case_manager)", table, priors=priors), seed=2
    )
    found = ba.bayes_factors({"slope": fits["slope"], "tenure": other})
    assert not found.terms
    assert found.scaled["tenure"] == ("b[stigma]", "b[tenure]")
    row = found.table.loc["tenure"]
    assert row["bayes_factor"] == row["as_fitted"]
    assert "with the priors of the fits" in found.sentence
    assert "double the prior scale of b[stigma], b[tenure]" in found.sentence
    # No word where the Monte Carlo error leaves two.
    for log_factor, error, said in ((3.2, 0.02, "positive evidence for"), (3.1, 0.05, "more than")):
        weighed = factor_table([1.0], [np.log(log_factor)], [error])
        words = replace(found, factors={"tenure": weighed}).sentence
        assert said in words
        assert ("positive evidence" in words) != ("leaves more than one word" in words)
    # Both models change with the scale, each by its own prior.
    wide = {"slope": ba.Model(SLOPED, clients, priors=SHARED | {"b[stigma]": "Normal(0, 8)"})}
    wide["tenure"] = ba.Model(
        "alliance ~ tenure + (1 | case_manager)",
        table,
        priors=SHARED | {"b[tenure]": "Normal(0, 6)"},
    )
    anew = {name: ba.log_evidence(ba.sample(model, seed=2)) for name, model in wide.items()}
    expected = anew["tenure"].log_evidence - anew["slope"].log_evidence
    # Four evidences of about 0.005 each, two ratios of about as much.
    assert found.tables[2.0].loc["tenure", "log_bayes_factor"] == pytest.approx(expected, abs=0.06)


def test_the_picture_shows_every_scale(factors):
    axes = factors.plot()
    drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    expected = [t.loc["slope", "log_bayes_factor"] / np.log(10) for t in factors.tables.values()]
    np.testing.assert_allclose(drawn["slope against null"], expected)
    curves = [line for line in axes.get_lines() if len(line.get_xdata()) > 3]
    ends = np.concatenate([curve.get_xdata() for curve in curves])
    assert (ends.min(), ends.max()) == (-3, 3)
    assert isinstance(factors.sensitivity, pd.DataFrame)
    plt.close(axes.figure)


def test_without_refits_the_draws_tell_or_it_is_refused(clients, fits, factors, monkeypatch):
    from bayes_alliance.posterior.evidence import scaled_evidence

    def never(*arguments, **options):
        raise AssertionError("a model was fitted again")

    monkeypatch.setattr(scaled_evidence, "sample", never)
    two = {name: fits[name] for name in ("null", "slope")}
    told = ba.bayes_factors(two, refits=False)
    pd.testing.assert_frame_equal(told.sensitivity, factors.sensitivity.loc[["null", "slope"]])
    # A tenth of a narrow prior's width lies where none of the draws do.
    with pytest.raises(ba.SamplingError, match="without a new fit") as caught:
        ba.bayes_factors(two, prior_scales=(1e-4,), refits=False)
    assert "refits=True" in str(caught.value)
    assert "--draws" in caught.value.said_in("command line")
    with pytest.raises(AssertionError, match="fitted again"):
        ba.bayes_factors(two, prior_scales=(1e-4,))


def test_streamed_rows_give_the_evidence_of_rows_in_memory(clients, tmp_path):
    clients.to_parquet(tmp_path / "clients.parquet")
    scanned = ba.scan_table(tmp_path / "clients.parquet")
    held, streamed = (
        {
            name: ba.sample(ba.Model(formula, table), seed=1)
            for name, formula in (("null", NULL), ("slope", SLOPED))
        }
        for table in (clients, scanned)
    )
    expected, found = (ba.bayes_factors(fits).table for fits in (held, streamed))
    # The draws and the bridge are other ones: four Monte Carlo errors.
    error = np.hypot(expected["mcse"], found["mcse"])
    assert ((found["log_evidence"] - expected["log_evidence"]).abs() < 4 * error).all()
    assert (error < 0.02).all()
    with pytest.raises(ba.SamplingError, match="streamed"):
        ba.log_evidence(streamed["null"], integrate=False)
    with pytest.raises(ba.ModelError, match="rows of held"):
        ba.bayes_factors({"held": held["null"], "streamed": streamed["slope"]})


def test_streamed_rows_that_differ_are_noticed(clients, tmp_path):
    """As many rows of one file, but not the same: a predictor's gap costs another row."""
    gaps = clients.assign(other=clients["stigma"])
    gaps.loc[gaps.index[3], "stigma"] = np.nan
    gaps.loc[gaps.index[90], "other"] = np.nan
    gaps.to_parquet(tmp_path / "gaps.parquet")
    one, other, again = (
        ba.Model(f"alliance ~ {x} + (1 | case_manager)", ba.scan_table(tmp_path / "gaps.parquet"))
        for x in ("stigma", "other", "stigma + I(stigma ** 2)")
    )
    assert have_same_rows(one, again)
    assert not have_same_rows(one, other)


def test_streamed_weights_that_count_no_rows_are_refused(clients, tmp_path):
    clients.assign(w=1.5).to_parquet(tmp_path / "weighted.parquet")
    scanned = ba.scan_table(tmp_path / "weighted.parquet")
    fit = ba.sample(ba.Model("alliance | weights(w) ~ 1 + (1 | case_manager)", scanned), seed=1)
    with pytest.raises(ba.ModelError, match="not whole numbers"):
        ba.log_evidence(fit)
