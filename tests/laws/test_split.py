"""The law of the split: what the formula does not use changes nothing; two names, one group."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance.model import group_design, linear

FORMULAS = [
    "y ~ x * f + (1 + f | g)",
    "y ~ within(x, g) + between(x, g) + f + (1 | g)",
    "y ~ 0 + f + (1 | top/g)",
    "y ~ x + (1 | f) + (1 | g)",
]


def table(seed: int = 2, rows: int = 48) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    levels = ["low", "mid", "high"]
    return pd.DataFrame(
        {
            "y": rng.normal(size=rows),
            "x": rng.normal(size=rows),
            "f": pd.Categorical(np.resize(levels, rows), categories=levels),
            "g": pd.Categorical([f"P{k % 6}" for k in range(rows)]),
            "top": np.resize(["s", "t"], rows),
        }
    )


@st.composite
def beside(draw) -> pd.DataFrame:
    """The same table with levels nobody has and columns that no formula names."""
    data = table()
    for name in ("f", "g"):
        unused = draw(st.lists(st.text(min_size=1, max_size=4), max_size=3, unique=True))
        own = data[name].cat.categories.tolist()
        new = [level for level in unused if level not in own]
        places = [draw(st.integers(0, len(own))) for _ in new]
        for place, level in zip(places, new, strict=True):
            own.insert(place, level)
        data[name] = data[name].cat.set_categories(own)
    data["constant"] = draw(st.sampled_from([1, 0.0, "a", None, np.inf]))
    data["Intercept"] = np.arange(len(data))
    data["gaps"] = [None, 1.0] * 24
    data["twice"] = data["g"]
    return data[draw(st.permutations(list(data.columns)))]


@settings(max_examples=25)
@given(beside(), st.sampled_from(FORMULAS))
def test_what_is_not_used_changes_nothing(differences, data, formula):
    assert differences(ba.Model(formula, table()), ba.Model(formula, data)) == []


@pytest.mark.parametrize(
    ("formula", "named"),
    [
        ("y ~ x + (1 | g) + (1 | twin)", ("g", "twin")),
        ("y ~ 1 + (1 | g) + (0 + x | twin)", ("g", "twin")),
        ("y ~ 1 + (1 | twin/g)", ("twin", "twin:g")),
        ("y ~ 1 + (1 | top) + (1 | g) + (1 | g:twin)", ("g", "g:twin")),
    ],
)
def test_two_names_of_the_same_groups_are_refused(formula, named):
    data = table()
    data["twin"] = data["g"].cat.codes * 100
    with pytest.raises(ba.DataError) as refused:
        ba.Model(formula, data)
    assert f"of {named[0]} and of {named[1]}" in str(refused.value)
    assert refused.value.facts["groups"] == list(named)


def test_groups_that_differ_in_one_row_are_two_factors():
    data = table()
    data["twin"] = data["g"].cat.codes * 100
    data.loc[0, "twin"] = 100
    assert ba.Model("y ~ x + (1 | g) + (1 | twin)", data).groups == ("g", "twin")


def test_offenders_are_caught(differences, monkeypatch):
    """Levels nobody has make columns of zeros; the same groups twice make a model."""
    data = table()
    data["f"] = data["f"].cat.set_categories(["never", "low", "mid", "high"])
    honest = ba.Model(FORMULAS[0], table())
    monkeypatch.setattr(linear, "prepared", _with_all_levels)
    assert "coefficients" in differences(honest, ba.Model(FORMULAS[0], data))
    monkeypatch.setattr(group_design, "_check_different", lambda groups: None)
    data["twin"] = data["g"]
    assert ba.Model("y ~ x + (1 | g) + (1 | twin)", data).groups == ("g", "twin")


def _with_all_levels(rows, ids=()):
    levels = rows.select_dtypes("category").columns
    return rows.assign(**{name: rows[name].cat.as_ordered() for name in levels})
