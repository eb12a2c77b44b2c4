"""Every number of the page is the data's, the data's are the verbs', in each format."""

import json
import math
import re
import shutil
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import DataError
from bayes_alliance.report.blocks import Section, Table
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.report_data import read_report_data, report_data, write_data
from bayes_alliance.report.tables import cell
from bayes_alliance.report.writing import SUFFIXES, write_content
from bayes_alliance.sampling.fit import Fit

pytestmark = pytest.mark.slow


class PageTables(HTMLParser):
    """Every row of every table with its numbers: unrounded, shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[tuple[str | None, str]]]] = []
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table" and ("class", "checklist") not in attrs:
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self.tables[-1][-1].append((dict(attrs).get("data-value"), ""))
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            value, shown = self.tables[-1][-1][-1]
            self.tables[-1][-1][-1] = (value, shown + data)


def tables_of(data: dict) -> list[dict]:
    blocks = [block for section in data["sections"] for block in section["blocks"]]
    return [block for block in blocks if block["kind"] == "table"]


def columns_of(table: dict) -> dict[str, list]:
    values = zip(*(row["values"] for row in table["rows"]), strict=True)
    return dict(zip(table["columns"], map(list, values), strict=True))


def test_every_number_of_the_page_is_the_datas(
    slopes_page: str, slopes_content: ReportContent
) -> None:
    page = re.sub(r'<table class="checklist">.*?</table>', "", slopes_page, flags=re.DOTALL)
    found, expected = PageTables(page).tables, tables_of(report_data(slopes_content))
    assert len(found) == len(expected) > 8
    walked = 0
    for shown, table in zip(found, expected, strict=True):
        assert len(shown) == 1 + len(table["rows"])
        for cells, row in zip(shown[1:], table["rows"], strict=True):
            assert cells[0][1].strip() == row["label"]
            triples = zip(cells[1:], table["columns"], row["values"], strict=True)
            for (raw, text), name, value in triples:
                assert text.strip() == cell(name, value)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert float(raw) == value
                    walked += 1
                else:
                    assert raw is None
    assert walked > 700


def test_the_datas_numbers_are_the_verbs(slopes_fit: Fit) -> None:
    tables = tables_of(report_data(build_content(slopes_fit, names="case_manager")))
    summary = ba.summarize(slopes_fit).table
    effects = ba.group_effects(slopes_fit).table
    shares = ba.variance_shares(slopes_fit).table
    by_caption = {table["caption"]: columns_of(table) for table in tables}
    of_groups = next(v for k, v in by_caption.items() if k.startswith("Deviations of"))
    for name in ("mean", "sd", "lower", "upper"):
        np.testing.assert_array_equal(of_groups[name], effects[name])
    of_shares = next(v for k, v in by_caption.items() if k.startswith("Shares of the variance"))
    for name in ("mean", "lower", "upper", "mcse_mean"):
        np.testing.assert_array_equal(of_shares[name], 100 * shares[name])
    labelled = {
        row["label"]: dict(zip(table["columns"], row["values"], strict=True))
        for table in tables
        if {"mean", "r_hat"} <= set(table["columns"])
        for row in table["rows"]
    }
    assert set(summary.index) <= set(labelled)
    for label in summary.index:
        for name in ("mean", "sd", "lower", "upper", "ess_bulk", "r_hat"):
            assert labelled[label][name] == summary.loc[label, name], (label, name)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_format_gives_the_data_back(
    slopes_content: ReportContent, tmp_path: Path, suffix: str
) -> None:
    path = write_content(slopes_content, tmp_path / f"report{suffix}")
    assert read_report_data(path) == report_data(slopes_content)


def test_it_is_plain_json_with_what_it_promises(slopes_content: ReportContent) -> None:
    data = json.loads(write_data(report_data(slopes_content)))
    assert data == report_data(slopes_content)
    assert (data["report"], data["format"]) == ("bayes_alliance", 1)
    assert data["title"] == slopes_content.title
    assert data["conclusions"] == list(slopes_content.conclusions)
    assert [s["key"] for s in data["sections"]] == [s.key for s in slopes_content.sections]
    kinds = {block["kind"] for section in data["sections"] for block in section["blocks"]}
    assert {"table", "figure", "equation", "checklist", "code", "items"} <= kinds


def test_what_json_does_not_know(slopes_content: ReportContent, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "number": [1.5, math.nan, math.inf, -math.inf],
            "whole": np.array([1, 2, 3, 4], dtype=np.int64),
            "truth": [True, False, True, False],
            "mixed": [None, pd.NaT, "</script><script>", pd.Timestamp("2025-01-02")],
        }
    )
    table = Table(caption="C", frame=frame, headings={}, row_heading="row")
    content = ReportContent(
        title="T",
        subtitle="S",
        notices=(),
        conclusions=(),
        level="fine",
        sections=(Section(key="only", heading="Only", blocks=(table,)),),
    )
    for suffix in SUFFIXES:
        path = write_content(content, tmp_path / f"r{suffix}")
        [found] = tables_of(read_report_data(path))
        assert columns_of(found) == {
            "number": [1.5, None, "Infinity", "-Infinity"],
            "whole": [1, 2, 3, 4],
            "truth": [True, False, True, False],
            "mixed": [None, None, "</script><script>", "2025-01-02 00:00:00"],
        }


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("r.html", b"<html></html>", "No data of a report"),
        ("r.docx", b"no zip", "No data of a report"),
        ("r.json", b"{", "No data of a report"),
        ("r.json", b"\xff\xfe", "No data of a report"),
        ("r.json", b"[1]", "not a report of bayes_alliance"),
        ("r.json", b'{"report": "another"}', "not a report of bayes_alliance"),
        ("r.json", b'{"report": "bayes_alliance", "format": 9}', "Its format is 9"),
        ("r.md", b"# Title", "Keep r_figures beside r.md"),
        ("r.pdf", b"", "Give one of .html"),
        ("r", b"", "no suffix"),
    ],
)
def test_what_is_no_report_is_refused(
    tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=re.escape(found)):
        read_report_data(tmp_path / name)


def test_a_word_document_of_someone_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.docx", "w") as package:
        package.writestr("customXml/item1.xml", "<a/>")
    with pytest.raises(DataError, match="No data of a report"):
        read_report_data(tmp_path / "r.docx")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be read"):
        read_report_data(tmp_path / "gone.html")


def test_markdown_moved_with_its_folder(slopes_content: ReportContent, tmp_path: Path) -> None:
    write_content(slopes_content, tmp_path / "r.md")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("r.md", "r_figures"):
        shutil.move(tmp_path / name, elsewhere / name)
    assert read_report_data(elsewhere / "r.md") == report_data(slopes_content)
