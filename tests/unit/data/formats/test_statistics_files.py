"""Files of SPSS, Stata and SAS: read as their writer meant, labels and missing codes included."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from bayes_alliance.data.describing import codebook
from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError


def written(folder: Path, name: str, data: pd.DataFrame, **options: object) -> Path:
    """Write a table with pyreadstat."""
    path = folder / name
    write = {
        ".sav": pyreadstat.write_sav, ".zsav": pyreadstat.write_sav, ".dta": pyreadstat.write_dta,
        ".por": pyreadstat.write_por, ".xpt": pyreadstat.write_xport,
    }[path.suffix]  # fmt: skip
    write(data, path, **options)  # type: ignore[operator]
    return path


@pytest.mark.parametrize("suffix", ["sav", "zsav", "dta", "por", "sas7bdat", "xpt"])
def test_the_same_table_from_every_program(shared_data: Path, suffix: str) -> None:
    folder = shared_data / "files"
    table = read_table(folder / f"pyreadstat_sample.{suffix}")
    meant = read_table(folder / "pyreadstat_sample.csv")
    assert table.columns.str.lower().tolist() == meant.columns.tolist()
    table.columns = meant.columns
    assert table["mychar"].tolist() == meant["mychar"].tolist()
    for name in ("mynum", "mylabl", "myord"):
        np.testing.assert_array_equal(table[name], meant[name])
    for name in ("mydate", "dtime"):
        assert (table[name].dropna() == pd.to_datetime(meant[name].dropna())).all()
        assert table[name].isna().tolist() == meant[name].isna().tolist()
    times = pd.to_timedelta(table["mytime"].dropna())
    assert (times == pd.to_timedelta(meant["mytime"].dropna())).all()


@pytest.mark.parametrize("suffix", ["sav", "zsav"])
def test_an_agency_file_of_spss(shared_data: Path, suffix: str) -> None:
    folder = shared_data / "files"
    table = read_table(folder / f"haven_agency.{suffix}")
    raw = read_table(folder / "haven_agency_values.csv")
    gone = {"sex": {9}, "age": {999, 998, -1}, **{f"wai{k}": {8, 9} for k in range(1, 7)}}
    for name in raw.columns:
        meant = raw[name].mask(raw[name].isin(gone.get(name, set())))
        if name == "since":
            meant = pd.to_datetime(meant)
        assert table[name].isna().tolist() == meant.isna().tolist(), name
        assert (table[name].dropna() == meant.dropna()).all(), name
    (note,) = check_data(table).notes_with("read_user_missing")
    assert "sex in 3 rows (9 (Not asked))" in note.message
    words = codebook(table)
    assert words["wai1"].label == "Alliance item 1"
    assert words["wai1"].values["5"] == "Always"
    assert words["wai1"].missing_ranges == ((8.0, 9.0),)
    assert "8" not in words["wai1"].answers
    assert words["age"].missing == ("-1",)
    assert words["cm"].values["1"] == "Worker A"


def test_missing_codes_of_a_file_of_spss(shared_data: Path) -> None:
    table = read_table(shared_data / "files" / "pyreadstat_sample_missing.sav")
    meant = read_table(shared_data / "files" / "pyreadstat_sample_missing.csv", missing="#NULL!")
    for name in ("mynum", "mylabl", "myord"):
        assert table[name].isna().tolist() == meant[name].isna().tolist()
        assert (table[name].dropna() == meant[name].dropna()).all()


def test_missing_values_of_stata_are_kept_apart(shared_data: Path) -> None:
    table = read_table(shared_data / "files" / "haven_team.dta")
    assert table["x"].isna().sum() == 4
    assert codebook(table)["x"].missing == (".a", ".z")
    (note,) = check_data(table).notes_with("read_missing_letters")
    assert "x is .a in 2 rows; x is .z in 1 row" in note.message


def test_other_scripts_and_wide_texts(shared_data: Path) -> None:
    folder = shared_data / "files"
    assert read_table(folder / "pyreadstat_hebrews.sav").columns.tolist() == ["ותק_ב"]
    wide = read_table(folder / "pyreadstat_tegulu.sav").iloc[0, 1]
    assert wide.startswith("నేను గతంలో")
    assert read_table(folder / "pyreadstat_test_width.sav")["StartDate"].iloc[0].startswith("2020")


def test_named_categories_and_labelled_numbers(tmp_path: Path) -> None:
    data = pd.DataFrame(
        {"arm": [2.0, 1, 2], "item": [1.0, 5, 3], "age": [30.0, -99, 41], "part": [1.0, 2, 3]}
    )
    path = written(
        tmp_path, "a.sav", data,
        variable_value_labels={
            "arm": {1: "waiting", 2: "treated"},
            "item": {1: "seldom", 5: "always"},
            "age": {-99: "refused"},
            "part": {1: "one", 2: "two"},
        },
        variable_measure={"arm": "nominal", "item": "ordinal", "age": "scale", "part": "nominal"},
        missing_ranges={"age": [-99]},
    )  # fmt: skip
    table = read_table(path)
    assert table["arm"].cat.categories.tolist() == ["waiting", "treated"]
    assert table["arm"].tolist() == ["treated", "waiting", "treated"]
    assert table["item"].tolist() == [1, 5, 3]
    assert table["age"].tolist()[::2] == [30.0, 41.0]
    assert np.isnan(table["age"].iloc[1])
    assert table["part"].tolist() == [1, 2, 3]  # 3 has no label: no category is made up
    assert "arm" in check_data(table).notes_with("read_categories")[0].columns


def test_long_names_wide_texts_and_odd_dates(tmp_path: Path) -> None:
    name = "a_very_long_name_of_a_variable_that_has_sixty_four_letters_in_it"
    text = "ä" * 600
    data = pd.DataFrame({name: [1.5, 2.5], "note": [text, "b"]})
    data["day"] = pd.to_datetime(["2024-02-29", None])
    table = read_table(written(tmp_path, "a.sav", data))
    assert table[name].tolist() == [1.5, 2.5]
    assert table["note"].tolist() == [text, "b"]
    assert table["day"].iloc[0] == pd.Timestamp("2024-02-29")
    assert pd.isna(table["day"].iloc[1])


def test_dates_that_no_calendar_has_are_missing_and_said(tmp_path: Path) -> None:
    data = pd.DataFrame({"id": [1.0, 2], "day": [13_900_000_000.0, 9e12]})
    path = written(tmp_path, "a.sav", data, variable_format={"day": "DATE11"})
    table = read_table(path)
    assert table["day"].isna().tolist() == [False, True]
    assert "day in 1 row" in check_data(table).notes_with("read_impossible_dates")[0].message


@pytest.mark.parametrize("version", [10, 12, 15])
def test_versions_of_stata(tmp_path: Path, version: int) -> None:
    data = pd.DataFrame({"id": ["A", "Bo"], "x": [1.5, np.nan], "n": [1, 2]})
    table = read_table(written(tmp_path, "a.dta", data, version=version))
    assert table["id"].tolist() == ["A", "Bo"]
    assert table["n"].tolist() == [1, 2]
    assert table["x"].isna().tolist() == [False, True]


@pytest.mark.parametrize("version", [10, 12])
def test_a_byte_too_many_does_not_shift_an_old_file_of_stata(tmp_path: Path, version: int) -> None:
    data = pd.DataFrame({"x": np.arange(40.0), "n": range(40)})
    raw = written(tmp_path, "a.dta", data, version=version).read_bytes()
    for place in (len(raw) // 2, len(raw) - 100):
        (tmp_path / "b.dta").write_bytes(raw[:place] + b"\x07" + raw[place:])
        with pytest.raises(DataError, match="damaged or cut short"):
            read_table(tmp_path / "b.dta")


@pytest.mark.parametrize("compress", [False, True])
def test_a_byte_too_many_does_not_shift_a_file_of_spss(tmp_path: Path, compress: bool) -> None:
    data = pd.DataFrame({"x": np.arange(40.0) / 7, "n": range(40)})
    raw = written(tmp_path, "a.sav", data, row_compress=compress).read_bytes()
    for changed in (raw[:-60] + b"\x07" + raw[-60:], raw[:-61] + raw[-60:], raw[:-8]):
        (tmp_path / "b.sav").write_bytes(changed)
        with pytest.raises(DataError, match="damaged or cut short"):
            read_table(tmp_path / "b.sav")


def test_user_codes_count_too(tmp_path: Path) -> None:
    path = written(tmp_path, "a.sav", pd.DataFrame({"x": [1.0, -99], "w": ["a", "none"]}))
    table = read_table(path, missing={"x": -99, "w": "none"})
    assert table["x"].isna().tolist() == [False, True]
    assert table["w"].isna().tolist() == [False, True]
