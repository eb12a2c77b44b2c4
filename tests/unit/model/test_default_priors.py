"""Default priors: at the means of the predictors, scaled to the data, and pure."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.model.default_priors import Rows, default_priors
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model


def priors_of(model):
    rows = Rows(y=model.frame.y)
    found = default_priors(model.design, rows, model.family, model.frame.levels)
    return found.priors


def close(prior, name, *arguments):
    return prior.distribution == name and prior.arguments == pytest.approx(arguments, rel=1e-12)


def test_a_gaussian_model_written_out(clients):
    model = Model("alliance ~ stigma + age + (1 + stigma | manager)", clients)
    y, sd = clients["alliance"], clients["alliance"].std()
    x, z = clients["stigma"], clients["age"]
    expected = {
        ("b", "Intercept"): ("Normal", y.mean(), 2.5 * sd),
        ("b", "stigma"): ("Normal", 0, 2.5 * sd / x.std()),
        ("b", "age"): ("Normal", 0, 2.5 * sd / z.std()),
        ("sd_manager", "Intercept"): ("HalfStudentT", 3, sd / 2),
        ("sd_manager", "stigma"): ("HalfStudentT", 3, sd / x.std() / 2),
        ("cor_manager", None): ("LKJ", 2),
        ("sigma", None): ("HalfStudentT", 3, sd),
    }
    found = priors_of(model)
    assert list(found) == list(expected)
    assert all(close(found[key], *prior) for key, prior in expected.items())


def test_where_each_prior_stands(clients):
    table = Model("alliance ~ stigma + setting + (1 + stigma | manager)", clients).priors
    assert {e.key: e.stands for e in table.entries} == {
        "b[Intercept]": "at the means",
        "b[stigma]": "as written",
        "b[setting[home]]": "any two levels alike",
        "b[setting[ward]]": "any two levels alike",
        "sd_manager[Intercept]": "at the means",
        "sd_manager[stigma]": "at the means",
        "cor_manager": "at the means",
        "sigma": "as written",
    }


def test_the_constant_at_the_means_is_the_mean_line(clients):
    """T b is what the model says at the mean of stigma; T u what it says of a group there."""
    basis = Model("alliance ~ stigma + (1 + stigma | manager)", clients).priors.basis
    expected = [[1.0, clients["stigma"].mean()], [0.0, 1.0]]
    np.testing.assert_allclose(basis.coefficients.to_working, expected, rtol=1e-12)
    np.testing.assert_allclose(basis.effects["manager"].to_working, expected, rtol=1e-12)


def test_an_interaction_is_measured_after_what_stands_below_it(clients):
    model = Model("alliance ~ stigma * age", clients)
    rest = clients["stigma"] * clients["age"]
    lower = np.column_stack([np.ones(len(clients)), clients[["stigma", "age"]]])
    rest -= lower @ np.linalg.lstsq(lower, rest, rcond=None)[0]
    own = clients["stigma"].std() * clients["age"].std()
    scale = max(np.sqrt((rest**2).sum() / (len(clients) - 1)), own)
    width = 2.5 * clients["alliance"].std() / scale
    assert close(priors_of(model)["b", "stigma:age"], "Normal", 0.0, width)


def test_the_order_is_the_containers(clients):
    model = Model("alliance ~ stigma + (1 + stigma | manager)", clients, family="student")
    assert [variable for variable, _ in priors_of(model)] == [
        "b", "b", "sd_manager", "sd_manager", "cor_manager", "sigma", "nu"
    ]  # fmt: skip
    assert priors_of(model)["nu", None] == Prior("Gamma", (2.0, 0.1))


@pytest.mark.parametrize(
    ("link", "inverse"),
    [
        ("logit", lambda p: np.log(p / (1 - p))),
        ("cloglog", lambda p: np.log(-np.log(1 - p))),
    ],
)
def test_yes_or_no_lies_where_its_share_does(link, inverse, clients):
    model = Model("met ~ stigma + (1 | manager)", clients, family="bernoulli", link=link)
    priors = priors_of(model)
    assert close(priors["b", "stigma"], "Normal", 0.0, 2.5 / clients["stigma"].std())
    assert close(priors["b", "Intercept"], "Normal", inverse(clients["met"].mean()), 2.5)
    assert priors["sd_manager", "Intercept"] == Prior("HalfStudentT", (3.0, 0.5))
    assert ("sigma", None) not in priors


def test_thresholds_stand_at_the_means(clients):
    model = Model("rating ~ stigma + (1 | manager)", clients, family="cumulative")
    priors = priors_of(model)
    assert ("b", "Intercept") not in priors
    for between in ("1|2", "2|3", "3|4"):
        assert priors["cutpoint", between] == Prior("Normal", (0.0, 5.0))
    constant = model.priors.basis.coefficients.constant
    np.testing.assert_allclose(constant, [clients["stigma"].mean()])


@pytest.mark.parametrize("shift", [-3.0, 20.0, 2000.0])
def test_nothing_moves_with_the_zero_of_a_predictor(shift, clients):
    formula = "alliance ~ stigma * setting + I(stigma**2) + (1 + stigma | manager)"
    here = priors_of(Model(formula, clients))
    moved = clients.assign(stigma=clients["stigma"] + shift)
    there = priors_of(Model(formula, moved))
    # A square keeps the digits that its length over what is left of it leaves.
    digits = 100 * 2.3e-16 * (1 + abs(shift) / clients["stigma"].std()) ** 2
    for key, prior in here.items():
        assert there[key].arguments == pytest.approx(prior.arguments, rel=max(1e-12, digits))


def test_units_change_the_priors_with_them(clients):
    """Outcome in tenths, predictor in hundreds: the prior says the same about the study."""
    here = priors_of(Model("alliance ~ stigma + (1 | manager)", clients))
    scaled = clients.assign(alliance=10 * clients["alliance"], stigma=clients["stigma"] / 100)
    there = priors_of(Model("alliance ~ stigma + (1 | manager)", scaled))
    factors = {("b", "Intercept"): 10, ("b", "stigma"): 1000, ("sigma", None): 10}
    for key, factor in factors.items():
        assert there[key].arguments[-1] == pytest.approx(factor * here[key].arguments[-1])


def test_two_values_count_like_two_categories(clients):
    numbers = clients.assign(female=np.tile([0, 1, 0], 16))
    words = numbers.assign(female=numbers["female"].map({0: "no", 1: "yes"}))
    own = priors_of(Model("alliance ~ stigma * female", numbers))
    others = priors_of(Model("alliance ~ stigma * female", words))
    assert [p.arguments for p in own.values()] == [
        pytest.approx(p.arguments, rel=1e-12) for p in others.values()
    ]


def test_any_two_levels_differ_alike(clients):
    """The prior variance of a difference is the same whichever level is the reference."""
    model = Model("alliance ~ setting", clients)
    back = model.priors.basis.coefficients.to_user[1:, 1:]
    sd = np.array([p.arguments[1] for p in model.priors.of("b")[1:]])
    covariance = back @ np.diag(sd**2) @ back.T
    between = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    np.testing.assert_allclose([covariance[0, 0], covariance[1, 1], between], sd[0] ** 2)


def test_a_pure_function(clients):
    model = Model("alliance ~ stigma * setting + (1 | manager)", clients)
    X, y = model.design.X.copy(), model.frame.y.copy()
    first, second = priors_of(model), priors_of(model)
    assert first == second
    np.testing.assert_array_equal(model.design.X, X)
    np.testing.assert_array_equal(model.frame.y, y)


@pytest.mark.parametrize(
    ("term", "column"), [("dose", 3.0), ("I(half**2)", np.tile([0.0, 1.0], 24))]
)
def test_a_column_that_says_nothing_of_its_own_is_left_out_by_name(term, column, clients):
    table = clients.assign(dose=column, half=column)
    formula = "alliance ~ stigma + half" if term != "dose" else "alliance ~ stigma"
    model = Model(f"{formula} + {term} + (1 | manager)", table)
    plain = Model(f"{formula} + (1 | manager)", table)
    assert model.design.coefficients == plain.design.coefficients
    assert model.priors == plain.priors
    (note,) = [n for n in model.data_report.notes if n.code == "aliased"]
    label = "dose" if term == "dose" else "I(half ** 2)"
    assert note.message.startswith(f"{label} is left out of the model")
    assert model.rebuild_design(table.head(2)).X.shape == (2, len(plain.design.coefficients))


def test_defaults_are_not_rounded_but_shown_so():
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"y": 1e5 + 123.456 * rng.random(40), "x": 1e-3 * rng.random(40)})
    model = Model("y ~ x", table)
    assert model.priors.of("b")[0].arguments[0] == table["y"].mean()
    assert model.priors.table.loc["b[Intercept]", "prior"].startswith("Normal(1e+05, ")


def test_known_standard_errors_have_no_sigma(clients):
    model = Model("alliance | se(precise) ~ 1 + (1 | manager)", clients)
    assert ("sigma", None) not in priors_of(model)


def test_an_offset_is_taken_off_first(clients):
    plain = priors_of(Model("alliance ~ stigma", clients))
    moved = clients.assign(alliance=clients["alliance"] + 300 * clients["wave"])
    offset = priors_of(
        Model("alliance ~ stigma + offset(base)", moved.assign(base=300 * clients["wave"]))
    )
    assert [p.arguments for p in offset.values()] == [
        pytest.approx(p.arguments, rel=1e-10, abs=1e-10) for p in plain.values()
    ]


def test_cell_means_have_the_prior_of_a_constant_and_differences(clients):
    cells = Model("alliance ~ 0 + setting", clients)
    plain = Model("alliance ~ setting", clients)
    assert [p.arguments for p in cells.priors.of("b")] == [
        pytest.approx(p.arguments, rel=1e-12) for p in plain.priors.of("b")
    ]
    assert [e.stands for e in cells.priors.entries if e.variable == "b"] == [
        "as the mean of all",
        "as a difference from setting[clinic]",
        "as a difference from setting[clinic]",
    ]


def test_without_any_level_a_slope_may_reach_the_outcome_from_zero(clients):
    (prior,) = [
        p for (v, _), p in priors_of(Model("alliance ~ 0 + age", clients)).items() if v == "b"
    ]
    mean, sd = clients["alliance"].mean(), clients["alliance"].std()
    length = np.hypot(clients["age"].std(), clients["age"].mean())
    assert close(prior, "Normal", 0.0, 2.5 * np.hypot(mean, sd) / length)
    # The line through zero is well inside.
    assert mean / clients["age"].mean() < 2 * prior.arguments[1]


def test_uncorrelated_effects_stand_as_written_with_room_at_zero(clients):
    table = Model("alliance ~ stigma + (1 + stigma || manager)", clients).priors
    first, second = table.of("sd_manager")
    x, sd = clients["stigma"], clients["alliance"].std()
    at_zero = np.sqrt(1 + (x.mean() / x.std()) ** 2)
    assert close(first, "HalfStudentT", 3.0, sd / 2 * at_zero)
    assert close(second, "HalfStudentT", 3.0, sd / x.std() / 2)
    assert not any(e.at_means for e in table.entries if e.variable == "sd_manager")
