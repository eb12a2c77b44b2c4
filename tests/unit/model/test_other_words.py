"""Words of other tools are answered with what to write here, which runs as it stands."""

import re

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import did_you_mean
from bayes_alliance.model.families.registry import FAMILIES, find_family
from bayes_alliance.model.other_words import _FUNCTIONS


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "y": rng.normal(size=60),
            "x": rng.uniform(1, 5, 60),
            "arm": np.tile(["treat", "wait", "none"], 20),
            "g": np.repeat([f"G{k}" for k in range(10)], 6),
        }
    )


def refusal(formula: str, table: pd.DataFrame, family: str = "gaussian") -> str:
    with pytest.raises(ba.errors.AllianceError) as caught:
        ba.Model(formula, table, family)
    return str(caught.value)


@pytest.mark.parametrize("called", list(_FUNCTIONS))
def test_what_is_advised_for_a_function_runs(called: str, table: pd.DataFrame) -> None:
    of = "arm" if "C(" in _FUNCTIONS[called] else "x"
    of = "g" if "|" in _FUNCTIONS[called] else of
    inside = f"{of}, 'wait'" if "{y}" in _FUNCTIONS[called] else of
    said = refusal(f"y ~ {called}({inside}) + (1 | arm)", table)
    advised = re.search(rf"For {re.escape(called)}\(\) write (.+?)\. There are", said)
    assert advised is not None, said
    other = " + (1 | g)" if of != "g" else ""
    assert ba.Model(f"y ~ {advised[1]}{other}", table).formula


@pytest.mark.parametrize(
    "named", [other for family in FAMILIES.values() for other in family.other_names]
)
def test_what_is_advised_for_a_family_is_there(named: str) -> None:
    with pytest.raises(ba.ModelError) as caught:
        find_family(named, None)
    advised = re.search(r'Write family="(\w+)"(?:, link="(\w+)")?', str(caught.value))
    assert advised is not None
    assert find_family(advised[1], advised[2]).name == advised[1]
    assert f"--family {advised[1]}" in caught.value.said_in("command line")


COUNTS = ("negbinomial", "nb2", "zip", "hurdle_poisson", "quasipoisson")


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("bernoulli(logit)", 'Write family="bernoulli", for an outcome of 0 and 1.'),
        ('binomial(link = "probit")', 'Write family="bernoulli", link="probit"'),
        ("Gaussian", 'Write family="gaussian".'),
        ("student()", 'Write family="student".'),
        ("gausian", "Did you mean 'gaussian'?"),
        ("gamma", "no family of their own in this version"),
        *((name, 'Write family="poisson", with a column obs') for name in COUNTS),
        ("count", 'Write family="poisson", for counts of events.'),
    ],
)
def test_families_written_otherwise(named: str, says: str) -> None:
    with pytest.raises(ba.ModelError) as caught:
        find_family(named, None)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("y ~ .", "A dot for all other columns is not read"),
        ("y ~ i.arm##c.x", "Stata's a##b is here a * b"),
        ("y ~ i.arm", "For i.arm write C(arm)."),
        ("y ~ c.x", "For c.x write x."),
        ("y ~ clients$x", "Name the column alone"),
        ("y = x + (1 | g)", "stands left of a ~"),
        ("y ON x;", "Leave the ; out"),
        ("y ON x", "Mplus's ON is here a ~"),
        ("y BY arm WITH x", "y ~ C(a) + x"),
        ("y ~ x, random = ~ 1 | g", "+ (1 | g)"),
        ("y ~ demean(x)", "center(x) from the mean of all rows, within(x, g) from that of each"),
    ],
)
def test_formulas_written_otherwise(formula: str, says: str, table: pd.DataFrame) -> None:
    assert says in refusal(formula, table)


@pytest.mark.parametrize("formula", ["y ~ I(x^2)", "y ~ poly(x, 2)", "y ~ x + (1 | g / arm)"])
def test_what_is_written_alike_is_read(formula: str, table: pd.DataFrame) -> None:
    assert ba.Model(formula, table).design.coefficients


@pytest.mark.parametrize("formula", ["y ~ group(arm)", "y ~ lag(x)", "y ~ te(x)", "y ~ age"])
def test_no_hint_where_nothing_is_near(formula: str, table: pd.DataFrame) -> None:
    said = refusal(formula, table.rename(columns={"g": "agency"}))
    assert "Did you mean" not in said
    assert " write " not in said
    assert "  " not in said


@pytest.mark.parametrize("named", ["xyzzy", "tweedie", "cox"])
def test_no_hint_for_a_family_of_nothing_near(named: str) -> None:
    with pytest.raises(ba.ModelError) as caught:
        find_family(named, None)
    families = ", ".join(FAMILIES)
    own = f"The family {named!r} was asked for. There is no such family. "
    assert str(caught.value) == f"{own}The families are {families}."


@pytest.mark.parametrize(
    ("given", "valid", "meant"),
    [
        ("stgma", ["stigma", "age"], "stigma"),
        ("nwe", ["same", "new", "either"], "new"),  # two letters in the wrong order
        ("gae", ["agency", "age"], "age"),
        ("wen", ["same", "new", "either"], None),
        ("Case_Manager", ["case_manager"], "case_manager"),
        ("manager", ["case_manager", "agency"], "case_manager"),
        ("wai", ["wai_total", "age"], "wai_total"),
        ("wai", ["wai_total", "wai_bond"], None),  # one of two is a guess
        ("age", ["agency"], None),
        ("id", ["paid", "client_id"], None),
        ("factor", ["floor"], None),
        ("sex", ["score"], None),
    ],
)
def test_near_is_a_slip_or_a_word_of_the_name(
    given: str, valid: list[str], meant: str | None
) -> None:
    assert did_you_mean(given, valid) == (f"Did you mean '{meant}'? " if meant else "")
