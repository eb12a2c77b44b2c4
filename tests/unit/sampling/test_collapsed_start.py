"""Starts and units come from the data: in the units of outcome and columns, level by level."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.kernels.signed_scales import signed_units
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.engines.collapsed.start import (
    measure,
    places_of_the_data,
    places_of_the_prior,
)


def table(*, outcome: float = 1.0, predictor: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    manager = np.repeat(np.arange(40), 4)
    agency = manager // 5
    x = rng.normal(size=160)
    y = rng.normal(size=8)[agency] + 2 * rng.normal(size=40)[manager] + rng.normal(size=160)
    return pd.DataFrame(
        {
            "y": outcome * y,
            "x": predictor * x,
            "agency": [f"a{k}" for k in agency],
            "manager": [f"m{k:02d}" for k in manager],
            "rater": [f"r{k}" for k in rng.integers(8, size=160)],
        }
    )


def measured(formula: str, data: pd.DataFrame):
    model = ba.Model(formula, data)
    problem, priors = collapsed_problem(model), variance_priors(model)
    return problem, priors, measure(problem, priors)


FORMULAS = {
    "one factor": "y ~ x + (1 + x | manager)",
    "eliminated slopes": "y ~ x + (1 | agency) + (1 + x | agency:manager)",
    "upper slopes": "y ~ x + (1 + x | agency) + (1 | agency:manager)",
    "both": "y ~ x + (1 + x | agency) + (1 + x | agency:manager)",
    "uncorrelated": "y ~ x + (1 + x || rater) + (1 | manager)",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_sizes_follow_the_units_of_the_data(name: str) -> None:
    """Ten times the outcome: ten times each sd; a column ten times as long: a tenth of its sd."""
    _, priors, plain = measured(FORMULAS[name], table())
    _, _, scaled = measured(FORMULAS[name], table(outcome=10.0, predictor=100.0))
    model = ba.Model(FORMULAS[name], table())
    by_effect = {"Intercept": 10.0, "x": 0.1}
    expected = [by_effect[e] for group in model.design.groups for e in group.effects]
    sds = priors.places[(priors.positive == 1) & (priors.places > 0)]
    np.testing.assert_allclose(scaled.resolution[sds] / plain.resolution[sds], expected, rtol=1e-9)
    ratio = np.exp(scaled.typical - plain.typical)[sds]
    np.testing.assert_allclose(ratio, expected, rtol=1e-9)
    assert scaled.typical[0] - plain.typical[0] == pytest.approx(np.log(10.0))


def sizes(formula: str, data: pd.DataFrame) -> list[tuple[int, float, bool]]:
    problem, _, _ = measured(formula, data)
    return [(part.groups, part.members, part.holds_groups) for part in problem.parts]


def test_a_factor_is_made_of_the_groups_directly_below_it() -> None:
    data = table()
    assert sizes("y ~ x + (1 | agency) + (1 | manager)", data) == [(8, 40, True), (40, 160, False)]
    assert sizes("y ~ x + (1 | rater) + (1 | manager)", data) == [(8, 160, False), (40, 160, False)]
    thrice = pd.concat([data.assign(client=range(160))] * 3)
    crossed = data.assign(team=data["agency"].str[1:].astype(int) * 3 + np.arange(160) % 3)
    both = sizes("y ~ x + (1 | agency) + (1 | team) + (1 | manager)", crossed)
    # Directly below an agency stand 24 teams and 40 managers: the fewer say less about it.
    assert both[0] == (8, 24, True)
    three = sizes("y ~ x + (1 | agency) + (1 | client) + (1 | manager)", thrice)
    assert three == [(8, 40, True), (160, 480, False), (40, 160, True)]


def test_what_upper_groups_can_tell_is_coarser_by_the_groups_they_hold() -> None:
    """Error of a mean of five managers, and of twenty rows beside them, each in its own unit."""
    problem, _, nested = measured("y ~ x + (1 | agency) + (1 | agency:manager)", table())
    _, _, crossed = measured("y ~ x + (1 | rater) + (1 | manager)", table())
    inner = problem.inner
    whole = inner.residual[-1, -1] + (inner.columns[:, -1] ** 2).sum()
    ratio = np.sqrt(whole / 160 / (inner.residual[-1, -1] / 120))
    assert nested.resolution[1] / crossed.resolution[1] == pytest.approx(2.0 * ratio, rel=1e-9)


def test_the_size_of_a_balanced_study_by_hand() -> None:
    """40 managers of 4 rows: four times the root of one standard error of a variance of zero."""
    _, _, size = measured("y ~ x + (1 | manager)", table())
    y = table()["y"].to_numpy().reshape(40, 4)
    within = np.sqrt(((y - y.mean(axis=1, keepdims=True)) ** 2).sum() / 120)
    assert np.exp(size.typical[0]) == pytest.approx(within, rel=1e-10)
    assert np.exp(size.typical[1]) == pytest.approx(within / 2, rel=1e-10)
    standard_error = within**2 / 4 * np.sqrt(2 / 40)
    assert size.resolution[1] == pytest.approx(4 * np.sqrt(standard_error), rel=1e-10)


def test_known_standard_errors_are_the_scale() -> None:
    data = table().assign(error=1.5)
    _, _, size = measured("y | se(error) ~ 1 + (1 | manager)", data)
    # Each row counts with its weight, so that its scale is 1.
    lengths = 1 / 1.5
    assert np.exp(size.typical[1]) == pytest.approx(0.5 / lengths, rel=1e-10)
    standard_error = 1 / lengths**2 / 4 * np.sqrt(2 / 40)
    assert size.resolution[1] == pytest.approx(4 * np.sqrt(standard_error), rel=1e-10)


@pytest.mark.parametrize(
    "formula", ["y ~ 1 + (1 + z | manager)", "y ~ 1 + (z | agency) + (1 | manager)"]
)
def test_a_column_of_zeros_starts_at_the_scale_of_the_outcome(formula: str) -> None:
    _, priors, size = measured(formula, table().assign(z=0.0))
    sds = priors.places[(priors.positive == 1) & (priors.places > 0)]
    np.testing.assert_allclose(size.typical[sds], size.typical[sds[0]])
    np.testing.assert_allclose(size.resolution[sds[1]], size.resolution[sds[0]])


def test_a_column_that_does_not_vary_keeps_its_length() -> None:
    problem, _, _ = measured("y ~ 1 + (1 + z | manager)", table().assign(z=3.0))
    np.testing.assert_allclose(problem.parts[0].lengths, np.sqrt(160) * np.array([1.0, 3.0]))


def test_a_slope_of_years_is_measured_from_their_mean() -> None:
    data = table()
    moved = data.assign(x=data["x"] + 2010.0)
    for name in FORMULAS:
        _, priors, plain = measured(FORMULAS[name], data)
        _, _, far = measured(FORMULAS[name], moved)
        sds = priors.places[(priors.positive == 1) & (priors.places > 0)]
        # Squares of 2010 hold six digits more than those of x.
        np.testing.assert_allclose(far.resolution[sds], plain.resolution[sds], rtol=1e-7)
        np.testing.assert_allclose(far.typical[sds], plain.typical[sds], rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("weighted", [False, True])
def test_effects_that_follow_every_row_leave_the_outcome_as_a_scale(weighted: bool) -> None:
    """Two occasions, intercept and slope: nothing is left within a person."""
    rng = np.random.default_rng(8)
    person, time = np.repeat(np.arange(30), 2), np.tile([0.0, 1.0], 30)
    y = 50.0 + 4.0 * rng.normal(size=30)[person] + rng.normal(size=60)
    data = pd.DataFrame({"y": y, "time": time, "person": person, "w": 1.0 + time * weighted})
    _, priors, size = measured("y | weights(w, precision) ~ time + (1 + time | person)", data)
    spread = np.sqrt((data["w"] * (y - np.average(y, weights=data["w"])) ** 2).mean())
    assert np.exp(size.typical[0]) == pytest.approx(spread, rel=0.2)
    sds = priors.places[(priors.positive == 1) & (priors.places > 0)]
    assert (size.resolution[sds] > spread / 4).all()


def test_lengths_of_columns_are_those_of_the_rows() -> None:
    data = table()
    problem, _, _ = measured(FORMULAS["both"], data)
    expected = [np.sqrt(160), np.linalg.norm(data["x"] - data["x"].mean())]
    for part in problem.parts:
        np.testing.assert_allclose(part.lengths, expected, rtol=1e-10)


def test_the_search_begins_at_the_scale_of_the_data_and_goes_on_from_the_prior() -> None:
    _, priors, size = measured(FORMULAS["one factor"], table())
    units = signed_units(priors, size.resolution)
    places = places_of_the_data(priors, units, size)
    rng = np.random.default_rng(3)
    places += places_of_the_prior(priors, units, size, rng)
    signed = units > 0
    assert signed.sum() == 2
    first = places[0]
    np.testing.assert_allclose(first[~signed], size.even[~signed])
    sds = np.log(units[signed] * np.sinh(first[signed]))
    np.testing.assert_allclose(sds, size.even[signed], atol=1e-12)
    # The columns of a default block are unrelated: both of the data's places are one.
    np.testing.assert_allclose(size.even, size.typical, atol=0.1)
    assert len(places) == 11
    assert all((place[signed] > 0).all() for place in places)
