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
    assert row["posterior_density"] == pytest.approx(float(found.draws["density"].mean()))
    assert row["bayes_factor"] == pytest.approx(row["prior_density"] / row["posterior_density"])
    area = np.trapezoid(found.curves["posterior"], found.curves.index)
    assert area == pytest.approx(1.0, abs=1e-3)


def test_it_says_what_it_found_and_how_it_turns_on_the_prior(found):
    # Beside a slope of nothing the fixed model gains with the width of the prior.
    assert "times as probable with stigma = 0 as with stigma free" in found.sentence
    assert "times with half and" in found.sentence
    assert "significan" not in str(found) + found._repr_html_()
    assert "b[stigma] ~ Normal(0, 4)" in str(found)
    turned = found.table.assign(log_bayes_factor=[-0.5, 1.5, 2.5])
    assert "turns on the prior" in replace(found, table=turned).sentence
    strong = found.table.assign(log_bayes_factor=[3.2, 3.3, 3.4])
    assert (
        "stigma free as with stigma = 0 (strong evidence)" in replace(found, table=strong).sentence
    )
    rough = found.table.assign(mcse=5.0)
    assert replace(found, table=rough).sentence.startswith("The draws are too few")
    assert "bayes_factors between the two models is surer" in str(replace(found, table=rough))


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
