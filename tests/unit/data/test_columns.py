"""Columns of a text table: numbers where no two texts become one, else text that is remembered."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.data.columns import numbers_of, ordinary_column, zero_one
from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.labels import group_labels
from bayes_alliance.data.provenance import AS_WRITTEN, NUMBERS_AS_TEXT
from bayes_alliance.data.reading import read_table


def read(folder, *cells, decimal=".", repeat=2, missing=()):
    path = folder / "table.csv"
    path.write_text("\n".join(["id;x", *(f"{cell};1" for cell in cells * repeat)]))
    return read_table(path, separator=";", decimal=decimal, missing=missing)


@pytest.mark.parametrize(
    "cells",
    [
        ("3.1", "3.10"),
        ("1E1", "10"),
        ("+1", "1"),
        ("0.1", "0.1000000000000000055"),
        (".5", "0.5"),
        ("TRUE", "True", "FALSE"),
        ("1e2", "100.0"),
        ("-0", "0"),
    ],
)
def test_two_texts_of_one_number_stay_two(tmp_path, cells):
    table = read(tmp_path, *cells)
    assert table["id"].tolist() == list(cells * 2)
    assert list(table.attrs[NUMBERS_AS_TEXT]) == ["id"]
    assert group_labels(table["id"]).nunique() == len(cells)
    numbers = numbers_of(table["id"])
    assert numbers.dtype == np.float64
    assert numbers.nunique() < len(cells)


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("0.50", "3.00", "1.25"), [0.5, 3, 1.25]),
        (("1e-3", "2.5", "1E+05"), [0.001, 2.5, 1e5]),
        (("3.10", "2.5"), [3.1, 2.5]),
        (("+1", "-1", "0"), [1, -1, 0]),
        (("-0.0", "0.0", "1.5"), [0, 0, 1.5]),
        (("12.0", "7.0"), [12, 7]),
    ],
)
def test_ordinary_measurements_are_numbers(tmp_path, cells, numbers):
    table = read(tmp_path, *cells)
    assert table["id"].tolist() == numbers * 2
    assert table.attrs[NUMBERS_AS_TEXT] == {}


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (("3.10", "2.50"), None),
        (("+1", "+2"), None),
        (("1E1", "2E1"), None),
        (("1e+05", "2e+05"), None),
        (("TRUE", "FALSE"), None),
        (("12.0", "7.0"), ("12", "7")),  # whole numbers that gaps had made floats
    ],
)
def test_ids_keep_the_text_of_the_file(tmp_path, cells, labels):
    table = read(tmp_path, *cells)
    assert pd.api.types.is_numeric_dtype(table["id"])
    assert group_labels(table["id"]).tolist() == list(labels or cells) * 2
    part = table[table["x"] == 1].sort_values("id").reset_index(drop=True)
    assert set(group_labels(part["id"])) == set(labels or cells)


def test_truths_with_gaps_keep_their_text_as_ids(tmp_path):
    table = read(tmp_path, "TRUE", "FALSE", "NA")
    assert table["id"].dtype == np.float64
    assert group_labels(table["id"]).dropna().tolist() == ["TRUE", "FALSE"] * 2


def test_texts_are_not_kept_for_measurements(tmp_path):
    """Every value is another: no groups, and nothing to remember for each of many rows."""
    table = read(tmp_path, *(f"{k}.50" for k in range(20)), repeat=1)
    assert table.attrs[AS_WRITTEN] == {}


def test_texts_of_another_column_are_not_taken(tmp_path):
    """A table remembers by column name; words that came in its place are left alone."""
    table = read(tmp_path, "3.10", "2.50")
    replaced = table.assign(id=["3.1", "3.10", "2", "2.5"])
    assert group_labels(replaced["id"]).tolist() == ["3.1", "3.10", "2", "2.5"]


def test_missing_codes_do_not_count_as_another_text(tmp_path):
    table = read(tmp_path, "-99", "-99.0", "3", missing=-99)
    assert table["id"].dropna().tolist() == [3, 3]


def test_a_decimal_comma_is_no_other_text(tmp_path):
    assert read(tmp_path, "3,5", "2,0", decimal=",")["id"].tolist() == [3.5, 2, 3.5, 2]
    assert read(tmp_path, "3,5", "3,50", decimal=",")["id"].tolist() == ["3,5", "3,50"] * 2


def test_it_is_said_by_name(tmp_path):
    report = check_data(read(tmp_path, "3", "3.0", "2"), groups="id")
    notes = {note.code: note for note in report.notes}
    assert notes["numbers_as_text"].columns == ("id",)
    assert "such as 3 and 3.0" in notes["numbers_as_text"].message
    assert "'3' and '3.0'" in notes["similar_ids"].message


def test_an_outcome_that_had_to_stay_text_is_looked_at_as_numbers(tmp_path):
    report = check_data(read(tmp_path, "3", "3.0", "2"), outcome="id")
    assert "outcome_not_numeric" not in {note.code for note in report.notes}


@pytest.mark.parametrize(
    ("values", "kind", "found"),
    [
        (pd.array([1, 2], dtype="int8"), "int64", [1, 2]),
        (pd.array([1, 2], dtype="UInt8"), "int64", [1, 2]),
        (pd.array([1, None], dtype="Int16"), "float64", [1]),
        (pd.array([2**63, 1], dtype="UInt64"), "uint64", [2**63, 1]),
        (pd.array([1.5, None], dtype="Float32"), "float64", [1.5]),
        (pd.array([Decimal("1.5"), Decimal(2)], dtype="object"), "float64", [1.5, 2]),
        (pd.array([1, 2.5, None], dtype="object"), "float64", [1, 2.5]),
        (pd.array([True, None], dtype="object"), "float64", [1]),
        (pd.array([True, False], dtype="bool[pyarrow]"), "bool", [True, False]),
        (pd.array([1, "2"], dtype="object"), "object", [1, "2"]),
        (pd.Categorical(["b", "a"], categories=["b", "a"]), "category", ["b", "a"]),
    ],
)
def test_ordinary_columns(values, kind, found):
    column = ordinary_column(pd.Series(values, name="x"))
    assert column.dtype == kind
    assert column.dropna().tolist() == found
    assert column.name == "x"


def test_arrow_dictionaries_are_categories():
    import pyarrow as pa

    words = pa.array(["b", None, "a"]).dictionary_encode()
    column = ordinary_column(pd.Series(pd.arrays.ArrowExtensionArray(words), index=[5, 6, 7]))
    assert column.cat.categories.tolist() == ["b", "a"]
    assert column.isna().tolist() == [False, True, False]
    assert column.index.tolist() == [5, 6, 7]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1], [0, 1]),
        (pd.Categorical([False, True]), [0, 1]),
        (pd.Categorical(["0", "1", None]), [0, 1]),
        (["FALSE", "True"], [0, 1]),
        (["no", "yes"], None),
        ([1, 2], None),
        (["0", "1", "refused"], None),
    ],
)
def test_two_values(values, expected):
    found = zero_one(pd.Series(values))
    assert (found if found is None else found.dropna().tolist()) == expected


def test_missing_codes_leave_a_categorys_order(tmp_path):
    levels = ["mid", "low", "refused"]
    source = pd.DataFrame({"grade": pd.Categorical(["low", "refused", "mid"], categories=levels)})
    source.to_parquet(tmp_path / "a.parquet")
    grade = read_table(tmp_path / "a.parquet", missing="refused")["grade"]
    assert grade.cat.categories.tolist() == ["mid", "low"]
    assert grade.isna().tolist() == [False, True, False]


def test_categories_of_numbers_that_a_file_has_lost_are_named(tmp_path):
    source = pd.DataFrame(
        {"wave": pd.Categorical([3, 1, 3]), "arm": pd.Categorical(["a", "b", "a"])}
    )
    source.to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    (note,) = (n for n in check_data(table).notes if n.code == "lost_categories")
    assert note.columns == ("wave",)
    better = eval(note.text.partition(", or ")[2].rstrip("."), {"data": table})
    assert better["wave"].cat.categories.tolist() == [1, 3]
    assert "lost_categories" not in {n.code for n in check_data(better).notes}


def test_ids_that_are_one_in_two_types_are_named():
    data = pd.DataFrame({"g": pd.Series([1, "1", 2, "A"] * 3, dtype="object"), "x": range(12)})
    (note,) = (n for n in check_data(data, groups="g").notes if n.code == "joined_ids")
    assert "1 and '1'" in note.message
    whole = data.assign(g=["1", "1", "2", "A"] * 3)
    assert "joined_ids" not in {n.code for n in check_data(whole, groups="g").notes}


def test_dates_are_the_ids_that_a_text_file_has():
    days = pd.Series(pd.to_datetime(["2024-01-31", "2024-02-01"]))
    assert group_labels(days).tolist() == ["2024-01-31", "2024-02-01"]
    assert group_labels(days + pd.Timedelta(hours=1)).tolist()[0] == "2024-01-31 01:00:00"
