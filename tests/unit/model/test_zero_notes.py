"""What is said where an answer depends on a zero that no row is near; silence elsewhere."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.model.spec import Model

CODES = {"zero_decides", "groups_alike_at_zero", "uncorrelated_at_zero", "prior_at_zero"}


@pytest.fixture
def years() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = 60
    return pd.DataFrame(
        {
            "year": rng.integers(2010, 2021, size=rows),
            "age": rng.integers(25, 66, size=rows),
            "score": np.round(rng.normal(size=rows), 2),
            "arm": np.tile([0, 1], rows // 2),
            "kind": np.tile(["home", "ward", "clinic"], rows // 3),
            "g": np.repeat(list("abcdefghijkl"), rows // 12),
            "y": rng.normal(50, 3, size=rows),
            "rating": np.tile([1, 2, 3], rows // 3),
        }
    )


def found(model):
    notes = [note for note in model.data_report.notes if note.code in CODES]
    assert all(note.level == "caution" for note in notes)
    return [(note.code, *note.columns) for note in notes]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ 0 + year", [("zero_decides", "year")]),
        ("y ~ year:age", [("zero_decides", "year"), ("zero_decides", "age")]),
        ("y ~ year + year:age", [("zero_decides", "year")]),
        ("y ~ year + year:arm", [("zero_decides", "year")]),
        ("y ~ I(year**2)", [("zero_decides", "year")]),
        ("y ~ 1 + kind:year", [("zero_decides", "year")]),
        ("y ~ year + (0 + year | g)", [("groups_alike_at_zero", "year")]),
        ("y ~ year + (1 + year || g)", [("uncorrelated_at_zero", "year")]),
        ("y ~ year + (1 | g) + (0 + year | g)", [("uncorrelated_at_zero", "year")]),
        ("rating ~ year:score", [("zero_decides", "year")]),
    ],
)
def test_what_hangs_on_a_far_zero_is_said(formula, expected, years):
    family = "cumulative" if formula.startswith("rating") else "gaussian"
    assert found(Model(formula, years, family)) == expected


@pytest.mark.parametrize(
    "formula",
    [
        # Closed under a shift.
        "y ~ year*age + I(year**2) + (1 + year | g)",
        "y ~ kind*year + (1 + year*age | g)",
        "y ~ 0 + kind + kind:year + (0 + kind + kind:year | g)",
        "y ~ center(year) + I(year**2)",
        "y ~ poly(year, 2) + bs(age, df=4)",
        "rating ~ year*age",
        # Zero is near, or is what one value means.
        "y ~ 0 + score",
        "y ~ score:arm + (1 + score || g)",
        "y ~ arm:score + (1 + arm || g)",
        "y ~ I(year - 2015):score + score + (1 + I(year - 2015) || g)",
        "y ~ center(year):score + score + (1 + center(year) || g)",
        "y ~ scale(year):scale(age) + (0 + scale(year) | g)",
        # A logarithm has a zero of its own.
        "y ~ log(age) + (1 + log(age) || g)",
    ],
)
def test_nobody_is_bothered_without_need(formula, years):
    family = "cumulative" if formula.startswith("rating") else "gaussian"
    assert found(Model(formula, years, family)) == []


def test_priors_of_a_block_as_written(years):
    formula = "y ~ year + (1 + year | g)"
    written = Model(formula, years, priors={"sd_g[year]": "HalfNormal(1)"})
    assert found(written) == [("prior_at_zero", "year")]
    (note,) = [n for n in written.data_report.notes if n.code == "prior_at_zero"]
    assert 'Write "HalfNormal(1) at the means"' in note.text
    assert "where year is 0, far from the rows (2010 to 2020)" in note.text
    for priors in ({"sd_g[year]": "HalfNormal(1) at the means"}, {"b[year]": "Normal(0, 1)"}):
        assert found(Model(formula, years, priors=priors)) == []
    near = years.assign(year=years["year"] - 2015)
    assert found(Model(formula, near, priors={"sd_g[year]": "HalfNormal(1)"})) == []


@pytest.mark.parametrize("distance", [10.0, 300.0, 10_000.0])
def test_near_or_very_far_the_words_are_the_same(distance, years):
    spread = years["score"].std()
    far = years.assign(score=years["score"] + distance * spread)
    assert found(Model("y ~ I(score**2) + score + (1 + score | g)", far)) == []
    assert found(Model("y ~ I(score**2) + (1 + score || g)", far)) == [
        ("zero_decides", "score"),
        ("uncorrelated_at_zero", "score"),
    ]


def test_words_name_what_is_missing(years):
    (note,) = [n for n in Model("y ~ 0 + year", years).data_report.notes if n.code in CODES]
    assert note.text == (
        "The model is tied to the point where year is 0, far from the rows (2010 to 2020): year "
        "stands without the simpler terms that belong to it, so another zero would give another "
        "answer. Add these (the constant, the predictors of a product, the first power beside a "
        "square), or use center(year)."
    )


@pytest.mark.parametrize(
    ("formula", "priors", "key"),
    [
        ("y ~ year", {"b[Intercept]": "Normal(50, 10)"}, "b[Intercept]"),
        ("y ~ year + (1 | g)", {"b[Intercept]": "StudentT(4, 50, 9)"}, "b[Intercept]"),
        ("y ~ score*year", {"b[score]": "Normal(0, 5)"}, "b[score]"),
        ("y ~ year + I(year**2)", {"b[year]": "Normal(0, 5)"}, "b[year]"),
        ("rating ~ year", {"cutpoint": "Normal(0, 5)"}, "cutpoint"),
    ],
)
def test_a_prior_as_written_on_what_a_far_zero_decides_is_said(formula, priors, key, years):
    family = "cumulative" if formula.startswith("rating") else "gaussian"
    model = Model(formula, years, family, priors=priors)
    (note,) = [note for note in model.data_report.notes if note.code == "prior_at_zero"]
    assert f"for {key}" in note.text
    assert 'at the means"' in note.text
    assert "center(year)" in note.text
    moved = {k: f"{prior} at the means" for k, prior in priors.items() if "Normal" in prior}
    if not moved:  # a coefficient takes no other prior there
        assert "Normal(location, sd) at the means" in note.text
        return
    assert found(Model(formula, years, family, priors=moved)) == []


@pytest.mark.parametrize(
    ("formula", "priors"),
    [
        ("y ~ year", {"b[year]": "Normal(0, 5)"}),
        ("y ~ score*year", {"b[score:year]": "Normal(0, 5)"}),
        ("y ~ score", {"b[Intercept]": "Normal(50, 10)"}),
        ("y ~ center(year)", {"b[Intercept]": "Normal(50, 10)"}),
        ("y ~ kind*score + year", {"b[score]": "Normal(0, 5)"}),
    ],
)
def test_a_prior_on_what_no_far_zero_decides_is_let_alone(formula, priors, years):
    assert found(Model(formula, years, priors=priors)) == []
