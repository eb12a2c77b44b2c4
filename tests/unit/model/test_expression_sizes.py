"""Numbers that would take the machine are refused at once, and those that models need are not."""

from __future__ import annotations

import time

import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import ModelError


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
    ],
)
def test_what_would_take_the_machine_is_refused_at_once(study, term, found):
    started = time.perf_counter()
    with pytest.raises(ModelError) as caught:
        ba.Model(f"alliance ~ {term} + (1 | case_manager)", study)
    assert time.perf_counter() - started < 2.0
    assert found in str(caught.value)


@pytest.mark.parametrize(
    "term",
    [
        "I(stigma**3)", "I(2**10 * stigma)", "I((stigma + 5)**-2)", "bs(stigma, df=8)",
        "poly(stigma, 3)", "(stigma + setting)**2", "I(10**6 * stigma)",
    ],
)  # fmt: skip
def test_what_models_need_is_not(study, term):
    assert ba.Model(f"alliance ~ {term}", study).design.coefficients


def test_a_received_formula_of_any_length_is_quoted_in_part(study):
    formula = "alliance ~ " + " + ".join(f"I(stigma**{k})" for k in range(101, 400))
    with pytest.raises(ModelError) as caught:
        ba.Model(formula, study)
    assert len(str(caught.value)) < 500
