"""Every bad file is refused with what was asked, what was found and what to do."""

import gzip
from pathlib import Path

import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError


def refused(path: Path, content: bytes | str | None = None, **options) -> DataError:
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    sentences = str(caught.value)
    assert sentences.count(".") >= 3
    assert "Traceback" not in sentences
    return caught.value


def test_not_found_offers_a_close_name(tmp_path):
    (tmp_path / "clients.csv").write_text("a\n1\n")
    error = refused(tmp_path / "client.csv")
    assert "client.csv was to be read" in str(error)
    assert "Did you mean 'clients.csv'?" in str(error)


def test_not_found_in_an_empty_folder(tmp_path):
    assert "has no such file" in str(refused(tmp_path / "clients.csv"))


def test_no_such_folder(tmp_path):
    assert "There is no folder" in str(refused(tmp_path / "nowhere" / "clients.csv"))


def test_a_folder(tmp_path):
    (tmp_path / "clients.csv").write_text("a\n1\n")
    error = refused(tmp_path)
    assert "It is a folder with clients.csv" in str(error)


def test_unsupported_suffix_names_the_supported(tmp_path):
    error = refused(tmp_path / "clients.docx", "a\n1\n")
    assert "'.docx'" in str(error)
    assert ".csv, .tsv" in str(error)
    assert ".xlsx" in str(error)
    assert ".parquet" in str(error)


@pytest.mark.parametrize("content", ["", "\n\n", "  \n"])
def test_empty_file(tmp_path, content):
    assert "The file is empty." in str(refused(tmp_path / "a.csv", content))


def test_header_only(tmp_path):
    error = refused(tmp_path / "a.csv", "id,alliance\n")
    assert "a header (id, alliance) and no rows" in str(error)


def test_parquet_without_rows(tmp_path):
    pd.DataFrame({"x": pd.Series([], dtype="float64")}).to_parquet(tmp_path / "a.parquet")
    assert "1 columns and no rows" in str(refused(tmp_path / "a.parquet"))


def test_not_utf8_tells_the_byte_and_an_encoding(tmp_path):
    raw = "id,name\nA,Müller\n".encode("cp1252")
    error = refused(tmp_path / "a.csv", raw, encoding="utf-8")
    assert "Leave encoding= out: then it is found out" in str(error)
    assert error.facts["byte"] == 11
    assert error.facts["line"] == 2
    assert "byte 11 (line 2)" in str(error)
    assert read_table(tmp_path / "a.csv", encoding="cp1252")["name"].tolist() == ["Müller"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_wide_text_is_recognised(tmp_path, encoding):
    (tmp_path / "a.csv").write_bytes("id,name\nA,Grün\n".encode(encoding))
    assert read_table(tmp_path / "a.csv")["name"].tolist() == ["Grün"]


def test_wrong_encoding_given(tmp_path):
    error = refused(tmp_path / "a.csv", "id\nB\u00e9\n".encode(), encoding="ascii")
    assert "read as ascii text" in str(error)


def test_unknown_encoding(tmp_path):
    error = refused(tmp_path / "a.csv", "id\nA\n", encoding="utf8000")
    assert "no encoding of that name" in str(error)


@pytest.mark.parametrize("header", ["id,x,id", "id,x, id "])
def test_duplicate_columns_are_told_apart_and_that_is_said(tmp_path, header):
    (tmp_path / "a.csv").write_text(f"{header}\nA,1,B\n")
    table = read_table(tmp_path / "a.csv")
    assert table.iloc[0].to_dict() == {"id": "A", "x": 1, "id_2": "B"}
    (note,) = check_data(table).notes_with("read_repeated_names")
    assert note.level == "caution"
    assert "id_2 (column 3)" in note.message


def test_a_new_name_is_one_that_no_column_has(tmp_path):
    (tmp_path / "a.csv").write_text("id,id_2,id\nA,B,C\n")
    assert read_table(tmp_path / "a.csv").columns.tolist() == ["id", "id_2", "id_3"]


def test_duplicate_columns_in_parquet(tmp_path):
    one = pyarrow.array([1, 2])
    parquet.write_table(pyarrow.table([one, one], names=["x", "x "]), tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert table.columns.tolist() == ["x", "x_2"]
    assert check_data(table).notes_with("read_repeated_names")


def test_numbers_of_rows_without_a_name_are_left_out(tmp_path):
    (tmp_path / "a.csv").write_text('"",id\n"1","A"\n"2","B"\n')
    table = read_table(tmp_path / "a.csv")
    assert table.columns.tolist() == ["id"]
    assert check_data(table).notes_with("read_row_numbers")


def test_any_other_unnamed_column_is_kept(tmp_path):
    (tmp_path / "a.csv").write_text("id,\nA,5\nB,7\n")
    table = read_table(tmp_path / "a.csv")
    assert table["column_2"].tolist() == [5, 7]
    assert "called column_2" in str(check_data(table).notes_with("read_unnamed_columns")[0])


def test_no_column_has_a_name(tmp_path):
    one = pyarrow.array([1, 2])
    parquet.write_table(pyarrow.table([one, one], names=["", " "]), tmp_path / "a.parquet")
    assert "need names" in str(refused(tmp_path / "a.parquet"))


def test_ragged_rows(tmp_path):
    error = refused(tmp_path / "a.csv", "id,x\nA,1\nB\nC,3,4\n")
    assert "2 do not: line 3 has 1, line 4 has 3." in str(error)
    assert error.facts["lines"] == [3, 4]


def test_row_names_without_a_header(tmp_path):
    error = refused(tmp_path / "a.csv", "id,x\n1,A,1\n2,B,2\n")
    assert "Every row begins with a row name" in str(error)


def test_many_ragged_rows_are_counted(tmp_path):
    error = refused(tmp_path / "a.csv", "id,x\nA,1\n" + "B\n" * 12)
    assert "12 do not" in str(error)
    assert "and 7 more" in str(error)


def test_unpaired_quotation_mark(tmp_path):
    error = refused(tmp_path / "a.csv", 'id,x\nA,1\nB,"2\n')
    assert "quotation marks that do not pair up" in str(error)


def test_damaged_gzip(tmp_path):
    whole = gzip.compress(b"id,x\n" + b"A,1\n" * 100)
    assert "damaged, cut short" in str(refused(tmp_path / "a.csv.gz", whole[:-9]))
    assert "not compressed" in str(refused(tmp_path / "b.csv.gz", "id,x\nA,1\n"))


def test_damaged_parquet(tmp_path):
    assert "Parquet file" in str(refused(tmp_path / "a.parquet", "id,x\nA,1\n"))


def test_codes_for_a_column_that_is_not_there(tmp_path):
    error = refused(tmp_path / "a.csv", "id,stigma\nA,1\n", missing={"stigme": -9})
    assert "Did you mean 'stigma'?" in str(error)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"separator": ";;"}, "exactly one character"),
        ({"separator": ""}, "exactly one character"),
        ({"decimal": "'"}, "a point or a comma"),
        ({"thousands": "x"}, "no letter or digit"),
        ({"decimal": ",", "thousands": ","}, "not the decimal mark"),
        ({"skip_last": -1}, "less than none"),
        ({"header": 0}, "counted from 1"),
        ({"header": (3, 1)}, "counted from 1"),
        ({"header": 9}, "nothing there"),
        ({"sheet": "A"}, "has no sheets"),
    ],
)
def test_impossible_marks(tmp_path, options, words):
    assert words in str(refused(tmp_path / "a.csv", "id,x\nA,1\n", **options))
