"""Docstrings are written for every reader of Python; here they become Markdown for the site."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import griffe

sys.path.insert(0, str(Path(__file__).parent))
from bibliography import Work, read_works

_ROLE = re.compile(r":(?:func|class|meth|data|mod|attr):`~?([^`]+)`")
_MATH_BLOCK = re.compile(r"^\.\. math:: *(.+)$", re.MULTILINE)
_MATH_ROLE = re.compile(r":math:`([^`]+)`")
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
# Sections that the reader of docstrings does not know: their text goes before the parameters.
_TEXT_SECTIONS = ("Notes", "References")
_CITED = re.compile(r"\.\. \[\d+\] (\w+)")


class MarkdownDocstrings(griffe.Extension):
    """Turn the reStructuredText of numpydoc into Markdown before the docstrings are read."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """Return a docstring with its roles, formulas and references in Markdown."""
    works = read_works(Path(__file__).parent / "references.bib")
    public = set(importlib.import_module("bayes_alliance").__all__)
    text = _with_text_first(text, works)
    text = _MATH_BLOCK.sub(lambda found: f"$$\n{found[1]}\n$$", text)
    text = _MATH_ROLE.sub(lambda found: f"${found[1]}$", text)
    return _ROLE.sub(lambda found: _link(found[1], public), text)


def _with_text_first(text: str, works: dict[str, Work]) -> str:
    """Move notes and references up to the description, before the first section."""
    starts = list(_SECTION.finditer(text))
    if not starts:
        return text
    ends = [start.start() for start in starts[1:]] + [len(text)]
    body = text[: starts[0].start()]
    rest = ""
    for start, end in zip(starts, ends, strict=True):
        if start[1] in _TEXT_SECTIONS:
            inside = text[start.end() : end].strip("\n")
            body += f"{_reference_line(inside, works) if start[1] == 'References' else inside}\n\n"
        else:
            rest += text[start.start() : end]
    return body + rest


def _reference_line(lines: str, works: dict[str, Work]) -> str:
    # Written as HTML: MkDocs does not look for links to pages in what comes from docstrings.
    links = [
        f'<a href="../references.html#{key}">{works[key].short}</a>'
        for key in _CITED.findall(lines)
    ]
    return f"References: {', '.join(links)}."


def _link(name: str, public: set[str]) -> str:
    return f"[`{name}`][bayes_alliance.{name}]" if name in public else f"`{name}`"
