"""A document changed in anything a reader can see is told; an unchanged one never is."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import bayes_alliance as ba
from bayes_alliance.report.content import ReportContent
from bayes_alliance.report.html import render_page
from bayes_alliance.report.report_data import read_report_data, report_data
from bayes_alliance.report.reproduction.document import (
    document_differences,
    page_differences,
    tells_its_data,
)
from bayes_alliance.report.reproduction.shown_words import same_words
from bayes_alliance.report.reproduction.told_content import figures_of, told_content
from bayes_alliance.report.session_record import writing_versions
from bayes_alliance.report.writing import write_content

SHORT = {"draws": 60, "tune": 150, "chains": 2, "progress": False}
Edit = Callable[[str, np.random.Generator], str]
# What is seen: words between tags, but for the data and the styles, which stand in one line each.
_WORDS = re.compile(r">([^<>]*[^<>\s][^<>]*)<")
_FULL = {"p", "li", "dd", "td", "th"}


@pytest.fixture(scope="module")
def told(slopes_content: ReportContent) -> ReportContent:
    return told_content(report_data(slopes_content), figures_of(slopes_content))


@pytest.fixture(scope="module")
def short(slopes_content: ReportContent) -> ReportContent:
    """The same report with a figure only, which is drawn sooner."""
    sections = [
        s for s in slopes_content.sections if s.key in ("question", "in-short", "data", "groups")
    ]
    return replace(slopes_content, sections=tuple(sections))


def found_on(page: str, meant: str, told: ReportContent, *, pictures: bool = True) -> list[str]:
    return list(page_differences(page, meant, list(figures_of(told)), pictures=pictures))


def chosen(rng: np.random.Generator, among: list[Any]) -> Any:
    return among[int(rng.integers(len(among)))]


def body(page: str) -> tuple[int, int]:
    """Return where the visible part begins and ends."""
    return page.index("<body>"), page.index('<script type="application/json"')


def replaced(page: str, start: int, end: int, by: str) -> str:
    return page[:start] + by + page[end:]


def letter(page: str, rng: np.random.Generator) -> str:
    """Change one visible letter, digit or mark."""
    spans = [m.span(1) for m in _WORDS.finditer(page, *body(page))]
    start, end = chosen(rng, spans)
    at = chosen(rng, [k for k in range(start, end) if not page[k].isspace()])
    old = page[at]
    pool = "0123456789" if old.isdigit() else "abcdefghijklmnopqrstuvwxyzäé;"
    return replaced(page, at, at + 1, chosen(rng, [c for c in pool if c != old]))


def number(page: str, rng: np.random.Generator) -> str:
    """Change one digit of a number in a sentence or cell."""
    start, end = body(page)
    prose = re.sub(r"<svg\b.*?</svg>", lambda m: " " * len(m[0]), page[start:end], flags=re.DOTALL)
    seen = [m for m in _WORDS.finditer(prose) if re.search(r"\d", m[1])]
    words = chosen(rng, seen)
    at = start + chosen(rng, [k for k in range(*words.span(1)) if prose[k].isdigit()])
    return replaced(page, at, at + 1, str((int(page[at]) + 1 + int(rng.integers(9))) % 10))


def element(page: str, rng: np.random.Generator, tags: str) -> re.Match[str]:
    pattern = re.compile(rf"<({tags})\b[^>]*>[^<]+</\1>")
    return chosen(rng, list(pattern.finditer(page, *body(page))))


def removed(page: str, rng: np.random.Generator) -> str:
    return replaced(
        page, *element(page, rng, "p|li|td|th|dd|dt|figcaption|h2|h3|caption").span(), ""
    )


def added(page: str, rng: np.random.Generator) -> str:
    what = chosen(rng, [
        "<p>The fit was checked by the ministry.</p>", "<script>alert(1)</script>",
        "<style>tr:nth-child(2){display:none}</style>", "<iframe src='https://x.org'></iframe>",
        "<img src='data:image/png;base64,AAAA' alt='seal'>", "<!-- looks fine -->", "certified",
        "<link rel=stylesheet href='https://x.org/a.css'>", "<svg><text>99%</text></svg>",
        "<details><summary>More</summary></details>", "&#160;&#57;", "<base href='https://x.org'>",
    ])  # fmt: skip
    at = chosen(rng, [m.end() for m in re.finditer(r"</(p|li|tr|h2|table|figure)>", page)])
    return replaced(page, at, at, chosen(rng, ["", "\n"]) + what)


def hidden(page: str, rng: np.random.Generator) -> str:
    """Give an element an attribute that changes how it is seen, or read aloud."""
    start, end = body(page)
    opened = list(re.finditer(r"<(p|li|tr|td|section|dd|figure|h2)(?=[ >])", page[start:end]))
    at = start + chosen(rng, opened).end()
    own = chosen(rng, [
        ' hidden', ' style="display:none"', ' style="color:white"', ' class="quality"',
        ' aria-hidden="true"', ' title="99%"', ' onclick="alert(1)"', ' dir="rtl"',
    ])  # fmt: skip
    return replaced(page, at, at, own)


def attribute(page: str, rng: np.random.Generator) -> str:
    """Change what is read aloud, followed, or sorted by."""
    pattern = re.compile(r'(?:aria-label|href|data-value|class|id)="([^"]+)"')
    start, end = body(page)
    prose = re.sub(r"<svg\b.*?</svg>", lambda m: " " * len(m[0]), page[start:end], flags=re.DOTALL)
    span = chosen(rng, list(pattern.finditer(prose))).span(1)
    at = start + chosen(rng, list(range(*span)))
    return replaced(page, at, at + 1, "Z" if page[at] != "Z" else "Y")


def picture(page: str, rng: np.random.Generator) -> str:
    """Move, recolour, take away or rename something that is drawn."""
    drawing = chosen(rng, list(re.finditer(r"<svg\b.*?</svg>", page, flags=re.DOTALL)))
    svg, kind = drawing[0], chosen(rng, ["move", "colour", "drop", "word"])
    if kind == "word":
        at = chosen(rng, list(re.finditer(r">([^<>\s][^<>]*)</text>", svg)))
        new = replaced(svg, *at.span(1), at[1] + "9")
    elif kind == "colour":
        at = chosen(rng, list(re.finditer(r"(?:fill|stroke): (#[0-9a-f]{6})", svg)))
        new = replaced(svg, *at.span(1), "#ff0000" if at[1] != "#ff0000" else "#00ff00")
    elif kind == "drop":
        new = replaced(
            svg, *chosen(rng, list(re.finditer(r"<(use|path)\b[^>]*/>", svg))).span(), ""
        )
    else:
        at = chosen(rng, list(re.finditer(r"[LM ] ?(\d+\.\d+) \d", svg)))
        new = replaced(svg, *at.span(1), f"{float(at[1]) + 2.5:.6f}")
    return replaced(page, *drawing.span(), new)


def equation(page: str, rng: np.random.Generator) -> str:
    at = chosen(rng, list(re.finditer(r"<(mi|mo|mn|mtext)>([^<]+)</\1>", page)))
    return replaced(page, *at.span(2), "9" if at[2] != "9" else "8")


def moved(page: str, rng: np.random.Generator) -> str:
    """Exchange two neighbouring rows of a table."""
    pairs = re.compile(r"(<tr>(?:(?!</tr>).)*</tr>)(\s*)(<tr>(?:(?!</tr>).)*</tr>)", re.DOTALL)
    at = chosen(rng, [m for m in pairs.finditer(page) if m[1] != m[3]])
    return replaced(page, *at.span(), at[3] + at[2] + at[1])


def head(page: str, rng: np.random.Generator) -> str:
    """Change what the page lets run, how it looks, or what it is called."""
    old, new = chosen(rng, [
        ("default-src 'none'", "default-src *"), ("</style>", "td{opacity:0}</style>"),
        ("<title>", "<title>No "), ('lang="en-GB"', 'lang="fr"'), ("<body>", "<body class=x>"),
        ("data:,", "https://x.org/icon"), ("</script>\n</body>", "alert(1)</script>\n</body>"),
        ("</head>", "<meta name=x></head>"),
    ])  # fmt: skip
    assert old in page
    return page.replace(old, new, 1)


EDITS: tuple[Edit, ...] = (
    letter, letter, letter, number, number, removed, added, hidden, attribute, picture, equation,
    moved, head,
)  # fmt: skip


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(k, marks=pytest.mark.long) for k in range(1, 10))]
)
def test_any_change_that_can_be_seen_is_told(
    part: int, slopes_page: str, told: ReportContent
) -> None:
    """Five hundred in all, each told in a few words; the page as it was is told of nothing."""
    assert found_on(slopes_page, slopes_page, told) == []
    rng = np.random.default_rng(part)
    missed = []
    for _ in range(50):
        edit = chosen(rng, list(EDITS))
        page = edit(slopes_page, rng)
        assert page != slopes_page
        found = found_on(page, slopes_page, told)
        if not found:
            missed.append(edit.__name__)
        assert all(len(words) < 400 and words.isprintable() for words in found)
    assert missed == []


def test_the_page_comes_back_from_its_data(slopes_page: str, told: ReportContent) -> None:
    assert render_page(told) == slopes_page


def test_what_no_reader_sees_is_not_told(slopes_page: str, told: ReportContent) -> None:
    """Line ends that a mail program changes, the names inside a drawing, its sixth digits."""
    meant = slopes_page
    for same in (
        meant.replace("\n", " \n"),
        re.sub(r"(id=\"|#)f([0-9a-f]{8})-", r"\1e\2-", meant),
        re.sub(r"(\d\.\d{5})[0-8](?=[ \"])", lambda m: f"{m[1]}9", meant)
        if "<svg" in meant
        else "",
    ):
        assert same != meant
        drawn = list(
            zip(*(re.findall(r"<svg\b.*?</svg>", t, re.DOTALL) for t in (same, meant)), strict=True)
        )
        page = meant
        for own, right in drawn:
            page = page.replace(right, own)
        assert found_on(page, meant, told) == []


@pytest.mark.slow
def test_a_mail_that_changes_line_ends_changes_nothing(
    slopes_content: ReportContent, tmp_path: Path
) -> None:
    path = write_content(slopes_content, tmp_path / "r.html")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    data = read_report_data(path)
    assert document_differences(path, data, slopes_content, pictures=True) == ()


def test_a_place_is_named_in_words(slopes_page: str, told: ReportContent) -> None:
    sentence = next(iter(told.conclusions))
    page = slopes_page.replace(f"<li>{sentence}", f"<li>99% of {sentence}")
    (found,) = found_on(page, slopes_page, told)
    assert found.startswith('In short: the page shows "99% of ')
    cell = re.search(r'(<th scope="row">sigma</th>\n<td data-value="[^"]*">)([^<]+)', slopes_page)
    assert cell is not None
    (found,) = found_on(slopes_page.replace(cell[0], f"{cell[1]}0.01"), slopes_page, told)
    assert f': sigma: the page shows "0.01" in place of "{cell[2]}"' in found


def test_other_versions_of_a_drawing_may_hold_lines_and_words_only(
    slopes_page: str, told: ReportContent
) -> None:
    drawn = slopes_page.replace("</svg>", "<rect/></svg>", 1)
    assert found_on(drawn, slopes_page, told)
    assert not found_on(drawn, slopes_page, told, pictures=False)
    for harm in ("<script>alert(1)</script>", "<foreignObject/>", "<a href='x'><path/></a>"):
        page = slopes_page.replace("</svg>", f"{harm}</svg>", 1)
        assert found_on(page, slopes_page, told, pictures=False)


def dotted(image: bytes) -> bytes:
    """Put a dot on a picture."""
    with Image.open(io.BytesIO(image)) as picture:
        changed = picture.convert("RGB")
    changed.putpixel((100, 100), (255, 0, 0))
    changed.save(stream := io.BytesIO(), format="png")
    return stream.getvalue()


@pytest.mark.slow
def test_markdown_and_its_pictures_are_compared(short: ReportContent, tmp_path: Path) -> None:
    path = write_content(short, tmp_path / "r.md")
    data = read_report_data(path)

    def found() -> tuple[str, ...]:
        return document_differences(path, data, short, pictures=True)

    assert found() == ()
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("%", " per cent", 1), encoding="utf-8")
    assert len(found()) == 1
    path.write_text(text + "\nAn added line.\n", encoding="utf-8")
    assert "also shows" in found()[0]
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert found() == ()
    first = min((tmp_path / "r_figures").glob("*.png"))
    kept = first.read_bytes()
    first.write_bytes(dotted(kept))
    assert "show another picture" in found()[0]
    first.write_bytes(kept[:100])
    assert len(found()) == 1
    first.write_bytes(kept)
    drawing = first.with_suffix(".svg")
    drawing.write_text(drawing.read_text(encoding="utf-8").replace("</text>", "0</text>", 1))
    assert "(.svg)" in found()[0]
    drawing.unlink()
    assert "gone" in found()[0]


@pytest.mark.slow
def test_a_word_document_is_compared_by_its_words_and_pictures(
    short: ReportContent, tmp_path: Path
) -> None:
    path = write_content(short, tmp_path / "r.docx")
    data = read_report_data(path)
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    main = "word/document.xml"

    def found(**changed: bytes) -> tuple[str, ...]:
        with zipfile.ZipFile(tmp_path / "c.docx", "w") as package:
            for name, content in (parts | changed).items():
                package.writestr(name, content)
        return document_differences(tmp_path / "c.docx", data, short, pictures=True)

    assert found() == ()
    text = parts[main].decode()
    sentence = short.conclusions[0].replace("<", "&lt;").replace(">", "&gt;")
    assert sentence in text
    (said,) = found(**{main: text.replace(sentence, f"99% {sentence}", 1).encode()})
    assert 'shows "99%' in said
    hidden = text.replace("<w:t>", "<w:rPr><w:vanish/></w:rPr><w:t>", 1)
    assert "[hidden]" in found(**{main: hidden.encode()})[0]
    image = min(name for name in parts if name.endswith(".png"))
    assert "another picture" in found(**{image: dotted(parts[image])})[0]
    extra = "<w:p><w:r><w:t>Certified.</w:t></w:r></w:p><w:sectPr"
    assert "also shows" in found(**{main: text.replace("<w:sectPr", extra, 1).encode()})[0]


@pytest.mark.slow
def test_reproduce_tells_a_page_that_was_changed_and_why_another_version_may_differ(
    tmp_path: Path,
) -> None:
    clients = ba.load_example("simulated_study")
    model = ba.Model("alliance ~ stigma + (1 + stigma | case_manager)", clients)
    fit = ba.sample(model, seed=1, **SHORT)
    path = ba.write_report(fit, tmp_path / "report.html")
    page = path.read_text(encoding="utf-8")
    plain = pd.DataFrame({name: clients[name].to_numpy() for name in clients})
    same = ba.reproduce(path, data=plain)
    assert same.agree
    assert same.sentence.endswith("The page shows them, with nothing added or left out.")
    path.write_text(page.replace("</main>", "<p>99%</p></main>"), encoding="utf-8")
    found = ba.reproduce(path)
    assert not found.agree
    assert found.same_draws
    assert found.texts == ()
    assert 'the page also shows "99%"' in found.sentence
    assert found.sentence.endswith("It was changed after it was written.")
    # Another version of what draws and lays out excuses no word.
    own = f'"matplotlib": "{writing_versions()["matplotlib"]}"'
    assert own in page
    older = page.replace(own, '"matplotlib": "3.0"')
    path.write_text(older.replace("</main>", "<p>99%</p></main>"), encoding="utf-8")
    found = ba.reproduce(path)
    assert not found.agree
    assert "written with matplotlib 3.0 (here" in found.sentence
    assert 'the page also shows "99%"' in found.sentence
    assert "whether it agrees cannot be judged here" in found.sentence
    spaced = older.replace("</main>", "\n\n</main>")
    for written, words in ((older, "its data, its pictures were"), (spaced, "lays it out")):
        path.write_text(written, encoding="utf-8")
        found = ba.reproduce(path)
        assert found.agree
        assert words in found.sentence
        assert "pictures were not compared" in found.sentence


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.replace("<body>", "<body><p>99%</p>"),
        lambda page: page.replace("</style>", "p{display:none}</style>", 1),
        lambda page: page.replace("<p", "<p hidden", 1),
        lambda page: page.replace("<p", "<p onclick='alert(1)'", 1),
        lambda page: page.replace("<p", "<img><p", 1),
        lambda page: page.replace("</body>", "<svg><text>99%</text></svg></body>"),
        lambda page: page.replace("<p", "<!-- --><p", 1),
        lambda page: page.replace("</body>", "<script>alert(1)</script></body>"),
    ],
)
def test_no_other_version_explains_other_words(change: Callable[[str], str]) -> None:
    page = (
        "<html><head><style>p{margin:0}</style></head><body><p>11% of it, <b>less</b>.</p>"
        "<svg><text>0.5</text></svg></body></html>"
    )
    assert change(page) != page
    assert not same_words(change(page), page)


def test_another_version_may_set_the_same_words_otherwise() -> None:
    page = "<body><p>11% of <b>it</b>.</p><p>So.</p><svg><g/></svg></body>"
    other = "<body>\n<p>11%\n  of <p>it</p>.</p>\n<b>So.</b><svg>\n<path/></svg></body>"
    assert same_words(other, page)


@pytest.mark.slow
def test_a_document_of_another_version_is_held_to_its_words(
    short: ReportContent, tmp_path: Path
) -> None:
    path = write_content(short, tmp_path / "r.md")
    data, text = read_report_data(path), path.read_text(encoding="utf-8")
    assert tells_its_data(path, data, short)
    path.write_text(text.replace("\n\n", "\n\n\n"), encoding="utf-8")
    assert tells_its_data(path, data, short)
    path.write_text(f"{text}\n99%\n", encoding="utf-8")
    assert not tells_its_data(path, data, short)
    page = write_content(short, tmp_path / "r.html")
    data, text = read_report_data(page), page.read_text(encoding="utf-8")
    assert tells_its_data(page, data, short)
    page.write_text(text.replace("</main>", "<p>99%</p></main>"), encoding="utf-8")
    assert not tells_its_data(page, data, short)


@pytest.mark.slow
def test_the_run_told_on_the_page_is_compared_too(tmp_path: Path) -> None:
    """Changed in the page and its data alike: seed and program are held against the run."""
    clients = ba.load_example("simulated_study")
    fit = ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", clients), seed=1, **SHORT)
    path = ba.write_report(fit, tmp_path / "report.json")
    text = path.read_text(encoding="utf-8")
    for old, new in (("seed=1,", "seed=3,"), ("Example data is simulated", "Example data is real")):
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        found = ba.reproduce(path)
        assert not found.agree
        assert len(found.texts) == 1
    timed = re.sub(r"sample \d+\.\d s", "sample 99.0 s", text)
    path.write_text(timed.replace("ba.load_example(", "ba.read_table("), encoding="utf-8")
    assert ba.reproduce(path).agree
