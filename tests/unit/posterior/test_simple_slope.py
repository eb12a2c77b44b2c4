"""Simple slopes against the coefficients they are made of, and regions against brute force."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.errors import ModelError, SamplingError
from bayes_alliance.posterior.moderation.simple_slope import slope_bounds, slope_region
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.fit import Fit

MakeFit = Callable[..., Fit]
WITHIN, BETWEEN = "within(stigma, case_manager)", "between(stigma, case_manager)"
# Derivatives are differences over a ten-thousandth of an sd, which costs a few digits.
NEAR = 1e-7


def study() -> pd.DataFrame:
    table = ba.load_example("simulated_study")
    load = table.groupby("case_manager")["stigma"].transform("size").astype(float)
    rng = np.random.default_rng(3)
    return table.assign(caseload=load, age=rng.normal(45, 12, size=len(table)))


def fit_of(make_fit: MakeFit, predictors: str) -> Fit:
    return make_fit(ba.Model(f"alliance ~ {predictors} + (1 | case_manager)", study()))


def drawn(fit: Fit, label: str) -> np.ndarray:
    return fit.posterior["b"].sel(coefficient=label).to_numpy()


def near(found: object, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=NEAR, atol=NEAR * np.abs(expected).max())


def test_a_slope_is_the_coefficient_plus_the_product_times_the_moderator(
    make_fit: MakeFit,
) -> None:
    fit = fit_of(make_fit, "stigma * caseload")
    found = ba.simple_slopes(fit, "stigma", by="caseload")
    load = study()["caseload"]
    values = [load.mean() - load.std(), load.mean(), load.mean() + load.std()]
    np.testing.assert_allclose(found.table.index, values)
    assert found.table["where"].tolist() == ["mean - 1 sd", "mean", "mean + 1 sd"]
    main, product = drawn(fit, "stigma"), drawn(fit, "stigma:caseload")
    plain = main[..., None] + product[..., None] * np.array(values)
    near(found.draws["slope"], plain)
    near(found.table["mean"], plain.mean(axis=(0, 1)))
    near(found.table["upper"], np.quantile(plain, 0.975, axis=(0, 1)))
    above = (plain > 0).mean(axis=(0, 1))
    np.testing.assert_allclose(
        found.table["probability_of_direction"], np.maximum(above, 1 - above)
    )
    other = ba.simple_slopes(fit, "caseload", by="stigma", values=[0.0, 1.5])
    first = drawn(fit, "caseload")
    near(other.draws["slope"], first[..., None] + product[..., None] * np.array([0.0, 1.5]))
    assert "where" not in other.table


def test_categories_each_have_their_slope(make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, "stigma * setting")
    found = ba.simple_slopes(fit, "stigma", by="setting")
    main, more = drawn(fit, "stigma"), drawn(fit, "stigma:setting[community]")
    assert found.table.index.tolist() == ["clinic", "community"]
    near(found.draws["slope"], np.stack([main, main + more], axis=-1))
    assert found.curve is None
    assert found.region is None
    one = ba.simple_slopes(fit, "stigma", by="setting", values=["community"])
    near(one.draws["slope"][..., 0], main + more)


def test_a_moderator_of_two_numbers_is_looked_at_where_it_was_observed(make_fit: MakeFit) -> None:
    """There is no client between 0 and 1, nor one sd below 0: no such slope, curve or region."""
    table = study().assign(home=lambda t: (t["setting"] == "community").astype(int))
    fit = make_fit(ba.Model("alliance ~ stigma * home + (1 | case_manager)", table))
    found = ba.simple_slopes(fit, "stigma", by="home")
    assert found.table.index.tolist() == [0, 1]
    assert "where" not in found.table
    main, product = drawn(fit, "stigma"), drawn(fit, "stigma:home")
    near(found.draws["slope"], np.stack([main, main + product], axis=-1))
    assert " at home = 0; " in found.sentence
    assert found.sentence.endswith(" at home = 1.")
    assert (found.curve, found.region, found.observed) == (None, None, None)
    labels = [text.get_text() for text in found.plot().get_yticklabels()]
    assert labels == ["home: 0", "home: 1"]
    stated = ba.simple_slopes(fit, "stigma", by="home", values=[0.5])
    near(stated.draws["slope"][..., 0], main + product / 2)


def test_a_third_variable_is_where_it_is_stated_or_typical(make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, "stigma * caseload + stigma * age + stigma * setting")
    main, age = drawn(fit, "stigma"), drawn(fit, "stigma:age")
    load, ward = drawn(fit, "stigma:caseload"), drawn(fit, "stigma:setting[community]")
    table = study()
    assert table["setting"].mode().item() == "community"
    found = ba.simple_slopes(fit, "stigma", by="caseload", values=[4.0])
    near(found.draws["slope"][..., 0], main + 4 * load + table["age"].mean() * age + ward)
    at = {"age": 30, "setting": "clinic"}
    found = ba.simple_slopes(fit, "stigma", by="caseload", values=[4.0], at=at)
    near(found.draws["slope"][..., 0], main + 4 * load + 30 * age)


@pytest.mark.parametrize("predictor", ["stigma", WITHIN])
def test_a_centred_slope_depends_on_the_mean_of_the_group(
    make_fit: MakeFit, predictor: str
) -> None:
    fit = fit_of(make_fit, f"{WITHIN} * {BETWEEN}")
    found = ba.simple_slopes(fit, predictor, by=BETWEEN, values=[-0.5, 0.0, 2.0])
    main, product = drawn(fit, WITHIN), drawn(fit, f"{WITHIN}:{BETWEEN}")
    near(found.draws["slope"], main[..., None] + product[..., None] * np.array([-0.5, 0.0, 2.0]))
    assert not any("depends on" in note for note in found.notes)


def test_the_slope_of_a_mean_depends_on_the_deviation_from_it(make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, f"{WITHIN} * {BETWEEN}")
    found = ba.simple_slopes(fit, BETWEEN, by=WITHIN, values=[-1.0, 0.5])
    main, product = drawn(fit, BETWEEN), drawn(fit, f"{WITHIN}:{BETWEEN}")
    near(found.draws["slope"], main[..., None] + product[..., None] * np.array([-1.0, 0.5]))


def test_a_cross_level_interaction_with_a_column_of_groups(make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, f"{WITHIN} * caseload + {BETWEEN}")
    main, product = drawn(fit, WITHIN), drawn(fit, f"{WITHIN}:caseload")
    plain = main[..., None] + product[..., None] * np.array([3.0, 8.0])
    for predictor in ("stigma", WITHIN):
        found = ba.simple_slopes(fit, predictor, by="caseload", values=[3, 8])
        near(found.draws["slope"], plain)
    swapped = ba.simple_slopes(fit, "caseload", by=WITHIN, values=[-1, 1])
    own = drawn(fit, "caseload")
    near(swapped.draws["slope"], own[..., None] + product[..., None] * np.array([-1, 1]))


def test_two_centred_predictors_moderate_each_other(make_fit: MakeFit) -> None:
    months = "within(months_in_care, case_manager)"
    fit = fit_of(make_fit, f"{WITHIN} * {months}")
    main, product = drawn(fit, WITHIN), drawn(fit, f"{WITHIN}:{months}")
    found = ba.simple_slopes(fit, WITHIN, by=months)
    spread = study()["months_in_care"]
    spread = spread - spread.groupby(study()["case_manager"]).transform("mean")
    values = np.array([-1.0, 0.0, 1.0]) * spread.std()
    near(found.draws["slope"], main[..., None] + product[..., None] * values)


def test_a_scaled_predictor_has_the_slope_of_its_own_unit(make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, "scale(stigma) * scale(caseload)")
    table = study()
    load = (6.0 - table["caseload"].mean()) / table["caseload"].std()
    main, product = drawn(fit, "scale(stigma)"), drawn(fit, "scale(stigma):scale(caseload)")
    found = ba.simple_slopes(fit, "stigma", by="caseload", values=[6.0])
    near(found.draws["slope"][..., 0], (main + load * product) / table["stigma"].std())


def test_a_curve_has_the_slope_of_the_stated_place_and_says_so(make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, "age * stigma + log(age)")
    main, product = drawn(fit, "age"), drawn(fit, "age:stigma")
    log = drawn(fit, "log(age)")
    mean = study()["age"].mean()
    found = ba.simple_slopes(fit, "age", by="stigma", values=[1.0])
    near(found.draws["slope"][..., 0], main + product + log / mean)
    assert f"where age is {mean:g}, its mean" in found.notes[-1]
    stated = ba.simple_slopes(fit, "age", by="stigma", values=[1.0], at={"age": 20})
    near(stated.draws["slope"][..., 0], main + product + log / 20)
    assert "where age is 20, as stated" in stated.notes[-1]


def test_a_curve_is_looked_at_along_itself(make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, "stigma + I(stigma**2)")
    labels = fit.model.design.coefficients
    main, square = drawn(fit, "stigma"), drawn(fit, labels[2])
    found = ba.simple_slopes(fit, "stigma", by="stigma", values=[-1.0, 1.0])
    near(found.draws["slope"], np.stack([main - 2 * square, main + 2 * square], axis=-1))


def normal_region(fit: Fit, main: tuple[float, float], product: tuple[float, float]) -> Fit:
    """Give the two coefficients normal draws of stated means and sds."""
    rng = np.random.default_rng(12)
    posterior = fit.posterior
    arrays = {name: posterior[name].to_numpy().copy() for name in posterior.data_vars}
    shape = arrays["b"].shape[:2]
    labels = list(fit.model.design.coefficients)
    for label, (mean, sd) in {"stigma": main, "stigma:age": product}.items():
        arrays["b"][..., labels.index(label)] = mean + sd * rng.normal(size=shape)
    return fit.with_group(names.POSTERIOR, draws_dataset(fit.model, arrays))


@pytest.fixture(scope="module")
def aged_fit(make_fit: MakeFit) -> Fit:
    return make_fit(ba.Model("alliance ~ stigma * age + (1 | case_manager)", study()), draws=5000)


def test_the_region_is_that_of_johnson_and_neyman(aged_fit: Fit) -> None:
    """For independent normal coefficients its ends are the roots of a quadratic."""
    (a, s), (c, t) = (-4.0, 0.6), (0.1, 0.012)
    fit = normal_region(aged_fit, (a, s), (c, t))
    found = ba.simple_slopes(fit, "stigma", by="age")
    z = 1.959964
    quadratic = [c**2 - z**2 * t**2, 2 * a * c, a**2 - z**2 * s**2]
    low, high = sorted(np.roots(quadratic).real)
    ages = study()["age"]
    assert found.region is not None
    assert found.region["sign"].tolist() == [-1, 1]
    assert found.region["from"][0] == ages.min()
    assert found.region["to"][1] == ages.max()
    # 20,000 draws: the 2.5% quantile of a slope has a Monte Carlo error of 0.019 of its sd; with a
    # slope of 0.1 a year and sds of at most 0.9, four of them are 0.7 years.
    assert found.region["to"][0] == pytest.approx(low, abs=0.7)
    assert found.region["from"][1] == pytest.approx(high, abs=0.7)


def test_at_the_ends_of_a_region_a_bound_is_zero(aged_fit: Fit) -> None:
    fit = normal_region(aged_fit, (-4.0, 0.6), (0.1, 0.012))
    found = ba.simple_slopes(fit, "stigma", by="age", prob=0.8)
    assert found.region is not None
    main, product = drawn(fit, "stigma"), drawn(fit, "stigma:age")
    below, above = found.region["to"][0], found.region["from"][1]
    scale = np.abs(main).max()
    assert abs(np.quantile(main + product * below, 0.9)) < NEAR * scale
    assert abs(np.quantile(main + product * above, 0.1)) < NEAR * scale
    assert found.curve is not None
    inside = (found.curve["value"] < below) | (found.curve["value"] > above)
    away = (found.curve["lower"] > 0) | (found.curve["upper"] < 0)
    assert (inside == away).all()


def test_whole_values_of_the_moderator_are_written_as_such(aged_fit: Fit) -> None:
    said = ba.simple_slopes(aged_fit, "stigma", by="age", values=[30.0, 40.5]).sentence
    assert "at age = 30; " in said
    assert "at age = 40.5. " in said


def test_no_region_and_a_whole_one(aged_fit: Fit) -> None:
    nowhere = ba.simple_slopes(normal_region(aged_fit, (0, 2.0), (0, 0.02)), "stigma", by="age")
    assert nowhere.region is not None
    assert len(nowhere.region) == 0
    assert "Nowhere in the observed range of age" in nowhere.sentence
    whole = ba.simple_slopes(normal_region(aged_fit, (9, 0.5), (0.01, 0.001)), "stigma", by="age")
    ages = study()["age"]
    assert whole.region is not None
    assert whole.region.to_numpy().tolist() == [[ages.min(), ages.max(), 1]]
    assert "lies above 0 where age is" in whole.sentence


def test_a_region_may_be_in_pieces() -> None:
    """The slope is 1 - w^2 in every draw but for noise: above zero within, below outside."""
    rng = np.random.default_rng(4)
    b = np.column_stack([1 + 0.1 * rng.normal(size=500), -1 + 0.1 * rng.normal(size=500)])
    grid = np.linspace(-2, 2, 801)
    columns = np.column_stack([np.ones(801), grid**2])
    found = slope_region(b, grid, columns, 0.95)
    assert found["sign"].tolist() == [-1, 1, -1]
    fine = np.linspace(-2, 2, 8001)
    lower, upper = slope_bounds(b, np.column_stack([np.ones(8001), fine**2]), 0.95)
    flags = np.where(lower > 0, 1, np.where(upper < 0, -1, 0))
    turns = fine[1:][np.diff(flags) != 0]
    ends = [found["to"][0], found["from"][1], found["to"][1], found["from"][2]]
    # The finer grid is 0.0005 wide; straight lines between the points of the other cost 1e-5.
    np.testing.assert_allclose(ends, turns, atol=6e-4)


def test_narrow_stretches_at_one_point_of_the_grid_have_both_ends() -> None:
    b = np.column_stack([0.01 + 0.001 * np.random.default_rng(5).normal(size=4000), -np.ones(4000)])
    grid = np.linspace(-1, 1, 21)
    found = slope_region(b, grid, np.column_stack([np.ones(21), np.abs(grid)]), 0.95)
    assert found["sign"].tolist() == [-1, 1, -1]
    assert found["from"][1] == pytest.approx(-found["to"][1])
    assert 0 < found["to"][1] < 0.01


def test_only_the_population_slope_is_shown_and_said(make_fit: MakeFit) -> None:
    table = study()
    model = ba.Model("alliance ~ stigma * caseload + (1 + stigma | case_manager)", table)
    found = ba.simple_slopes(make_fit(model), "stigma", by="caseload")
    assert any("an average group's" in note for note in found.notes)
    fixed = ba.simple_slopes(fit_of(make_fit, "stigma * caseload"), "stigma", by="caseload")
    assert not any("average group" in note for note in fixed.notes)


def test_a_link_is_named(make_fit: MakeFit) -> None:
    table = study().assign(well=lambda t: (t["alliance"] > 58).astype(int))
    fit = make_fit(ba.Model("well ~ stigma * age + (1 | case_manager)", table, "bernoulli"))
    assert "well (logit scale)" in ba.simple_slopes(fit, "stigma", by="age").sentence


def test_the_record_shows_itself(aged_fit: Fit, make_fit: MakeFit) -> None:
    import matplotlib.pyplot as plt

    fit = normal_region(aged_fit, (-4.0, 0.6), (0.1, 0.012))
    found = ba.simple_slopes(fit, "stigma", by="age", prob=0.9)
    _, axes = plt.subplots()
    assert found.plot(axes) is axes
    assert "leaves out 0" in axes.get_xlabel()
    assert "change in alliance per unit" in axes.get_ylabel()
    assert found.region is not None
    shaded = [patch for patch in axes.patches if patch.get_alpha() == 0.12]
    assert len(shaded) == len(found.region) == 2
    assert "Slope of stigma by age" in str(found)
    assert "lies below 0 where age is" in str(found)
    assert "<table" in found._repr_html_()
    row = found.table.iloc[0]
    assert f"(90% interval {row['lower']:.3g}" in found.sentence
    levels = ba.simple_slopes(fit_of(make_fit, "stigma * setting"), "stigma", by="setting")
    labels = [tick.get_text() for tick in levels.plot().get_yticklabels()]
    assert labels == ["setting: clinic", "setting: community"]
    assert "at setting = clinic" in levels.sentence
    plt.close("all")


@pytest.mark.parametrize(
    ("predictors", "asked", "message"),
    [
        ("stigma + caseload", {"by": "caseload"}, "the same at all values of caseload"),
        ("stigma * age", {"by": "caseload"}, "do not use caseload"),
        ("stigma * age", {"by": "agee"}, "Did you mean 'age'"),
        ("stigma * age", {"by": "age", "values": [np.nan]}, "finite numbers"),
        ("stigma * age", {"by": "age", "values": []}, "finite numbers"),
        ("stigma * age", {"by": "age", "at": {"caseload": 3}}, "which the predictors do not use"),
        ("stigma * setting", {"by": "setting", "values": ["ward"]}, "setting is never ward"),
        ("stigma * age", {"by": "age", "prob": 1.5}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    make_fit: MakeFit, predictors: str, asked: dict[str, object], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        ba.simple_slopes(fit_of(make_fit, predictors), "stigma", **asked)


def test_categories_have_no_slope(make_fit: MakeFit) -> None:
    with pytest.raises(ModelError, match="setting has categories, clinic, community"):
        ba.simple_slopes(fit_of(make_fit, "stigma * setting"), "setting", by="stigma")


def test_a_fit_without_rows_says_so(tmp_path: Path, make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, "stigma * age")
    bare = ba.load_fit(fit.save(tmp_path / "bare.fit", data=False))
    with pytest.raises(SamplingError, match="saved without"):
        ba.simple_slopes(bare, "stigma", by="age")
