"""A coefficient against a point: against the bridge, against the dense normal, and in words."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from scipy import stats

import bayes_alliance as ba

mpl.use("Agg")
SHARED = {
    "b[Intercept]": "Normal(60, 10)",
    "sd_case_manager": "HalfNormal(4)",
    "sigma": "HalfNormal(8)",
}
FREE = "alliance ~ stigma + (1 | case_manager)"


@pytest.fixture(scope="module")
def mixed(clients):
    """The predictor's order is mixed up, so that its slope is near zero."""
    order = np.random.default_rng(9).permutation(clients["stigma"])
    return clients.assign(stigma=order)


@pytest.fixture(scope="module")
def fit(mixed):
    return ba.sample(ba.Model(FREE, mixed, priors=SHARED | {"b[stigma]": "Normal(0, 4)"}), seed=1)


@pytest.fixture(scope="module")
def found(fit):
    return ba.point_bayes_factor(fit, "stigma")


def test_it_is_the_bridges_answer_at_every_scale(mixed, fit, found):
    null = ba.Model("alliance ~ 1 + (1 | case_manager)", mixed, priors=SHARED)
    fits = {"null": ba.sample(null, seed=1), "free": fit}
    factors = ba.bayes_factors(fits)
    assert list(found.table.index) == [0.5, 1.0, 2.0]
    for scale, table in factors.tables.items():
        theirs, ours = table.loc["free"], found.table.loc[scale]
        assert ours["mcse"] < 0.01
        # Both bridges have errors of about 0.005.
        assert ours["log_bayes_factor"] == pytest.approx(theirs["log_bayes_factor"], abs=0.03)
    told_apart = np.diff(found.table["log_bayes_factor"])
    assert (told_apart < -0.5).all()


def test_a_point_away_from_zero_is_a_shifted_outcome(mixed, fit, found):
    """Fixing the slope at 2 is fixing it at 0 for the outcome less twice the predictor."""
    shifted = mixed.assign(alliance=mixed["alliance"] + 2 * mixed["stigma"])
    priors = SHARED | {"b[stigma]": "Normal(2, 4)"}
    other = ba.sample(ba.Model(FREE, shifted, priors=priors), seed=1)
    moved = ba.point_bayes_factor(other, "stigma", value=2, prior_scales=(1,)).table.loc[1.0]
    expected = found.table.loc[1.0]
    error = np.hypot(moved["mcse"], expected["mcse"])
    assert abs(moved["log_bayes_factor"] - expected["log_bayes_factor"]) < 5 * error


def test_given_the_variances_the_density_is_that_of_all_rows_together(fit, found):
    """Plain generalised least squares with the dense covariance of all rows, for three draws."""
    design, y = fit.model.design, fit.model.frame.y
    (group,) = design.groups
    prior = np.array([p.arguments for p in fit.model.priors.of("b")])
    for draw in (0, 400, 999):
        one = fit.posterior.isel(chain=1, draw=draw)
        same = group.index[:, None] == group.index
        V = float(one["sd_case_manager"][0]) ** 2 * same + float(one["sigma"]) ** 2 * np.eye(len(y))
        precision = design.X.T @ np.linalg.solve(V, design.X) + np.diag(1 / prior[:, 1] ** 2)
        right = design.X.T @ np.linalg.solve(V, y) + prior[:, 0] / prior[:, 1] ** 2
        mean, covariance = np.linalg.solve(precision, right), np.linalg.inv(precision)
        expected = stats.norm.pdf(0, mean[1], np.sqrt(covariance[1, 1]))
        value = float(found.draws["density"].isel(chain=1, draw=draw))
        assert value == pytest.approx(expected, rel=1e-8)


def test_the_table_is_made_of_the_densities(found):
    row = found.table.loc[1.0]
    assert row["prior_density"] == pytest.approx(stats.norm.pdf(0, 0, 4))
    # The prior is the user's own and as written: the draws are under it.
    assert (found.draws["weight"] == 1).all()
    assert row["posterior_density"] == pytest.approx(float(found.draws["density"].mean()))
    assert row["bayes_factor"] == pytest.approx(row["prior_density"] / row["posterior_density"])
    area = np.trapezoid(found.curves["posterior"], found.curves.index)
    assert area == pytest.approx(1.0, abs=1e-3)


def test_a_default_prior_is_that_of_a_test(mixed):
    """Half an outcome sd for one of the predictor, whatever the prior of the fit."""
    fit = ba.sample(ba.Model(FREE, mixed), seed=1)
    found = ba.point_bayes_factor(fit, "stigma")
    width = 0.5 * mixed["alliance"].std() / mixed["stigma"].std()
    assert found.table.loc[1.0, "prior_density"] == pytest.approx(stats.norm.pdf(0, 0, width))
    own = ba.Model(FREE, mixed, priors={"b[stigma]": f"Normal(0, {width})"})
    written = ba.point_bayes_factor(ba.sample(own, seed=1), "stigma")
    error = np.hypot(found.table["mcse"], written.table["mcse"])
    assert (error < 0.02).all()
    gap = found.table["log_bayes_factor"] - written.table["log_bayes_factor"]
    assert (gap.abs() < 5 * error).all()
    weighted = found.draws["density"].weighted(found.draws["weight"]).mean()
    assert found.table.loc[1.0, "posterior_density"] == pytest.approx(float(weighted))
    # A fit's own default is five times as wide, and says something else.
    fitted = fit.model.priors.coefficient_prior(1).arguments[1]
    assert fitted == pytest.approx(5 * width)
    assert f"the prior b[stigma] ~ {found.prior}" in found.sentence
    assert "your prior b[stigma] ~" in written.sentence


def test_few_draws_of_weight_mean_a_new_fit(mixed):
    """A prior that denies the slope leaves no draws where a prior of twice the scale puts it."""
    moved = mixed.assign(alliance=mixed["alliance"] + 8 * mixed["stigma"])
    priors = SHARED | {"b[stigma]": "Normal(0, 0.15)"}
    found = ba.point_bayes_factor(ba.sample(ba.Model(FREE, moved, priors=priors), seed=1), "stigma")
    wide = SHARED | {"b[stigma]": "Normal(0, 0.3)"}
    other = ba.sample(ba.Model(FREE, moved, priors=wide), seed=1)
    expected = ba.point_bayes_factor(other, "stigma", prior_scales=(1,)).table.loc[1.0]
    assert found.table.loc[2.0, "log_bayes_factor"] == expected["log_bayes_factor"]
    assert 2.0 in found.term.curve.index  # from the new fit
    assert 8.0 not in found.term.curve.index  # where the draws cannot tell, there is no curve


def test_it_says_what_it_found_with_the_prior_it_rests_on(found):
    # Beside a slope of nothing the fixed model gains with the width of the prior.
    assert "times as probable with stigma = 0 as with stigma free" in found.sentence
    assert found.sentence == found.term.sentence
    assert "significan" not in str(found) + found._repr_html_()
    assert "your prior b[stigma] ~ Normal(0, 4)" in found.sentence
    assert "b[stigma] ~ Normal(0, 4)" in str(found)
    rough = replace(found, table=found.table.assign(mcse=5.0))
    assert "bayes_factors between the two models is surer" in str(rough)


def test_an_intercept_is_no_effect_and_keeps_its_prior(mixed):
    fit = ba.sample(ba.Model(FREE, mixed), seed=1)
    found = ba.point_bayes_factor(fit, "Intercept", value=60.0)
    assert found.prior == fit.model.priors.coefficient_prior(0).rounded


def test_it_draws_both_densities(found):
    axes = found.plot()
    assert axes.get_xlabel() == "stigma (dots: the densities compared)"
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(lines["prior"].get_ydata(), found.curves["prior"])
    assert found.plot(axes) is axes
    mpl.pyplot.close("all")


def test_what_has_no_density_is_refused(mixed, fit, make_fit, tmp_path):
    with pytest.raises(ba.ModelError, match="Did you mean 'stigma'"):
        ba.point_bayes_factor(fit, "stigm")
    with pytest.raises(ba.ModelError, match="greater than zero"):
        ba.point_bayes_factor(fit, "stigma", prior_scales=(0,))
    student = ba.Model(FREE, mixed, priors={"b[stigma]": "StudentT(3, 0, 4)"})
    with pytest.raises(ba.ModelError, match="only under a normal one"):
        ba.point_bayes_factor(make_fit(student), "stigma")
    binary = ba.Model("stayed ~ stigma + (1 | case_manager)", mixed, "bernoulli")
    with pytest.raises(ba.ModelError, match="bernoulli with 1 grouping"):
        ba.point_bayes_factor(make_fit(binary), "stigma")
    bare = ba.load_fit(fit.save(tmp_path / "bare.fit", data=False))
    with pytest.raises(ba.SamplingError, match="data="):
        ba.point_bayes_factor(bare, "stigma")
