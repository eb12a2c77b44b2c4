"""Workbooks as agencies keep them: sheets, titles, types of cells, formulas, what is refused."""

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.provenance import reading_options
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError


def book(path: Path, *sheets: Callable[[Any, Any], None]) -> Path:
    """Write a workbook, each sheet by a function of its own name."""
    with xlsxwriter.Workbook(path) as written:
        for fill in sheets:
            fill(written.add_worksheet(fill.__name__), written)
    return path


def said(table: pd.DataFrame) -> str:
    return " ".join(n.text for n in check_data(table).notes if n.code.startswith("read_"))


def clients(sheet: Any, written: Any) -> None:
    day = written.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, ["id", "n", "x", "yes", "day", "mixed", "zeros"])
    for row, own in enumerate(
        [("A", 1, 1.5, True, 5, "refused", "007"), ("B", 2, -2, False, 6, 3, "8")]
    ):
        sheet.write_row(1 + row, 0, own)
        sheet.write_datetime(1 + row, 4, datetime.date(2024, 1, own[4]), day)


def notes(sheet: Any, written: Any) -> None:
    sheet.write(0, 0, "Made by Kim")


def archive(sheet: Any, written: Any) -> None:
    sheet.write_row(0, 0, ["id", "x"])
    sheet.write_row(1, 0, ["Z", 9])


def test_types_of_cells(tmp_path: Path) -> None:
    table = read_table(book(tmp_path / "a.xlsx", clients))
    kinds = {name: str(kind) for name, kind in table.dtypes.items()}
    assert kinds == {
        "id": "str", "n": "int64", "x": "float64", "yes": "bool", "day": "datetime64[us]",
        "mixed": "str", "zeros": "str",
    }  # fmt: skip
    assert table["day"].dt.day.tolist() == [5, 6]
    assert table["mixed"].tolist() == ["refused", "3"]
    assert table["zeros"].tolist() == ["007", "8"]


def test_codes_and_blank_words_are_missing(tmp_path: Path) -> None:
    def scores(sheet: Any, written: Any) -> None:
        sheet.write_row(0, 0, ["x", "y", "z"])
        for row, own in enumerate([(1, -99, "NA"), (2, 5, 4), (3, 6, 7)]):
            sheet.write_row(1 + row, 0, own)

    table = read_table(book(tmp_path / "a.xlsx", scores), missing=-99)
    assert table["y"].isna().tolist() == [True, False, False]
    assert table["z"].isna().tolist() == [True, False, False]
    assert str(table["z"].dtype) == "float64"


def test_the_only_sheet_with_a_table_is_read_and_that_is_said(tmp_path: Path) -> None:
    table = read_table(book(tmp_path / "a.xlsx", notes, clients))
    assert table["id"].tolist() == ["A", "B"]
    assert "The sheet 'clients' was read; there is 'notes' too." in said(table)


def test_two_tables_are_refused_until_one_is_named(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", clients, archive)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert "2 sheets hold one: 'clients' (3 rows), 'archive' (2 rows)" in str(caught.value)
    assert 'sheet="clients"' in str(caught.value)
    assert "--sheet 'clients'" in caught.value.said_in("command line")
    named = read_table(path, sheet="archive")
    assert named["id"].tolist() == ["Z"]
    assert reading_options(named.attrs)["sheet"] == "archive"
    assert read_table(path, sheet=2)["id"].tolist() == ["Z"]
    with pytest.raises(DataError, match="Did you mean 'clients'"):
        read_table(path, sheet="client")


def test_a_hidden_sheet_is_not_taken_for_a_second_table(tmp_path: Path) -> None:
    def hidden(sheet: Any, written: Any) -> None:
        archive(sheet, written)
        sheet.hide()

    assert read_table(book(tmp_path / "a.xlsx", clients, hidden))["id"].tolist() == ["A", "B"]


def test_formulas_count_by_their_stored_values(tmp_path: Path) -> None:
    def scores(sheet: Any, written: Any) -> None:
        sheet.write_row(0, 0, ["x", "double", "never", "wrong"])
        for row in range(1, 4):
            sheet.write(row, 0, row)
            sheet.write_formula(row, 1, f"=A{row + 1}*2", None, 2 * row)
            sheet.write_formula(row, 2, f"=A{row + 1}*3", None, "" if row == 2 else 3 * row)
            sheet.write_formula(row, 3, "=1/0", None, "#DIV/0!" if row == 3 else 1)

    table = read_table(book(tmp_path / "a.xlsx", scores))
    assert table["double"].tolist() == [2, 4, 6]
    assert table["never"].isna().tolist() == [False, True, False]
    assert table["wrong"].isna().tolist() == [False, False, True]
    words = said(table)
    assert "never computed and stored, and is missing: C3" in words
    assert "an error such as #DIV/0! and is missing: D4" in words


def test_cells_made_one_over_several_rows_count_for_each(tmp_path: Path) -> None:
    def grouped(sheet: Any, written: Any) -> None:
        sheet.write_row(0, 0, ["manager", "x"])
        sheet.merge_range("A2:A4", "Ann")
        sheet.write(4, 0, "Bo")
        for row in range(1, 5):
            sheet.write(row, 1, row)

    table = read_table(book(tmp_path / "a.xlsx", grouped))
    assert table["manager"].tolist() == ["Ann", "Ann", "Ann", "Bo"]
    assert "rows 2 to 4" in said(table)


def test_two_rows_of_names_with_merged_cells(tmp_path: Path) -> None:
    def waves(sheet: Any, written: Any) -> None:
        sheet.merge_range("B1:F1", "A study")
        sheet.merge_range("B3:B4", "id")
        sheet.merge_range("C3:D3", "alliance")
        sheet.merge_range("E3:F3", "stigma")
        sheet.write_row(3, 2, ["t1", "t2", "t1", "t2"])
        for row in range(4, 9):
            sheet.write_row(row, 1, [f"C{row}", row, 2 * row, 3 * row, 4 * row])

    table = read_table(book(tmp_path / "a.xlsx", waves))
    names = ["id", "alliance_t1", "alliance_t2", "stigma_t1", "stigma_t2"]
    assert table.columns.tolist() == names
    assert len(table) == 5
    assert "made of rows 3 and 4" in said(table)


def ods(path: Path, rows: list[list[object]]) -> Path:
    """Write an OpenDocument spreadsheet by hand."""

    def cell(value: object) -> str:
        if value is None:
            return "<table:table-cell/>"
        kind = "string" if isinstance(value, str) else "float"
        own = "" if kind == "string" else f' office:value="{value}"'
        return (
            f'<table:table-cell office:value-type="{kind}"{own}><text:p>{value}</text:p>'
            "</table:table-cell>"
        )

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    base = "urn:oasis:names:tc:opendocument:xmlns:"
    names = "".join(f' xmlns:{n}="{base}{n}:1.0"' for n in ("office", "table", "text"))
    with zipfile.ZipFile(path, "w") as archived:
        archived.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archived.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{base}manifest:1.0"/>',
        )
        archived.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="A">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def test_opendocument(tmp_path: Path) -> None:
    rows: list[list[object]] = [["A title"], [], ["id", "x", "y"], ["A", 1, 2.5], ["B", None, 3]]
    table = read_table(ods(tmp_path / "a.ods", rows))
    assert table["id"].tolist() == ["A", "B"]
    assert table["y"].tolist() == [2.5, 3.0]
    assert table["x"].isna().tolist() == [False, True]


def test_an_empty_workbook_and_one_without_names(tmp_path: Path) -> None:
    def empty(sheet: Any, written: Any) -> None:
        pass

    with pytest.raises(DataError, match="hold nothing"):
        read_table(book(tmp_path / "a.xlsx", empty))


def test_a_sheet_that_says_it_is_huge_is_refused(tmp_path: Path) -> None:
    def far(sheet: Any, written: Any) -> None:
        sheet.write_row(0, 0, ["id", "x"])
        sheet.write(1_048_575, 16_383, 1)

    with pytest.raises(DataError, match=r"damaged|too many to hold"):
        read_table(book(tmp_path / "a.xlsx", far))


def test_entities_are_refused(tmp_path: Path) -> None:
    source = book(tmp_path / "a.xlsx", archive)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                head, mark, rest = text.partition(b"?>")
                text = head + mark + b'<!DOCTYPE a [<!ENTITY b "c">]>' + rest
            new.writestr(name, text)
    with pytest.raises(DataError, match="defines entities"):
        read_table(tmp_path / "b.xlsx")


def test_without_the_library_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "a.xlsx", archive)
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    with pytest.raises(DataError, match=r"pip install 'bayes-alliance\[files\]'"):
        read_table(path)
