"""Ids as labels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_alliance.data.labels import group_labels
from bayes_alliance.errors import DataError


@pytest.mark.parametrize(
    ("ids", "labels"),
    [
        (pd.Series([12, 7]), ["12", "7"]),
        (pd.Series([12.0, 7.0]), ["12", "7"]),
        (pd.Series([1.5, -0.0]), ["1.5", "0"]),
        (pd.Series(["007", " A", "12.0"]), ["007", " A", "12.0"]),
        (pd.Series([12, "12", 12.0], dtype="object"), ["12", "12", "12"]),
        (pd.Series([True, False]), ["True", "False"]),
        (pd.Series(["b", "a"], dtype="category"), ["b", "a"]),
        (pd.Series([3, 4], dtype="Int64"), ["3", "4"]),
        (pd.Series([2**60 + 1]), [str(2**60 + 1)]),
        (pd.Series([np.float32(3), np.float32(4)], dtype="float32"), ["3", "4"]),
    ],
)
def test_labels(ids, labels):
    found = group_labels(ids)
    assert found.tolist() == labels
    assert found.dtype == "str"


@pytest.mark.parametrize("ids", [[12.0, None], ["A", None], pd.array([1, None], dtype="Int64")])
def test_missing_stays_missing(ids):
    assert group_labels(pd.Series(ids)).isna().tolist() == [False, True]
    assert group_labels(pd.Series([None, None], dtype="float64")).isna().all()


def test_index_and_name_are_kept():
    ids = pd.Series([1, 2], index=[10, 20], name="case_manager")
    found = group_labels(ids)
    assert found.index.tolist() == [10, 20]
    assert found.name == "case_manager"
    assert ids.tolist() == [1, 2]


@given(st.lists(st.text(min_size=1), min_size=1))
def test_text_is_kept_to_the_letter(ids):
    assert group_labels(pd.Series(ids, dtype="str")).tolist() == ids


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1))
def test_integers_and_their_floats_have_the_same_labels(ids):
    whole, decimal = pd.Series(ids, dtype="int64"), pd.Series(ids, dtype="float64")
    assert group_labels(whole).tolist() == group_labels(decimal).tolist()


def test_cells_are_one_value_each():
    with pytest.raises(DataError, match="Its cells hold lists"):
        group_labels(pd.Series([[1], [2]], name="g"))
