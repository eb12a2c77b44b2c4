"""Two texts held against each other line by line, and what differs told in words."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_TAG = re.compile(r"<[^<>]*>")
_LONGEST = 150  # letters of a place
_SHOWN = 60  # letters of what differs
_BEFORE = 20  # letters before the first that differs
_MOST_TOLD = 100  # places
_MOST = 1_000  # lines that are paired; of more it is said that they differ


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A text by lines.

    Parameters
    ----------
    lines
        The lines.
    place
        Says in words where the line of that number stands.
    """

    lines: list[str]
    place: Callable[[list[str], int], str]


def differences(shown: Lines, meant: Lines, what: str) -> Iterator[str]:
    """Say where one text differs from what it should be.

    Parameters
    ----------
    shown, meant
        The text as it is, and as it should be.
    what
        What shows it, such as ``the page``.
    """
    ours, theirs = meant.lines, shown.lines
    start = _common(ours, theirs)
    end = _common(ours[start:][::-1], theirs[start:][::-1])
    ours, theirs = ours[start : len(ours) - end], theirs[start : len(theirs) - end]
    for told, (left, right, at) in enumerate(_pairs(ours, theirs)):
        if told == _MOST_TOLD:
            yield f"{what} shows something else in more places"
            return
        yield f"{_where(meant, start + at)}: {what} {_told(left, right)}"


def _where(meant: Lines, number: int) -> str:
    return in_print(html.unescape(_TAG.sub("", meant.place(meant.lines, number))))


def _common(ours: list[str], theirs: list[str]) -> int:
    """Count the lines that are the same at the beginning."""
    both = enumerate(zip(ours, theirs, strict=False))
    return next((k for k, (a, b) in both if a != b), min(len(ours), len(theirs)))


def _pairs(ours: list[str], theirs: list[str]) -> Iterator[tuple[str, str, int]]:
    """Return what should stand, what stands, and at which line it should."""
    if len(ours) == len(theirs):
        found = enumerate(zip(ours, theirs, strict=True))
        yield from ((a, b, k) for k, (a, b) in found if a != b)
        return
    if len(ours) + len(theirs) > 2 * _MOST:
        yield "\n".join(ours), "\n".join(theirs), 0
        return
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            yield "\n".join(ours[a:b]), "\n".join(theirs[c:d]), max(a - (a == b), 0)


def _told(meant: str, shown: str) -> str:
    ours, theirs = _words(meant), _words(shown)
    if ours == theirs:
        hidden = _clipped(meant, shown)
        return f"is marked up otherwise, {hidden[1]} in place of {hidden[0]}"
    ours, theirs = _clipped(ours, theirs)
    if not _words(meant):
        return f"also shows {theirs}"
    if not _words(shown):
        return f"leaves out {ours}"
    return f"shows {theirs} in place of {ours}"


def _words(line: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", line)).split())


def _clipped(ours: str, theirs: str) -> tuple[str, str]:
    """Return both from shortly before where they begin to differ."""
    both = enumerate(zip(ours, theirs, strict=False))
    first = next((k for k, (a, b) in both if a != b), min(len(ours), len(theirs)))
    start = first - _BEFORE if first > _BEFORE else 0
    return _excerpt(ours, start), _excerpt(theirs, start)


def _excerpt(text: str, start: int) -> str:
    piece = " ".join(text[start : start + _SHOWN].split())
    before, after = "…" if start else "", "…" if len(text) > start + _SHOWN else ""
    return f'"{before}{in_print(piece)}{after}"'


def in_print(text: str) -> str:
    """Return text that a terminal shows as it is: no mark in it turns, ends or colours a line."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(c if c.isprintable() or c == "\N{NO-BREAK SPACE}" else "?" for c in short)
