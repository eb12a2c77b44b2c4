"""The law of type: how numbers are stored changes nothing; they are float64 before arithmetic."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance.model import linear

WHOLE = [
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)),
    "int8[pyarrow]",
    "uint16[pyarrow]",
    "int64[pyarrow]",
]
FRACTIONS = ["float16", "float32", "Float32", "Float64", "float[pyarrow]", "double[pyarrow]"]
KINDS = [*WHOLE, *FRACTIONS, "object", "decimal"]
TRUTHS = ["bool", "boolean", "bool[pyarrow]", "object of truths", "int8", "float32", "Int16"]
FORMULAS = [
    "y ~ a * b + (1 | g)",
    "y ~ a:b + I(a**2) + (1 + a | g)",
    "y ~ a / b + I(a * b / 7) + (0 + b | g)",
    "y ~ scale(I(a * b)) + center(a) + (1 | g)",
    "y ~ within(I(a * b), g) + between(a, g) + (1 + within(b, g) | g)",
    "y ~ poly(a, 2) + offset(I(a * b)) + (1 | g)",
    "y ~ C(few) * a + (1 + C(few) | g)",
    "y ~ log(b) + sqrt(I(a * b)) + few + C(few) + (1 | g)",
    "y | weights(b) ~ a + (1 | g)",
    "y | se(b) ~ a * few + (1 | g)",
    "a ~ b + (1 | few) + (1 | g)",
]


def as_kind(column: pd.Series, kind: str) -> pd.Series:
    if kind == "decimal":
        return column.map(lambda value: Decimal(int(value))).astype("object")
    if kind == "object of truths":
        return column.astype(bool).astype("object")
    return column.astype(float).astype(kind) if kind == "object" else column.astype(kind)


@st.composite
def tables(draw) -> pd.DataFrame:
    """Whole numbers that fit into every kind, and products that fit into few."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.integers(24, 40))
    table = pd.DataFrame(
        {
            "y": rng.normal(size=rows),
            "a": rng.integers(0, 128, rows),
            "b": rng.integers(1, 128, rows),
            "few": np.arange(rows) % 3 + 1,
            "g": np.arange(rows) % 5,
            "two": np.arange(rows) % 2,
        }
    )
    table.loc[:1, "a"] = [3, 120]
    return table


@settings(max_examples=40)
@given(tables(), st.sampled_from(FORMULAS), st.sampled_from(KINDS), st.data())
def test_how_numbers_are_stored_changes_nothing(differences, table, formula, kind, data):
    changed = data.draw(st.sets(st.sampled_from(["a", "b", "few", "g"]), min_size=1))
    stored = table.assign(**{name: as_kind(table[name], kind) for name in changed})
    plain, other = ba.Model(formula, table), ba.Model(formula, stored)
    assert differences(plain, other) == []
    new = other.rebuild_design(stored.iloc[3:9])
    np.testing.assert_array_equal(new.X, plain.design.X[3:9])
    np.testing.assert_array_equal(new.offset, plain.design.offset[3:9])
    for group in plain.design.groups:
        np.testing.assert_array_equal(new.Z[group.name], group.Z[3:9])
        np.testing.assert_array_equal(new.index[group.name], group.index[3:9])


@settings(max_examples=12)
@given(tables(), st.sampled_from(TRUTHS))
def test_true_and_false_are_one_and_zero(differences, table, kind):
    stored = table.assign(two=as_kind(table["two"], kind))
    for formula, family in {
        "y ~ two * a + within(two, g) + (1 + two | g)": "gaussian",
        "two ~ a + (1 | g)": "bernoulli",
    }.items():
        plain, other = ba.Model(formula, table, family), ba.Model(formula, stored, family)
        assert differences(plain, other) == []


@pytest.mark.parametrize("values", [[0, 1], [False, True], ["0", "1"], ["False", "True"]])
@pytest.mark.parametrize("kind", ["category", "object"])
def test_two_values_of_any_kind_are_a_binary_outcome(differences, values, kind):
    table = pd.DataFrame({"y": np.arange(12) % 2, "g": np.arange(12) // 3, "x": np.arange(12.0)})
    stored = table.assign(y=table["y"].map(dict(enumerate(values))).astype(kind))
    formula = "y ~ x + (1 | g)"
    plain, other = (ba.Model(formula, t, "bernoulli") for t in (table, stored))
    assert differences(plain, other) == []


@pytest.mark.parametrize("kind", ["Int64", "float64", "double[pyarrow]", "object"])
def test_gaps_change_no_type(differences, kind):
    """A gap makes floats of whole numbers; C() and ids have the same labels all the same."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {"y": rng.normal(size=30), "few": np.arange(30) % 3, "g": np.arange(30) % 5}
    )
    stored = table.astype({"few": kind, "g": kind})
    stored.loc[4, "few"] = None
    stored.loc[7, "g"] = None
    whole = table.drop(index=[4, 7])
    formula = "y ~ C(few) + (1 | g)"
    found = differences(ba.Model(formula, whole), ba.Model(formula, stored))
    assert found == []
    assert "C(few)[1]" in ba.Model(formula, stored).design.coefficients


def test_an_offender_is_caught(differences, monkeypatch):
    """Arithmetic in the type of the file: 53 times 19 is -17 in a byte."""
    table = pd.DataFrame(
        {"y": np.arange(20.0) % 7, "a": [53, 40] * 10, "b": [19, 3, 2, 5] * 5, "g": [0, 1] * 10}
    )
    formula = "y ~ a:b + (1 | g)"
    plain = ba.Model(formula, table)
    monkeypatch.setattr(linear, "prepared", lambda rows, ids=(): rows)
    offender = ba.Model(formula, table)
    assert differences(plain, offender) == []  # int64 holds these products
    bytes_only = {"a": "int8", "b": "int8"}
    monkeypatch.setattr(
        linear,
        "prepared",
        lambda rows, ids=(): rows.astype({n: k for n, k in bytes_only.items() if n in rows}),
    )
    offender = ba.Model(formula, table)
    assert differences(plain, offender) == ["X", "priors"]
    assert offender.design.X[0, 1] == -17
