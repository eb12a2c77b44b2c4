"""References of the report's prose, by the keys of the bibliography."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "references.toml"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A publication as APA style writes it: in the text, and in the list of references."""

    authors: str
    year: int
    full: str


@cache
def all_references() -> Mapping[str, Reference]:
    """Return every reference that ships with the package, by its key."""
    entries = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {key: Reference(**entry) for key, entry in entries.items()}


def cited(*keys: str) -> str:
    """Cite in parentheses, in the alphabet's order; years of the same authors stand together."""
    years: dict[str, list[int]] = {}
    for reference in sorted((all_references()[key] for key in keys), key=_place):
        years.setdefault(reference.authors, []).append(reference.year)
    parts = (f"{who}, {', '.join(map(str, when))}" for who, when in years.items())
    return f"({'; '.join(parts)})"


def reference_list(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the references that the texts cite, in the alphabet's order."""
    whole = " ".join(texts)
    found = [ref for ref in all_references().values() if _is_cited(ref, whole)]
    return tuple(ref.full for ref in sorted(found, key=_place))


def _place(reference: Reference) -> tuple[str, int, str]:
    """Sort by the names, one author before several, then by year."""
    names = reference.full.split(" (")[0]
    return names.casefold(), reference.year, reference.full


def _is_cited(reference: Reference, text: str) -> bool:
    years = re.findall(rf"{re.escape(reference.authors)}, ([\d, ]+)", text)
    return any(str(reference.year) in found for found in years)
