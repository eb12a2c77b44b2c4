"""Predictions against plain numpy, closed forms and simulated groups.

Where the same sum is taken in another order, 1e-9 is float error of outcomes around 60.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.axes import Axes
from scipy import special

import bayes_alliance as ba
from bayes_alliance.sampling.fit import Fit

pytestmark = pytest.mark.slow


def flat(draws: xr.DataArray) -> np.ndarray:
    """Return draws with the chains one behind the other."""
    values = draws.to_numpy()
    return values.reshape(-1, *values.shape[2:])


def linear(fit: Fit, stigma: np.ndarray) -> np.ndarray:
    """Return b0 + b1 stigma, shape (draw, row)."""
    b = flat(fit.posterior["b"])
    return b[:, [0]] + b[:, [1]] * stigma


def own_effects(fit: Fit) -> np.ndarray:
    """Return the effects of each row's case manager, shape (draw, row, effect)."""
    group = fit.model.design.group("case_manager")
    return flat(fit.posterior["u_case_manager"])[:, group.index]


def simulated_probability(fit: Fit, stigma: float, groups: int) -> np.ndarray:
    """Average a probability over groups that are drawn, for the first 100 posterior draws."""
    rng = np.random.default_rng(0)
    sd = flat(fit.posterior["sd_case_manager"])[:100]
    cor = flat(fit.posterior["cor_case_manager"])[:100, 0]
    first, second = rng.standard_normal((2, len(sd), groups))
    intercept = sd[:, [0]] * first
    slope = sd[:, [1]] * (cor[:, None] * first + np.sqrt(1 - cor[:, None] ** 2) * second)
    eta = linear(fit, np.array([stigma]))[:100] + intercept + slope * stigma
    return special.expit(eta).mean(axis=1)


@pytest.mark.parametrize("target", ["new", "average"])
def test_expected_outcomes_of_a_linear_model_are_xb(slopes_fit: Fit, target: str) -> None:
    stigma = np.array([-1.0, 0.0, 2.0])
    found = ba.predict(slopes_fit, pd.DataFrame({"stigma": stigma}), target=target)
    expected = linear(slopes_fit, stigma)
    np.testing.assert_allclose(flat(found.draws["prediction"]), expected, atol=1e-9)
    np.testing.assert_allclose(found.table["mean"], expected.mean(axis=0), atol=1e-9)
    quantiles = np.quantile(expected, [0.025, 0.975], axis=0).T
    np.testing.assert_allclose(found.table[["lower", "upper"]], quantiles, atol=1e-9)


def test_the_same_groups_have_their_effects(slopes_fit: Fit) -> None:
    stigma = slopes_fit.model.frame.rows["stigma"].to_numpy()
    effects = own_effects(slopes_fit)
    expected = linear(slopes_fit, stigma) + effects[:, :, 0] + effects[:, :, 1] * stigma
    found = ba.predict(slopes_fit, target="same")
    np.testing.assert_allclose(flat(found.draws["prediction"]), expected, atol=1e-9)
    assert list(found.columns) == ["stigma", "case_manager"]


def test_replicated_outcomes_spread_around_the_same_groups(slopes_fit: Fit) -> None:
    """with_predictive adds noise of sd sigma to what predict gives: their difference is noise."""
    replicated = ba.with_predictive(slopes_fit).idata["posterior_predictive"]["alliance"]
    found = ba.predict(slopes_fit, target="same").draws["prediction"]
    noise = (flat(replicated) - flat(found)) / flat(slopes_fit.posterior["sigma"])[:, None]
    # 640,000 independent standard normals: five standard errors.
    assert abs(noise.mean()) < 5 / np.sqrt(noise.size)
    assert abs(noise.std() - 1) < 5 / np.sqrt(2 * noise.size)


def test_outcomes_in_a_new_group_have_the_variance_of_group_and_row(slopes_fit: Fit) -> None:
    """Given a draw an outcome is normal with variance z'Gz + sigma^2, whatever the seed."""
    stigma, rows = 1.5, 400
    data = pd.DataFrame({"stigma": np.full(rows, stigma)})
    found = flat(ba.predict(slopes_fit, data, kind="outcome", seed=4).draws["prediction"])
    sd = flat(slopes_fit.posterior["sd_case_manager"])
    cor = flat(slopes_fit.posterior["cor_case_manager"])[:, 0]
    between = sd[:, 0] ** 2 + stigma**2 * sd[:, 1] ** 2 + 2 * stigma * cor * sd[:, 0] * sd[:, 1]
    total = np.sqrt(between + flat(slopes_fit.posterior["sigma"]) ** 2)
    z = (found - linear(slopes_fit, np.array([stigma]))) / total[:, None]
    # 1.6 million independent standard normals: five standard errors; quartiles within 0.005.
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 5 / np.sqrt(2 * z.size)
    np.testing.assert_allclose(np.quantile(z, [0.25, 0.75]), [-0.6745, 0.6745], atol=0.005)


def test_rows_of_one_new_group_share_its_effect(null_fit: Fit) -> None:
    """Their covariance is tau^2; that of rows in different new groups, or in none named, is 0."""
    data = pd.DataFrame({"case_manager": ["N1", "N1", "N2"] * 700})
    tau2 = float((flat(null_fit.posterior["sd_case_manager"])[:, 0] ** 2).mean())
    found = flat(ba.predict(null_fit, data[:3], kind="outcome", seed=1).draws["prediction"])
    centred = found - flat(null_fit.posterior["b"])
    products = centred[:, [0]] * centred[:, 1:]
    error = products.std(axis=0) / np.sqrt(len(products))
    assert abs(products[:, 0].mean() - tau2) < 5 * error[0]
    assert abs(products[:, 1].mean()) < 5 * error[1]
    unnamed = data.drop(columns="case_manager")[:2].assign(other=1)
    found = flat(ba.predict(null_fit, unnamed, kind="outcome", seed=1).draws["prediction"])
    centred = found - flat(null_fit.posterior["b"])
    product = centred[:, 0] * centred[:, 1]
    assert abs(product.mean()) < 5 * product.std() / np.sqrt(len(product))


def test_outcomes_do_not_depend_on_the_other_rows(slopes_fit: Fit) -> None:
    """A group's effects come from the seed alone; so two calls agree, and seeds differ."""
    data = ba.grid(slopes_fit, stigma=[0.0, 1.0])
    first = ba.predict(slopes_fit, data, kind="outcome", seed=1)
    again = ba.predict(slopes_fit, data, kind="outcome", seed=1)
    other = ba.predict(slopes_fit, data, kind="outcome", seed=2)
    xr.testing.assert_equal(first.draws, again.draws)
    assert not np.allclose(first.draws["prediction"], other.draws["prediction"])


def test_probabilities_in_a_new_group_are_averages_over_groups(bernoulli_fit: Fit) -> None:
    for stigma in (0.0, 2.5):
        data = pd.DataFrame({"stigma": [stigma]})
        found = flat(ba.predict(bernoulli_fit, data).draws["prediction"])[:100, 0]
        expected = simulated_probability(bernoulli_fit, stigma, 20_000)
        # The sd of a probability is below 0.5, so the error of 20,000 groups is below 0.0036;
        # five of them. The average over 100 draws is ten times as exact.
        np.testing.assert_allclose(found, expected, atol=0.018)
        assert abs(found.mean() - expected.mean()) < 0.0018


def test_an_average_group_is_not_the_population(bernoulli_fit: Fit) -> None:
    data = pd.DataFrame({"stigma": [2.5]})
    average = flat(ba.predict(bernoulli_fit, data, target="average").draws["prediction"])
    np.testing.assert_allclose(
        average, special.expit(linear(bernoulli_fit, np.array([2.5]))), atol=1e-12
    )
    new = flat(ba.predict(bernoulli_fit, data).draws["prediction"])
    # Averaging over groups draws a probability towards a half.
    assert (np.abs(new - 0.5) <= np.abs(average - 0.5) + 1e-9).all()
    assert np.abs(new - average).max() > 0.02


def test_the_link_scale(bernoulli_fit: Fit) -> None:
    data = pd.DataFrame({"stigma": [1.0]})
    for target in ("new", "average"):
        found = ba.predict(bernoulli_fit, data, target=target, scale="link")
        expected = linear(bernoulli_fit, np.array([1.0]))
        np.testing.assert_allclose(flat(found.draws["prediction"]), expected, atol=1e-12)
    assert "logit" in found.quantity


def test_zeros_and_ones_are_drawn_with_the_probability(bernoulli_fit: Fit) -> None:
    data = pd.DataFrame({"stigma": np.full(300, 1.0)})
    drawn = flat(ba.predict(bernoulli_fit, data, kind="outcome", seed=3).draws["prediction"])
    assert set(np.unique(drawn)) == {0.0, 1.0}
    mean = flat(ba.predict(bernoulli_fit, data[:1]).draws["prediction"])[:, 0]
    # Each draw's 300 zeros and ones are independent, as rows name no group: error < 0.5/sqrt(n).
    assert abs(drawn.mean() - mean.mean()) < 5 * 0.5 / np.sqrt(drawn.size)


def test_ordinal_probabilities_and_scores(ordinal_fit: Fit) -> None:
    data = pd.DataFrame({"stigma": [0.0, 3.0]})
    eta = flat(ordinal_fit.posterior["b"])[:, [0]] * np.array([0.0, 3.0])
    cuts = flat(ordinal_fit.posterior["cutpoint"])
    below = special.expit(cuts[:, None, :] - eta[:, :, None])
    edges = np.concatenate([np.zeros_like(eta)[..., None], below, np.ones_like(eta)[..., None]], 2)
    probability = np.diff(edges, axis=2)
    found = ba.predict(ordinal_fit, data, target="average", kind="probability")
    np.testing.assert_allclose(flat(found.draws["prediction"]), probability, atol=1e-12)
    assert found.table["category"].tolist() == ["1", "2", "3", "4"] * 2
    score = ba.predict(ordinal_fit, data, target="average")
    expected = probability @ np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(flat(score.draws["prediction"]), expected, atol=1e-12)
    assert "1 to 4" in score.quantity


def test_ordinal_probabilities_in_a_new_group(ordinal_fit: Fit) -> None:
    data = pd.DataFrame({"stigma": [1.0]})
    rng = np.random.default_rng(0)
    u = flat(ordinal_fit.posterior["sd_case_manager"])[:100] * rng.standard_normal((100, 20_000))
    eta = flat(ordinal_fit.posterior["b"])[:100, [0]] + u
    cut = flat(ordinal_fit.posterior["cutpoint"])[:100, [0]]
    lowest = special.expit(cut - eta).mean(axis=1)
    found = flat(ba.predict(ordinal_fit, data, kind="probability").draws["prediction"])[:, 0]
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(found[:100, 0], lowest, atol=0.018)  # as for zeros and ones
    drawn = flat(
        ba.predict(ordinal_fit, pd.concat([data] * 200), kind="outcome", seed=1).draws["prediction"]
    )
    assert set(np.unique(drawn)) == {1.0, 2.0, 3.0, 4.0}
    assert abs((drawn == 1).mean() - found[:, 0].mean()) < 5 * 0.5 / np.sqrt(drawn.size)


def test_a_student_outcome_is_predicted_by_its_centre(student_fit: Fit) -> None:
    data = pd.DataFrame({"stigma": [1.0]})
    found = flat(ba.predict(student_fit, data).draws["prediction"])
    np.testing.assert_allclose(found, linear(student_fit, np.array([1.0])), atol=1e-9)
    drawn = flat(
        ba.predict(student_fit, data, target="average", kind="outcome").draws["prediction"]
    )
    t = (drawn - found)[:, 0] / flat(student_fit.posterior["sigma"])
    inside = special.stdtr(flat(student_fit.posterior["nu"]), t)
    # The probability transform is uniform: mean 1/2 and variance 1/12 over 1,000 draws.
    assert abs(inside.mean() - 0.5) < 5 * np.sqrt(1 / 12 / 1000)
    assert abs(inside.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / 1000)


def test_a_target_for_each_factor(nested_fit: Fit) -> None:
    data = pd.DataFrame({"stigma": [2.0], "agency": ["A03"]})
    target = {"agency": "same", "agency:case_manager": "new"}
    found = flat(ba.predict(nested_fit, data, target=target).draws["prediction"])[:, 0]
    place = nested_fit.model.design.group("agency").labels.index("A03")
    expected = linear(nested_fit, np.array([2.0]))[:, 0]
    expected = expected + flat(nested_fit.posterior["u_agency"])[:, place, 0]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_averages_are_averages_of_the_rows(
    clients: pd.DataFrame, make_fit: Callable[..., Fit]
) -> None:
    """Of what is not linear too, in every cell and over all, in chunks as at once."""
    data = clients.assign(setting=np.where(np.arange(len(clients)) % 3 == 0, "ward", "home"))
    fit = make_fit(ba.Model("stayed ~ stigma * setting + (1 | case_manager)", data, "bernoulli"))
    for target in ("same", "new"):
        rows = flat(ba.predict(fit, target=target).draws["prediction"])
        cells = ba.predict(fit, by="setting", target=target)
        home = (data["setting"] == "home").to_numpy()
        expected = np.column_stack([rows[:, home].mean(axis=1), rows[:, ~home].mean(axis=1)])
        assert cells.table["setting"].tolist() == ["home", "ward"]
        np.testing.assert_allclose(flat(cells.draws["prediction"]), expected, atol=1e-12)
        whole = ba.predict(fit, by=(), target=target).draws["prediction"]
        np.testing.assert_allclose(flat(whole)[:, 0], rows.mean(axis=1), atol=1e-12)


def test_averages_of_a_linear_model(slopes_fit: Fit) -> None:
    rows = flat(ba.predict(slopes_fit, target="same").draws["prediction"])
    whole = ba.predict(slopes_fit, target="same", by=())
    np.testing.assert_allclose(flat(whole.draws["prediction"])[:, 0], rows.mean(axis=1), atol=1e-9)
    groups = ba.predict(slopes_fit, target="same", by="case_manager")
    index = slopes_fit.model.design.groups[0].index
    np.testing.assert_allclose(
        flat(groups.draws["prediction"])[:, 3], rows[:, index == 3].mean(axis=1), atol=1e-9
    )


def test_frequency_weights_count(clients: pd.DataFrame) -> None:
    data = clients.assign(times=np.where(clients["stigma"] > 2.5, 3, 1))
    model = ba.Model("alliance | weights(times) ~ stigma + (1 | case_manager)", data)
    fit = ba.sample(model, seed=1, draws=100)
    found = ba.predict(fit, by=())
    expected = linear(fit, np.array([np.average(data["stigma"], weights=data["times"])]))
    np.testing.assert_allclose(flat(found.draws["prediction"]), expected, atol=1e-9)
    assert any("weights" in note for note in found.notes)


def test_precision_weights_scale_the_residual(clients: pd.DataFrame) -> None:
    data = clients.assign(precision=np.linspace(0.5, 2, len(clients)))
    model = ba.Model("alliance | weights(precision, precision) ~ 1 + (1 | case_manager)", data)
    fit = ba.sample(model, seed=1, draws=200)
    rows = pd.DataFrame({"precision": np.repeat([1.0, 16.0], 200)})
    drawn = flat(ba.predict(fit, rows, target="average", kind="outcome").draws["prediction"])
    noise = (drawn - flat(fit.posterior["b"])) / flat(fit.posterior["sigma"])[:, None]
    # 160,000 independent normals on either side: 1 % is more than five standard errors.
    assert noise[:, :200].std() == pytest.approx(1.0, rel=0.01)
    assert noise[:, 200:].std() == pytest.approx(0.25, rel=0.01)
    with pytest.raises(ba.DataError, match="precision"):
        ba.predict(fit, rows[[]].assign(other=1), target="average", kind="outcome")


def test_an_offset_is_part_of_a_prediction(clients: pd.DataFrame) -> None:
    model = ba.Model("alliance ~ stigma + offset(2 * stigma) + (1 | case_manager)", clients)
    fit = ba.sample(model, seed=1, draws=100)
    found = flat(ba.predict(fit, pd.DataFrame({"stigma": [3.0]})).draws["prediction"])
    np.testing.assert_allclose(found, linear(fit, np.array([3.0])) + 6.0, atol=1e-9)


def test_centred_by_group_rows_without_a_group_stand_at_the_average(clients: pd.DataFrame) -> None:
    formula = "alliance ~ within(stigma, case_manager) + between(stigma, case_manager)"
    fit = ba.sample(ba.Model(f"{formula} + (1 | case_manager)", clients), seed=1, draws=100)
    b, overall = flat(fit.posterior["b"]), clients["stigma"].mean()
    found = flat(ba.predict(fit, ba.grid(fit, stigma=[1.0, 4.0])).draws["prediction"])
    expected = b[:, [0]] + b[:, [1]] * (np.array([1.0, 4.0]) - overall) + b[:, [2]] * overall
    np.testing.assert_allclose(found, expected, atol=1e-9)
    named = ba.grid(fit, stigma=[1.0], case_manager="M003")
    mean = clients.loc[clients["case_manager"] == "M003", "stigma"].mean()
    found = flat(ba.predict(fit, named).draws["prediction"])
    expected = b[:, [0]] + b[:, [1]] * (1.0 - mean) + b[:, [2]] * mean
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_without_groups(clients: pd.DataFrame, make_fit: Callable[..., Fit]) -> None:
    fit = make_fit(ba.Model("alliance ~ stigma", clients))
    found = ba.predict(fit, pd.DataFrame({"stigma": [1.0]}))
    np.testing.assert_allclose(
        flat(found.draws["prediction"]), linear(fit, np.array([1.0])), atol=1e-9
    )
    assert "no groups" in str(found)


def test_a_fit_without_its_rows(null_fit: Fit, tmp_path) -> None:
    bare = ba.load_fit(null_fit.save(tmp_path / "bare.fit", data=False))
    with pytest.raises(ba.SamplingError, match="data="):
        ba.predict(bare)
    found = ba.predict(bare, pd.DataFrame({"case_manager": ["M002"]}), target="same")
    expected = ba.predict(null_fit, pd.DataFrame({"case_manager": ["M002"]}), target="same")
    pd.testing.assert_frame_equal(found.table, expected.table)


def test_fewer_draws_are_used_and_it_is_said(null_fit: Fit) -> None:
    found = ba.predict(null_fit, target="same", draws=80)
    assert found.draws.sizes["draw"] == 20
    assert any("80 of 4000 draws" in note for note in found.notes)


def test_many_rows_take_fewer_draws_unless_told(null_fit: Fit) -> None:
    """50,000 rows and 4,000 draws are 2e8 numbers; 2,000 draws stay within 1e8."""
    data = pd.DataFrame({"unused": np.zeros(50_000)})
    assert any("2000 of 4000" in note for note in ba.predict(null_fit, data).notes)
    assert not any(" of 4000" in note for note in ba.predict(null_fit, data, by=()).notes)


def test_draws_that_do_not_fit_are_not_kept_and_it_is_said(slopes_fit: Fit) -> None:
    small = ba.predict(slopes_fit, target="same", memory=0.003)
    whole = ba.predict(slopes_fit, target="same")
    assert not small.draws.data_vars
    assert any("not kept" in note for note in small.notes)
    shared = ["mean", "sd", "lower", "upper"]
    pd.testing.assert_frame_equal(small.table[shared], whole.table[shared])


def test_too_many_groups_are_refused_beforehand(slopes_fit: Fit) -> None:
    with pytest.raises(ba.SamplingError, match="draws="):
        ba.predict(slopes_fit, target="same", memory=0.001)


def test_it_shows_itself(slopes_fit: Fit) -> None:
    curve = ba.predict(slopes_fit, ba.grid(slopes_fit, "stigma"))
    assert "Averaged over the population of groups of case_manager." in str(curve)
    single = ba.predict(slopes_fit, ba.grid(slopes_fit), kind="outcome")
    assert "for a new group of case_manager, drawn from the population" in single.sentence
    assert "a new group" not in curve.sentence
    assert "<table" in curve._repr_html_()
    assert curve.sentence.startswith("Over 25 predictions the expected alliance goes from")
    axes = curve.plot()
    assert isinstance(axes, Axes)
    assert axes.get_xlabel() == "stigma"
    assert axes.get_ylabel() == "Expected alliance"
    assert curve.plot(axes) is axes
    one = ba.predict(slopes_fit, ba.grid(slopes_fit), target="average")
    assert "average group of case_manager" in one.sentence
    assert one.plot().get_xlabel() == "Expected alliance"
    assert "lowest" in ba.predict(slopes_fit, target="same").plot().get_xlabel()


@pytest.mark.parametrize(
    "formula", ["(1 | agency/case_manager)", "(1 | agency) + (1 | case_manager)"]
)
@pytest.mark.parametrize("outer", ["new", "average"])
def test_a_seen_group_takes_the_one_around_it_along(
    clients: pd.DataFrame, make_fit: Callable[..., Fit], formula: str, outer: str
) -> None:
    fit = make_fit(ba.Model(f"alliance ~ stigma + {formula}", clients))
    manager = next(name for name in fit.model.groups if name != "agency")
    with pytest.raises(ba.ModelError, match=f"of {manager} lies in one of agency"):
        ba.predict(fit, target={"agency": outer, manager: "same"})
    ba.predict(fit, target={"agency": "same", manager: outer}, by=())


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"target": "nwe"}, ba.ModelError, "Did you mean 'new'"),
        ({"target": {"agency": "new"}}, ba.ModelError, "case_manager"),
        ({"kind": "men"}, ba.ModelError, "Did you mean 'mean'"),
        ({"scale": "log"}, ba.ModelError, "link"),
        ({"kind": "probability"}, ba.ModelError, "no categories"),
        ({"kind": "outcome", "scale": "link"}, ba.ModelError, "response scale"),
        ({"by": "stigmaa"}, ba.DataError, "Did you mean 'stigma'"),
        ({"prob": 95}, ba.ModelError, "between 0 and 1"),
        ({"draws": 0}, ba.SamplingError, "At least one"),
    ],
)
def test_what_cannot_be_asked(slopes_fit: Fit, options, error, words: str) -> None:
    with pytest.raises(error, match=words):
        ba.predict(slopes_fit, **options)


@pytest.mark.parametrize(
    ("rows", "target", "words"),
    [
        ({"stigma": [1.0], "case_manager": ["M999"]}, "same", "not seen M999.*target='new'"),
        ({"stigma": [1.0]}, "same", "lack case_manager.*target='new'"),
        ({"case_manager": ["CM01"]}, "new", "lacks stigma"),
        ({"stigma": [1.0, np.nan]}, "new", "stigma in 1 row\\."),
        ({"stigma": []}, "new", "no rows"),
    ],
)
def test_rows_that_cannot_be_predicted(slopes_fit: Fit, rows, target: str, words: str) -> None:
    with pytest.raises(ba.DataError, match=words):
        ba.predict(slopes_fit, pd.DataFrame(rows), target=target)


def test_too_many_cells_are_refused_beforehand(bernoulli_fit: Fit) -> None:
    with pytest.raises(ba.SamplingError, match="40 cells"):
        ba.predict(bernoulli_fit, by="case_manager", memory=0.0003)
    assert len(ba.predict(bernoulli_fit, by="case_manager", memory=0.001).table) == 40


def test_without_rows_nesting_by_ids_is_asked_for(
    clients: pd.DataFrame, make_fit: Callable[..., Fit], tmp_path
) -> None:
    """Only the rows tell that a case manager's agency comes along: they are needed again."""
    formula = "alliance ~ stigma + (1 | agency) + (1 | case_manager)"
    path = make_fit(ba.Model(formula, clients)).save(tmp_path / "bare.fit", data=False)
    bare, rows = ba.load_fit(path), clients.head(3)
    mixed = {"agency": "new", "case_manager": "same"}
    with pytest.raises(ba.SamplingError, match=r"case_manager in those of agency.*data="):
        ba.predict(bare, rows, target=mixed)
    with pytest.raises(ba.ModelError, match="of case_manager lies in one of agency"):
        ba.predict(ba.load_fit(path, data=clients), rows, target=mixed)
    # Ten agencies cannot each lie in one of forty case managers.
    ba.predict(bare, rows, target={"agency": "same", "case_manager": "new"})
    ba.predict(bare, rows, target="same")


def test_words_name_no_group_that_a_prediction_is_not_about(
    slopes_fit: Fit, nested_fit: Fit
) -> None:
    new, same = (ba.predict(slopes_fit, target=target) for target in ("new", "same"))
    assert "case_manager" in new.table
    assert "case_manager" in same.columns
    assert "case_manager" not in new.columns
    assert "case_manager =" not in new.sentence
    assert "case_manager =" in same.sentence
    averaged = ba.predict(slopes_fit, by="case_manager")  # over each group's own clients
    assert "case_manager =" in averaged.sentence
    upper = ba.predict(nested_fit, target={"agency": "same", "agency:case_manager": "new"})
    assert "agency" in upper.columns
    assert "case_manager" not in upper.columns
    by_row = ba.contrast(slopes_fit, "stigma", by=None)
    assert "case_manager" not in by_row.columns


def test_one_prediction_for_all_rows_is_said_once(null_fit: Fit) -> None:
    found = ba.predict(null_fit)
    assert f"in all {len(found.table)} rows, averaged over the population" in found.sentence
    assert "goes from" not in found.sentence


def test_factors_of_one_target_are_named_together(nested_fit: Fit) -> None:
    found = ba.predict(nested_fit, ba.grid(nested_fit))
    assert "averaged over the population of groups of agency and agency:case_manager" in (
        found.sentence
    )


def test_whole_numbers_are_shown_as_such(slopes_fit: Fit) -> None:
    found = ba.predict(slopes_fit, ba.grid(slopes_fit, stigma=[-1.0, 0.5]))
    assert "at stigma = -1 and" in found.sentence
    assert "at stigma = 0.5," in found.sentence
