"""The Word document holds the same numbers, in real tables, headings, captions and equations."""

import dataclasses
import io
import zipfile
from xml.etree import ElementTree

import docx
import pandas as pd
import pytest

from bayes_alliance.report.blocks import (
    Checklist,
    ChecklistItem,
    Equation,
    Figure,
    Heading,
    Section,
    Table,
)
from bayes_alliance.report.content import ReportContent
from bayes_alliance.report.docx.document import render_document
from bayes_alliance.report.docx.equations import word_equation
from bayes_alliance.report.tables import cell

pytestmark = pytest.mark.slow

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"


@pytest.fixture(scope="module")
def written(slopes_content: ReportContent) -> bytes:
    return render_document(slopes_content)


@pytest.fixture(scope="module")
def document(written: bytes) -> docx.document.Document:
    return docx.Document(io.BytesIO(written))


def blocks_of(content: ReportContent, *kinds: type) -> list:
    every = [block for section in content.sections for block in section.blocks]
    return [block for block in every if isinstance(block, kinds)]


def with_blocks(content: ReportContent, *blocks: object) -> ReportContent:
    section = Section(key="only-one", heading="Only", blocks=blocks)
    return dataclasses.replace(content, sections=(section,))


def read(content: ReportContent) -> docx.document.Document:
    return docx.Document(io.BytesIO(render_document(content)))


def expected_cells(table: Table) -> list[list[str]]:
    names = list(table.frame.columns)
    heads = [table.row_heading, *(table.headings.get(name, name) for name in names)]
    rows = table.frame.astype(object).to_numpy().tolist()
    shown = [[cell(name, value) for name, value in zip(names, row, strict=True)] for row in rows]
    return [heads, *([str(i), *row] for i, row in zip(table.frame.index, shown, strict=True))]


def cells_of(table) -> list[list[str]]:
    rows = table._tbl.iter(f"{W}tr")
    return [
        ["".join(t.text or "" for t in c.iter(f"{W}t")) for c in r.iter(f"{W}tc")] for r in rows
    ]


def test_every_number_of_every_table_is_there(
    document: docx.document.Document, slopes_content: ReportContent
) -> None:
    tables = blocks_of(slopes_content, Table, Checklist)
    assert len(document.tables) == len(tables) > 10
    for made, block in zip(document.tables, tables, strict=True):
        if isinstance(block, Table):
            assert cells_of(made) == expected_cells(block)
        else:
            assert [row[0] for row in cells_of(made)[1:]] == [item.point for item in block.items]


def test_headings_are_words_own(
    document: docx.document.Document, slopes_content: ReportContent
) -> None:
    by_style = {
        style: [p.text for p in document.paragraphs if p.style.name == style]
        for style in ("Title", "Heading 1", "Heading 2")
    }
    assert by_style["Title"] == [slopes_content.title]
    assert by_style["Heading 1"] == [section.heading for section in slopes_content.sections]
    assert by_style["Heading 2"] == [h.text for h in blocks_of(slopes_content, Heading)]


def test_pictures_say_what_they_show(
    document: docx.document.Document, slopes_content: ReportContent
) -> None:
    figures = blocks_of(slopes_content, Figure)
    shown = [shape._inline.docPr for shape in document.inline_shapes]
    assert [picture.get("descr") for picture in shown] == [f.description for f in figures]
    resolutions = {part.image.horz_dpi for part in document.part.package.image_parts}
    assert resolutions == {200}


def test_captions_are_counted_by_word(
    document: docx.document.Document, slopes_content: ReportContent
) -> None:
    captions = [p for p in document.paragraphs if p.style.name == "Caption"]
    fields = [f.get(f"{W}instr") for p in captions for f in p._p.iter(f"{W}fldSimple")]
    assert len(fields) == len(captions)
    assert set(fields) == {r" SEQ Table \* ARABIC ", r" SEQ Figure \* ARABIC "}
    shown = ["".join(t.text for t in p._p.iter(f"{W}t")) for p in captions]
    tables = blocks_of(slopes_content, Table, Checklist)
    assert [text for text in shown if text.startswith("Table")] == [
        f"Table {number}{block.caption}" for number, block in enumerate(tables, 1)
    ]


def test_links_lead_to_bookmarks(document: docx.document.Document) -> None:
    body = document.element.body
    marks = [mark.get(f"{W}name") for mark in body.iter(f"{W}bookmarkStart")]
    anchors = [link.get(f"{W}anchor") for link in body.iter(f"{W}hyperlink")]
    numbers = [mark.get(f"{W}id") for mark in body.iter(f"{W}bookmarkStart")]
    assert len(set(marks)) == len(marks) == len(set(numbers)) > 10
    assert set(anchors) <= set(marks)
    assert len(anchors) > len(marks) + 10


def test_tables_have_the_rules_of_a_journal(document: docx.document.Document) -> None:
    for table in document.tables:
        borders = {b.tag.removeprefix(W) for b in table._tbl.tblPr.find(f"{W}tblBorders")}
        assert borders == {"top", "bottom"}
        first, *rest = table._tbl.iter(f"{W}tr")
        assert first.find(f"{W}trPr/{W}tblHeader") is not None
        assert not [row for row in rest if row.find(f"{W}trPr/{W}tblHeader") is not None]
        widths = [int(column.get(f"{W}w")) for column in table._tbl.tblGrid]
        assert sum(widths) <= 9100, "wider than the text"


def test_formulas_are_words_own(
    document: docx.document.Document, slopes_content: ReportContent
) -> None:
    lines = [line for block in blocks_of(slopes_content, Equation) for line in block.lines]
    made = list(document.element.body.iter(f"{M}oMath"))
    assert len(made) == len(lines) > 3
    assert all("".join(t.text for t in formula.iter(f"{M}t")).strip() for formula in made)


def test_title_language_and_a_sound_file(written: bytes, slopes_content: ReportContent) -> None:
    document = docx.Document(io.BytesIO(written))
    held = document.core_properties
    assert (held.title, held.language) == (slopes_content.title, "en-GB")
    assert held.author == ""
    assert {e.get(f"{W}val") for e in document.styles.element.iter(f"{W}lang")} == {"en-GB"}
    with zipfile.ZipFile(io.BytesIO(written)) as package:
        assert package.testzip() is None
        names = package.namelist()
        assert len(names) == len(set(names))
        for name in names:
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(package.read(name))


def test_a_long_table_stands_at_the_end_under_its_own_number(slopes_content: ReportContent) -> None:
    frames = [pd.DataFrame({"mean": [float(k) for k in range(rows)]}) for rows in (3, 2000, 5)]
    tables = [
        Table(caption=f"Rows {len(f)}", frame=f, headings={}, row_heading="group") for f in frames
    ]
    document = read(with_blocks(slopes_content, *tables))
    assert [len(table.rows) for table in document.tables] == [4, 6, 2001]
    captions = [p for p in document.paragraphs if p.style.name == "Caption"]
    fields = [f.get(f"{W}instr") for p in captions for f in p._p.iter(f"{W}fldSimple")]
    assert fields == [
        r" SEQ Table \* ARABIC ",
        r" SEQ Table \* ARABIC \r 3 ",
        r" SEQ Table \* ARABIC \r 2 ",
    ]
    texts = [p.text for p in document.paragraphs]
    assert any("Table 2, Rows 2000, has 2,000 rows and stands at the end" in text for text in texts)
    assert cells_of(document.tables[2]) == expected_cells(tables[1])


def test_signs_that_xml_cannot_hold(slopes_content: ReportContent) -> None:
    frame = pd.DataFrame({"a\x01<b>": [1.0]}, index=["\x00&\ufffe"])
    table = Table(caption='"Q" & \x07', frame=frame, headings={}, row_heading="<i>")
    document = read(
        dataclasses.replace(with_blocks(slopes_content, table), title="Bell \x07 & <b>")
    )
    assert document.paragraphs[0].text == "Bell \ufffd & <b>"
    assert cells_of(document.tables[0]) == [["<i>", "a\ufffd<b>"], ["\ufffd&\ufffd", "1.00"]]


def test_what_is_left_to_the_author_has_no_link(slopes_content: ReportContent) -> None:
    items = (
        ChecklistItem(point="1", asked="Why?", answer="See there.", section="only-one"),
        ChecklistItem(point="2", asked="How?", answer="Left to the author: how.", section=None),
        ChecklistItem(point="3", asked="When?", answer="Not used.", section="gone"),
    )
    document = read(with_blocks(slopes_content, Checklist(caption="List", items=items)))
    table = document.tables[0]
    assert [row[3] for row in cells_of(table)] == ["Where", "Only", "Left to the author", "–"]
    assert len(list(table._tbl.iter(f"{W}hyperlink"))) == 1


@pytest.mark.parametrize(
    ("line", "elements", "text"),
    [
        (r"\frac{1}{2}", {"f", "num", "den"}, "12"),
        (r"x_{ij}^2", {"sSubSup", "sub", "sup"}, "xij2"),
        (r"\sqrt{x}", {"rad", "deg"}, "x"),
        (r"\left(\begin{pmatrix}a & b\\ c & d\end{pmatrix}\right)", {"d", "m", "mr"}, "abcd"),
        (r"\hat{x}", {"acc"}, "x"),
        (r"\bar{x}", {"bar"}, "x"),
        (r"\sum_{k=1}^{K} k", {"limUpp", "limLow"}, "∑k=1Kk"),
        (r"y \sim \mathrm{Normal}(0, \sigma)", {"nor", "d"}, "y\N{TILDE OPERATOR}Normal0,σ"),
        (r"\text{a\_b \& 5\% of \{x\} \$}_i", {"nor", "sSub"}, "a_b & 5% of {x} $i"),
        (r"\text{} + (a", set(), "+(a"),
        (r"\text{käse <b> \textbackslash{}n \textasciitilde{}}", {"nor"}, "käse <b> \\n ~"),
    ],
)
def test_a_formula_becomes_office_math(line: str, elements: set[str], text: str) -> None:
    made = word_equation(line)
    found = {element.tag.removeprefix(M) for element in made.iter()}
    assert elements <= found
    shown = "".join(t.text for t in made.iter(f"{M}t")).replace("\N{NO-BREAK SPACE}", " ")
    assert shown == text
