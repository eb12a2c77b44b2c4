"""What a verb gave back, written as text: tables unrounded, words as they are, draws in short."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import bayes_alliance as ba
from bayes_alliance.display import cells

ROWS, LINES = 8, 12
# The two draws about the median are equally far from it, so that their order, and with it the
# R-hat of folded ranks, is decided by the last digit.
ABOUT = {"r_hat", "R-hat"}
_BLANKS = re.compile(r" {3,}")
_TAG = re.compile(r"<[^>]*>")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def told(found: Any) -> str:
    """Write a result of any kind."""
    if isinstance(found, str):
        return found
    if isinstance(found, ba.AllianceError):
        return f"refused, {type(found).__name__}: {found}"
    if isinstance(found, pd.DataFrame):
        return table_text(found)
    if isinstance(found, xr.Dataset):
        return dataset_text(found)
    return "\n".join(_record(found))


def asked(question: Callable[[], Any]) -> str:
    """Write an answer, or the refusal."""
    try:
        return told(question())
    except ba.AllianceError as refusal:
        return told(refusal)


def _record(found: Any) -> Iterator[str]:
    """Write what a record shows, by the names that every record has."""
    yield f"({type(found).__name__})"
    if isinstance(getattr(found, "table", None), pd.DataFrame):
        yield f"[table]\n{table_text(found.table)}"
    for name in ("sentence", "sentences", "notes"):
        if hasattr(found, name) and (words := _words(asked_of(found, name))) not in str(found):
            yield f"[{name}] {words}"
    for part in fields(found) if is_dataclass(found) else ():
        held = getattr(found, part.name)
        if isinstance(held, xr.Dataset):
            yield f"[{part.name}]\n{dataset_text(held)}"
        elif isinstance(held, pd.DataFrame) and part.name != "table":
            yield f"[{part.name}]\n{table_text(held)}"
    yield f"[text]\n{shortened(_without_table(str(found), getattr(found, 'table', None)))}"
    if hasattr(found, "_repr_html_"):
        yield f"[notebook] {_notebook(found._repr_html_(), str(found))}"
    if hasattr(found, "plot"):
        yield f"[picture] {_picture(found)}"


def _without_table(text: str, table: Any) -> str:
    """Replace the table in a text where it is shown as every table is."""
    if not isinstance(table, pd.DataFrame) or not len(table):
        return text
    return text.replace(cells(table).to_string(), "(the table)")


def asked_of(found: Any, name: str) -> Any:
    """Return an attribute of a record, or its refusal as text."""
    try:
        value = getattr(found, name)
        return value() if callable(value) else value
    except ba.AllianceError as refusal:
        return told(refusal)


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {held}" for name, held in value.items())
    return "\n".join(str(held) for held in value)


def shortened(text: str, lines: int = LINES) -> str:
    """Cut out the middle of a long text, and the blanks that align columns."""
    kept = [_BLANKS.sub("  ", line.rstrip()) for line in text.splitlines()]
    if len(kept) > lines + 4:
        half, left = lines // 2, len(kept) - lines
        kept = [*kept[:half], f"... {left} lines ...", *kept[-half:]]
    return "\n".join(kept)


def number(value: Any) -> str:
    """Write a cell: numbers to seven digits, everything else as it is."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        # A sign of nothing is the last digit's, not the answer's.
        return "0.0" if value == 0 else f"{value:.7g}" + ("" if value % 1 else ".0")
    return str(value)


def cell(column: object, value: Any) -> str:
    """Write a number of a column; what hangs on a last digit is marked as being about right."""
    if column in ABOUT and isinstance(value, float) and value == value:
        return f"~{value:.4f}"
    return number(value)


def table_text(table: pd.DataFrame) -> str:
    """Write a table, a row a line: the first and the last ones, and the sums of long ones."""
    index = " / ".join(str(name or "") for name in table.index.names)
    lines = [" | ".join([index, *map(str, table.columns)])]
    for k in kept_places(len(table)):
        row = [cell(name, table.iloc[k, j]) for j, name in enumerate(table.columns)]
        lines.append(" | ".join([str(table.index[k]), *row]))
    if len(table) > ROWS:
        means = table.select_dtypes("number").mean()
        shown = " | ".join(cell(name, value) for name, value in means.items())
        lines.append(f"{len(table)} rows, on average: {shown}")
    return "\n".join(lines)


def kept_places(length: int, rows: int = ROWS) -> list[int]:
    """Return the places that are written: all, or the first and the last ones."""
    if length <= rows:
        return list(range(length))
    return [*range(rows // 2), *range(length - rows // 2, length)]


def dataset_text(dataset: xr.Dataset) -> str:
    """Write each variable in a line: its dimensions, its mean and its standard deviation."""
    lines = []
    for name in dataset.data_vars:
        variable = dataset[name]
        sizes = ", ".join(f"{dim} {size}" for dim, size in variable.sizes.items())
        line = f"{name} ({sizes})"
        values = variable.to_numpy()
        if values.dtype.kind in "fiub":
            values = values.astype(float)
            centre, spread = np.nanmean(values), np.nanstd(values)
            line += f": mean {number(centre)}, sd {number(spread)}"
            line += f", first {number(values.flat[0])}" if values.size else ""
        else:
            line += f": {', '.join(map(str, values.flat[:6]))}"
        lines.append(line)
    for name in dataset.coords:
        labels = dataset[name].to_numpy()
        if labels.dtype.kind not in "fiub":
            lines.append(f"  {name}: {', '.join(map(str, labels.flat[:8]))}")
    return "\n".join(lines)


def words_of_page(page: str) -> list[str]:
    """Return the words of a page, without its tags."""
    return html.unescape(_TAG.sub(" ", page)).split()


def _notebook(page: str, text: str) -> str:
    """Say which tags a notebook is shown, and the words if they are not those of the text."""
    tags = pd.Series(re.findall(r"<(\w+)", page)).value_counts().sort_index()
    shape = ", ".join(f"{tag} {count}" for tag, count in tags.items())
    words = words_of_page(page)
    here, there = sorted(set(words) - set(text.split())), sorted(set(text.split()) - set(words))
    more = f"; only here: {' '.join(here)}" if here else ""
    return f"{shape}{more}{f'; not here: {" ".join(there)}' if there else ''}"


def _picture(found: Any) -> str:
    """Say what a picture is labelled with and where its data lie."""
    import matplotlib.pyplot as plt

    try:
        drawn = found.plot()
        axes = drawn if hasattr(drawn, "get_xlabel") else np.asarray(drawn).flat[0]
        _, labels = axes.get_legend_handles_labels()
        limits = axes.dataLim
        box = [number(float(v)) for v in (limits.x0, limits.x1, limits.y0, limits.y1)]
        parts = [axes.get_title(), axes.get_xlabel(), axes.get_ylabel(), *labels, *box]
        marks = f"{len(axes.lines)} lines, {len(axes.collections)} areas"
        return " | ".join([*parts, marks]).replace("\n", " ")
    except ba.AllianceError as refusal:
        return told(refusal)
    finally:
        plt.close("all")


def without_place(text: str, folder: Path) -> str:
    """Take out what hangs on the machine: the folder, digests of arrays to their last bit."""
    return _DIGEST.sub("(digest)", text.replace(f"{folder}/", ""))
