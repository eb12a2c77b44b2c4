"""Scanning a table: what is known before a row is read, and the questions put to all rows."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bayes_alliance as ba
from bayes_alliance.data.scan_queries import (
    ROWS,
    count_combinations,
    count_gaps,
    count_infinite,
    mean_and_sd,
    mean_by_group,
    occurring_values,
)
from bayes_alliance.data.scanning import GapError, batches


@pytest.fixture
def visits():
    return pd.DataFrame(
        {
            "manager": ["b", "a", None, "b", "a", "b"],
            "team": [2, 1, 1, 2, 1, 2],
            "score": [1.0, 2.5, np.nan, 4.0, 0.5, 3.0],
            "home": [True, False, True, True, False, False],
            "kind": pd.Categorical(
                ["new", "old", "new", "old", "new", "old"], categories=["old", "new"]
            ),
            "day": pd.date_range("2024-01-01", periods=6),
        }
    )


@pytest.fixture
def path(visits, tmp_path):
    visits.to_parquet(tmp_path / "visits.parquet")
    return tmp_path / "visits.parquet"


def test_columns_are_told_apart_by_what_they_hold(path):
    scanned = ba.scan_table(path)
    assert dict(scanned.kinds) == {
        "manager": "text",
        "team": "number",
        "score": "number",
        "home": "truth",
        "kind": "text",
        "day": "other",
    }
    assert scanned.table.loc["score", "type"] == "Float64"
    assert "visits.parquet" in str(scanned)
    assert "<table" in scanned._repr_html_()


def test_a_folder_a_pattern_and_a_query_are_tables_too(visits, tmp_path):
    for part, rows in enumerate([visits[:2], visits[2:]]):
        rows.to_parquet(tmp_path / f"part-{part}.parquet")
    sources = [tmp_path, str(tmp_path / "part-*.parquet"), pl.from_pandas(visits).lazy()]
    for source in sources:
        rows, gaps = count_gaps(ba.scan_table(source), ["team", "score"])
        assert rows == 6
        # pandas writes its missing numbers as nulls; polars may hold them as NaN.
        assert gaps == {"score": 1}


def test_not_a_number_is_a_gap_like_a_null():
    lazy = pl.LazyFrame({"x": [1.0, float("nan"), None, 4.0]})
    scanned = ba.scan_table(lazy)
    assert count_gaps(scanned, ["x"]) == (4, {"x": 2})
    assert count_gaps(scanned.complete(["x"]), ["x"]) == (2, {})


def test_infinite_values_are_counted_by_column():
    lazy = pl.LazyFrame({"x": [1.0, float("inf"), None], "y": [1.0, 2.0, 3.0], "n": [1, 2, 3]})
    assert count_infinite(ba.scan_table(lazy), ["x", "y", "n"]) == {"x": 1}
    assert count_infinite(ba.scan_table(lazy), ["n"]) == {}


def test_levels_keep_an_order_of_their_own_and_are_sorted_otherwise(path, visits):
    scanned = ba.scan_table(path)
    assert occurring_values(scanned, ["manager", "kind", "team"]) == {
        "manager": ("a", "b"),
        "kind": ("old", "new"),
        "team": (1, 2),
    }
    sizes = pl.Enum(["small", "large", "unused"])
    lazy = pl.LazyFrame({"size": ["large", "small"]}, schema={"size": sizes})
    assert occurring_values(ba.scan_table(lazy), ["size"]) == {"size": ("small", "large")}


def test_counts_and_means_are_those_of_pandas(path, visits):
    scanned = ba.scan_table(path)
    cells = count_combinations(scanned.complete(["manager"]), ["manager", "team"])
    assert cells[["manager", "team", ROWS]].to_numpy().tolist() == [["a", 1, 2], ["b", 2, 3]]
    mean, sd = mean_and_sd(scanned, ["score"])["score"]
    # Float error of a sum of five numbers.
    assert mean == pytest.approx(visits["score"].mean(), rel=1e-14)
    assert sd == pytest.approx(visits["score"].std(), rel=1e-14)
    means, sizes = mean_by_group(scanned, "score", "team")
    assert sizes == {"1": 2, "2": 3}
    assert means == pytest.approx({"1": 1.5, "2": 8 / 3}, rel=1e-14)


def test_batches_are_the_rows_in_order(path, visits):
    scanned = ba.scan_table(path, rows_a_batch=4).complete(["manager", "score"])
    found = list(batches(scanned, ["score", "manager"], {"manager": ("a", "b")}))
    assert [len(batch["score"]) for batch in found] == [4, 1]
    whole = visits.dropna()
    scores = np.concatenate([batch["score"] for batch in found])
    np.testing.assert_array_equal(scores, whole["score"])
    places = np.concatenate([batch["manager"] for batch in found])
    assert np.array(["a", "b"])[places].tolist() == whole["manager"].tolist()


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_a_batch_with_a_gap_is_not_given_out(value):
    scanned = ba.scan_table(pl.LazyFrame({"x": [1.0, 2.0, value]}), rows_a_batch=2)
    found = batches(scanned, ["x"], {})
    next(found)
    with pytest.raises(GapError):
        next(found)


def test_what_is_no_table_is_refused(tmp_path, visits):
    with pytest.raises(ba.DataError, match="no such file"):
        ba.scan_table(tmp_path / "nothing.parquet")
    visits.to_csv(tmp_path / "visits.csv")
    with pytest.raises(ba.DataError, match=r"not a Parquet file.*scan_csv"):
        ba.scan_table(tmp_path / "visits.csv")
    with pytest.raises(ba.DataError, match=r"DataFrame.*in memory"):
        ba.scan_table(visits)


def test_folders_named_after_a_value_are_a_column(visits, tmp_path):
    for year, rows in [(2020, visits[:2]), (2021, visits[2:])]:
        folder = tmp_path / "visits" / f"year={year}"
        folder.mkdir(parents=True)
        rows.to_parquet(folder / "part.PARQUET")
    for source in (tmp_path / "visits", str(tmp_path / "visits" / "*" / "*.PARQUET")):
        scanned = ba.scan_table(source)
        assert scanned.kinds["year"] == "number"
        cells = count_combinations(scanned, ["year"])
        assert cells[["year", ROWS]].to_numpy().tolist() == [[2020, 2], [2021, 4]]
    # What stands above the folder that was given is no column.
    assert "year" not in ba.scan_table(tmp_path / "visits" / "year=2020").columns


def test_what_polars_cannot_read_is_refused_in_words(visits, tmp_path):
    (tmp_path / "text.parquet").write_text("score,team\n1,2\n" * 50)
    (tmp_path / "empty.parquet").touch()
    for source in (
        tmp_path / "text.parquet",
        tmp_path / "empty.parquet",
        pl.scan_csv(tmp_path / "nothing.csv"),
        pl.from_pandas(visits).lazy().with_columns(pl.col("nothing")),
    ):
        with pytest.raises(ba.DataError, match="could not be read"):
            ba.scan_table(source)


@pytest.mark.parametrize("place", [0.0, 0.02, 0.5, 0.9, 1.0])
def test_a_corrupt_file_is_refused_in_words(tmp_path, place):
    rng = np.random.default_rng(1)
    # Few values a column, so that every page is compressed and a wrong byte shows.
    whole = pd.DataFrame({"y": rng.integers(0, 9, 9000) / 7, "g": rng.integers(0, 40, 9000)})
    whole.to_parquet(tmp_path / "a.parquet", compression="gzip")
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    start = 4 + int(place * (len(content) - 208))
    content[start : start + 200] = b"\xff" * 200
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(ba.DataError, match="could not be read"):
        ba.Model("y ~ 1 + (1 | g)", ba.scan_table(tmp_path / "a.parquet"))


def test_a_folder_of_unlike_files_is_refused_in_words(visits, tmp_path):
    visits.to_parquet(tmp_path / "a.parquet")
    visits.drop(columns="score").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ba.DataError, match=r"could not be read.*same columns"):
        ba.Model("score ~ 1 + (1 | team)", ba.scan_table(tmp_path))


@pytest.mark.parametrize("option", ["rows_a_batch", "memory"])
@pytest.mark.parametrize("value", [0, -1])
def test_options_that_make_no_sense_are_refused(path, option, value):
    with pytest.raises(ba.DataError, match=f"{option} is {value}"):
        ba.scan_table(path, **{option: value})


def test_without_polars_the_extra_is_named(monkeypatch, path):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ba.DataError, match=r"bayes-alliance\[polars\]"):
        ba.scan_table(path)
