"""What a report shows, made again from the data it carries: the way back from ``report_data``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bayes_alliance.report.blocks import (
    Block,
    Checklist,
    ChecklistItem,
    Code,
    Equation,
    Facts,
    Figure,
    Heading,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
)
from bayes_alliance.report.content import ReportContent

if TYPE_CHECKING:
    import pandas as pd

_INFINITE = {"Infinity": float("inf"), "-Infinity": float("-inf")}


def told_content(data: Mapping[str, Any], pictures: Mapping[str, Figure]) -> ReportContent:
    """Return what a report with these data shows.

    Parameters
    ----------
    data
        From :func:`read_report_data`.
    pictures
        How each figure is drawn, by its key: data hold captions only. One that is not among them
        stays empty.
    """
    sections = tuple(
        Section(
            key=section["key"],
            heading=section["heading"],
            blocks=tuple(_block(block, pictures) for block in section["blocks"]),
        )
        for section in data["sections"]
    )
    return ReportContent(
        title=data["title"],
        subtitle=data["subtitle"],
        notices=tuple(_notice(notice) for notice in data["notices"]),
        conclusions=tuple(data["conclusions"]),
        level=data["level"],
        sections=sections,
        record=data["record"],
    )


def figures_of(content: ReportContent) -> dict[str, Figure]:
    """Return the figures of a report by their keys."""
    blocks = [block for section in content.sections for block in section.blocks]
    return {block.key: block for block in blocks if isinstance(block, Figure)}


def _block(block: Mapping[str, Any], pictures: Mapping[str, Figure]) -> Block:
    if block["kind"] == "figure":
        return _figure(block, pictures.get(block["key"]))
    return _MAKERS[block["kind"]](block)


def _figure(block: Mapping[str, Any], own: Figure | None) -> Figure:
    said = {name: block[name] for name in ("key", "caption", "description")}
    if own is None:
        return Figure(**said, draw=lambda axes: axes)
    return Figure(**said, draw=own.draw, height=own.height)


def _notice(block: Mapping[str, Any]) -> Notice:
    return Notice(
        tone=block["tone"], title=block["title"], text=block["text"], facts=_pairs(block["facts"])
    )


def _table(block: Mapping[str, Any]) -> Table:
    return Table(
        caption=block["caption"],
        frame=_frame(block),
        headings=dict(block["headings"]),
        row_heading=block["row_heading"],
        # Reports of before name neither these nor the columns of numbers.
        diagnostics=frozenset(block.get("diagnostics", ())),
        notes=tuple(block["notes"]),
    )


def _frame(block: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    numeric = set(block.get("numeric", ()))
    columns = {}
    for k, name in enumerate(block["columns"]):
        values = [row["values"][k] for row in block["rows"]]
        columns[name] = _column(values, numbers=name in numeric)
    return pd.DataFrame(columns, index=[row["label"] for row in block["rows"]])


def _column(values: list[Any], *, numbers: bool) -> Any:
    import numpy as np

    if numbers or any(isinstance(value, float) for value in values):
        values = [_INFINITE.get(v, v) if isinstance(v, str) else v for v in values]
    whole = all(isinstance(value, int) for value in values)
    if numbers:
        return np.array(values, dtype=np.int64 if whole else np.float64)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _checklist(block: Mapping[str, Any]) -> Checklist:
    return Checklist(
        caption=block["caption"], items=tuple(ChecklistItem(**item) for item in block["items"])
    )


def _pairs(pairs: Any) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], Block]] = {
    "heading": lambda block: Heading(text=block["text"]),
    "paragraph": lambda block: Paragraph(text=block["text"]),
    "items": lambda block: Items(items=tuple(block["items"])),
    "facts": lambda block: Facts(pairs=_pairs(block["pairs"])),
    "code": lambda block: Code(text=block["text"], label=block["label"]),
    "notice": _notice,
    "table": _table,
    "equation": lambda block: Equation(lines=tuple(block["lines"]), words=block["words"]),
    "checklist": _checklist,
}
