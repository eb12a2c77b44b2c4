"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bayes_alliance.report.blocks import Table
from bayes_alliance.report.content import MANY_ROWS, ReportContent, block_numbers
from bayes_alliance.report.mathematics import mathml
from bayes_alliance.report.report_data import plain_number, report_data, write_data
from bayes_alliance.report.style import svg_of
from bayes_alliance.report.tables import cell, is_numeric

_TEMPLATES = Path(__file__).parent / "templates"
_WORTH_SORTING = 4  # rows; fewer are seen at a glance
_SHORT, _LONG = 24, 44  # letters


@dataclass(frozen=True, kw_only=True)
class _Column:
    heading: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class _Cell:
    kind: str
    shown: str
    value: str | None


def render_page(content: ReportContent) -> str:
    """Return the page as text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    numbers = block_numbers(content)
    script = _template("sorting.js")
    environment.filters["breakable"] = _breakable
    environment.globals.update(
        svg_of=svg_of,
        mathml=mathml,
        columns_of=_columns,
        rows_of=_rows,
        number_of=lambda block: numbers[id(block)],
        headings={section.key: section.heading for section in content.sections},
        many_rows=MANY_ROWS,
        worth_sorting=_WORTH_SORTING,
    )
    return environment.get_template("report.html.j2").render(
        report=content,
        style=_template("report.css"),
        script=script,
        script_hash=_hash(script),
        # The only sign that could end the element the data stand in.
        data=write_data(report_data(content)).replace("<", r"\u003c"),
    )


def _breakable(label: str) -> Any:
    """Let a long row heading fold behind its marks, so that the numbers keep their place."""
    from markupsafe import Markup, escape

    safe = escape(label)
    return Markup(re.sub(r"([_:~])", r"\1<wbr>", safe)) if len(label) > _LONG else safe


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


def _hash(script: str) -> str:
    """Return what a page's policy calls the one script it lets run."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"sha256-{digest}"


def _columns(table: Table) -> list[_Column]:
    return [
        _Column(
            heading=table.headings.get(str(name), str(name)),
            kind=_kind(table, name) + (" quality" if name in table.diagnostics else ""),
        )
        for name in table.frame.columns
    ]


def _kind(table: Table, name: Any) -> str:
    """Tell what a column holds: numbers, short texts on one line, or texts to read."""
    if is_numeric(table, name):
        return "number"
    longest = max((len(str(value)) for value in table.frame[name]), default=0)
    return "short" if longest <= _SHORT else "text"


def _rows(table: Table) -> list[tuple[str, list[_Cell]]]:
    """Return each row as its heading and its cells."""
    names = [str(name) for name in table.frame.columns]
    kinds = [column.kind for column in _columns(table)]
    values: list[list[Any]] = table.frame.astype(object).to_numpy().tolist()
    return [
        (str(label), [_cell(*parts) for parts in zip(names, kinds, row, strict=True)])
        for label, row in zip(table.frame.index, values, strict=True)
    ]


def _cell(name: str, kind: str, value: Any) -> _Cell:
    """Return a cell; one with a number is known by it, which spares thousands the class."""
    unrounded = _unrounded(value)
    shorter = kind if unrounded is None else kind.removeprefix("number").lstrip()
    return _Cell(kind=shorter, shown=cell(name, value), value=unrounded)


def _unrounded(value: Any) -> str | None:
    """Return a number to its last digit; None for a text or what is missing."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    plain = plain_number(value)
    return None if plain is None else str(plain)
