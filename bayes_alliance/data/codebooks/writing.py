"""A codebook written as TOML or CSV, by people to be edited."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bayes_alliance.errors import DataError
from bayes_alliance.whole_file import write_whole

type Saved = Sequence[Mapping[str, Any]]

COLUMNS = (
    "variable", "label", "level", "unit", "lowest", "highest", "code", "meaning", "no_answer",
)  # fmt: skip
_FORMULA = re.compile(r"[=+\-@\t\r]")
_PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_HEAD = """\
# A codebook: what the columns of a table mean. Edit it, and give it back when a table is read.
# level: nominal (names), ordinal (an order) or scale (amounts). missing: codes for no answer.
# missing_ranges and possible: pairs of the smallest and the largest number.
"""


def write_codebook(variables: Saved, path: Path) -> None:
    """Write variables, each as plain JSON, as ``.toml`` or ``.csv``; an older file is replaced.

    Raises
    ------
    DataError
        If the suffix is another.
    MachineError
        If it cannot be written.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise DataError(
            f"A codebook was to be written to {path.name}.",
            f"'{path.suffix}' is no suffix of one.",
            "Use .toml or .csv.",
            path=str(path),
        )
    write_whole(path, write(variables).encode("utf-8"))


def _as_toml(variables: Saved) -> str:
    blocks = [_HEAD]
    for own in variables:
        name = _text(own["name"])
        lines = [f"[variables.{name}]"]
        words = ((key, own.get(key)) for key in ("label", "level", "unit"))
        lines += [f"{key} = {_text(value)}" for key, value in words if value]
        if "possible" in own:
            lines.append(f"possible = {_pair(own['possible'])}")
        if "missing" in own:
            lines.append(f"missing = [{', '.join(map(_bare, own['missing']))}]")
        if "missing_ranges" in own:
            lines.append(f"missing_ranges = [{', '.join(map(_pair, own['missing_ranges']))}]")
        if "values" in own:
            lines.append(f"[variables.{name}.values]")
            lines += [f"{_text(code)} = {_text(label)}" for code, label in own["values"].items()]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _text(value: str) -> str:
    """Write a text as TOML does: as JSON, but for the one sign that TOML does not take bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _bare(code: str) -> str:
    """Write a code as the number it is, else as text."""
    return code if _PLAIN.fullmatch(code) else _text(code)


def _pair(ends: Sequence[Any]) -> str:
    return f"[{', '.join(map(_number, ends))}]"


def _number(end: Any) -> str:
    value = float(end)
    whole = math.isfinite(value) and value.is_integer() and abs(value) < 1e15
    return str(int(value)) if whole else repr(value)


def _as_csv(variables: Saved) -> str:
    """Write one row a variable and one a code, as a spreadsheet shows it best."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for own in variables:
        for row in _rows(own):
            writer.writerow([_safe(cell) for cell in row])
    return out.getvalue()


def _rows(own: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    ends = tuple(map(_number, own["possible"])) if "possible" in own else ("", "")
    words = (own.get("label", ""), own.get("level", ""), own.get("unit", ""))
    yield (own["name"], *words, *ends, "", "", "")
    missing = own.get("missing", [])
    for code, meaning in own.get("values", {}).items():
        yield (own["name"], *[""] * 5, code, meaning, "yes" if code in missing else "")
    for code in missing:
        if code not in own.get("values", {}):
            yield (own["name"], *[""] * 5, code, "", "yes")
    for low, high in own.get("missing_ranges", []):
        yield (own["name"], *[""] * 5, f"{_number(low)} .. {_number(high)}", "", "yes")


def _safe(cell: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    formula = _FORMULA.match(cell) and not _PLAIN.fullmatch(cell) and ".." not in cell
    return f"'{cell}" if formula or cell.startswith("'") else cell


_WRITERS: Mapping[str, Callable[[Saved], str]] = {".toml": _as_toml, ".csv": _as_csv}
