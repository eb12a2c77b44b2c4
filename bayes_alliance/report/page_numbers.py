"""The numbers a page shows in its tables, held against the data it carries."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path
from typing import Any

from bayes_alliance.report.tables import cell

_PAGES = (".html", ".htm")
_INFINITE = ("Infinity", "-Infinity")


def page_differences(path: str | Path, data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return where a page's tables show another number than its data; none for other formats.

    Parameters
    ----------
    path
        The report.
    data
        What :func:`read_report_data` reads from it.
    """
    place = Path(path)
    if place.suffix.lower() not in _PAGES:
        return ()
    page = _Cells()
    page.feed(place.read_text(encoding="utf-8"))
    pairs = zip_longest(page.found, _meant(data), fillvalue=None)
    return tuple(
        f"the page shows {shown[1] if shown else 'nothing'} for {meant[0] if meant else 'nothing'}"
        for shown, meant in pairs
        if shown is None or meant is None or shown != meant[1:]
    )


class _Cells(HTMLParser):
    """Collects the table cells that hold a number: unrounded, and as it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._value: str | None = None
        self._shown = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a cell that has a number."""
        if tag == "td":
            self._value, self._shown = dict(attrs).get("data-value"), ""

    def handle_data(self, data: str) -> None:
        """Keep what a cell shows."""
        if self._value is not None:
            self._shown += data

    def handle_endtag(self, tag: str) -> None:
        """Close the cell."""
        if tag == "td" and self._value is not None:
            self.found.append((self._value, self._shown.strip()))
            self._value = None


def _meant(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return each number of the data's tables: where it stands, unrounded, as it is shown."""
    found = []
    for section in data["sections"]:
        for block in section["blocks"]:
            if block["kind"] != "table":
                continue
            for row in block["rows"]:
                for name, value in zip(block["columns"], row["values"], strict=True):
                    number = float(value) if value in _INFINITE else value
                    if isinstance(number, int | float) and not isinstance(number, bool):
                        words = f"{block['caption']}: {row['label']}, {name}"
                        found.append((words, str(value), cell(name, number)))
    return found
