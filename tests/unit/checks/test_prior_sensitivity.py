"""Power-scaling: a conjugate case in closed form, brute-force refits, wrong priors caught."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy import stats

import bayes_alliance as ba
from bayes_alliance.checks.power_scaling import (
    CONFLICT,
    FINE,
    STRONG,
    affordable,
    power_scaling_table,
    scaled_densities,
    weight_tail,
)

mpl.use("Agg")


def cjs_distance(first, second, grid):
    """Cumulative Jensen-Shannon distance of two distribution functions on a grid, as published."""
    width = np.diff(grid)[0]
    keep = (first > 0) & (second > 0)
    p, q = first[keep], second[keep]
    middle = (p + q) / 2
    one = width * np.sum(p * np.log2(p / middle)) + width * np.sum(q - p) / (2 * np.log(2))
    two = width * np.sum(q * np.log2(q / middle)) + width * np.sum(p - q) / (2 * np.log(2))
    return np.sqrt((one + two) / (width * np.sum(p + q)))


@pytest.fixture(scope="module")
def conjugate():
    """Known errors and one mean: the posterior under any power of prior or likelihood is normal."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"y": rng.normal(1.0, 0.5, size=12), "error": np.full(12, 0.5)})
    return ba.Model("y | se(error) ~ 1", table, priors={"b[Intercept]": "Normal(-1, 0.4)"})


def normal_posterior(model, *, prior_power=1.0, likelihood_power=1.0):
    y = model.frame.y
    prior, data = prior_power / 0.4**2, likelihood_power * len(y) / 0.5**2
    return stats.norm((-prior + data * y.mean()) / (prior + data), (prior + data) ** -0.5)


@pytest.fixture(scope="module")
def exact_fit(conjugate, make_fit):
    fit = make_fit(conjugate, chains=4, draws=5000)
    posterior = fit.posterior.copy(deep=True)
    draws = normal_posterior(conjugate).rvs((4, 5000, 1), random_state=np.random.default_rng(5))
    posterior["b"] = (posterior["b"].dims, draws)
    return fit.with_group("posterior", posterior)


@pytest.mark.parametrize("scaled", ["prior", "likelihood"])
def test_closed_form_of_a_conjugate_model(conjugate, exact_fit, scaled):
    found = ba.prior_sensitivity(exact_fit).table.loc["b[Intercept]", scaled]
    draws = exact_fit.posterior["b"].to_numpy()
    grid = np.linspace(draws.min(), draws.max(), 20_001)
    base = normal_posterior(conjugate)
    slopes = []
    for power in (0.99, 1.01):
        moved = normal_posterior(conjugate, **{f"{scaled}_power": power})
        sides = [
            cjs_distance(base.cdf(grid), moved.cdf(grid), grid),
            cjs_distance(base.sf(grid), moved.sf(grid), grid),
        ]
        slopes.append(max(sides) / abs(np.log2(power)))
    # 20,000 independent draws; what matters is the covariance of value and log density, known to
    # about 1/sqrt(20,000) = 0.7% of their product. 5% leaves room for the tails.
    assert found == pytest.approx(np.mean(slopes), rel=0.05)


@pytest.fixture(scope="module")
def pulled(clients):
    """A prior on the slope that the data contradict, a little."""
    priors = {"b[stigma]": "Normal(2, 1)", "sd_case_manager": "HalfNormal(2)"}
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", clients, priors=priors)
    return ba.sample(model, seed=2, draws=2000)


def test_weights_do_what_fitting_again_with_the_scaled_prior_does(pulled, clients):
    """A normal density to the power 0.7 is a normal one with its sd over sqrt(0.7)."""
    power = 0.7
    strings = pulled.model.priors.strings
    wider = {}
    for key, text in strings.items():
        text, *means = text.split(") ")
        kind, numbers = text.rstrip(")").split("(")
        *rest, scale = (float(number) for number in numbers.split(","))
        assert kind in {"Normal", "HalfNormal"} or key == "sigma"
        wider[key] = f"{kind}({', '.join(map(repr, [*rest, scale / power**0.5]))})"
        wider[key] = " ".join([wider[key], *means])
    if not strings["sigma"].startswith("HalfNormal"):
        wider["sigma"] = strings["sigma"]  # its prior is flat where the data are
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", clients, priors=wider)
    again = ba.sample(model, seed=3, draws=2000)
    log_weights = (power - 1) * scaled_densities(pulled)["prior"]
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    for name, element in (("b", 1), ("sd_case_manager", 0)):
        before = pulled.posterior[name].to_numpy()[..., element]
        after = again.posterior[name].to_numpy()[..., element]
        moved = float((weights * before).sum()) - before.mean()
        error = np.hypot(
            np.sqrt(np.sum(weights**2 * (before - before.mean()) ** 2)), after.std() / 1000**0.5
        )
        # Either Monte Carlo error is of at least 1,000 effective draws; four of them.
        assert moved == pytest.approx(after.mean() - before.mean(), abs=4 * error)
        if name == "b":
            assert abs(moved) > 2 * error  # the prior does pull, so that the test can fail


def test_shares_are_scaled_like_parameters(slopes_fit):
    """The share's row against the published formula in plain numpy, without smoothed weights."""
    found = ba.prior_sensitivity(slopes_fit, at={"stigma": 1})
    values = found.draws["share"].to_numpy().ravel()
    order = np.argsort(values)
    for scaled, log_density in scaled_densities(slopes_fit).items():
        slopes = []
        for power in (0.99, 1.01):
            log_weights = (power - 1) * (log_density.ravel() - log_density.mean())
            weights = np.exp(log_weights) / np.exp(log_weights).sum()
            sides = []
            for direction in (1, -1):
                ordered = order[::direction]
                grid = direction * values[ordered]
                base = np.arange(1, len(values) + 1) / len(values)
                even = np.linspace(grid[0], grid[-1], 20_001)
                place = np.searchsorted(grid, even, side="right") - 1
                cumulated = np.cumsum(weights[ordered])
                sides.append(cjs_distance(base[place], cumulated[place], even))
            slopes.append(max(sides) / abs(np.log2(power)))
        # Plain against smoothed weights, and a grid against the draws themselves.
        assert found.table.loc["share[case_manager]", scaled] == pytest.approx(
            np.mean(slopes), rel=0.05
        )


def test_every_parameter_and_the_groups_shares_have_a_row(nested_fit):
    found = ba.prior_sensitivity(nested_fit)
    parameters = set(ba.summarize(nested_fit).table.index)
    parameters = parameters - {"b[Intercept]"} | {"b[Intercept at the means]"}
    shares = {"share[agency]", "share[agency:case_manager]"}
    assert set(found.table.index) == parameters | shares
    assert found.notes == ()


def test_where_the_shares_hold_is_said(slopes_fit):
    assert ba.prior_sensitivity(slopes_fit, at={"stigma": 1}).notes == (
        "Variance shares at stigma = 1.",
    )
    assert "averaged" in ba.prior_sensitivity(slopes_fit).notes[0]
    with pytest.raises(ba.ModelError):
        ba.prior_sensitivity(slopes_fit, at={"stgma": 1})


def test_a_share_that_does_not_exist_is_left_out_and_that_is_said(make_fit, clients):
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", clients, "student")
    fit = make_fit(model)
    posterior = fit.posterior.copy(deep=True)
    posterior["nu"][0, 0] = 1.5
    found = ba.prior_sensitivity(fit.with_group("posterior", posterior))
    assert "nu <= 2" in found.notes[0]
    assert not [row for row in found.table.index if row.startswith("share")]


@pytest.mark.parametrize(
    ("priors", "row", "diagnosis"),
    [
        ({"b[stigma]": "Normal(8, 0.5)"}, "b[stigma]", CONFLICT),
        ({"sd_case_manager": "HalfNormal(0.3)"}, "share[case_manager]", CONFLICT),
        ({}, "b[stigma]", FINE),
        ({}, "share[case_manager]", FINE),
    ],
)
def test_wrong_priors_are_caught_and_good_ones_are_not(clients, priors, row, diagnosis):
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", clients, priors=priors)
    found = ba.prior_sensitivity(ba.sample(model, seed=4))
    assert found.table.loc[row, "diagnosis"] == diagnosis
    assert (row in found.sentence) == (diagnosis != FINE)


def test_a_prior_that_decides_is_told_from_a_conflict(clients):
    """The slope of a predictor that hardly varies: the data cannot move its prior."""
    table = clients.assign(steady=1e-3 * np.random.default_rng(2).normal(size=len(clients)))
    model = ba.Model(
        "alliance ~ steady + (1 | case_manager)", table, priors={"b[steady]": "Normal(0, 1)"}
    )
    found = ba.prior_sensitivity(ba.sample(model, seed=4))
    assert found.table.loc["b[steady]", "diagnosis"] == STRONG
    assert "say little about b[steady]" in found.sentence


def test_large_data_take_fewer_draws_and_that_is_said(nested_fit, null_fit, monkeypatch):
    monkeypatch.setattr("bayes_alliance.checks.power_scaling._ROWS_TIMES_DRAWS", 320 * 2000)
    assert affordable(null_fit) is null_fit  # sums stand for its rows
    assert affordable(nested_fit).draws_in_all == 2000
    found = ba.prior_sensitivity(nested_fit)
    assert found.notes == ("On 2000 of 4000 draws, evenly spaced.",)
    assert found.draws.sizes["draw"] == 500


def test_unreliable_weights_are_seen():
    rng = np.random.default_rng(1)
    assert weight_tail(rng.normal(size=(4, 1000))) < 0.5
    # To the power 1.01 the weights have a Pareto tail with k = 1/0.8.
    assert weight_tail(100 * np.log1p(rng.pareto(0.8, size=(4, 1000)))) > 0.9


def test_constant_quantities_are_not_accused(slopes_fit):
    fixed = slopes_fit.posterior[["sigma"]] * 0 + 1.0
    table = power_scaling_table(fixed, scaled_densities(slopes_fit))
    assert list(table["diagnosis"]) == [FINE]


def test_too_few_draws_are_refused(make_fit, clients):
    model = ba.Model("alliance ~ 1 + (1 | case_manager)", clients)
    with pytest.raises(ba.SamplingError, match="20 draws"):
        ba.prior_sensitivity(make_fit(model, chains=2, draws=10))


def test_picture_shows_both_sensitivities(null_fit):
    found = ba.prior_sensitivity(null_fit)
    figure, axes = plt.subplots()
    assert found.plot(axes) is axes
    shown = [line.get_xdata() for line in axes.get_lines()[:2]]
    assert np.array_equal(shown[0], found.table["prior"])
    assert np.array_equal(shown[1], found.table["likelihood"])
    plt.close(figure)


def test_record_shows_itself(null_fit):
    found = ba.prior_sensitivity(null_fit)
    assert found.sentence in str(found)
    assert "share[case_manager]" in found._repr_html_()
