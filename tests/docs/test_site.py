"""The site is built without a warning, loads nothing from elsewhere, and is whole."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

LOADED = re.compile(r'<(?:script|img|iframe|source)[^>]+src="((?:https?:)?//[^"]+)"')
STYLES = re.compile(r'<link[^>]+rel="(?:stylesheet|preconnect|preload|icon)"[^>]*>')


def module(checkout: Path, name: str) -> ModuleType:
    """Load a script of the site's building by its file."""
    spec = importlib.util.spec_from_file_location(name, checkout / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def site(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def articles(site: Path) -> dict[str, str]:
    """Return what stands on each page, without the frame around it."""
    found = {}
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        if "<article" in text:
            found[file.relative_to(site).as_posix()] = text.partition("<article")[2]
    return found


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert LOADED.findall(text) == [], file.name
        assert all("//" not in link for link in STYLES.findall(text)), file.name
    for file in site.rglob("*.css"):
        assert re.findall(r"url\((?:https?:)?//", file.read_text(encoding="utf-8")) == []


@pytest.mark.slow
def test_formulas_are_written_out(site: Path) -> None:
    found = articles(site)
    assert found["statistics.html"].count("<math") > 30
    assert "<math" in found["api/data.html"]
    for name, text in found.items():
        assert "arithmatex" not in text, name
        assert "$$" not in text, name


@pytest.mark.slow
def test_docstrings_have_become_pages(site: Path) -> None:
    for name, text in articles(site).items():
        assert not re.search(r":(?:func|class|meth|math):|\.\. (?:math|\[1\])", text), name
    assert "../references.html#vehtari2021" in articles(site)["api/report.html"]


@pytest.mark.slow
def test_links_to_works_lead_to_them(site: Path) -> None:
    found = articles(site)
    named = set(re.findall(r'references\.html#(\w+)"', " ".join(found.values())))
    anchors = set(re.findall(r'<a id="(\w+)"', found["references.html"]))
    assert len(named) > 25
    assert named <= anchors


@pytest.mark.slow
def test_nothing_but_pages_is_published(site: Path) -> None:
    assert [file.name for file in site.rglob("*") if file.suffix in (".py", ".bib", ".md")] == []


def test_a_bibliography_is_read(checkout: Path, tmp_path: Path) -> None:
    file = tmp_path / "made_up.bib"
    file.write_text(
        "@article{mueller2001,\n"
        "  author  = {M{\\\"u}ller, Jean-Paul and {van de Berg}, Ann and Faltejskov{\\'a}, K.},\n"
        "  title   = {A {Bayesian} Title},\n  journal = {Journal},\n  year    = {2001},\n"
        "  volume  = {3},\n  number  = {4},\n  pages   = {5--6},\n}\n"
    )
    work = module(checkout, "bibliography").read_works(file)["mueller2001"]
    assert work.short == "Müller et al. (2001)"
    assert work.full == (
        "Müller, J.-P., van de Berg, A., and Faltejsková, K. (2001). A Bayesian Title. "
        "*Journal*, 3(4), 5–6."
    )


def test_no_latex_is_left_in_the_references(checkout: Path) -> None:
    works = module(checkout, "bibliography").read_works(checkout / "docs" / "references.bib")
    assert len(works) > 40
    assert [w.key for w in works.values() if set(w.full) & set("{}\\$")] == []


def test_a_docstring_becomes_markdown(checkout: Path) -> None:
    text = (
        "Do it.\n\nMore: :func:`sample`, :class:`Design`, :math:`x^2`.\n\nParameters\n----------\n"
        "a : int\n    One.\n\nNotes\n-----\nA note.\n\nReferences\n----------\n.. [1] vehtari2021\n"
    )
    module(checkout, "bibliography")
    made = module(checkout, "docstrings").as_markdown(text)
    assert "[`sample`][bayes_alliance.sample], `Design`, $x^2$" in made
    assert made.index("A note.") < made.index("Vehtari et al. (2021)") < made.index("Parameters")
