"""Default priors: scaled to the data, wide enough at the zero of the design, and pure."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.model.default_priors import default_priors
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model


def priors_of(model):
    return default_priors(model.design, model.frame.y, model.family, model.frame.levels)


def three_digits(value):
    return float(f"{value:.3g}")


def test_a_gaussian_model_written_out(clients):
    model = Model("alliance ~ stigma + age + (1 + stigma | manager)", clients)
    y, sd = clients["alliance"], clients["alliance"].std()
    x, z = clients["stigma"], clients["age"]
    at_zero = np.sqrt(1 + (x.mean() / x.std()) ** 2 + (z.mean() / z.std()) ** 2)
    group_zero = np.sqrt(1 + (x.mean() / x.std()) ** 2)
    expected = {
        ("b", "Intercept"): ("Normal", y.mean(), 2.5 * sd * at_zero),
        ("b", "stigma"): ("Normal", 0, 2.5 * sd / x.std()),
        ("b", "age"): ("Normal", 0, 2.5 * sd / z.std()),
        ("sd_manager", "Intercept"): ("HalfStudentT", 3, sd * group_zero),
        ("sd_manager", "stigma"): ("HalfStudentT", 3, sd / x.std()),
        ("cor_manager", None): ("LKJ", 2),
        ("sigma", None): ("HalfStudentT", 3, sd),
    }
    assert dict(priors_of(model)) == {
        key: Prior(name, tuple(three_digits(a) for a in arguments))
        for key, (name, *arguments) in expected.items()
    }


def test_the_order_is_the_containers(clients):
    model = Model("alliance ~ stigma + (1 + stigma | manager)", clients, family="student")
    assert [variable for variable, _ in priors_of(model)] == [
        "b", "b", "sd_manager", "sd_manager", "cor_manager", "sigma", "nu"
    ]  # fmt: skip
    assert priors_of(model)["nu", None] == Prior("Gamma", (2.0, 0.1))


@pytest.mark.parametrize("family", ["bernoulli", "cumulative"])
def test_other_families_are_on_the_scale_of_their_link(family, clients):
    outcome = {"bernoulli": "met", "cumulative": "rating"}[family]
    model = Model(f"{outcome} ~ stigma + (1 | manager)", clients, family=family)
    priors = priors_of(model)
    sd = clients["stigma"].std()
    assert priors["b", "stigma"] == Prior("Normal", (0.0, three_digits(2.5 / sd)))
    assert priors["sd_manager", "Intercept"] == Prior("HalfStudentT", (3.0, 1.0))
    assert ("sigma", None) not in priors
    at_zero = np.sqrt(1 + (clients["stigma"].mean() / sd) ** 2)
    if family == "bernoulli":
        assert priors["b", "Intercept"] == Prior("Normal", (0.0, three_digits(2.5 * at_zero)))
    else:
        assert ("b", "Intercept") not in priors
        for between in ("1|2", "2|3", "3|4"):
            assert priors["cutpoint", between] == Prior("Normal", (0.0, three_digits(5 * at_zero)))


def test_the_intercept_is_wider_the_further_zero_lies(clients):
    """Moving a predictor moves the intercept; its prior must still hold the same lines."""
    widths = []
    for shift in (0.0, 20.0, 200.0):
        moved = clients.assign(stigma=clients["stigma"] - clients["stigma"].mean() + shift)
        model = Model("alliance ~ stigma", moved)
        widths.append(priors_of(model)["b", "Intercept"].arguments[1])
        x = moved["stigma"]
        expected = 2.5 * clients["alliance"].std() * np.sqrt(1 + (x.mean() / x.std()) ** 2)
        # Three digits are kept, so half a unit of the third.
        assert widths[-1] == pytest.approx(expected, rel=5.1e-3)
    assert widths == sorted(widths)
    assert widths[2] > 5 * widths[1]


def test_units_change_the_priors_with_them(clients):
    """Outcome in tenths, predictor in hundreds: the prior says the same about the study."""
    here = priors_of(Model("alliance ~ stigma + (1 | manager)", clients))
    scaled = clients.assign(alliance=10 * clients["alliance"], stigma=clients["stigma"] / 100)
    there = priors_of(Model("alliance ~ stigma + (1 | manager)", scaled))
    factors = {("b", "Intercept"): 10, ("b", "stigma"): 1000, ("sigma", None): 10}
    for key, factor in factors.items():
        assert there[key].arguments[-1] == pytest.approx(factor * here[key].arguments[-1], rel=0.01)


def test_a_pure_function(clients):
    model = Model("alliance ~ stigma * setting + (1 | manager)", clients)
    X, y = model.design.X.copy(), model.frame.y.copy()
    first, second = priors_of(model), priors_of(model)
    assert first == second
    np.testing.assert_array_equal(model.design.X, X)
    np.testing.assert_array_equal(model.frame.y, y)


def test_a_predictor_that_does_not_vary_is_treated_as_a_constant(clients):
    model = Model("alliance ~ dose", clients.assign(dose=3.0))
    priors = priors_of(model)
    assert all(np.isfinite(prior.arguments).all() for prior in priors.values())
    assert priors["b", "dose"].arguments[1] == priors["b", "Intercept"].arguments[1]


def test_numbers_have_three_digits():
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"y": 1e5 + 123.456 * rng.random(40), "x": 1e-3 * rng.random(40)})
    for prior in priors_of(Model("y ~ x", table)).values():
        for value in prior.arguments:
            assert value == three_digits(value)


def test_known_standard_errors_have_no_sigma(clients):
    model = Model("alliance | se(precise) ~ 1 + (1 | manager)", clients)
    assert ("sigma", None) not in priors_of(model)


def test_an_offset_is_taken_off_first(clients):
    plain = priors_of(Model("alliance ~ stigma", clients))
    moved = clients.assign(alliance=clients["alliance"] + 300 * clients["wave"])
    offset = priors_of(
        Model("alliance ~ stigma + offset(base)", moved.assign(base=300 * clients["wave"]))
    )
    assert offset == plain


def test_without_an_intercept_each_cell_lies_where_the_outcome_does(clients):
    priors = priors_of(Model("alliance ~ 0 + setting", clients))
    mean, sd = clients["alliance"].mean(), clients["alliance"].std()
    for setting in ("clinic", "home", "ward"):
        location, width = priors["b", f"setting[{setting}]"].arguments
        assert location == three_digits(mean)
        width_of_dummy = 1 / (clients["setting"] == setting).std()
        assert width == three_digits(2.5 * sd * np.hypot(1, width_of_dummy))


def test_without_any_level_a_slope_may_reach_the_outcome_from_zero(clients):
    (prior,) = [
        p for (v, _), p in priors_of(Model("alliance ~ 0 + age", clients)).items() if v == "b"
    ]
    location, width = prior.arguments
    mean, sd = clients["alliance"].mean(), clients["alliance"].std()
    assert location == 0.0
    assert width == three_digits(2.5 * np.hypot(mean, sd) / clients["age"].std())
    # The line through zero is well inside.
    assert mean / clients["age"].mean() < 2 * width
