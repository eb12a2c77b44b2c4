"""What MkDocs does not do by itself: formulas as MathML, citations, generated pages.

The site loads nothing from elsewhere, so formulas are written out when it is built.
"""

from __future__ import annotations

import html
import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from bibliography import Work, read_works

_MATH = re.compile(
    r'<(span|div) class="arithmatex">(?:\\\(|\\\[)(.*?)(?:\\\)|\\\])</(?:span|div)>', re.DOTALL
)
_CITATION = re.compile(r"\[@(\w+)\]")
_BIBLIOGRAPHY = Path(__file__).parent / "references.bib"


def on_page_markdown(markdown: str, page: Any, **kwargs: Any) -> str:
    """Fill in what is generated, and link citations to the list of references."""
    works = read_works(_BIBLIOGRAPHY)
    if "{{ references }}" in markdown:
        markdown = markdown.replace("{{ references }}", _reference_list(works))
    if "{{ public names }}" in markdown:
        markdown = markdown.replace("{{ public names }}", _name_table())
    up = "../" * page.file.src_uri.count("/")
    return _CITATION.sub(lambda found: cite(found[1], works, up), markdown)


def on_page_content(html_text: str, **kwargs: Any) -> str:
    """Write every formula as MathML, which browsers show by themselves."""
    return _MATH.sub(lambda found: as_mathml(found[2], block=found[1] == "div"), html_text)


def cite(key: str, works: dict[str, Work], up: str) -> str:
    """Return a link to a work in the list of references; an unknown key stops the build.

    ``up`` leads from the folder of the page to that of the list.
    """
    if key not in works:
        raise KeyError(f"references.bib has no {key}")
    return f"[{works[key].short}]({up}references.md#{key})"


def as_mathml(latex: str, *, block: bool) -> str:
    """Write one formula, LaTeX as it stands in a page, as MathML."""
    from latex2mathml.converter import convert

    return str(convert(html.unescape(latex).strip(), display="block" if block else "inline"))


def _reference_list(works: dict[str, Work]) -> str:
    return "\n\n".join(f'<a id="{work.key}"></a>{work.full}' for work in works.values())


def _name_table() -> str:
    """List every public name with the first line of what it says of itself."""
    package = importlib.import_module("bayes_alliance")
    lines = ["| name | what it does |", "|---|---|"]
    for name in sorted(package.__all__, key=str.lower):
        if name == "__version__":
            continue
        first = (inspect.getdoc(getattr(package, name)) or "").partition("\n")[0]
        lines.append(f"| [`{name}`][bayes_alliance.{name}] | {first} |")
    return "\n".join(lines)
