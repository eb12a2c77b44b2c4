"""The references that ship with the package say what the bibliography says."""

import re
import tomllib
from pathlib import Path

import pytest

from bayes_alliance.report.citations import all_references, cited, reference_list
from bayes_alliance.sampling.engines.registry import ENGINES

ROOT = Path(__file__).parents[2]
ACCENTS = {
    r'{\"u}': "ü", r'{\"a}': "ä", r'{\"o}': "ö", r"{\'a}": "á", r"{\'e}": "é",
    r"{\v{r}}": "ř", r"{\aa}": "å",
    r"$\widehat{R}$": "R-hat",
}  # fmt: skip


def bibliography() -> dict[str, dict[str, str]]:
    """Read the fields of every entry; enough for the plain style this file is kept in."""
    text = (ROOT / "docs" / "references.bib").read_text(encoding="utf-8")
    for written, letter in ACCENTS.items():
        text = text.replace(written, letter)
    entries = {}
    for match in re.finditer(r"^@\w+\{(\w+),\n(.*?)^\}", text, flags=re.DOTALL | re.MULTILINE):
        fields = re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},$", match[2], flags=re.MULTILINE)
        entries[match[1]] = dict(fields)
    return entries


def people(field: str) -> list[tuple[str, str]]:
    """Return surname and initials of each author."""
    found = []
    for person in field.split(" and "):
        surname, _, given = person.partition(", ")
        names = [
            "-".join(f"{part[0]}." for part in name.split("-")) for name in given.strip().split(" ")
        ]
        found.append((surname.strip("{}"), " ".join(names)))
    return found


def in_text(entry: dict[str, str]) -> str:
    surnames = [surname for surname, _ in people(entry["author"])]
    if len(surnames) > 2:
        return f"{surnames[0]} et al."
    return " & ".join(surnames)


def sentence_case(title: str) -> str:
    """Lower what title case has raised; words in braces and after a colon stay."""
    parts = re.split(r"(\{[^}]*\})", title)
    lowered = "".join(p if p.startswith("{") else p.lower() for p in parts)
    plain = lowered.replace("{", "").replace("}", "").replace(r"\&", "&")
    return re.sub(r"(^|: |\? )([a-zü])", lambda m: m[1] + m[2].upper(), plain)


def in_list(entry: dict[str, str]) -> str:
    everyone = [f"{surname}, {initials}" for surname, initials in people(entry["author"])]
    authors = everyone[0] if len(everyone) == 1 else f"{', '.join(everyone[:-1])}, & {everyone[-1]}"
    where = entry.get("journal") or entry.get("booktitle")
    if where is None:
        source = f"arXiv:{entry['eprint']}."
    else:
        issue = f"({entry['number']})" if "number" in entry else ""
        pages = ", " + entry["pages"].replace("--", "–") if "pages" in entry else ""
        source = f"{where}, {entry['volume']}{issue}{pages}."
    doi = f" https://doi.org/{entry['doi']}" if "doi" in entry else ""
    title = sentence_case(entry["title"]).rstrip("?.")
    end = "?" if entry["title"].endswith("?") else "."
    return f"{authors} ({entry['year']}). {title}{end} {source}{doi}"


@pytest.mark.parametrize("key", sorted(all_references()))
def test_each_is_the_entry_of_the_bibliography(key: str) -> None:
    entry, shipped = bibliography()[key], all_references()[key]
    assert shipped.full == in_list(entry)
    assert shipped.authors == in_text(entry)
    assert shipped.year == int(entry["year"])


def test_every_key_that_the_report_cites_is_shipped() -> None:
    folder = ROOT / "bayes_alliance" / "report"
    calls = [
        call
        for file in folder.rglob("*.py")
        for call in re.findall(r"cited\(([^)]*)\)", file.read_text("utf-8"))
    ]
    keys = {key for call in calls for key in re.findall(r"[\"'](\w+)[\"']", call)}
    keys |= {key for engine in ENGINES.values() for key in engine.sources}
    assert len(keys) > 10
    assert keys <= set(all_references())
    written = tomllib.loads((folder / "references.toml").read_text("utf-8"))
    assert set(written) == keys


def test_citations_are_sorted_and_listed_once() -> None:
    text = cited("vehtari2021", "gelman1996")
    assert text == "(Gelman et al., 1996; Vehtari et al., 2021)"
    both = cited("vehtari2021", "vehtari2017")
    assert both == "(Vehtari et al., 2017, 2021)"
    assert len(reference_list([both])) == 2
    listed = reference_list([text, text])
    assert len(listed) == 2
    assert listed[0].startswith("Gelman, A., Meng, X.-L., & Stern, H. (1996).")
