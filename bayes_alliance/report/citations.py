"""References of the report's prose, by the keys of the bibliography."""

from __future__ import annotations

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
    """Cite in parentheses: ``(Vehtari et al., 2021)``; several in the alphabet's order."""
    found = sorted((all_references()[key] for key in keys), key=lambda ref: (ref.full, ref.year))
    return f"({'; '.join(f'{ref.authors}, {ref.year}' for ref in found)})"


def reference_list(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the references that the texts cite, in the alphabet's order."""
    whole = " ".join(texts)
    found = [ref.full for ref in all_references().values() if f"{ref.authors}, {ref.year}" in whole]
    return tuple(sorted(found, key=str.casefold))
