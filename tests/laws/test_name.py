"""The law of names: a column works under any name, or is refused in words that have it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.model.spec import changed_model

# Role, its plain name, and a formula in which {0} is the column.
ROLES = {
    "predictor": ("x", "y ~ {0} * f + scale({0}) + I({0}**2) + within({0}, g) + (1 + {0} | g)"),
    "category": ("f", "y ~ {0} * x + (1 + {0} | g)"),
    "coded": ("g", "y ~ C({0}) + (1 | top)"),
    "group": ("g", "y ~ x + between(x, {0}) + (1 + x | {0})"),
    "nested": ("g", "y ~ x + (1 | top/{0})"),
    "outcome": ("y", "{0} ~ x + (1 | g)"),
    "weight": ("w", "y | weights({0}) ~ x + (1 | g)"),
}
HARD = [
    *("Intercept", "True", "False", "None", "sigma", "f[B]", "_x", "residual", "b", "row", "nu"),
    *("a space", "it's", 'say "id"', "do.t", ".", "x:z", "a/b", "top:g", "üñí", "日本", "x²", "1"),
    *("2x", "I", "C", "scale", "within", "offset", "np", "Sum", "weights", "sd_g", "u_g", "chain"),
    *("draw", "coefficient", "(x)", "x|g", "a~b", "x[0]", "-", "+x", "lambda", "g_effect", "mu"),
    *("$", "#", "%", "@", "?", ";", "a\\b", "a\tb", "{x}", "a,b", "=", "e\u0301", "🙂"),
]
COLUMNS = st.one_of(
    st.sampled_from(HARD),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="`\0"), min_size=1),
)


def table() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    rows = 36
    return pd.DataFrame(
        {
            "y": rng.normal(size=rows),
            "x": rng.normal(size=rows),
            "f": ["A", "B", "C"] * 12,
            "g": np.arange(rows) % 4,
            "top": ["s", "t", "u"] * 12,
            "w": np.arange(rows) % 2 + 1,
        }
    )


def under_another_name(differences, role: str, name: str) -> list[str]:
    """Return in what the model differs from the one with the plain name; nothing if refused."""
    plain, formula = ROLES[role]
    data = table()
    if name in data.columns:
        return []
    renamed = data.rename(columns={plain: name})
    try:
        model = ba.Model(formula.format(f"`{name}`"), renamed)
    except ba.AllianceError as refusal:
        return [] if name in str(refusal) else [f"refused without its name: {refusal}"]
    found = differences(ba.Model(formula.format(plain), data), model, labels=False)
    labels = model.design.coefficients
    return found if len(set(labels)) == len(labels) else [*found, "labels"]


@settings(max_examples=60)
@given(st.sampled_from(sorted(ROLES)), COLUMNS)
@example("predictor", "Intercept")
@example("predictor", "f[B]")
@example("category", "True")
@example("group", "top:g")
def test_a_column_works_under_any_name(differences, role, name):
    assert under_another_name(differences, role, name) == []


@pytest.mark.parametrize("name", ["_x", "True", "None", "False", "x.y", "日本"])
def test_these_need_no_backquotes(differences, name):
    data = table()
    plain = ba.Model("y ~ x * f + (1 + x | g)", data)
    bare = ba.Model(f"y ~ {name} * f + (1 + {name} | g)", data.rename(columns={"x": name}))
    assert differences(plain, bare, labels=False) == []
    assert bare.design.coefficients[1] == bare.design.groups[0].effects[1] == name


def test_truth_values_in_a_call_stay_what_they_are():
    data = table()
    model = ba.Model("y ~ bs(x, df=4, center=False) + (1 | g)", data)
    assert len(model.design.coefficients) > 4


def test_a_column_called_like_the_constant_is_refused():
    renamed = table().rename(columns={"x": names.INTERCEPT})
    for formula in ("y ~ Intercept + (1 | g)", "y ~ 0 + Intercept", "y ~ 1 + (Intercept | g)"):
        with pytest.raises(ba.DataError, match="has the predictor Intercept") as refused:
            ba.Model(formula, renamed)
        code = str(refused.value).partition("for example with ")[2].rstrip(".")
        better = eval(code, {"data": renamed})
        assert "intercept_score" in better.columns
        ba.Model(formula.replace("Intercept", "intercept_score"), better)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_name_that_is_no_text_is_refused_with_code_that_runs(role):
    plain, formula = ROLES[role]
    numbered = table().rename(columns={plain: 2020})
    with pytest.raises(ba.DataError, match="The formula needs the column 2020") as refused:
        ba.Model(formula.format("`2020`"), numbered)
    code = str(refused.value).partition("names: ")[2].rstrip(".")
    ba.Model(formula.format("`2020`"), eval(code, {"data": numbered}))


def test_labels_of_coefficients_are_unique():
    data = table().assign(**{"f[B]": np.arange(36.0), "x:f[B]": np.arange(36.0)})
    for formula in ("y ~ f + `f[B]`", "y ~ x * f + `x:f[B]`", "y ~ 1 + (f + `f[B]` | g)"):
        with pytest.raises(ba.DataError, match="label of its own"):
            ba.Model(formula, data)
    two = data.assign(f=pd.Categorical([1, "1", 2] * 12, categories=[2, 1, "1"]))
    with pytest.raises(ba.DataError, match=r"would be called f\[1\]"):
        ba.Model("y ~ f + (1 | g)", two)


def test_a_column_is_no_combination_of_others():
    data = table().assign(**{"top:g": np.arange(36) % 6})
    with pytest.raises(ba.DataError, match="and the combinations of top, g"):
        ba.Model("y ~ (1 | top:g) + (1 | `top:g`)", data)


def test_an_offender_is_caught(differences, monkeypatch):
    """Whoever knows the constant by its name alone takes a column of that name for it."""

    def careless(formula, data):
        names_swapped = data.rename(columns={"Intercept": "x"}) if "Intercept" in data else data
        model = honest(formula.replace("`Intercept`", "x"), names_swapped)
        if "Intercept" in data:
            design = model.design.with_location(X=np.ones_like(model.design.X))
            return changed_model(model, design=design)
        return model

    honest = ba.Model
    monkeypatch.setattr(ba, "Model", careless)
    assert "X" in under_another_name(differences, "predictor", "Intercept")
    assert under_another_name(differences, "predictor", "_x") == []
