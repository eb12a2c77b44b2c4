"""How a table record shows itself: aligned text in a terminal, a plain table in a notebook."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_SIGNIFICANT = 3
# What moves a terminal's cursor, colours or turns a line: all controls but the end of a line, marks
# of direction, and the ends of lines that only some programs know.
_MARKS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def on_screen(text: str) -> str:
    r"""Return text that a terminal shows as it is: marks that would do something are spelled out.

    Names of columns and groups come from files of others, and may hold such as ``\x1b[2J``, which
    clears the screen.
    """
    return _MARKS.sub(lambda found: _spelled(ord(found.group())), text)


def _spelled(code: int) -> str:
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def number(value: object, *, digits: int = _SIGNIFICANT) -> str:
    """Format one cell: ``digits`` significant figures, whole counts as they are, NaN as a dash."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if value != value:
        return "–"
    if isinstance(value, int) or (abs(value) >= 10**digits and abs(value) < 1e15):
        return f"{value:.0f}"
    return f"{value:#.{digits}g}".rstrip(".")


def in_sentences(values: Iterable[float]) -> list[str]:
    """Format numbers that stand side by side in a sentence, never as a power of ten.

    What would be shown as one is rounded to as many decimals as the largest of them has.
    """
    numbers = list(values)
    largest = max(map(abs, numbers))
    return [_plain(value, largest) for value in numbers]


def _plain(value: float, largest: float) -> str:
    shown = number(value)
    if "e" not in shown or not 0 < largest < 1e15:
        return shown
    decimals = max(0, _SIGNIFICANT - 1 - math.floor(math.log10(largest)))
    return f"{0.0 if round(value, decimals) == 0 else value:.{decimals}f}"


def place(value: Any, *, sd: float | None = None) -> str:
    """Format a value of a predictor, with digits enough that it is still that place.

    Parameters
    ----------
    value
        Whole numbers are shown as such, though a table made them decimal; words as they are.
    sd
        The predictor's standard deviation: what is shown is off by at most a hundredth of it. If
        not given, two decimals are shown, and three digits of what is less than 1: a year of
        2016.632 is not 2017.
    """
    plain: object = value.item() if hasattr(value, "item") else value
    if isinstance(plain, bool) or not isinstance(plain, float) or not 0 < abs(plain) < 1e15:
        return number(int(plain)) if plain == 0 and not isinstance(plain, bool) else number(plain)
    if sd:
        decimals = math.ceil(math.log10(50 / sd) - 1e-9)
    else:
        decimals = 2 - math.floor(math.log10(min(abs(plain), 1.0)))
    if decimals > 12:
        return number(plain)
    shown = f"{round(plain, decimals):.{max(decimals, 0)}f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return "0" if shown in ("-0", "") else shown


def joined(parts: Sequence[str]) -> str:
    """Join a few phrases with commas and an ``and``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every cell formatted as text."""
    return table.map(lambda value: number(value.item() if hasattr(value, "item") else value))


def as_text(title: str, table: pd.DataFrame, *notes: str) -> str:
    """Lay out a record for the terminal: title, table, notes."""
    body = cells(table).to_string() if len(table) else "(no rows)"
    return on_screen("\n".join([title, body, *notes]))


def as_html(title: str, table: pd.DataFrame, *notes: str) -> str:
    """Lay out a record for a notebook: title, table, notes; every text escaped."""
    body = cells(table).to_html(border=0, escape=True, notebook=False)
    lines = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    return f"<div><strong>{html.escape(title)}</strong>{body}{lines}</div>"
