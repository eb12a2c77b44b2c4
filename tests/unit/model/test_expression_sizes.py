"""Numbers that would take the machine are refused at once, and those that models need are not."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.model import group_design


@pytest.fixture(scope="module")
def study() -> pd.DataFrame:
    return ba.load_example("simulated_study")


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("I(10**100000000 * stigma)", "the exponent 100000000"),
        ("I(10**(10**9) * stigma)", "a number that has no end"),
        ("I(9**9**9**9 * stigma)", "a number that has no end"),
        ("I(2**(90 * 90) * stigma)", "a number that has no end"),
        ("I(stigma**101)", "the exponent 101"),
        ("(stigma + setting)**100000000", "the exponent 100000000"),
        ("bs(stigma, df=10**8)", "1e+08 columns of bs()"),
        ("bs(stigma, 501)", "501 columns of bs()"),
        ("cr(stigma, df=1000)", "1000 columns of cr()"),
        ("poly(stigma, 100000)", "100000 columns of poly()"),
        ("scale(poly(stigma, degree=100000))", "100000 columns of poly()"),
        ("poly(stigma, 0)", "0 columns of poly()"),
        ("I(stigma * " + "9" * 400 + ")", "a number that has no end"),
        ("I(stigma**" + "9" * 400 + ")", "the exponent of many digits"),
        ("(" * 10_000 + "stigma" + ")" * 10_000, "More than 20 brackets"),
        ("log(" * 10_000 + "stigma" + ")" * 10_000, "More than 20 brackets"),
        ("I(" + "-" * 5000 + "stigma)", "21 brackets or signs in one another"),
        ("I(" + " + ".join(["stigma"] * 102) + ")", "101 signs in one function"),
        ("stigma + " * 1_200_000 + "1", "the most there may be is 500,000"),
        ("`" + "n" * 10_000_000 + "`", "the most there may be is 500,000"),
        ("`" + "n" * 100_000 + "`", "The formula needs the column"),
        ("stigma*" * 29 + "setting", "8,191 or more terms"),
        ("stigma:" * 10_000 + "setting", "more than 2 to the power of 30 terms"),
        ("(" + " + ".join(f"x{k}" for k in range(30)) + ")**20", "1,050,777,736 or more terms"),
        (" + ".join(f"x{k}" for k in range(5001)), "5,001 or more terms"),
    ],
)
def test_what_would_take_the_machine_is_refused_at_once(study, term, found):
    started = time.perf_counter()
    with pytest.raises((ModelError, DataError)) as caught:
        ba.Model(f"alliance ~ {term} + (1 | case_manager)", study)
    assert time.perf_counter() - started < 10.0
    assert found in str(caught.value)
    assert len(str(caught.value)) < 2500


@pytest.mark.parametrize(
    "term",
    [
        "I(stigma**3)", "I(2**10 * stigma)", "I((stigma + 5)**-2)", "bs(stigma, df=8)",
        "poly(stigma, 3)", "(stigma + setting)**2", "I(10**6 * stigma)",
        "(" * 18 + "stigma" + ")" * 18, "I(" + " + ".join(["stigma"] * 101) + ")",
        "stigma + " * 4000 + "setting",
    ],
)  # fmt: skip
def test_what_models_need_is_not(study, term):
    assert ba.Model(f"alliance ~ {term}", study).design.coefficients


def test_a_received_formula_of_any_length_is_quoted_in_part(study):
    formula = "alliance ~ " + " + ".join(f"I(stigma**{k})" for k in range(101, 400))
    with pytest.raises(ModelError) as caught:
        ba.Model(formula, study)
    assert len(str(caught.value)) < 500


def wide(columns: int, rows: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    named = {f"x{k}": rng.normal(size=rows) for k in range(columns)}
    words = {name: rng.choice(list("abcdefghij"), rows) for name in "abcdefgh"}
    return pd.DataFrame({"y": rng.normal(size=rows), "g": np.arange(rows) % 5, **named, **words})


@pytest.mark.parametrize("predictors", [600, pytest.param(2500, marks=pytest.mark.slow)])
def test_hundreds_of_predictors_are_read_without_recursion(predictors):
    table = wide(predictors)
    formula = "y ~ " + " + ".join(f"x{k}" for k in range(predictors)) + " + (1 | g)"
    model = ba.Model(formula, table)
    assert model.design.coefficients == ("Intercept", *(f"x{k}" for k in range(predictors)))
    assert np.array_equal(model.design.X[:, -1], table[f"x{predictors - 1}"])


def test_columns_are_counted_before_they_are_made():
    table = wide(1, rows=1000)
    with pytest.raises(ModelError) as caught:
        ba.Model("y ~ a*b*c*d*e*f*g*h", table)
    found = str(caught.value)
    assert "It makes about 214,358,881 columns, 100,000,000 of them by a:b:c:d:e:f:g:h" in found
    assert "takes 1,715 GB or more" in found
    assert caught.value.facts["columns"] == 11**8  # ten levels of each, or none
    with pytest.raises(ModelError, match="about 3,001 columns"):
        ba.Model("y ~ C(n)", pd.DataFrame({"n": range(3000), "y": np.arange(3000) % 7.0}))


def test_an_interaction_of_many_columns_is_refused_by_name():
    with pytest.raises(ModelError, match="is of 11 columns; the most there may be is 10"):
        ba.Model("y ~ " + ":".join(f"x{k}" for k in range(11)), wide(11))


def test_a_group_term_with_more_effects_than_can_be_told_is_refused():
    formula = "y ~ (1 + " + " + ".join(f"x{k}" for k in range(100)) + " | g)"
    with pytest.raises(ModelError, match="101 effects; the most there may be is 100"):
        ba.Model(formula, wide(100))


def many_factors(count: int) -> tuple[str, pd.DataFrame]:
    rng = np.random.default_rng(5)
    table = pd.DataFrame({f"g{k}": rng.integers(0, 9, 400) for k in range(count)})
    table["y"] = rng.normal(size=400)
    return "y ~ " + " + ".join(f"(1 | g{k})" for k in range(count)), table


def test_as_many_grouping_factors_as_there_may_be_are_told_apart():
    formula, table = many_factors(50)
    assert len(ba.Model(formula, table).groups) == 50
    formula, table = many_factors(49)
    with pytest.raises(DataError, match="They are the same 9 groups under two names"):
        ba.Model(f"{formula} + (1 | twin)", table.assign(twin=10 - table["g17"]))


def test_more_grouping_factors_are_refused_before_they_are_made(monkeypatch):
    made = []
    monkeypatch.setattr(group_design, "learn_part", lambda *given, **more: made.append(given))
    with pytest.raises(ModelError, match=r"300 grouping.*g0, g1, .*may be is 50") as caught:
        ba.Model(*many_factors(300))
    assert caught.value.facts["factors"] == 300
    assert not made
