"""Markdown shows every table, escapes what is not its own, and has its figures beside it."""

import dataclasses
import re
import warnings
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pandas as pd
import pytest

from bayes_alliance.report.blocks import (
    Code,
    Equation,
    Figure,
    Items,
    Paragraph,
    Section,
    Table,
)
from bayes_alliance.report.content import ReportContent
from bayes_alliance.report.markdown import figure_files, render_markdown
from bayes_alliance.report.report_data import read_report_data
from bayes_alliance.report.style import svg_file_of
from bayes_alliance.report.tables import cell
from bayes_alliance.report.writing import write_content, write_report

pytestmark = pytest.mark.slow

PNG = b"\x89PNG\r\n\x1a\n"


def with_blocks(content: ReportContent, *blocks: object) -> ReportContent:
    return dataclasses.replace(
        content, sections=(Section(key="only", heading="Only", blocks=blocks),)
    )


def rows_of(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[re.sub(r"\\(?=[^A-Za-z0-9\s])", "", text.strip()) for text in row] for row in cells]


@pytest.fixture(scope="module")
def written(slopes_content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_content(slopes_content, tmp_path_factory.mktemp("out") / "my report.md")


def test_every_number_of_every_table_is_there(slopes_content: ReportContent, written: Path) -> None:
    rows = rows_of(written.read_text(encoding="utf-8"))
    tables = [b for s in slopes_content.sections for b in s.blocks if isinstance(b, Table)]
    expected = [
        [str(label), *(cell(str(c), v) for c, v in zip(t.frame.columns, values, strict=True))]
        for t in tables
        for label, values in zip(
            t.frame.index, t.frame.astype(object).to_numpy().tolist(), strict=True
        )
    ]
    assert len(expected) > 60
    assert [row for row in rows if row in expected] == expected


def test_figures_lie_beside_it_in_both_formats(
    slopes_content: ReportContent, written: Path
) -> None:
    text = written.read_text(encoding="utf-8")
    figures = [b for s in slopes_content.sections for b in s.blocks if isinstance(b, Figure)]
    folder = written.with_name("my report_figures")
    assert {path.name for path in folder.iterdir()} == {
        "report.json",
        *(f"{figure.key}{kind}" for figure in figures for kind in (".svg", ".png")),
    }
    for figure in figures:
        assert f"](my%20report_figures/{figure.key}.png)" in text
        assert (folder / f"{figure.key}.png").read_bytes().startswith(PNG)
        drawn = ElementTree.fromstring((folder / f"{figure.key}.svg").read_bytes())
        assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
        assert drawn.get("width")
    assert len(re.findall(r"^!\[.+\]\(", text, flags=re.MULTILINE)) == len(figures) >= 6


def test_links_lead_to_anchors(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    anchors = re.findall(r'<a id="([^"]+)"></a>', text)
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) == set(anchors)
    assert len(anchors) > 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b * c | d", r"a\_b \* c \| d"),
        ("y ~ x [1] <b> $5 `q` \\", r"y \~ x \[1\] \<b\> \$5 \`q\` " + "\\\\"),
        ("# five", r"\# five"),
        ("- five", r"\- five"),
        ("1. five", r"1\. five"),
        ("1.5 of five", "1.5 of five"),
        ("two\nlines", "two lines"),
    ],
)
def test_what_is_not_its_own_is_escaped(
    slopes_content: ReportContent, text: str, shown: str
) -> None:
    made = render_markdown(with_blocks(slopes_content, Paragraph(text=text)), folder="f")
    assert made.endswith(f"\n\n{shown}\n")
    made = render_markdown(with_blocks(slopes_content, Items(items=(text,))), folder="f")
    assert made.endswith(f"\n\n- {shown}\n")


def test_numbers_in_cells_keep_their_point(slopes_content: ReportContent) -> None:
    frame = pd.DataFrame({"mean": [1.5], "word": ["a|b"]}, index=["1. one"])
    table = Table(caption="C", frame=frame, headings={"mean": "m|n"}, row_heading="r")
    made = render_markdown(with_blocks(slopes_content, table), folder="f")
    assert "| r | m\\|n | word |\n| --- | ---: | --- |\n| 1. one | 1.50 | a\\|b |" in made


def test_code_and_formulas_stand_as_they_are(slopes_content: ReportContent) -> None:
    code = Code(text="a = '```'\nb_c", label="Program")
    formula = Equation(lines=(r"y_i \sim x",), words="y")
    made = render_markdown(with_blocks(slopes_content, code, formula), folder="f")
    assert "````\na = '```'\nb_c\n````" in made
    assert "$$\ny_i \\sim x\n$$" in made


def test_figures_of_the_report_before_are_gone(
    slopes_content: ReportContent, tmp_path: Path
) -> None:
    figure = next(b for s in slopes_content.sections for b in s.blocks if isinstance(b, Figure))
    before, after = (dataclasses.replace(figure, key=key) for key in ("before", "after"))
    path = tmp_path / "r.md"
    write_content(with_blocks(slopes_content, before), path)
    folder = tmp_path / "r_figures"
    (folder / "mine.png").write_bytes(b"the user's own")
    write_content(with_blocks(slopes_content, after), path)
    assert {entry.name for entry in folder.iterdir()} == {
        "report.json", "after.svg", "after.png", "mine.png",
    }  # fmt: skip


def drawn(key: str) -> Figure:
    return Figure(key=key, caption="c", description="d", draw=lambda axes: axes)


def test_figures_have_names_that_every_file_system_takes(
    slopes_content: ReportContent, tmp_path: Path
) -> None:
    keys = [
        "plain-key.x", "slopes-g-drinks/week", "I(stigma / 2)", "../up", "a" * 400, "ä" * 400,
        "Case", "case", 'a:b"<>|?*', "tab\tand\x01", "a b", "a-b", "..",
    ]  # fmt: skip
    files = figure_files(keys)
    assert files["plain-key.x"] == "plain-key.x"
    assert len({name.casefold() for name in files.values()}) == len(keys)
    for name in files.values():
        assert re.fullmatch(r"[\w.-]+", name)
        assert len(name.encode()) <= 100
    content = with_blocks(slopes_content, *map(drawn, keys))
    text = write_content(content, tmp_path / "r.md").read_text(encoding="utf-8")
    folder = tmp_path / "r_figures"
    linked = {unquote(name) for name in re.findall(r"r_figures/([^)\s]+)", text)}
    there = {path.name for path in folder.iterdir()} - {"report.json"}
    assert linked == there == {f"{n}{kind}" for n in files.values() for kind in (".svg", ".png")}
    # Written again without them, none stays: a picture may show names.
    write_content(with_blocks(slopes_content, drawn("other")), tmp_path / "r.md")
    assert {path.name for path in folder.iterdir()} == {"other.svg", "other.png", "report.json"}


def test_a_drawing_holds_no_sign_that_xml_forbids(slopes_content: ReportContent) -> None:
    def titled(axes):
        axes.set_title("\x01<T>\ufffe")
        return axes

    text = svg_file_of(dataclasses.replace(drawn("k"), draw=titled)).decode()
    assert "\N{REPLACEMENT CHARACTER}<T>" in "".join(ElementTree.fromstring(text).itertext())


def test_an_equation_holds_no_html(slopes_content: ReportContent) -> None:
    line = r"\text{<script>alert(1)</script>} < \beta"
    content = with_blocks(slopes_content, Equation(lines=(line,), words="w"))
    text = render_markdown(content, folder="f")
    _, equation, _ = text.split("$$")
    assert not re.search(r"<[A-Za-z/!?]", equation)
    assert equation.replace("<{}", "<").strip() == line


ODD = {"drinks/week": "`drinks/week`", "half": "I(half/2)", "x" * 300: "x" * 300}


@pytest.mark.long
@pytest.mark.parametrize("column", ODD)
def test_odd_names_reach_every_format(column: str, made_up, tmp_path: Path) -> None:
    table = made_up.many_groups_table(12, each=8)
    # Made-up draws suit a predictor of this size.
    table = table.assign(age=(table["age"] - 40) / 10).rename(columns={"age": column})
    table["therapist"] = "T\x01" + table["therapist"]
    term = ODD[column]
    fit = made_up.made_up_fit(made_up.Model(f"score ~ {term} + (1 + {term} | therapist)", table))
    with warnings.catch_warnings():
        # A name of 300 letters leaves no room beside it.
        warnings.filterwarnings("ignore", "constrained_layout not applied", UserWarning)
        places = [tmp_path / f"r.{suffix}" for suffix in ("html", "docx", "md", "json")]
        write_report(fit, places, names=["therapist"])
    for drawing in (tmp_path / "r_figures").glob("*.svg"):
        ElementTree.parse(drawing)
    data = read_report_data(places[0])
    assert all(read_report_data(place) == data for place in places[1:])
