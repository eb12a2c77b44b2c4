"""How two group columns lie to each other."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_alliance.data.inspection import _notes_on_pairs
from bayes_alliance.data.notes import levels
from bayes_alliance.data.notes.levels import nesting


def lie(lower, upper):
    return nesting(pd.Series(lower, name="low"), pd.Series(upper, name="up"))


@pytest.mark.parametrize(
    ("lower", "upper", "kind"),
    [
        ("abcd", "XXYY", "nested"),
        ("abab", "XXYY", "crossed"),
        ("XXYY", "abcd", "swapped"),
        ("aabb", "XXYY", "one_to_one"),
        ("abcdea", "XXYYYY", "partially_crossed"),
        ("aabbc", "XYXYZ", "crossed"),
    ],
)
def test_kinds(lower, upper, kind):
    assert lie(list(lower), list(upper)).kind == kind


def test_record_of_a_transfer():
    found = lie(["P2", "P10", "P10", "P3", "P4"], ["X", "X", "Y", "Y", "Y"])
    assert found.lower == "low"
    assert found.upper == "up"
    assert dict(found.several) == {"P10": ("X", "Y")}
    assert (found.lower_groups, found.upper_groups, found.combinations) == (4, 2, 5)
    assert found.kind == "partially_crossed"
    assert not found.fully_crossed


def test_several_are_sorted_as_people_count():
    found = lie(["P10", "P10", "P2", "P2"], ["10", "9", "9", "10"])
    assert list(found.several) == ["P2", "P10"]
    assert found.several["P2"] == ("9", "10")


def test_rows_without_an_id_do_not_count():
    found = lie([1.0, 1.0, np.nan, 2.0], ["X", "X", "Y", None])
    assert (found.lower_groups, found.upper_groups, found.combinations) == (1, 1, 1)


def test_ids_compare_as_labels():
    found = nesting(pd.Series([1, 1], name="a"), pd.Series([3.0, 3.0], name="b"))
    assert found.one_to_one


def test_nested_classrooms(real_data):
    classes = real_data("classroom")
    found = nesting(classes["classroom"], classes["school"])
    assert (found.kind, found.lower_groups, found.upper_groups) == ("nested", 312, 107)
    assert nesting(classes["school"], classes["classroom"]).swapped


def test_crossed_plates(real_data):
    plates = real_data("penicillin")
    assert nesting(plates["plate"], plates["sample"]).fully_crossed


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=30))
def test_agrees_with_the_definition(pairs):
    found = lie([low for low, _ in pairs], [up for _, up in pairs])
    uppers = {low: {up for other, up in pairs if other == low} for low, _ in pairs}
    lowers = {up: {low for low, other in pairs if other == up} for _, up in pairs}
    assert found.nested == all(len(ups) == 1 for ups in uppers.values())
    assert found.swapped == (
        all(len(lows) == 1 for lows in lowers.values()) and len(lowers) > len(uppers)
    )
    assert found.one_to_one == (len(set(pairs)) == len(uppers) == len(lowers))
    assert found.combinations == len(set(pairs))
    assert found.several == {
        str(low): tuple(sorted(map(str, ups))) for low, ups in uppers.items() if len(ups) > 1
    }


def test_the_ids_of_a_column_are_read_once_however_many_it_meets(monkeypatch):
    """With 40 columns there are 780 pairs."""
    read = []
    monkeypatch.setattr(levels, "group_labels", lambda own: read.append(own.name) or own)
    rng = np.random.default_rng(1)
    columns = {f"g{k}": rng.choice(list("abcd"), 50) for k in range(40)}
    table = pd.DataFrame(columns, dtype="str")
    assert len(_notes_on_pairs(table, list(columns))) >= 780
    assert sorted(read) == sorted(columns)
