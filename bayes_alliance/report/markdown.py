"""A report as Markdown, with its figures and its data in a folder beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bayes_alliance.report.blocks import (
    Block,
    Checklist,
    Code,
    Equation,
    Facts,
    Figure,
    Heading,
    Items,
    Notice,
    Paragraph,
    Table,
)
from bayes_alliance.report.content import ReportContent, block_numbers
from bayes_alliance.report.report_data import data_place, report_data, write_data
from bayes_alliance.report.style import png_of, svg_file_of
from bayes_alliance.report.tables import cell, is_numeric
from bayes_alliance.whole_file import write_whole

_SIGNS = re.compile(r"([\\`*_\[\]<>|$~^])")
_LINE_START = re.compile(r"^(\s*\d*)(?=[#+=-]|(?<=\d)[.)]\s)")
_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST = 100  # bytes of the name of a figure's file
_MARKS = {"fine": "Good", "note": "Note", "caution": "Caution", "bad": "Stop"}


@dataclass(frozen=True, kw_only=True)
class _Place:
    """What a block has to know of the report around it."""

    numbers: dict[int, int]
    headings: dict[str, str]
    folder: str
    files: dict[str, str]


def write_folder(content: ReportContent, path: Path) -> bytes:
    """Write figures and data into the report's folder and return its text."""
    folder = data_place(path).parent
    data, figures = report_data(content), _figures(content)
    files = figure_files([figure.key for figure in figures])
    _remove_gone(folder, set(files.values()))
    for figure in figures:
        write_whole(folder / f"{files[figure.key]}.svg", svg_file_of(figure))
        write_whole(folder / f"{files[figure.key]}.png", png_of(figure))
    write_whole(data_place(path), write_data(data, indent=1).encode())
    return render_markdown(content, folder=folder.name).encode()


def render_markdown(content: ReportContent, *, folder: str) -> str:
    """Return the report's text, with its figures in a folder of that name."""
    place = _Place(
        numbers=block_numbers(content),
        headings={section.key: section.heading for section in content.sections},
        folder=quote(folder),
        files=figure_files([figure.key for figure in _figures(content)]),
    )
    parts = [f"# {_plain(content.title)}", _plain(content.subtitle)]
    parts += [_block(notice, place) for notice in content.notices]
    listed = "\n".join(f"- [{_plain(s.heading)}](#{s.key})" for s in content.sections)
    parts += ["**Contents**", listed]
    for section in content.sections:
        # An anchor of our own: programs differ in how they make one from a heading.
        parts.append(f'<a id="{section.key}"></a>\n\n## {_plain(section.heading)}')
        parts += [_block(block, place) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _figures(content: ReportContent) -> list[Figure]:
    blocks = [block for section in content.sections for block in section.blocks]
    return [block for block in blocks if isinstance(block, Figure)]


def figure_files(keys: Iterable[str]) -> dict[str, str]:
    """Name the files of figures: what no file system takes, or takes for another, is left out."""
    names: dict[str, str] = {}
    for key in keys:
        plain = _UNSAFE.sub("-", key)
        taken = {name.casefold() for name in names.values()}
        if plain != key or len(plain.encode()) > _LONGEST or plain.casefold() in taken:
            digest = hashlib.sha256(key.encode()).hexdigest()[:8]
            short = plain.encode()[: _LONGEST - 9].decode(errors="ignore")
            plain = f"{short.strip('-')}-{digest}"
        names[key] = plain
    return names


def _remove_gone(folder: Path, files: set[str]) -> None:
    """Remove the figures of the report before that this one lacks: they may show names."""
    data = folder / "report.json"
    try:
        before = json.loads(data.read_text(encoding="utf-8"))
        blocks = [block for section in before["sections"] for block in section["blocks"]]
    except (OSError, ValueError, KeyError, TypeError):
        return
    keys = [str(block["key"]) for block in blocks if block.get("kind") == "figure"]
    # Reports of before had the keys as they are for names.
    gone = {*figure_files(keys).values(), *(Path(key).name for key in keys)} - files
    for path in [folder / f"{name}{kind}" for name in gone for kind in (".svg", ".png")]:
        with suppress(OSError, ValueError):  # a name that no file can have
            path.unlink(missing_ok=True)


def _plain(text: str) -> str:
    """Escape what Markdown would take for its own in a line of text."""
    return _LINE_START.sub(r"\1\\", _in_cell(text), count=1)


def _in_cell(text: str) -> str:
    return _SIGNS.sub(r"\\\1", " ".join(text.split("\n")))


def _block(block: Block, place: _Place) -> str:
    return _WRITERS[type(block)](block, place)


def _notice(block: Notice, place: _Place) -> str:
    facts = [f"- {_plain(name)}: {_plain(value)}" for name, value in block.facts]
    title = f"**{_MARKS[block.tone]}: {_plain(block.title)}**"
    lines = [title, "", _plain(block.text), *([""] if facts else []), *facts]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _facts(block: Facts, place: _Place) -> str:
    return "\n".join(f"- **{_plain(name)}:** {_plain(value)}" for name, value in block.pairs)


def _code(block: Code, place: _Place) -> str:
    # A fence longer than any in the text cannot be closed by it.
    longest = max((len(run) for run in re.findall("`+", block.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{_plain(block.label)}:\n\n{fence}\n{block.text}\n{fence}"


def _figure(block: Figure, place: _Place) -> str:
    address = f"{place.folder}/{quote(place.files[block.key])}"
    number = place.numbers[id(block)]
    image = f"![{_plain(block.description)}]({address}.png)"
    return f"{image}\n\n**Figure {number}.** {_plain(block.caption)} ([SVG]({address}.svg))"


def _equation(block: Equation, place: _Place) -> str:
    # An empty group behind it keeps a sign of mathematics from being read as the start of a tag.
    lines = (line.replace("<", "<{}") for line in block.lines)
    return "\n\n".join(f"$$\n{line}\n$$" for line in lines)


def _table(block: Table, place: _Place) -> str:
    names = [str(column) for column in block.frame.columns]
    heads = [block.row_heading, *(block.headings.get(name, name) for name in names)]
    sides = ["---", *("---:" if is_numeric(block, c) else "---" for c in block.frame.columns)]
    values: list[list[Any]] = block.frame.astype(object).to_numpy().tolist()
    rows = [
        [str(label), *(cell(name, value) for name, value in zip(names, row, strict=True))]
        for label, row in zip(block.frame.index, values, strict=True)
    ]
    lines = [_line(heads), f"| {' | '.join(sides)} |", *map(_line, rows)]
    notes = [f"*Note.* {_plain(note)}" for note in block.notes]
    return "\n\n".join([_caption(block, place), "\n".join(lines), *notes])


def _checklist(block: Checklist, place: _Place) -> str:
    lines = [_line(["Point", "Asked for", "Answer", "Where"]), "| --- | --- | --- | --- |"]
    for item in block.items:
        heading = place.headings.get(item.section or "")
        where = f"[{_plain(heading)}](#{item.section})" if heading else item.elsewhere
        cells = " | ".join(_in_cell(text) for text in (item.point, item.asked, item.answer))
        lines.append(f"| {cells} | {where} |")
    return f"{_caption(block, place)}\n\n" + "\n".join(lines)


def _caption(block: Table | Checklist, place: _Place) -> str:
    return f"**Table {place.numbers[id(block)]}.** {_plain(block.caption)}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(_in_cell(text) for text in cells)} |"


_WRITERS: dict[type, Callable[[Any, _Place], str]] = {
    Heading: lambda block, place: f"### {_plain(block.text)}",
    Paragraph: lambda block, place: _plain(block.text),
    Items: lambda block, place: "\n".join(f"- {_plain(item)}" for item in block.items),
    Facts: _facts,
    Code: _code,
    Notice: _notice,
    Figure: _figure,
    Equation: _equation,
    Table: _table,
    Checklist: _checklist,
}
