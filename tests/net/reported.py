"""A written report as text: its JSON with every number, and the words of its page and Markdown."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from net_tests.told import cell, kept_places, number, words_of_page

import bayes_alliance as ba

# What hangs on the machine and the versions, not on the fit.
_OF_THE_MACHINE = ("report_versions",)
_OF_TABLES = ("columns", "headings", "rows")
_NOT_WORDS = re.compile(r"<(script|style|svg)\b.*?</\1>", flags=re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|div|section|h\d|tr|li|table|figure|dt|dd|math)\b[^>]*>")


def report_text(fit: ba.Fit, folder: Path, suffix: str) -> str:
    """Return what a format of the report shows."""
    place = ba.write_report(fit, folder / f"report.{suffix}")
    text = place.read_text(encoding="utf-8")
    if suffix == "json":
        return "\n".join(_lines(json.loads(text)))
    return page_text(text) if suffix == "html" else text


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """Write JSON a line a value, and a table a line a row."""
    if isinstance(value, list):
        for held in value:
            yield from _lines(held, indent)
    elif not isinstance(value, dict):
        yield f"{indent}{number(value)}"
    elif {"columns", "rows"} <= set(value):
        yield from _table_lines(value, indent)
    else:
        for name, held in value.items():
            if name in _OF_THE_MACHINE:
                continue
            if isinstance(held, dict | list) and held:
                yield f"{indent}{name}:"
                yield from _lines(held, f"{indent} ")
            else:
                yield f"{indent}{name}: {number(held)}"


def _table_lines(table: dict[str, Any], indent: str) -> Iterator[str]:
    """Write a table with the middle of long ones left out, and what stands about it."""
    columns, rows = table["columns"], table["rows"]
    yield f"{indent}columns: {' | '.join(columns)}"
    yield f"{indent}headings: {' | '.join(table['headings'].values())}"
    for k in kept_places(len(rows)):
        cells = map(cell, columns, rows[k]["values"])
        yield f"{indent}{rows[k]['label']} | {' | '.join(cells)}"
    rest = {name: held for name, held in table.items() if name not in _OF_TABLES}
    yield from _lines({**rest, "number of rows": len(rows)}, indent)


def page_text(page: str) -> str:
    """Return the words of a page, a line a block."""
    bare = _BLOCK.sub("\n", _NOT_WORDS.sub("", page))
    lines = [" ".join(words_of_page(line)) for line in bare.splitlines()]
    return "\n".join(line for line in lines if line)
