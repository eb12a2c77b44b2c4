"""Text tables as people send them: their form is found, said, and refused where it is in doubt."""

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.provenance import reading_options
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError

GERMAN = "client;manager;alliance;income\nC1;Müller;61,5;1.234,50\nC2;Özil;58,0;987,00\n"


def read(folder: Path, text: str | bytes, name: str = "a.csv", **options: Any) -> pd.DataFrame:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, **options)


def said(table: pd.DataFrame) -> str:
    return " ".join(n.text for n in check_data(table).notes if n.code.startswith("read_"))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_any_separator_is_found(tmp_path: Path, separator: str, name: str) -> None:
    text = "id,x,word\nA,1,one\nB,2,two\n".replace(",", separator)
    table = read(tmp_path, text, name)
    assert table.to_dict("list") == {"id": ["A", "B"], "x": [1, 2], "word": ["one", "two"]}
    usual = separator == ("," if name == "a.csv" else "\t")
    assert ("split at" in said(table)) is not usual


def test_everything_at_once_is_found_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, GERMAN.encode("cp1252"))
    assert table["alliance"].tolist() == [61.5, 58.0]
    assert table["income"].tolist() == [1234.5, 987.0]
    assert table["manager"].tolist() == ["Müller", "Özil"]
    words = said(table)
    assert "cp1252 (Windows, western Europe), such as in 'Müller'" in words
    assert "split at semicolons" in words
    assert (
        "a decimal comma (61,5 is 61.5) and a point between thousands (1.234,50 is 1234.50)"
        in words
    )


def test_what_was_found_reads_the_file_again(tmp_path: Path) -> None:
    table = read(tmp_path, GERMAN.encode("cp1252"))
    options = reading_options(table.attrs)
    assert options == {
        "encoding": "cp1252", "missing": [], "separator": ";", "decimal": ",", "thousands": ".",
    }  # fmt: skip
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.csv", **options), table)
    plain = read(tmp_path, "id,x\nA,1\n", "b.csv")
    assert reading_options(plain.attrs) == {"encoding": "utf-8", "missing": [], "decimal": "."}
    assert said(plain) == ""


@pytest.mark.parametrize("mark", [".", ","])
def test_a_number_that_can_be_read_in_two_ways_is_refused(tmp_path: Path, mark: str) -> None:
    text = f"id;x\nA;1{mark}234\nB;2{mark}345\n"
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert "may be 1.234 or 1234" in str(caught.value)
    assert f'decimal="{mark}"' in str(caught.value)
    assert f'thousands="{mark}"' in str(caught.value)
    assert read(tmp_path, text, decimal=mark)["x"].tolist() == [1.234, 2.345]
    assert read(tmp_path, text, thousands=mark)["x"].tolist() == [1234, 2345]


@pytest.mark.parametrize(
    ("other", "value"), [("0,5", 1234.0), ("1.234.567", 1234.0), ("0.5", 1.234), ("12,50", 1234.0)]
)
def test_one_number_tells_how_all_are_read(tmp_path: Path, other: str, value: float) -> None:
    table = read(tmp_path, f"id;x;y\nA;1.234;{other}\nB;2.345;7\n")
    assert table["x"].tolist()[0] == value


def test_a_point_in_a_comma_file_is_a_decimal_point(tmp_path: Path) -> None:
    table = read(tmp_path, "id,x\nA,1.234\nB,2.345\n")
    assert table["x"].tolist() == [1.234, 2.345]
    assert said(table) == ""


def test_columns_that_disagree_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"decimal comma \(x: 1,5\), others a decimal point"
    ) as caught:
        read(tmp_path, "id;x;y\nA;1,5;2.5\nB;2,5;3.5\n")
    assert caught.value.facts == {"commas": ["x"], "points": ["y"]}
    table = read(tmp_path, "id;x;y\nA;1,5;2.5\nB;2,5;3.5\n", decimal=",")
    assert table["x"].tolist() == [1.5, 2.5]
    assert table["y"].tolist() == ["2.5", "3.5"]


@pytest.mark.parametrize("mark", ["'", "’", "\u00a0", "\u202f"])
def test_other_marks_between_thousands(tmp_path: Path, mark: str) -> None:
    table = read(tmp_path, f"id,x\nA,1{mark}234.5\nB,12{mark}345.0\nC,7\n")
    assert table["x"].tolist() == [1234.5, 12345.0, 7.0]
    assert "between thousands" in said(table)


def test_dates_versions_and_ids_are_no_numbers(tmp_path: Path) -> None:
    table = read(tmp_path, "id;day;version;x\n007;01.02.2024;1.2.3;1,5\n010;02.02.2024;1.2.4;2,5\n")
    assert table["id"].tolist() == ["007", "010"]
    assert table["day"].tolist() == ["01.02.2024", "02.02.2024"]
    assert table["version"].tolist() == ["1.2.3", "1.2.4"]
    assert table["x"].tolist() == [1.5, 2.5]


def test_two_separators_that_fit_equally_are_refused(tmp_path: Path) -> None:
    text = "a;b, c;d\n1;2,5;3\n4;5,5;6\n"
    with pytest.raises(DataError, match=r"commas \(2 columns\) or semicolons \(3 columns\)"):
        read(tmp_path, text)
    assert read(tmp_path, text, separator=";").columns.tolist() == ["a", "b, c", "d"]


def test_the_hint_of_excel_and_single_quotes(tmp_path: Path) -> None:
    assert read(tmp_path, "sep=;\nid;x\nA;1\n")["x"].tolist() == [1]
    table = read(tmp_path, "'id','note'\n'A','one, two'\n'B','three'\n")
    assert table["note"].tolist() == ["one, two", "three"]
    assert "single quotation marks" in said(table)


ENCODINGS = {
    "utf-8": "Zoë Müller",
    "utf-8-sig": "Zoë Müller",
    "utf-16": "Zoë Müller",
    "utf-16-le": "Zoë Müller",
    "utf-16-be": "Zoë Müller",
    "cp1252": "Zoë Müller",
    "cp1250": "Łukasz Wiśniewski",
    "mac_roman": "Zoë Müller",
    "cp850": "Jürgen Groß",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    name = ENCODINGS[encoding]
    text = f"id,name,x\nA,{name},1\nB,{name},2\nC,Ann,3\n"
    table = read(tmp_path, text.encode(encoding))
    assert table["name"].tolist() == [name, name, "Ann"]
    if not encoding.startswith(("utf-8", "utf-16")) or encoding.endswith("e"):
        assert f"read as {encoding} " in said(table)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("shift_jis", "日本語"), ("cp1251", "Иван Петров"), ("cp1253", "Γιώργος"), ("gbk", "张伟")],
)
def test_letters_that_make_no_words_are_refused(tmp_path: Path, encoding: str, name: str) -> None:
    raw = f"id,name\nA,{name}\nB,{name}\n".encode(encoding)
    with pytest.raises(DataError, match="its letters do not tell which"):
        read(tmp_path, raw)
    assert read(tmp_path, raw, encoding=encoding)["name"].tolist() == [name, name]


def test_utf8_with_one_damaged_byte_is_not_read_as_something_else(tmp_path: Path) -> None:
    raw = bytearray("id,name\nA,Müller\nB,Özil\nC,Ann\n".encode())
    raw[-2] = 0xFF
    with pytest.raises(DataError, match=r"UTF-8 but for byte 30 \(line 4\)"):
        read(tmp_path, bytes(raw))


PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("suffix", PACK)
def test_packed_text(tmp_path: Path, suffix: str) -> None:
    packed = PACK[suffix](b"id,x\nA,1\n")
    assert read(tmp_path, packed, f"a.csv{suffix}")["x"].tolist() == [1]
    # By its content, whatever the name says.
    assert read(tmp_path, packed, "b.csv")["x"].tolist() == [1]


def test_the_only_file_of_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/inner.tsv", "id\tx\nA\t1\n")
        archive.writestr("__MACOSX/inner.tsv", "rubbish")
    assert read_table(tmp_path / "a.zip")["x"].tolist() == [1]
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("other.csv", "a\n1\n")
    with pytest.raises(DataError, match=r"holds 2 files: folder/inner.tsv, other.csv"):
        read_table(tmp_path / "a.zip")


@pytest.mark.parametrize("suffix", PACK)
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DataError, match="as no table does"):
        read(tmp_path, PACK[suffix](b"0" * (80 << 20)), f"a.csv{suffix}")


def test_a_bomb_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (80 << 20))
    with pytest.raises(DataError, match="as no table does"):
        read_table(tmp_path / "a.zip")


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (8 << 20))
    raw = (tmp_path / "a.zip").read_bytes().replace((8 << 20).to_bytes(4, "little"), b"\x10\0\0\0")
    with pytest.raises(DataError, match="damaged or cut short"):
        read(tmp_path, raw, "b.zip")
