"""What stands before decimals and between thousands: one answer for a whole text, or none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bayes_alliance.data.missing_codes import BLANKS
from bayes_alliance.errors import Advice, DataError, listed

_SIGN = r"[+-]?"
_WHOLE = re.compile(rf"{_SIGN}(?:0|[1-9]\d*)(?:[eE][+-]?\d+)?")
_ONE_MARK = re.compile(rf"{_SIGN}(0|[1-9]\d*)?([.,])(\d+)(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(
    rf"{_SIGN}[1-9]\d{{0,2}}(?:([.,'’\u00a0\u202f])\d{{3}})(?:\1\d{{3}})*(?:([.,])\d+)?"
)
_OTHER = {".": ",", ",": "."}
_WORDS = {
    ".": "a point",
    ",": "a comma",
    "'": "an apostrophe",
    "’": "an apostrophe",
    "\u00a0": "a blank",
    "\u202f": "a blank",
    " ": "a blank",
}
_MOSTLY = 0.8


@dataclass(frozen=True, kw_only=True)
class NumberMarks:
    """The decimal mark, and what stands between thousands.

    Parameters
    ----------
    decimal
        A point or a comma.
    thousands
        None where nothing is.
    examples
        A number as written, by the mark that it shows.
    """

    decimal: str = "."
    thousands: str | None = None
    examples: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_words(self) -> str:
        """What was found, as a clause; empty where it is the usual."""
        parts = []
        if self.decimal == ",":
            own = self.examples.get("decimal", "")
            shown = f" ({own} is {_value(own, self)})" if own else ""
            parts.append(f"a decimal comma{shown}")
        if self.thousands is not None:
            own = self.examples.get("thousands", "")
            shown = f" ({own} is {_value(own, self)})" if own else ""
            parts.append(f"{_WORDS.get(self.thousands, self.thousands)} between thousands{shown}")
        return " and ".join(parts)


def _value(text: str, marks: NumberMarks) -> str:
    plain = text.replace(marks.thousands, "") if marks.thousands else text
    return plain.replace(marks.decimal, ".")


@dataclass(kw_only=True)
class _Signs:
    """What the numbers of one column show."""

    decimal: dict[str, str] = field(default_factory=dict)  # a mark that is surely decimal
    thousands: dict[str, str] = field(default_factory=dict)  # one that surely groups
    either: dict[str, str] = field(default_factory=dict)  # 1.234 may be both
    numbers: int = 0
    others: int = 0


def find_marks(columns: Mapping[str, Iterable[str]], *, separator: str, file: str) -> NumberMarks:
    """Find the marks of all numbers of a text.

    Parameters
    ----------
    columns
        The different cells of each column.
    separator
        What parts the columns: a comma is no decimal mark then unless quoted.
    file
        What errors call it.

    Raises
    ------
    DataError
        If columns disagree, or all numbers can be read in two ways.
    """
    signs = {name: own for name, cells in columns.items() if (own := _signs(cells)) is not None}
    surely = {name: _decimal_of(own) for name, own in signs.items()}
    by_mark = {mark: [n for n, own in surely.items() if own == mark] for mark in ".,"}
    if by_mark["."] and by_mark[","]:
        raise _columns_disagree(by_mark, signs, file)
    decimal = next((mark for mark, names in by_mark.items() if names), None)
    if decimal is None:
        decimal = _undecided(signs, separator, file)
    return _marks(decimal, signs)


def _signs(cells: Iterable[str]) -> _Signs | None:
    """Return what a column of numbers shows; None of a column that is none."""
    found = _Signs()
    for cell in cells:
        text = cell.strip()
        if text in BLANKS:
            continue
        if _WHOLE.fullmatch(text):
            found.numbers += 1
        elif not _look(text, found):
            found.others += 1
    total = found.numbers + found.others
    mixed = {".", ","} <= {*found.decimal} or {".", ","} <= {*found.thousands}
    return found if total and not mixed and found.numbers >= _MOSTLY * total else None


def _look(text: str, found: _Signs) -> bool:
    """Note what one number shows; tell whether it is one."""
    grouped, single = _GROUPED.fullmatch(text), _ONE_MARK.fullmatch(text)
    if grouped is None and single is None:
        return False
    found.numbers += 1
    if grouped is None:
        assert single is not None  # one of the two is
        found.decimal.setdefault(single[2], text)
        return True
    mark, point = grouped[1], grouped[2]
    if single is not None:
        found.either.setdefault(mark, text)
        return True
    found.thousands.setdefault(mark, text)
    if point is not None and point != mark:
        found.decimal.setdefault(point, text)
    return True


def _decimal_of(signs: _Signs) -> str | None:
    """Return the decimal mark that a column shows without doubt."""
    for mark in signs.decimal:
        return mark
    for mark in signs.thousands:
        return _OTHER.get(mark)
    return None


def _undecided(signs: Mapping[str, _Signs], separator: str, file: str) -> str:
    """Return the point where nothing speaks against it; refuse what can be read in two ways."""
    doubtful = {
        name: (mark, text)
        for name, own in signs.items()
        for mark, text in own.either.items()
        if not (mark == "." and separator == ",") and mark in _OTHER
    }
    if not doubtful:
        return "."
    name, (mark, text) = next(iter(doubtful.items()))
    grouped, pointed = text.replace(mark, ""), text.replace(mark, ".")
    raise DataError(
        f"The numbers of {file} were to be read.",
        f"{name} has {text}, which may be {pointed} or {grouped}; no other number of the file "
        "tells which.",
        Advice(
            python=f'If it is {pointed}, read it with decimal="{mark}"; if it is {grouped}, with '
            f'thousands="{mark}".',
            command_line=f"If it is {pointed}, read it with --decimal '{mark}'; if it is "
            f"{grouped}, with --thousands '{mark}'.",
        ),
        columns=list(doubtful),
    )


def _columns_disagree(
    by_mark: Mapping[str, list[str]], signs: Mapping[str, _Signs], file: str
) -> DataError:
    def example(name: str) -> str:
        own = signs[name]
        return next(iter([*own.decimal.values(), *own.thousands.values()]))

    points, commas = by_mark["."], by_mark[","]
    return DataError(
        f"The numbers of {file} were to be read.",
        f"Some columns have a decimal comma ({listed(f'{n}: {example(n)}' for n in commas)}), "
        f"others a decimal point ({listed(f'{n}: {example(n)}' for n in points)}).",
        Advice(
            python='Say which is right with decimal="," or decimal=".": columns with the other '
            "mark are text then; or correct the file.",
            command_line="Say which is right with --decimal ',' or --decimal '.': columns with the "
            "other mark are text then; or correct the file.",
        ),
        commas=commas,
        points=points,
    )


def _marks(decimal: str, signs: Mapping[str, _Signs]) -> NumberMarks:
    examples: dict[str, str] = {}
    thousands: str | None = None
    for own in signs.values():
        if decimal in own.decimal:
            examples.setdefault("decimal", own.decimal[decimal])
        for mark, text in [*own.thousands.items(), *own.either.items()]:
            if mark != decimal and thousands in (None, mark):
                thousands = mark
                examples.setdefault("thousands", text)
    return NumberMarks(decimal=decimal, thousands=thousands, examples=examples)
