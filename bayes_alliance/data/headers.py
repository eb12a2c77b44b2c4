"""Column names of a file: without blanks around them, each there and each only once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bayes_alliance.data.report import Note
from bayes_alliance.errors import DataError, counted, listed


@dataclass(frozen=True, kw_only=True)
class Header:
    """Names that can be used, and what was done to have them."""

    names: list[str]
    notes: list[Note] = field(default_factory=list)


def clean_header(names: Sequence[object], *, file: str) -> Header:
    """Return the names without surrounding blanks; those that lack or repeat get one of their own.

    Raises
    ------
    DataError
        If no column has a name.
    """
    stripped = [str(name).strip() for name in names]
    if not any(stripped):
        raise DataError(
            f"The columns of {file} need names.",
            f"None of its {counted(len(stripped), 'column')} has one.",
            "Write the names in the first line.",
        )
    taken = set(stripped)
    seen: set[str] = set()
    found: list[str] = []
    unnamed: list[str] = []
    renamed: list[str] = []
    for place, name in enumerate(stripped, start=1):
        own = name
        if not name:
            own = _free(f"column_{place}", taken)
            unnamed.append(own)
        elif name in seen:
            own = _free(f"{name}_{2}", taken, stem=name)
            renamed.append(f"{own} (column {place})")
        seen.add(own)
        taken.add(own)
        found.append(own)
    return Header(names=found, notes=[*_unnamed(unnamed), *_renamed(renamed)])


def _free(name: str, taken: set[str], *, stem: str = "") -> str:
    """Return a name that no column has."""
    stem, number = stem or name, 2
    while name in taken:
        name = f"{stem}_{number}"
        number += 1
    return name


def _unnamed(names: list[str]) -> list[Note]:
    if not names:
        return []
    one = len(names) == 1
    return [
        Note(
            level="caution",
            code="read_unnamed_columns",
            message=f"{counted(len(names), 'column')} without a name {'is' if one else 'are'} "
            f"called {listed(names)}.",
            columns=tuple(names),
            remedy="Name it in the file, or leave the column out."
            if one
            else "Name them in the file, or leave the columns out.",
        )
    ]


def _renamed(names: list[str]) -> list[Note]:
    if not names:
        return []
    return [
        Note(
            level="caution",
            code="read_repeated_names",
            message=f"Names that more than one column has were told apart: {listed(names)}.",
            remedy="Look which of the columns is the one you mean.",
        )
    ]
