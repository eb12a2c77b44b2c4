"""Files that are something else than their name says are called what they are."""

import zipfile
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError

DISGUISED = {
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n",
    "a picture (PNG)": b"\x89PNG\r\n\x1a\n" + bytes(40),
    "a picture (JPEG)": b"\xff\xd8\xff\xe0" + bytes(40),
    "a web page (HTML)": b"<html><table><tr><td>id</td></tr></table></html>",
    "a workbook in Excel's XML": b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:'
    b'office:spreadsheet"></Workbook>',
    "a text document (RTF)": b"{\\rtf1 id}",
    "JSON": b'[{"id": 1}]',
    "an SQLite database": b"SQLite format 3\x00" + bytes(80),
    "an R object": b"X\n\x00\x00\x00\x03" + bytes(20),
    "a Python pickle": b"\x80\x04\x95\x10" + bytes(20),
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c" + bytes(20),
    "a Word document of before 2007": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + bytes(600)
    + "WordDocument".encode("utf-16-le"),
    "a workbook protected by a password": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + bytes(600)
    + "EncryptedPackage".encode("utf-16-le"),
}


@pytest.mark.parametrize("what", DISGUISED)
@pytest.mark.parametrize("suffix", [".csv", ".xls", ".sav"])
def test_called_what_it_is(tmp_path: Path, what: str, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(DISGUISED[what])
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / f"a{suffix}")
    assert f"By its content it is {what}" in str(caught.value)
    assert len(caught.value.sentences) == 3


@pytest.mark.parametrize(
    ("member", "what"),
    [("word/document.xml", "a Word document"), ("ppt/slides.xml", "a PowerPoint file")],
)
def test_other_documents_in_a_zip(tmp_path: Path, member: str, what: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(member, "<a/>")
    with pytest.raises(DataError, match=f"By its content it is {what}"):
        read_table(tmp_path / "a.xlsx")


def test_a_table_under_another_name_is_read_and_that_is_said(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": ["A", "B"], "x": [1, 2]})
    pyreadstat.write_sav(table, tmp_path / "a.sav")
    table.to_excel(tmp_path / "a.xlsx", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    table.to_csv(tmp_path / "a.csv", index=False)
    for name, other, what in [
        ("a.sav", "b.csv", "an SPSS file"),
        ("a.xlsx", "c.xls", "an Excel workbook"),
        ("a.parquet", "d.csv", "a Parquet file"),
        ("a.csv", "e.xls", "a text table"),
    ]:
        (tmp_path / other).write_bytes((tmp_path / name).read_bytes())
        found = read_table(tmp_path / other)
        assert found["x"].tolist() == [1, 2]
        (note,) = check_data(found).notes_with("read_other_suffix")
        assert f"{other} is {what} by its content" in note.message


@pytest.mark.parametrize("suffix", [".sav", ".dta", ".parquet", ".feather", ".ods", ".xpt"])
def test_text_under_the_name_of_a_binary_format(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_text("id,x\nA,1\n")
    with pytest.raises(DataError, match=r"not one at all\. It looks like text"):
        read_table(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".csv", ".sav", ".xlsx", ".parquet", ".dta"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 300, bytes(range(256)) * 4])
def test_nothing_and_rubbish(tmp_path: Path, suffix: str, content: bytes) -> None:
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / f"a{suffix}")
    assert len(caught.value.sentences) == 3


def test_a_mark_in_the_middle_of_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,x\n" + b"A,1\n" * 2000 + b"B,\x002\n")
    with pytest.raises(DataError, match="Line 2002 holds a sign that no text has"):
        read_table(tmp_path / "a.csv")
