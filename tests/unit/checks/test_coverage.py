"""LOO-PIT: against refits and densities, uniform under the true model, caught under wrong ones."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy.stats import norm

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.checks.coverage import Coverage, LeftOutRows, _curve, _table
from bayes_alliance.sampling.linear_predictor import chunks

pytestmark = pytest.mark.slow

mpl.use("Agg")
FORMULA = "alliance ~ stigma + (1 + stigma | case_manager)"


@pytest.mark.slow
def test_positions_are_those_of_refits_without_the_row(slopes_fit):
    table, model = ba.load_example("simulated_study"), slopes_fit.model
    found = ba.check_coverage(slopes_fit).rows
    for row in (3, 40, 81, 117):
        others = table.drop(index=table.index[row])
        again = ba.sample(ba.Model(FORMULA, others, priors=model.priors.strings), seed=5).posterior
        manager = str(table["case_manager"].iloc[row])
        x = np.array([1.0, table["stigma"].iloc[row]])
        effects = again["u_case_manager"].sel(case_manager=manager).to_numpy()
        eta = (again["b"].to_numpy() + effects) @ x
        places = norm.cdf((model.frame.y[row] - eta) / again["sigma"].to_numpy())
        # Two estimates of at least 1,000 effective draws each (k is below 0.5): four errors.
        assert found.pareto_k[row] < 0.5
        assert found.position[row] == pytest.approx(places.mean(), abs=4 * places.std() / 500**0.5)


@pytest.mark.parametrize("name", ["slopes_fit", "student_fit"])
def test_numeric_distribution_function_has_the_density_as_its_slope(request, name):
    fit = request.getfixturevalue(name)
    model, chunk = fit.model, next(chunks(fit.model, fit.posterior))
    y, eta, step = model.frame.y, chunk.eta, 1e-4
    up, low = (
        model.family.up_to(y + side, eta, chunk.parameters, 2.0)[1] for side in (step, -step)
    )
    density = np.exp(model.family.log_density(y, eta, chunk.parameters, 2.0))
    # Central differences: error of the order of step^2, and rounding of 1e-16 / step.
    assert (up - low) / (2 * step) == pytest.approx(density, abs=1e-9)


@pytest.mark.parametrize("name", ["bernoulli_fit", "ordinal_fit"])
def test_steps_are_as_high_as_the_probability_of_the_category(request, name):
    fit = request.getfixturevalue(name)
    model, chunk = fit.model, next(chunks(fit.model, fit.posterior))
    y = model.frame.y
    low, high = model.family.up_to(y, chunk.eta, chunk.parameters, 1.0)
    density = np.exp(model.family.log_density(y, chunk.eta, chunk.parameters, 1.0))
    assert high - low == pytest.approx(density, abs=1e-12)
    assert (low[:, y == y.min()] == 0).all()
    assert high[:, y == y.max()] == pytest.approx(1.0)


def simulated(seed, noise):
    """300 clients of 30 managers; the noise is made from a generator, 300 values of sd 6."""
    rng = np.random.default_rng(seed)
    manager = np.repeat(np.arange(30), 10)
    alliance = 60 + 3 * rng.normal(size=30)[manager] + noise(rng, 300)
    return pd.DataFrame({"alliance": alliance, "case_manager": [f"M{k:02d}" for k in manager]})


def covered(table):
    model = ba.Model("alliance ~ 1 + (1 | case_manager)", table)
    return ba.check_coverage(ba.sample(model, seed=1, draws=500))


@pytest.mark.slow
def test_intervals_of_the_true_model_cover():
    runs = [covered(simulated(seed, lambda rng, n: 6 * rng.normal(size=n))) for seed in range(20)]
    # A false alarm in 1 of 100 data sets; three or more in 20 have a probability of 0.1%.
    assert sum(not run.calibrated for run in runs) < 3
    observed = np.mean([run.table["observed"] for run in runs], axis=0)
    # 6,000 outcomes in all: the standard error is at most 0.0065.
    assert observed == pytest.approx([0.5, 0.8, 0.95], abs=4 * 0.0065)


@pytest.mark.parametrize(
    "noise",
    [
        lambda rng, n: 6 * (rng.exponential(size=n) - 1),
        lambda rng, n: 4 * rng.standard_t(1.5, size=n),
        lambda rng, n: 12 * (rng.random(n) < 0.5) + rng.normal(size=n),
    ],
    ids=["skewed", "far tails", "two humps"],
)
def test_wrong_shapes_are_caught(noise):
    found = covered(simulated(3, noise))
    assert not found.calibrated
    assert "The predictions are" in found.sentence


def shifted_fit(slopes_fit, variable, change):
    posterior = slopes_fit.posterior.copy(deep=True)
    posterior[variable] = change(posterior[variable])
    return slopes_fit.with_group(names.POSTERIOR, posterior)


@pytest.mark.parametrize(
    ("variable", "change", "words"),
    [
        ("sigma", lambda sigma: sigma / 2.5, "too sure of themselves"),
        ("sigma", lambda sigma: sigma * 3, "wider than they need be"),
        ("b", lambda b: b - np.array([7.0, 0.0]), "too low"),
        ("b", lambda b: b + np.array([7.0, 0.0]), "too high"),
    ],
)
def test_words_name_what_is_wrong(slopes_fit, variable, change, words):
    found = ba.check_coverage(shifted_fit(slopes_fit, variable, change))
    assert not found.calibrated
    assert words in found.sentence


def test_some_rows_stand_for_many_and_that_is_said(null_fit):
    found = ba.check_coverage(null_fit, rows=100, seed=2)
    whole = ba.check_coverage(null_fit)
    assert len(found.rows.rows) == 100
    assert found.rows.position == pytest.approx(whole.rows.position[found.rows.rows], abs=1e-12)
    assert "On 100 of 320 rows" in str(found)
    assert "rows, drawn at random" not in str(whole)


def test_chunks_change_nothing(ordinal_fit, monkeypatch):
    whole = ba.check_coverage(ordinal_fit, seed=1)
    monkeypatch.setattr("bayes_alliance.checks.coverage._CHUNK_NUMBERS", 1000 * 7)
    again = ba.check_coverage(ordinal_fit, seed=1)
    assert np.array_equal(again.rows.position, whole.rows.position)
    assert np.array_equal(again.rows.pareto_k, whole.rows.pareto_k)


@pytest.mark.parametrize("name", ["bernoulli_fit", "ordinal_fit", "student_fit", "nested_fit"])
def test_every_outcome_has_positions(request, name):
    position = ba.check_coverage(request.getfixturevalue(name)).rows.position
    assert ((position > 0) & (position < 1)).all()


def test_no_rows_are_refused(null_fit):
    with pytest.raises(ba.SamplingError, match="At least one row"):
        ba.check_coverage(null_fit, rows=0)


def test_picture_shows_the_curve_and_its_band(null_fit):
    found = ba.check_coverage(null_fit)
    figure, axes = plt.subplots()
    assert found.plot(axes) is axes
    assert np.array_equal(axes.get_lines()[0].get_ydata(), found.curve["excess"])
    assert found.sentence in found._repr_html_()
    plt.close(figure)


def of_positions(position):
    rows = LeftOutRows(
        rows=np.arange(len(position)),
        position=position,
        pareto_k=np.zeros(len(position)),
        counts=np.ones(len(position)),
    )
    return Coverage(table=_table(rows), rows=rows, curve=_curve(rows), rows_in_all=len(position))


def test_predictions_that_all_lie_too_low_are_not_called_too_wide():
    """Every outcome near the upper end of its prediction: the intervals hold too few, not many."""
    found = of_positions(np.linspace(0.9, 1.0, 200))
    assert found.table["observed"].iloc[0] < 0.5
    assert "too low and too sure of themselves" in found.sentence
    hill = of_positions(np.linspace(0.35, 0.65, 200))
    assert hill.sentence.startswith("The predictions are wider than they need be:")


def test_intervals_beyond_chance_are_named_though_the_curve_stays_in_its_band():
    even = np.linspace(0.0, 1.0, 1002)[1:-1]
    assert "chance" not in of_positions(even).sentence
    # A slight hill: outcomes drawn a little towards the middle.
    found = of_positions(even + 0.018 * np.sin(2 * np.pi * even))
    assert found.calibrated
    assert found.table["observed"].iloc[0] > found.table["upper"].iloc[0]
    assert found.sentence == (
        "54% of the outcomes lie in their 50% interval, each row being left out: more than chance "
        "explains, though the positions of all outcomes stay within the band of a right model."
    )
    # A slight valley: a little away from the middle.
    found = of_positions(even - 0.018 * np.sin(2 * np.pi * even))
    assert found.calibrated
    assert "cover as they should" not in found.sentence
    assert "fewer than chance explains" in found.sentence


def test_intervals_too_narrow_within_and_too_wide_without_are_not_called_too_sure():
    """Positions crowd around the quarters, as with an outcome that has ends."""
    quarters = np.linspace(0.13, 0.22, 500)
    found = of_positions(np.concatenate([np.linspace(0.26, 0.74, 400), quarters, 1 - quarters]))
    low, high = found.table.loc["50%"], found.table.loc["95%"]
    assert low["observed"] < low["lower"]
    assert high["observed"] > high["upper"]
    assert found.sentence.startswith(
        "The predictions are of another shape than the outcomes: 29% of the outcomes lie in their "
        "50% interval, 100% in their 80% interval and 100% in their 95% interval, "
    )


def test_label_of_the_picture_fits_on_it(null_fit):
    figure, axes = plt.subplots(figsize=(5.4, 3.0), layout="constrained")
    ba.check_coverage(null_fit, rows=50).plot(axes)
    figure.draw_without_rendering()
    label = axes.xaxis.label.get_window_extent()
    assert label.x0 >= 0
    assert label.x1 <= figure.bbox.x1
    plt.close(figure)
