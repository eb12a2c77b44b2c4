"""The page in Chromium: it asks the network for nothing, sorts, prints, and can be read by all."""

import dataclasses
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from bayes_alliance.report.blocks import Section, Table
from bayes_alliance.report.content import ReportContent
from bayes_alliance.report.html import render_page
from bayes_alliance.report.report_data import report_data

pytestmark = pytest.mark.browser
GROUPS = 2000
# The third column of the table of groups holds its posterior means.
SORTED = "table[data-sortable]:has(caption:text('Deviations'))"


# One module and one browser: while Playwright runs, no other test of the process may use asyncio.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("needs Chromium: no chromium and no google-chrome on the PATH")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def written(slopes_page: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(slopes_page, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def long_page(slopes_content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One section with a table of 2,000 groups."""
    frame = pd.DataFrame({"mean": [float(k % 7) for k in range(GROUPS)]})
    frame.index = [f"CM{k:04d}" for k in range(GROUPS)]
    table = Table(caption="All groups", frame=frame, headings={}, row_heading="group")
    section = Section(key="groups", heading="Groups", blocks=(table,))
    path = tmp_path_factory.mktemp("long") / "long.html"
    content = dataclasses.replace(slopes_content, sections=(section,))
    path.write_text(render_page(content), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Any]:
    """Open an address in a window of its own, with the options of a browser's context."""
    contexts = []

    def opened(address: str, **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        page: Page = contexts[-1].new_page()
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()


def column(page: Page, place: int) -> list[str]:
    """Return a column of the sorted table: numbers unrounded, texts as shown."""
    cells = f"{SORTED} tbody tr > :nth-child({place})"
    return page.eval_on_selector_all(cells, "all => all.map(c => c.dataset.value ?? c.innerText)")


def test_nothing_is_asked_for_and_nothing_is_complained_of(browser: Browser, written: str) -> None:
    context = browser.new_context()
    asked: list[str] = []
    said: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(written)
    page.wait_for_load_state("networkidle")
    page.click(f"{SORTED} th:nth-child(3) button")
    context.close()
    assert [url for url in asked if not url.startswith("data:")] == [written]
    assert said == []


def test_the_policy_stops_any_other_script(
    slopes_page: str, open_page: Any, tmp_path: Path
) -> None:
    path = tmp_path / "changed.html"
    path.write_text(slopes_page.replace("</body>", "<script>document.title = 'x'</script></body>"))
    assert open_page(path.as_uri()).title() != "x"


def test_a_click_sorts_up_then_down_then_back(open_page: Any, written: str) -> None:
    page = open_page(written)
    head, button = f"{SORTED} th:nth-child(3)", f"{SORTED} th:nth-child(3) button"
    before = column(page, 3)
    numbers = sorted(float(value) for value in before)
    page.click(button)
    assert page.get_attribute(head, "aria-sort") == "ascending"
    assert [float(value) for value in column(page, 3)] == numbers
    page.click(button)
    assert page.get_attribute(head, "aria-sort") == "descending"
    assert [float(value) for value in column(page, 3)] == numbers[::-1]
    page.click(button)
    assert page.get_attribute(head, "aria-sort") is None
    assert column(page, 3) == before != [f"{number}" for number in numbers]


def test_the_keyboard_sorts_too(open_page: Any, written: str) -> None:
    page = open_page(written)
    for key, place in (("Enter", 1), ("Space", 4)):
        page.focus(f"{SORTED} th:nth-child({place}) button")
        page.keyboard.press(key)
        page.keyboard.press(key)
        shown = column(page, place)
        # Numbered groups stand in the order of their numbers: case manager 9 before 10.
        keys = [float(v.split()[-1]) for v in shown]
        assert keys == sorted(keys, reverse=True)
        assert len(set(shown)) > 10
        sorted_heads = page.locator(f"{SORTED} th[aria-sort]")
        assert sorted_heads.count() == 1
    assert page.locator("thead button").all_inner_texts()[0] != ""


def test_what_is_missing_comes_last_either_way(open_page: Any, written: str) -> None:
    page = open_page(written)
    page.eval_on_selector(
        f"{SORTED} tbody tr:nth-child(2) > :nth-child(3)",
        "cell => { cell.textContent = '–'; delete cell.dataset.value; }",
    )
    for _ in range(2):
        page.click(f"{SORTED} th:nth-child(3) button")
        assert column(page, 3)[-1] == "–"


def test_the_contents_lead_to_every_section(open_page: Any, written: str) -> None:
    page = open_page(written, viewport={"width": 1280, "height": 800})
    links = page.locator("nav a")
    assert links.count() > 10
    for place in range(links.count()):
        links.nth(place).click()
        key = links.nth(place).get_attribute("href")
        # A click returns before the address has changed.
        page.wait_for_function("key => location.hash === key", arg=key)
        page.wait_for_function(
            "key => { const box = document.querySelector(key).getBoundingClientRect();"
            " return box.top < innerHeight && box.bottom > 0 }",
            arg=key,
        )
        # The list stays on a wide screen.
        assert links.nth(place).is_visible()
        assert page.evaluate("document.querySelector('nav').getBoundingClientRect().top") >= 0


def test_it_prints_without_navigation_and_with_what_is_folded(
    open_page: Any, written: str, long_page: str
) -> None:
    page = open_page(written)
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert (
        page.eval_on_selector("figure.picture", "f => getComputedStyle(f).breakInside") == "avoid"
    )
    assert _pages(page.pdf()) > 5
    folded = open_page(long_page)
    assert _pages(folded.pdf()) > 20
    assert folded.locator("details").get_attribute("open") is None


def test_it_prints_what_is_folded_without_script(open_page: Any, long_page: str) -> None:
    assert _pages(open_page(long_page, java_script_enabled=False).pdf()) > 20


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(open_page: Any, written: str, width: int) -> None:
    page = open_page(written, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.body.scrollWidth") <= width
    boxes = "[...document.querySelectorAll('.scroll')].filter(b => b.scrollWidth > b.clientWidth)"
    assert page.evaluate(f"{boxes}.length") > 0 or width > 400


def test_tables_fit_a_window_of_1100_pixels(open_page: Any, written: str) -> None:
    page = open_page(written, viewport={"width": 1100, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(b => b.scrollWidth > b.clientWidth)"
        ".map(b => b.getAttribute('aria-label'))"
    )
    assert cut == []


def test_what_is_cut_on_a_phone_shows_that_there_is_more(open_page: Any, written: str) -> None:
    """The pixels at the right edge of a table are shaded until the end is reached."""
    page = open_page(written, viewport={"width": 390, "height": 900})
    box = page.locator(".scroll[aria-label*='Deviations']").first
    box.evaluate("box => { const part = box.closest('details'); if (part) part.open = true; }")

    def shaded() -> bool:
        box.evaluate("box => box.scrollIntoView({block: 'start', behavior: 'instant'})")
        at = box.bounding_box()
        assert at is not None
        clip = {"x": at["x"] + at["width"] - 2, "y": at["y"] + 2, "width": 2, "height": 2}
        paper = {**clip, "x": at["x"] + at["width"] + 4}
        return bool(page.screenshot(clip=clip) != page.screenshot(clip=paper))

    assert shaded()
    box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    assert not shaded()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(open_page: Any, written: str, scheme: str, width: int) -> None:
    page = open_page(
        written,
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) > 384) == (scheme == "light")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response
    assert len(found["passes"]) > 20
    assert "color-contrast" in {check["id"] for check in found["passes"]}
    worst = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [node["html"] for node in v["nodes"]][:3]) for v in worst] == []


def test_axe_sees_a_fault(open_page: Any, written: str) -> None:
    page = open_page(written)
    page.evaluate("document.querySelector('nav a').style.color = '#eee'")
    found = Axe().run(page).response["violations"]
    assert "color-contrast" in {fault["id"] for fault in found}


def test_without_script_all_tables_are_there(
    open_page: Any, written: str, slopes_page: str
) -> None:
    page = open_page(written, java_script_enabled=False)
    tables = page.locator("table")
    assert tables.count() == slopes_page.count("<table") > 5
    folded = page.locator("details")
    for place in range(folded.count()):
        folded.nth(place).locator("summary").click()
    assert all(tables.nth(place).is_visible() for place in range(tables.count()))
    assert page.locator("thead button").count() == 0


def test_the_keyboard_unfolds_a_long_table(open_page: Any, long_page: str) -> None:
    page = open_page(long_page)
    rows = page.locator("tbody tr")
    assert rows.count() == GROUPS
    assert not rows.first.is_visible()
    page.focus("summary")
    page.keyboard.press("Enter")
    assert rows.first.is_visible()


def test_the_page_carries_its_data(
    open_page: Any, written: str, slopes_content: ReportContent
) -> None:
    text = open_page(written).evaluate("document.getElementById('report-data').textContent")
    assert json.loads(text) == report_data(slopes_content)
