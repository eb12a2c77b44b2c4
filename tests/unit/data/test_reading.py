"""Reading a well-formed table: types, gaps, ids, and every supported suffix."""

import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.data.reading import read_table


def read(folder: Path, text: str, name: str = "clients.csv", **options) -> pd.DataFrame:
    path = folder / name
    path.write_bytes(text.encode(options.get("encoding", "utf-8")))
    return read_table(path, **options)


def test_types_of_columns(tmp_path):
    table = read(tmp_path, "id,n,x,b,empty\nA,1,1.5,TRUE,\nB,2,-3e2,false,NA\n")
    kinds = {name: str(kind) for name, kind in table.dtypes.items()}
    assert kinds == {"id": "str", "n": "int64", "x": "float64", "b": "bool", "empty": "float64"}
    assert table["x"].tolist() == [1.5, -300.0]
    assert table["b"].tolist() == [True, False]
    assert table["empty"].isna().all()


@pytest.mark.parametrize("blank", ["", " ", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", ".", " NA "])
def test_blanks_are_missing(tmp_path, blank):
    table = read(tmp_path, f"id,x,w\nA,{blank},a\nB,2,{blank}\n")
    assert np.isnan(table["x"][0])
    assert table["x"][1] == 2.0
    assert table["w"].isna().tolist() == [False, True]


def test_words_that_only_look_missing_are_kept(tmp_path):
    assert read(tmp_path, "arm\nNone\nnone\nnull\n")["arm"].tolist() == ["None", "none", "null"]


def test_missing_codes_of_the_study(tmp_path):
    table = read(tmp_path, "x,w\n-99,a\n-99.0,refused\n5,-99\n", missing=(-99, "refused"))
    assert table["x"].isna().tolist() == [True, True, False]
    assert table["w"].isna().tolist() == [False, True, True]
    one = read(tmp_path, "x\n-99\n5\n", missing=-99)
    assert one["x"].isna().tolist() == [True, False]


def test_missing_codes_by_column_leave_ids_alone(tmp_path):
    table = read(tmp_path, "id,x\n9,9\n10,1\n", missing={"x": 9})
    assert table["id"].tolist() == [9, 10]
    assert table["x"].isna().tolist() == [True, False]


def test_a_code_does_not_reach_ids_with_leading_zeros(tmp_path):
    assert read(tmp_path, "id\n007\n010\n", missing=(7,))["id"].tolist() == ["007", "010"]


def test_ids_are_never_changed(tmp_path):
    long = "12345678901234567890123"
    table = read(tmp_path, f"zeros,long,blank,gap\n007,{long},A ,9007199254740993\n12,1,A,\n")
    assert table["zeros"].tolist() == ["007", "12"]
    assert table["long"].tolist() == [long, "1"]
    assert table["blank"].tolist() == ["A ", "A"]
    # A float would have made it ...992.
    assert table["gap"][0] == "9007199254740993"
    assert table["gap"].isna()[1]


def test_zero_and_fractions_are_no_leading_zeros(tmp_path):
    table = read(tmp_path, "a,b,c\n0,0.5,-0.25\n10,.25,0\n")
    assert table["a"].tolist() == [0, 10]
    assert table["b"].tolist() == [0.5, 0.25]
    assert table["c"].tolist() == [-0.25, 0.0]


def test_whole_numbers_and_truths_with_gaps_become_floats(tmp_path):
    table = read(tmp_path, "n,b\n1,TRUE\n,\n3,FALSE\n")
    assert table["n"].dtype == table["b"].dtype == np.float64
    assert table["b"].dropna().tolist() == [1.0, 0.0]


def test_names_lose_surrounding_blanks_and_the_byte_order_mark(tmp_path):
    path = tmp_path / "clients.csv"
    path.write_bytes(b"\xef\xbb\xbf id , score \nA,1\n")
    assert list(read_table(path).columns) == ["id", "score"]


def test_quotes_blank_lines_and_line_ends(tmp_path):
    table = read(tmp_path, 'id,note\r\n"A, the first","two\nlines"\r\n\r\nB,"say ""hi"""\r\n')
    assert table["id"].tolist() == ["A, the first", "B"]
    assert table["note"].tolist() == ["two\nlines", 'say "hi"']


def test_european_excel(tmp_path):
    text = "id;alliance;date;thousands\nA;61,5;01.02.2024;1.234\nB;58;02.02.2024;2.345\n"
    table = read(tmp_path, text, separator=";", decimal=",")
    assert table["alliance"].tolist() == [61.5, 58.0]
    # 1.234 may be 1234 there: not a number to be sure of.
    assert table["thousands"].tolist() == ["1.234", "2.345"]
    assert table["date"].tolist() == ["01.02.2024", "02.02.2024"]


@pytest.mark.parametrize("name", ["a.tsv", "a.txt", "A.TXT"])
def test_tab_separated(tmp_path, name):
    assert read(tmp_path, "id\tx\nA\t1\n", name)["x"].tolist() == [1]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.tsv.gz"])
def test_compressed(tmp_path, name):
    text = "id,x\nA,1\n" if "csv" in name else "id\tx\nA\t1\n"
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    assert read_table(tmp_path / name)["x"].tolist() == [1]


def test_other_encodings(tmp_path):
    assert read(tmp_path, "id\nMüller\n", encoding="cp1252")["id"].tolist() == ["Müller"]
    assert read(tmp_path, "id\nMüller\n", encoding="utf-16")["id"].tolist() == ["Müller"]


def test_parquet_gives_ordinary_columns(tmp_path):
    source = pd.DataFrame(
        {
            " id ": pd.Series(["007", "8", None], dtype="string"),
            "n": pd.array([1, 2, 3], dtype="Int64"),
            "gap": pd.array([1, None, -99], dtype="Int64"),
            "b": pd.array([True, False, True], dtype="boolean"),
            "maybe": pd.array([True, None, False], dtype="boolean"),
            "arm": pd.Categorical(["x", "y", "x"], categories=["y", "x"]),
            "cost": [Decimal("1.5"), Decimal(2), None],
            "day": pd.to_datetime(["2024-01-01", "2024-01-02", None]),
        }
    )
    source.to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet", missing=-99)
    assert list(table.columns) == ["id", *source.columns[1:]]
    kinds = {name: str(kind) for name, kind in table.drop(columns="day").dtypes.items()}
    assert kinds == {
        "id": "str",
        "n": "int64",
        "gap": "float64",
        "b": "bool",
        "maybe": "float64",
        "arm": "category",
        "cost": "float64",
    }
    assert table["id"].dropna().tolist() == ["007", "8"]
    assert table["gap"].isna().tolist() == [False, True, True]
    assert table["arm"].tolist() == ["x", "y", "x"]
    assert table["arm"].cat.categories.tolist() == ["y", "x"]
    assert table["day"].dt.day.tolist()[:2] == [1, 2]


def test_parquet_keeps_a_named_index(tmp_path):
    source = pd.DataFrame({"x": [1.5, 2.5]}, index=pd.Index(["A", "B"], name="client"))
    source.to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert table["client"].tolist() == ["A", "B"]
    assert table.index.tolist() == [0, 1]


def test_parquet_leaves_old_row_numbers_out_and_unnamed_ids_in(tmp_path):
    source = pd.DataFrame({"x": [1.5, 2.5, 3.5]})
    source[source["x"] > 2].to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert list(table.columns) == ["x"]
    assert table.index.tolist() == [0, 1]
    source.set_axis(["A", "B", "C"]).to_parquet(tmp_path / "b.parquet")
    assert ["A", "B", "C"] in [
        column.tolist() for _, column in read_table(tmp_path / "b.parquet").items()
    ]


def test_same_values_as_pandas_on_every_packaged_table(packaged_name, real_data, tmp_path):
    file = tmp_path / "table.csv"
    real_data(packaged_name).to_csv(file, index=False)
    pd.testing.assert_frame_equal(read_table(file), pd.read_csv(file), rtol=1e-15)


def test_same_values_as_pandas_on_every_real_file(shared_data):
    files = sorted(shared_data.glob("*.csv"))
    assert len(files) >= 19
    for file in files:
        # pandas rounds the last digit of some long decimals its own way.
        pd.testing.assert_frame_equal(read_table(file), pd.read_csv(file), rtol=1e-15)


def test_numbers_survive_exactly(tmp_path):
    values = np.random.default_rng(7).normal(size=200) * 10.0 ** np.arange(-100, 100)
    text = "x\n" + "\n".join(map(repr, values.tolist()))
    assert read(tmp_path, text)["x"].tolist() == values.tolist()
