"""Contrasts and slopes: coefficients where the model is linear, plain numpy where it is not.

Where the same sum is taken in another order, 1e-9 is float error of outcomes around 60. Slopes
divide it by a step of 1e-4: 1e-7 is left of it, and 1e-6 of the curvature of a probability.
"""

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.axes import Axes
from scipy import special

import bayes_alliance as ba
from bayes_alliance.posterior.prediction.marginal_slope import slopes
from bayes_alliance.sampling.fit import Fit


def flat(draws: xr.DataArray) -> np.ndarray:
    """Return draws with the chains one behind the other."""
    values = draws.to_numpy()
    return values.reshape(-1, *values.shape[2:])


def coefficient(fit: Fit, name: str) -> np.ndarray:
    """Return the draws of one coefficient."""
    return flat(fit.posterior["b"].sel(coefficient=name))


@pytest.fixture(scope="module")
def settings(clients: pd.DataFrame) -> pd.DataFrame:
    """The clients in three settings."""
    rng = np.random.default_rng(2)
    return clients.assign(setting=rng.choice(["clinic", "home", "ward"], len(clients)))


@pytest.fixture(scope="module")
def crossed_fit(settings: pd.DataFrame) -> Fit:
    """Stigma by setting, both varying between case managers in part."""
    formula = "alliance ~ stigma * setting + (1 + stigma | case_manager)"
    return ba.sample(ba.Model(formula, settings), seed=1, draws=250)


@pytest.fixture(scope="module")
def yes_fit(settings: pd.DataFrame, make_fit: Callable[..., Fit]) -> Fit:
    """Yes or no by stigma and setting."""
    return make_fit(
        ba.Model("stayed ~ stigma + setting + (1 | case_manager)", settings, "bernoulli")
    )


@pytest.mark.parametrize("target", ["new", "same", "average"])
def test_a_dummy_is_its_coefficient(settings: pd.DataFrame, target: str) -> None:
    model = ba.Model("alliance ~ setting + (1 | case_manager)", settings)
    fit = ba.sample(model, seed=1, draws=100)
    found = flat(ba.contrast(fit, "setting", target=target).draws["contrast"])
    np.testing.assert_allclose(found[:, 0], coefficient(fit, "setting[home]"), atol=1e-9)
    np.testing.assert_allclose(found[:, 1], coefficient(fit, "setting[ward]"), atol=1e-9)
    pair = ba.contrast(fit, {"setting": ("ward", "home")}, target=target)
    np.testing.assert_allclose(
        flat(pair.draws["contrast"])[:, 0], found[:, 0] - found[:, 1], atol=1e-9
    )
    assert pair.table["contrast"].tolist() == ["home − ward"]


def test_an_interaction_depends_on_where_it_is_looked_at(crossed_fit: Fit) -> None:
    rows = ba.grid(crossed_fit, stigma=[0.0, 2.0], setting="home")
    found = ba.contrast(crossed_fit, {"setting": ("clinic", "home")}, rows, by=None)
    main = coefficient(crossed_fit, "setting[home]")
    product = coefficient(crossed_fit, "stigma:setting[home]")
    expected = main[:, None] + product[:, None] * np.array([0.0, 2.0])
    np.testing.assert_allclose(flat(found.draws["contrast"]), expected, atol=1e-9)
    assert found.table["stigma"].tolist() == [0.0, 2.0]
    average = ba.contrast(crossed_fit, {"setting": ("clinic", "home")})
    mean = crossed_fit.model.frame.rows["stigma"].mean()
    np.testing.assert_allclose(
        flat(average.draws["contrast"])[:, 0], main + product * mean, atol=1e-9
    )


def test_a_number_goes_up_by_one_or_as_stated(crossed_fit: Fit) -> None:
    slope = coefficient(crossed_fit, "stigma")
    home = slope + coefficient(crossed_fit, "stigma:setting[home]")
    found = ba.contrast(crossed_fit, "stigma", by="setting")
    assert found.table["setting"].tolist() == ["clinic", "home", "ward"]
    np.testing.assert_allclose(flat(found.draws["contrast"])[:, 0], slope, atol=1e-9)
    np.testing.assert_allclose(flat(found.draws["contrast"])[:, 1], home, atol=1e-9)
    for values, factor, label in (((1, 4), 3, "4 − 1"), (2.5, 2.5, "+2.5"), (-1, -1, "-1")):
        found = ba.contrast(crossed_fit, {"stigma": values}, by="setting")
        np.testing.assert_allclose(flat(found.draws["contrast"])[:, 1], factor * home, atol=1e-9)
        assert found.table["contrast"][0] == label


def test_the_same_groups_have_slopes_of_their_own(crossed_fit: Fit) -> None:
    rows = ba.grid(crossed_fit, setting="clinic", case_manager=["M002", "M031"])
    found = flat(ba.contrast(crossed_fit, "stigma", rows, target="same", by=None).draws["contrast"])
    u = crossed_fit.posterior["u_case_manager"].sel(case_manager=["M002", "M031"])
    expected = coefficient(crossed_fit, "stigma")[:, None] + flat(u)[:, :, 1]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    found = slopes(crossed_fit, "stigma", rows, target="same", by=None)
    np.testing.assert_allclose(flat(found.draws["slope"]), expected, atol=1e-7)


def test_a_new_group_has_a_slope_of_its_own(crossed_fit: Fit) -> None:
    """Its draws are b + u with u from N(0, G) of the draw; contrasts and predictions agree."""
    rows = ba.grid(crossed_fit, setting="clinic", stigma=[0.0, 1.0])
    b = coefficient(crossed_fit, "stigma")
    sd = flat(crossed_fit.posterior["sd_case_manager"])[:, 1]
    found = slopes(crossed_fit, "stigma", rows, kind="group", seed=5)
    slope = flat(found.draws["slope"])[:, 0]
    # Given the draw u / sd is a standard normal, apart from b: five standard errors of 1,000.
    z = (slope - b) / sd
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 5 / np.sqrt(2 * z.size)
    # A sample variance of n normals has the relative error sqrt(2 / n).
    expected = b.var() + (sd**2).mean()
    assert slope.var() == pytest.approx(expected, rel=5 * np.sqrt(2 / z.size))
    averaged = flat(slopes(crossed_fit, "stigma", rows).draws["slope"])
    assert slope.var() > 1.3 * averaged.var()
    contrast = ba.contrast(crossed_fit, "stigma", rows, kind="group", seed=5)
    np.testing.assert_allclose(flat(contrast.draws["contrast"])[:, 0], slope, atol=1e-7)
    levels = flat(ba.predict(crossed_fit, rows, kind="group", seed=5).draws["prediction"])
    np.testing.assert_allclose(levels[:, 1] - levels[:, 0], slope, atol=1e-7)
    other = slopes(crossed_fit, "stigma", rows, kind="group", seed=6)
    assert not np.allclose(flat(other.draws["slope"])[:, 0], slope)
    assert "for a new group of case_manager, drawn from the population" in found.sentence


def test_new_groups_average_to_the_population(yes_fit: Fit) -> None:
    """Given a draw the probability of a group that is drawn has the integral as its mean."""
    rows = ba.grid(yes_fit)
    drawn = flat(ba.predict(yes_fit, rows, kind="group", seed=0).draws["prediction"])
    excess = drawn - flat(ba.predict(yes_fit, rows).draws["prediction"])
    # 1,000 groups, drawn independently: five standard errors.
    assert abs(excess.mean()) < 5 * excess.std() / np.sqrt(excess.size)
    assert excess.std() > 0.05
    link = ba.predict(yes_fit, rows, kind="group", scale="link", seed=0)
    np.testing.assert_allclose(special.expit(flat(link.draws["prediction"])), drawn, atol=1e-9)
    with pytest.raises(ba.ModelError, match="target='new'"):
        ba.predict(yes_fit, rows, kind="group", target="average")


def test_two_groups_can_be_compared(null_fit: Fit) -> None:
    found = ba.contrast(null_fit, {"case_manager": ("M001", "M030")}, target="same")
    u = flat(null_fit.posterior["u_case_manager"])[:, :, 0]
    np.testing.assert_allclose(flat(found.draws["contrast"])[:, 0], u[:, 30] - u[:, 1], atol=1e-9)
    with pytest.raises(ba.DataError, match="not seen M999"):
        ba.contrast(null_fit, {"case_manager": ("M001", "M999")}, target="same")
    with pytest.raises(ba.ModelError, match="target='same'"):
        ba.contrast(null_fit, {"case_manager": ("M001", "M030")})


def test_probabilities_are_compared_after_averaging(yes_fit: Fit) -> None:
    """By plain numpy, in average groups: differences, ratios and odds ratios of averages."""
    rows = yes_fit.model.frame.rows
    b = {name: coefficient(yes_fit, name) for name in yes_fit.model.design.coefficients}
    base = b["Intercept"][:, None] + b["stigma"][:, None] * rows["stigma"].to_numpy()
    clinic = special.expit(base).mean(axis=1)
    ward = special.expit(base + b["setting[ward]"][:, None]).mean(axis=1)
    expected = {
        "difference": ward - clinic,
        "ratio": ward / clinic,
        "odds ratio": (ward / (1 - ward)) / (clinic / (1 - clinic)),
    }
    for comparison, values in expected.items():
        found = ba.contrast(
            yes_fit, {"setting": ("clinic", "ward")}, target="average", comparison=comparison
        )
        np.testing.assert_allclose(flat(found.draws["contrast"])[:, 0], values, atol=1e-9)
        nothing = 0.0 if comparison == "difference" else 1.0
        above = (values > nothing).mean()
        assert found.table["probability_of_direction"][0] == pytest.approx(max(above, 1 - above))


def test_the_population_differs_from_an_average_group(yes_fit: Fit) -> None:
    """A conditional odds ratio is the exponential coefficient; the population's is nearer 1."""
    rows = ba.grid(yes_fit)
    pair = {"setting": ("clinic", "ward")}
    inside = ba.contrast(yes_fit, pair, rows, target="average", comparison="odds ratio")
    effect = coefficient(yes_fit, "setting[ward]")
    np.testing.assert_allclose(flat(inside.draws["contrast"])[:, 0], np.exp(effect), rtol=1e-9)
    across = ba.contrast(yes_fit, pair, rows, target="new", comparison="odds ratio")
    assert (np.abs(np.log(flat(across.draws["contrast"])[:, 0])) < np.abs(effect)).all()
    on_link = ba.contrast(yes_fit, pair, rows, scale="link")
    np.testing.assert_allclose(flat(on_link.draws["contrast"])[:, 0], effect, atol=1e-9)


def test_a_contrast_is_the_difference_of_two_predictions(yes_fit: Fit) -> None:
    rows = yes_fit.model.frame.rows
    for target in ("new", "same"):
        home = ba.predict(yes_fit, rows.assign(setting="home"), target=target)
        clinic = ba.predict(yes_fit, rows.assign(setting="clinic"), target=target)
        expected = flat(home.draws["prediction"]) - flat(clinic.draws["prediction"])
        by_row = ba.contrast(yes_fit, {"setting": ("clinic", "home")}, target=target, by=None)
        np.testing.assert_allclose(flat(by_row.draws["contrast"]), expected, atol=1e-9)
        mean = ba.contrast(yes_fit, {"setting": ("clinic", "home")}, target=target)
        np.testing.assert_allclose(
            flat(mean.draws["contrast"])[:, 0], expected.mean(axis=1), atol=1e-9
        )


def test_ordinal_probabilities_change_by_nothing_in_all(ordinal_fit: Fit) -> None:
    found = ba.contrast(ordinal_fit, "stigma", kind="probability")
    np.testing.assert_allclose(flat(found.draws["contrast"]).sum(axis=-1), 0, atol=1e-9)
    assert found.table["category"].tolist() == ["1", "2", "3", "4"]
    assert np.abs(found.table["mean"]).max() > 0.01


@pytest.fixture(scope="module")
def ordinal_slopes_fit(clients: pd.DataFrame, make_fit: Callable[..., Fit]) -> Fit:
    """Four ordered answers, intercepts and slopes that vary, and are correlated."""
    formula = "rating ~ stigma + (1 + stigma | case_manager)"
    return make_fit(ba.Model(formula, clients, "cumulative"))


def drawn_effects(fit: Fit, seed: int) -> np.ndarray:
    """The new group's intercept and slope in each draw, told by its linear predictor."""
    rows = ba.grid(fit, stigma=[0.0, 1.0])
    found = ba.predict(fit, rows, kind="group", scale="link", seed=seed)
    at_zero, at_one = flat(found.draws["prediction"]).T
    return np.column_stack([at_zero, at_one - at_zero - coefficient(fit, "stigma")])


def test_the_ordinal_new_group_is_drawn_from_the_population(ordinal_slopes_fit: Fit) -> None:
    """Whitened by the covariance of its own draw it is standard normal, in both effects."""
    posterior = ordinal_slopes_fit.posterior
    sd, cor = flat(posterior["sd_case_manager"]), flat(posterior["cor_case_manager"])[:, 0]
    effects = drawn_effects(ordinal_slopes_fit, 5)
    first = effects[:, 0] / sd[:, 0]
    second = (effects[:, 1] / sd[:, 1] - cor * first) / np.sqrt(1 - cor**2)
    for z in (first, second, (first + second) / np.sqrt(2)):
        # 1,000 draws that are independent: five standard errors of mean and sd.
        assert abs(z.mean()) < 5 / np.sqrt(z.size)
        assert abs(z.std() - 1) < 5 / np.sqrt(2 * z.size)


def ordinal_mean(fit: Fit, eta: np.ndarray) -> np.ndarray:
    """Expected answer, category by category; ``eta`` of shape (draw, row)."""
    cuts = flat(fit.posterior["cutpoint"])
    found = np.zeros_like(eta)
    for d, k in np.ndindex(*eta.shape):
        below = [0.0, *(special.expit(cut - eta[d, k]) for cut in cuts[d]), 1.0]
        found[d, k] = sum((c + 1) * (below[c + 1] - below[c]) for c in range(4))
    return found


def test_an_ordinal_new_group_has_a_contrast_of_its_own(ordinal_slopes_fit: Fit) -> None:
    """Every row goes from 1 to 3 within one new group; scores are averaged over rows."""
    fit, stated = ordinal_slopes_fit, np.array([1.0, 3.0])
    rows = ba.grid(fit, stigma=[0.5, 2.0, 4.0])
    effects = drawn_effects(fit, 5)
    eta = effects[:, [0]] + (coefficient(fit, "stigma") + effects[:, 1])[:, None] * stated
    low, high = ordinal_mean(fit, eta).T
    found = ba.contrast(fit, {"stigma": (1, 3)}, rows, kind="group", seed=5)
    np.testing.assert_allclose(flat(found.draws["contrast"])[:, 0], high - low, atol=1e-9)
    assert "for a new group of case_manager, drawn from the population" in found.sentence
    ratio = ba.contrast(fit, {"stigma": (1, 3)}, rows, kind="group", comparison="ratio", seed=5)
    np.testing.assert_allclose(flat(ratio.draws["contrast"])[:, 0], high / low, atol=1e-9)
    # On average over groups it is the contrast of the population, but not group by group.
    averaged = flat(ba.contrast(fit, {"stigma": (1, 3)}, rows).draws["contrast"])[:, 0]
    excess = high - low - averaged
    assert abs(excess.mean()) < 5 * excess.std() / np.sqrt(excess.size)
    assert excess.std() > 0.1


def test_an_ordinal_new_group_has_a_slope_of_its_own(ordinal_slopes_fit: Fit) -> None:
    """The slope of the expected answer: the density at every cut point, times the group's slope."""
    fit, stated = ordinal_slopes_fit, np.array([0.5, 2.0, 4.0])
    rows = ba.grid(fit, stigma=stated)
    effects = drawn_effects(fit, 7)
    slope = coefficient(fit, "stigma") + effects[:, 1]
    eta = effects[:, [0]] + slope[:, None] * stated
    above = special.expit(eta[:, :, None] - flat(fit.posterior["cutpoint"])[:, None, :])
    expected = slope[:, None] * (above * (1 - above)).sum(axis=-1)
    by_row = slopes(fit, "stigma", rows, kind="group", by=None, seed=7)
    # The curvature of three logistic curves under a group's slope, over a step of 1e-4.
    np.testing.assert_allclose(flat(by_row.draws["slope"]), expected, atol=1e-6)
    mean = slopes(fit, "stigma", rows, kind="group", seed=7)
    np.testing.assert_allclose(flat(mean.draws["slope"])[:, 0], expected.mean(axis=1), atol=1e-6)
    assert mean.table["mean"][0] == pytest.approx(expected.mean(), abs=1e-6)


def test_a_yes_or_no_goes_from_no_to_yes(clients: pd.DataFrame, make_fit) -> None:
    data = clients.assign(trained=(np.arange(len(clients)) % 3 == 0).astype(int))
    fit = make_fit(ba.Model("alliance ~ trained + (1 | case_manager)", data))
    assert ba.contrast(fit, "trained").table["contrast"][0] == "1 − 0"


def test_slopes_of_a_linear_model_are_coefficients(crossed_fit: Fit) -> None:
    slope = coefficient(crossed_fit, "stigma")
    found = slopes(crossed_fit, "stigma", by="setting")
    np.testing.assert_allclose(flat(found.draws["slope"])[:, 0], slope, atol=1e-7)
    ward = slope + coefficient(crossed_fit, "stigma:setting[ward]")
    np.testing.assert_allclose(flat(found.draws["slope"])[:, 2], ward, atol=1e-7)


def test_the_slope_of_a_curve_is_its_derivative(clients: pd.DataFrame) -> None:
    model = ba.Model("alliance ~ stigma + I(stigma**2) + log(stigma + 5) + (1 | agency)", clients)
    fit = ba.sample(model, seed=1, draws=100)
    at = np.array([1.0, 2.5])
    found = slopes(fit, "stigma", ba.grid(fit, stigma=at), by=None)
    b = flat(fit.posterior["b"])
    expected = b[:, [1]] + 2 * b[:, [2]] * at + b[:, [3]] / (at + 5)
    np.testing.assert_allclose(flat(found.draws["slope"]), expected, rtol=1e-6, atol=1e-5)


def test_splines_have_slopes_at_the_ends_of_their_range(clients: pd.DataFrame) -> None:
    """A step outside would leave the spline's range: there the step goes inwards."""
    model = ba.Model("alliance ~ bs(stigma, df=4) + (1 | agency)", clients)
    fit = ba.sample(model, seed=1, draws=100)
    ends = clients["stigma"].agg(["min", "max"]).tolist()
    found = flat(slopes(fit, "stigma", ba.grid(fit, stigma=ends), by=None).draws["slope"])
    h = 1e-3
    inwards = ba.grid(fit, stigma=[ends[0], ends[0] + h, ends[1] - h, ends[1]])
    values = flat(ba.predict(fit, inwards).draws["prediction"])
    expected = np.column_stack([values[:, 1] - values[:, 0], values[:, 3] - values[:, 2]]) / h
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.05)  # steps of 1e-3 and 1e-4
    assert np.isfinite(slopes(fit, "stigma").table["mean"][0])


def test_slopes_of_probabilities(yes_fit: Fit) -> None:
    """In an average group p(1 - p) b; averaged over rows, its average."""
    rows = yes_fit.model.frame.rows
    b = coefficient(yes_fit, "stigma")
    p = flat(ba.predict(yes_fit, target="average").draws["prediction"])
    expected = p * (1 - p) * b[:, None]
    by_row = slopes(yes_fit, "stigma", target="average", by=None)
    inside = ~rows["stigma"].isin([rows["stigma"].min(), rows["stigma"].max()]).to_numpy()
    np.testing.assert_allclose(
        flat(by_row.draws["slope"])[:, inside], expected[:, inside], atol=1e-6
    )
    mean = slopes(yes_fit, "stigma", target="average")
    np.testing.assert_allclose(flat(mean.draws["slope"])[:, 0], expected.mean(axis=1), atol=1e-6)


def test_within_and_between(clients: pd.DataFrame) -> None:
    """A predictor moves within its groups; their means stay."""
    formula = "alliance ~ within(stigma, case_manager) + between(stigma, case_manager)"
    fit = ba.sample(ba.Model(f"{formula} + (1 | case_manager)", clients), seed=1, draws=100)
    within = flat(fit.posterior["b"])[:, 1]
    for rows in (None, ba.grid(fit, stigma=[1.0])):
        found = flat(ba.contrast(fit, "stigma", rows).draws["contrast"])[:, 0]
        np.testing.assert_allclose(found, within, atol=1e-9)
        found = flat(slopes(fit, "stigma", rows).draws["slope"])[:, 0]
        np.testing.assert_allclose(found, within, atol=1e-7)
    new = pd.DataFrame({"stigma": [1.0], "case_manager": ["M999"]})
    found = flat(ba.contrast(fit, "stigma", new).draws["contrast"])[:, 0]
    np.testing.assert_allclose(found, within, atol=1e-9)


def test_they_show_themselves(crossed_fit: Fit) -> None:
    found = ba.contrast(crossed_fit, "setting")
    assert "Contrasts: difference in expected alliance" in str(found)
    assert "home − clinic" in found._repr_html_()
    assert "for setting home against clinic; " in found.sentence
    assert ", averaged over the population of groups of case_manager, is" in found.sentence
    assert "a new group" not in slopes(crossed_fit, "stigma").sentence
    assert "for stigma lower by 2; " in ba.contrast(crossed_fit, {"stigma": -2}).sentence
    axes = found.plot()
    assert isinstance(axes, Axes)
    assert axes.get_xlabel() == "Difference in expected alliance"
    assert axes.get_yticklabels()[0].get_text() == "setting, home − clinic"
    curve = slopes(crossed_fit, "stigma", ba.grid(crossed_fit, "stigma", "setting"), by=None)
    assert curve.plot().get_xlabel() == "stigma"
    label = " ".join(curve.plot().get_ylabel().split())
    assert label == "Slope of expected alliance along stigma"
    assert len(curve.plot().get_legend().get_texts()) == 3
    assert "Slopes: slope of expected alliance" in str(curve)
    assert "<table" in curve._repr_html_()


@pytest.mark.parametrize(
    ("shift", "words", "absent"),
    [
        (0.0, "; its direction is open (", "over 0.999"),
        (40.0, "; it is above 0 with probability over 0.999.", "open"),
    ],
)
def test_the_claim_follows_the_numbers(
    clients: pd.DataFrame, shift: float, words: str, absent: str
) -> None:
    rng = np.random.default_rng(5)
    data = clients.assign(chance=rng.permutation(np.arange(len(clients)) % 2))
    data["alliance"] = rng.permutation(data["alliance"]) + shift * data["chance"]
    fit = ba.sample(ba.Model("alliance ~ chance + (1 | case_manager)", data), seed=1, draws=250)
    sentence = ba.contrast(fit, "chance").sentence
    assert words in sentence
    assert absent not in sentence
    assert "significant" not in sentence


@pytest.mark.parametrize(
    ("variables", "options", "error", "words"),
    [
        ("settin", {}, ba.DataError, "Did you mean 'setting'"),
        ({"setting": ("clinic", "wards")}, {}, ba.DataError, "Did you mean 'ward'"),
        ({"setting": "ward"}, {}, ba.ModelError, "Two values"),
        ({"stigma": 0}, {}, ba.ModelError, "compares nothing"),
        ({"stigma": (1,)}, {}, ba.ModelError, "Two values"),
        ("case_manager", {}, ba.ModelError, "two groups"),
        ("stigma", {"comparison": "quotient"}, ba.ModelError, "difference, ratio, odds ratio"),
        ("stigma", {"comparison": "odds ratio"}, ba.ModelError, "Only probabilities"),
        ("stigma", {"kind": "outcome"}, ba.ModelError, "kind='mean'"),
    ],
)
def test_what_cannot_be_compared(crossed_fit: Fit, variables, options, error, words: str) -> None:
    with pytest.raises(error, match=words):
        ba.contrast(crossed_fit, variables, **options)


def test_ratios_of_what_may_be_negative(crossed_fit: Fit, yes_fit: Fit) -> None:
    with pytest.raises(ba.ModelError, match="0 or less"):
        ba.contrast(crossed_fit, {"stigma": (0, 500)}, comparison="ratio")
    near = ba.contrast(crossed_fit, {"stigma": (0, 1)}, comparison="ratio")
    assert 0.9 < near.table["mean"][0] < 1.1
    with pytest.raises(ba.ModelError, match="link scale"):
        ba.contrast(yes_fit, "stigma", scale="link", comparison="ratio")


@pytest.mark.parametrize(
    ("variable", "words"), [("setting", "contrast"), ("stigmaa", "Did you mean 'stigma'")]
)
def test_what_has_no_slope(crossed_fit: Fit, variable: str, words: str) -> None:
    with pytest.raises(ba.DataError, match=words):
        slopes(crossed_fit, variable)


def test_groups_without_values_and_ratios_are_put_into_words(crossed_fit: Fit) -> None:
    with pytest.raises(ba.ModelError, match="of case_manager was asked for without values"):
        ba.contrast(crossed_fit, "case_manager", target="same")
    found = ba.contrast(crossed_fit, "setting", comparison="ratio")
    assert found.sentence.startswith("The ratio of expected alliance")


KEEP = "Leave those rows out with data=, which keeps the rows of A03."


def refused(call: Callable[[], object]) -> str:
    """Return what is said of it."""
    with pytest.raises(ba.AllianceError) as caught:
        call()
    return str(caught.value)


def suggested(words: str) -> Any:
    """Return the target that a refusal names, read as it would be typed."""
    found = re.search(r"target=(\{[^}]*\}|'\w+')", words)
    assert found is not None
    return ast.literal_eval(found.group(1))


def test_upper_groups_alone_name_the_call_that_compares_them(nested_fit: Fit) -> None:
    one, other = nested_fit.model.design.group("agency").labels[:2]
    wanted = {"agency": (one, other)}
    target = {"agency": "same", "agency:case_manager": "new"}
    rows = ba.grid(nested_fit, stigma=[1.0])
    calls = [
        lambda target: ba.contrast(nested_fit, wanted, rows, target=target),
        lambda target: ba.contrast(nested_fit, wanted, target=target),
        lambda target: ba.predict(nested_fit, rows.assign(agency=one), target=target),
    ]
    for call in calls:
        words = refused(lambda call=call: call("same"))
        assert 'target={"agency": "same", "agency:case_manager": "new"}' in words
        assert suggested(words) == target
        assert len(call(suggested(words)).table)
    assert suggested(refused(lambda: ba.contrast(nested_fit, wanted))) == target
    difference = nested_fit.posterior["u_agency"].sel(agency_effect="Intercept")
    difference = difference.sel(agency=other) - difference.sel(agency=one)
    found = ba.contrast(nested_fit, wanted, rows, target=target)
    np.testing.assert_allclose(found.table["mean"], float(difference.mean()), rtol=1e-9)


def test_crossed_factors_keep_what_was_asked_of_the_others(clients: pd.DataFrame) -> None:
    crossed = clients.assign(team=[f"T{k % 5}" for k in range(len(clients))])
    model = ba.Model("alliance ~ stigma + (1 | case_manager) + (1 | team)", crossed)
    fit = ba.sample(model, seed=1, draws=50, tune=100, chains=2, progress=False)
    rows = ba.grid(fit, stigma=[1.0])
    pair = {"team": ("T0", "T1")}
    words = refused(lambda: ba.contrast(fit, pair, rows, target="same"))
    assert suggested(words) == {"case_manager": "new", "team": "same"}
    assert len(ba.contrast(fit, pair, rows, target=suggested(words)).table) == 1
    # Rows that name both need no more than this.
    assert suggested(refused(lambda: ba.contrast(fit, pair))) == "same"
    assert len(ba.contrast(fit, pair, target="same").table) == 1
    # A row that names neither.
    words = refused(lambda: ba.predict(fit, rows, target="same"))
    assert "lack case_manager, team. Add the columns" in words
    assert suggested(words) == "new"


def test_lower_groups_of_one_upper_group_name_the_rows_to_keep(nested_fit: Fit) -> None:
    rows = nested_fit.model.frame.rows
    own = rows.groupby("agency")["case_manager"].unique()
    one, other = own["A03"][:2]
    words = refused(lambda: ba.contrast(nested_fit, {"case_manager": (one, other)}, target="same"))
    assert (
        f"Both lie in A03 (agency), and there are rows of other groups of agency. {KEEP}" in words
    )
    assert "They are 288 of 320." in words
    assert "target" not in words
    kept = rows[rows["agency"] == "A03"]
    found = ba.contrast(nested_fit, {"case_manager": (one, other)}, kept, target="same")
    u = nested_fit.posterior["u_agency:case_manager"].sel(
        {"agency:case_manager_effect": "Intercept"}
    )
    labels = nested_fit.model.design.group("agency:case_manager").labels
    first, second = (next(k for k in labels if k.endswith(m)) for m in (one, other))
    apart = u.sel({"agency:case_manager": second}) - u.sel({"agency:case_manager": first})
    np.testing.assert_allclose(found.table["mean"], float(apart.mean()), rtol=1e-9)


def test_lower_groups_of_two_upper_groups_are_to_be_predicted_one_by_one(nested_fit: Fit) -> None:
    rows = nested_fit.model.frame.rows
    own = rows.groupby("agency")["case_manager"].first()
    pair = {"case_manager": (own["A01"], own["A02"])}
    words = refused(lambda: ba.contrast(nested_fit, pair, target="same"))
    assert f"{own['A01']} lies in A01 and {own['A02']} in A02 (agency), so that no row" in words
    assert "with one row for each that names its own agency" in words
    each = own[["A01", "A02"]].reset_index().assign(stigma=1.0)
    assert len(ba.predict(nested_fit, each, target="same").table) == 2
    only = rows[rows["agency"] == "A01"]
    words = refused(lambda: ba.contrast(nested_fit, pair, only, target="same"))
    assert f"has not seen {own['A02']} in the rows' groups of agency" in words
