"""The works of ``references.bib``, read and written out for the site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ENTRY = re.compile(r"@(\w+)\{([^,\s]+),(.*?)\n\}", re.DOTALL)
_FIELD_START = re.compile(r"(\w+)\s*=\s*\{")
# Accents as BibTeX writes them: the mark that combines with the letter before it in Unicode.
_ACCENTS = {
    '"': "\u0308",
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    "~": "\u0303",
    "v": "\u030c",
}


@dataclass(frozen=True, kw_only=True)
class Work:
    """One entry of the bibliography, its texts in plain Unicode."""

    key: str
    fields: dict[str, str]

    @property
    def authors(self) -> list[str]:
        """Family names with what comes before them, in order."""
        return [name.split(",")[0].strip() for name in self.fields["author"].split(" and ")]

    @property
    def short(self) -> str:
        """How the text speaks of it: ``Vehtari et al. (2021)``."""
        names = self.authors
        who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        return f"{who} ({self.fields['year']})"

    @property
    def full(self) -> str:
        """The reference in full, in Markdown."""
        field = self.fields
        people = [_initials(name) for name in field["author"].split(" and ")]
        who = people[0] if len(people) == 1 else f"{', '.join(people[:-1])}, and {people[-1]}"
        parts = [f"{who} ({field['year']}). {field['title']}."]
        place = field.get("journal") or field.get("booktitle") or field.get("publisher")
        if place:
            parts.append(f"*{place}*{_volume(field)}.")
        if "eprint" in field:
            parts.append(f"[arXiv:{field['eprint']}](https://arxiv.org/abs/{field['eprint']})")
        if "doi" in field:
            parts.append(f"[doi:{field['doi']}](https://doi.org/{field['doi']})")
        return " ".join(parts)


@cache
def read_works(path: Path) -> dict[str, Work]:
    """Read a bibliography, by key in alphabetical order of the keys."""
    text = path.read_text(encoding="utf-8")
    found = {
        key: Work(key=key, fields={name: _plain(value) for name, value in _fields(body)})
        for _, key, body in _ENTRY.findall(text)
    }
    return dict(sorted(found.items()))


def _fields(body: str) -> list[tuple[str, str]]:
    """Return the fields of an entry; values stand in braces that may hold braces."""
    fields, place = [], 0
    while start := _FIELD_START.search(body, place):
        depth, place = 1, start.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(body[place], 0)
            place += 1
        fields.append((start[1].lower(), body[start.end() : place - 1]))
    return fields


def _plain(text: str) -> str:
    """Turn the LaTeX of the bibliography into Unicode."""
    import unicodedata

    text = text.replace(r"\&", "&").replace("--", "\u2013").replace(r"$\widehat{R}$", "R-hat")
    text = re.sub(
        r"\{?\\([\"'`^~v])\s*\{?(\\?[A-Za-z])\}?\}?",
        lambda found: found[2].lstrip("\\") + _ACCENTS[found[1]],
        text,
    )
    return unicodedata.normalize("NFC", re.sub(r"[{}]", "", text))


def _initials(name: str) -> str:
    """Write ``Meng, Xiao-Li`` as ``Meng, X.-L.``."""
    family, _, given = name.partition(",")
    letters = ["-".join(f"{part[0]}." for part in one.split("-")) for one in given.split()]
    return f"{family.strip()}, {' '.join(letters)}".rstrip(", ")


def _volume(field: dict[str, str]) -> str:
    text = f", {field['volume']}" if "volume" in field else ""
    text += f"({field['number']})" if "number" in field else ""
    return text + (f", {field['pages']}" if "pages" in field else "")
