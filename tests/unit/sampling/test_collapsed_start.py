"""Starts and units come from the data: in the units of outcome and columns, level by level."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.sampling.engines.collapsed_priors import variance_priors
from bayes_alliance.sampling.engines.collapsed_problem import collapsed_problem
from bayes_alliance.sampling.engines.collapsed_start import measure, start_places


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


def test_only_groups_that_hold_the_largest_factors_groups_are_upper() -> None:
    nested, _, _ = measured("y ~ x + (1 | agency) + (1 | agency:manager)", table())
    assert [(p.groups, p.holds_groups) for p in nested.parts] == [(8, True), (40, False)]
    crossed, _, _ = measured("y ~ x + (1 | rater) + (1 | manager)", table())
    assert [(p.groups, p.holds_groups) for p in crossed.parts] == [(8, False), (40, False)]


def test_what_upper_groups_can_tell_is_coarser_by_the_groups_they_hold() -> None:
    _, _, nested = measured("y ~ x + (1 | agency) + (1 | agency:manager)", table())
    _, _, crossed = measured("y ~ x + (1 | rater) + (1 | manager)", table())
    assert nested.resolution[1] > 3 * crossed.resolution[1]


def test_lengths_of_columns_are_those_of_the_rows() -> None:
    data = table()
    problem, _, _ = measured(FORMULAS["both"], data)
    centred = data["x"] - data["x"].mean()
    upper, lower = (part.lengths for part in problem.parts)
    np.testing.assert_allclose(upper, [np.sqrt(160), np.linalg.norm(data["x"])], rtol=1e-10)
    np.testing.assert_allclose(lower[0], np.sqrt(160), rtol=1e-10)
    assert np.linalg.norm(centred) <= lower[1] * (1 + 1e-10)


def test_starts_lie_within_half_of_the_typical_logarithms() -> None:
    _, priors, size = measured(FORMULAS["one factor"], table())
    units = np.where(size.resolution != 1.0, size.resolution, 0.0)
    place = start_places(priors, units, size.typical)(3)
    signed = units > 0
    assert signed.sum() == 2
    theta = np.where(signed, np.log(np.where(signed, units, 1.0) * np.sinh(np.abs(place))), place)
    assert (np.abs(theta - size.typical) <= 0.5 + 1e-12).all()
    assert (place[signed] > 0).all()
