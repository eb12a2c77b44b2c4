"""The page stands alone, can be read by everyone, holds no client, and is written whole."""

import base64
import dataclasses
import hashlib
import itertools
import re
import stat
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from bayes_alliance.errors import DataError, MachineError
from bayes_alliance.report import writing
from bayes_alliance.report.blocks import Checklist, Equation, Figure, Section, Table
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.html import render_page
from bayes_alliance.report.writing import write_report
from bayes_alliance.sampling.fit import Fit

pytestmark = pytest.mark.slow

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}
CLIENT_VALUE = "11.234567"


class Elements(HTMLParser):
    """Every element of a page, with its attributes and the elements it lies in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == [], f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {k: v or "" for k, v in attrs}, tuple(self._open)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {k: v or "" for k, v in attrs}, tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes, _ in self.found if tag in tags]


@pytest.fixture(scope="module")
def elements(slopes_page: str) -> Elements:
    return Elements(slopes_page)


def test_nothing_is_loaded_from_elsewhere(slopes_page: str, elements: Elements) -> None:
    assert not elements.all("iframe", "img", "object", "embed", "base", "form")
    links = [a.get("href", a.get("src", "#")) for _, a, _ in elements.found]
    assert {link for link in links if not link.startswith("#")} == {"data:,"}
    style = "".join(re.findall(r"<style>.*?</style>", slopes_page, flags=re.DOTALL))
    assert not re.search(r"url\((?!#)|@import", style)
    assert not [a for _, a, _ in elements.found if any(name.startswith("on") for name in a)]


def test_one_script_runs_and_the_policy_names_it(slopes_page: str, elements: Elements) -> None:
    data, script = elements.all("script")
    assert data == {"type": "application/json", "id": "report-data"}
    assert script == {}
    [text] = re.findall(r"<script>(.*?)</script>", slopes_page, flags=re.DOTALL)
    named = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    [policy] = [m["content"] for m in elements.all("meta") if "http-equiv" in m]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{named}'"
    assert not re.search(r"fetch|XMLHttp|import\(|eval|innerHTML|https?:", text)


def test_names_are_unique_and_links_lead_somewhere(elements: Elements) -> None:
    names = [a["id"] for _, a, _ in elements.found if "id" in a]
    assert len(names) == len(set(names)) > 10
    targets = {a["href"][1:] for a in elements.all("a", "use") if a.get("href", "")[:1] == "#"}
    assert targets <= set(names)
    labelled = {a["aria-labelledby"] for _, a, _ in elements.found if "aria-labelledby" in a}
    assert labelled
    assert labelled <= set(names)


def test_landmarks_and_headings(elements: Elements) -> None:
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert len(elements.all(landmark)) == 1
    levels = [int(tag[1]) for tag, _, _ in elements.found if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert elements.all("html")[0]["lang"] == "en-GB"


def test_every_section_is_in_the_contents(
    elements: Elements, slopes_content: ReportContent
) -> None:
    links = [a["href"] for tag, a, inside in elements.found if tag == "a" and "nav" in inside]
    assert links == [f"#{section.key}" for section in slopes_content.sections]


def test_tables_can_be_read_aloud(slopes_page: str, elements: Elements) -> None:
    captions = re.findall(r"<caption>Table (\d+)\. .+</caption>", slopes_page)
    assert len(elements.all("table")) == len(elements.all("caption")) >= 6
    assert [int(number) for number in captions] == list(range(1, len(captions) + 1))
    assert {a.get("scope") for a in elements.all("th")} == {"col", "row"}
    boxes = [a for a in elements.all("div") if a.get("class") == "scroll"]
    assert len(boxes) == len(elements.all("table"))
    assert all(box["tabindex"] == "0" and box["aria-label"] for box in boxes)


def test_pictures_and_formulas_are_described(
    elements: Elements, slopes_content: ReportContent
) -> None:
    blocks = [block for section in slopes_content.sections for block in section.blocks]
    figures = [block.description for block in blocks if isinstance(block, Figure)]
    cards = [a["aria-label"] for a in elements.all("div") if a.get("role") == "img"]
    assert cards == figures
    assert len(cards) == len(elements.all("svg")) >= 6
    formulas = [block for block in blocks if isinstance(block, Equation)]
    groups = [a["aria-label"] for a in elements.all("div") if a.get("role") == "group"]
    assert groups == [formula.words for formula in formulas]
    assert len(elements.all("math")) == sum(len(formula.lines) for formula in formulas) > 3


def test_a_checklist_leads_to_its_answers(
    elements: Elements, slopes_content: ReportContent
) -> None:
    blocks = [block for section in slopes_content.sections for block in section.blocks]
    items = [i for block in blocks if isinstance(block, Checklist) for i in block.items]
    links = [a["href"] for tag, a, inside in elements.found if tag == "a" and "td" in inside]
    keys = {section.key for section in slopes_content.sections}
    assert links == [f"#{item.section}" for item in items if item.section in keys]
    assert len(links) > 10


def test_a_long_table_is_folded(made_up: ModuleType, slopes_content: ReportContent) -> None:
    frames = {rows: pd.DataFrame({"mean": range(rows)}) for rows in (60, 61)}
    tables = tuple(
        Table(caption=f"{rows} groups", frame=frame, headings={}, row_heading="group")
        for rows, frame in frames.items()
    )
    section = Section(key="groups", heading="Groups", blocks=tables)
    page = render_page(dataclasses.replace(slopes_content, sections=(section,)))
    assert page.count("<details") == 1
    assert "<summary><b>Table 2.</b> 61 groups (61 rows)</summary>" in page


def test_no_client_is_in_the_page(ordinal_fit: Fit) -> None:
    assert CLIENT_VALUE in ordinal_fit.model.frame.rows["age"].astype("str").to_list()
    assert CLIENT_VALUE not in render_page(build_content(ordinal_fit))


def test_what_the_user_wrote_stays_text(made_up: ModuleType) -> None:
    table = made_up.many_groups_table(30)
    table["therapist"] = "<script>alert('" + table["therapist"] + "')</script>"
    fit = made_up.made_up_fit(made_up.Model("score ~ age + (1 | therapist)", table), draws=100)
    page = render_page(build_content(fit, title='<b>&"title"</b>', names=["therapist"]))
    assert len(Elements(page).all("script")) == 2
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page


def test_the_report_is_written(slopes_fit: Fit, tmp_path: Path) -> None:
    path = write_report(slopes_fit, tmp_path / "report.html", title="Alliance in 2025")
    text = path.read_text(encoding="utf-8")
    assert path == tmp_path / "report.html"
    assert "<h1>Alliance in 2025</h1>" in text
    assert text.lstrip().startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(path.stat().st_mode) & 0o400
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    again = write_report(slopes_fit, tmp_path / "again.html", title="Alliance in 2025")
    assert again.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("report.pdf", "ends in '.pdf'"),
        ("report", "no suffix"),
        ("nowhere/report.html", "There is no folder"),
        ("folder.html", "That is a folder"),
    ],
)
def test_a_place_where_nothing_can_be_written(
    slopes_fit: Fit, tmp_path: Path, name: str, found: str
) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(DataError, match=re.escape(found)):
        write_report(slopes_fit, tmp_path / name)


def test_a_failure_leaves_the_old_report(
    slopes_content: ReportContent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(MachineError, match="The disk is full"):
        writing.write_content(slopes_content, path)
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["old"]
