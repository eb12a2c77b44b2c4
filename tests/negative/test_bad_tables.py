"""Every bad file is refused with what was asked, what was found and what to do."""

import gzip
from pathlib import Path

import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

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
    assert ".csv, .csv.gz, .tsv" in str(error)
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
    error = refused(tmp_path / "a.csv", "id,name\nA,Müller\n".encode("cp1252"))
    assert 'Try encoding="cp1252"' in str(error)
    assert error.facts["byte"] == 11
    assert error.facts["line"] == 2
    assert "byte 11 (line 2)" in str(error)
    assert read_table(tmp_path / "a.csv", encoding="cp1252")["name"].tolist() == ["Müller"]


def test_utf16_is_recognised(tmp_path):
    error = refused(tmp_path / "a.csv", "id\nA\n".encode("utf-16"))
    assert 'Try encoding="utf-16"' in str(error)


def test_wrong_encoding_given(tmp_path):
    error = refused(tmp_path / "a.csv", "id\nB\u00e9\n".encode(), encoding="ascii")
    assert "read as ascii text" in str(error)


def test_unknown_encoding(tmp_path):
    error = refused(tmp_path / "a.csv", "id\nA\n", encoding="utf8000")
    assert "no encoding of that name" in str(error)


@pytest.mark.parametrize("header", ["id,x,id", "id,x, id "])
def test_duplicate_columns(tmp_path, header):
    error = refused(tmp_path / "a.csv", f"{header}\nA,1,B\n")
    assert "More than one column is called id" in str(error)
    assert error.facts["columns"] == ["id"]


def test_duplicate_columns_in_parquet(tmp_path):
    one = pyarrow.array([1, 2])
    parquet.write_table(pyarrow.table([one, one], names=["x", "x "]), tmp_path / "a.parquet")
    assert "More than one column is called x" in str(refused(tmp_path / "a.parquet"))


def test_unnamed_column(tmp_path):
    error = refused(tmp_path / "a.csv", '"",id\n"1","A"\n')
    assert "Column 1 of 2 has none" in str(error)
    assert "row.names = FALSE" in str(error)


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


def test_semicolons_with_decimal_comma(tmp_path):
    error = refused(tmp_path / "a.csv", "id;alliance\nA;61,5\nB;58,0\n")
    assert "one column, called 'id;alliance'" in str(error)
    assert "Read it with separator=';', decimal=\",\"." in str(error)
    table = read_table(tmp_path / "a.csv", separator=";", decimal=",")
    assert table["alliance"].tolist() == [61.5, 58.0]


def test_semicolons_without_decimal_comma(tmp_path):
    error = refused(tmp_path / "a.csv", "id;alliance\nA;61.5\n")
    assert "separator=';'." in str(error)
    assert "decimal" not in str(error)


def test_commas_in_a_tab_file(tmp_path):
    assert "separator=','." in str(refused(tmp_path / "a.txt", "id,alliance\nA,61\n"))


def test_tabs_in_a_comma_file(tmp_path):
    assert r"separator='\t'." in str(refused(tmp_path / "a.csv", "id\talliance\nA\t61\n"))


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
    ],
)
def test_impossible_marks(tmp_path, options, words):
    assert words in str(refused(tmp_path / "a.csv", "id,x\nA,1\n", **options))
