"""The project's own files agree with each other: versions, pinned packages, cited works."""

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import bayes_alliance

# What the workflow of a public host runs, and what .ci/run does.
COMMAND = re.compile(r"\bmake ([a-z-]+)")
CITED = re.compile(r"\b[a-z]{3,}(?:19|20)\d\d[a-z]?\b")


@pytest.fixture(scope="module")
def settings(checkout: Path) -> dict[str, Any]:
    return tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pinned(checkout: Path) -> dict[str, Version]:
    lines = (checkout / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [re.fullmatch(r"([a-z0-9-]+)==(\S+)", line) for line in lines]
    assert all(pairs), "constraints.txt holds more than names and versions"
    return {pair[1]: Version(pair[2]) for pair in pairs if pair}


def unmet(requirements: list[str], pinned: dict[str, Version]) -> list[str]:
    """List the requirements without a tested version, or with one that is too old."""
    wanted = [Requirement(text) for text in requirements]
    return [
        str(one)
        for one in wanted
        if one.name not in pinned or not one.specifier.contains(pinned[one.name])
    ]


def commands(script: str) -> set[str]:
    """Return the targets of make that a script runs, comments left out."""
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("#")]
    return set(COMMAND.findall("\n".join(lines)))


def uncited(text: str, bibliography: str) -> set[str]:
    """Return the citation keys of ``text`` that the bibliography does not have."""
    keys = set(re.findall(r"^@\w+\{([^,]+),", bibliography, flags=re.MULTILINE))
    return set(CITED.findall(text)) - keys


def test_every_requirement_has_a_tested_version(
    settings: dict[str, Any], pinned: dict[str, Version]
) -> None:
    project = settings["project"]
    extras = [text for group in project["optional-dependencies"].values() for text in group]
    development = [
        text
        for text in settings["dependency-groups"]["dev"]
        if Requirement(text).name != project["name"]
    ]
    requirements = [*project["dependencies"], *extras, *development]
    assert unmet([*requirements, *settings["build-system"]["requires"]], pinned) == []


def test_the_tested_versions_are_the_ones_that_run(pinned: dict[str, Version]) -> None:
    for name in ("arviz", "nutpie", "numba", "numpy", "pandas", "pymc", "pytensor", "scipy"):
        assert Version(importlib.metadata.version(name)) == pinned[name]


def test_an_unmet_requirement_is_seen() -> None:
    pinned = {"numpy": Version("2.0")}
    assert unmet(["numpy>=1", "numpy>=3", "scipy"], pinned) == ["numpy>=3", "scipy"]


def test_one_version_everywhere(checkout: Path, settings: dict[str, Any]) -> None:
    version = settings["project"]["version"]
    citation = (checkout / "CITATION.cff").read_text(encoding="utf-8")
    assert bayes_alliance.__version__ == version
    assert re.search(rf"^version: {re.escape(version)}$", citation, flags=re.MULTILINE)


def test_every_cited_work_is_in_the_bibliography(checkout: Path, package_files: list[Path]) -> None:
    bibliography = (checkout / "docs" / "references.bib").read_text(encoding="utf-8")
    files = [*package_files, *(checkout / "models").glob("*.toml")]
    missing = {file.name: uncited(file.read_text(encoding="utf-8"), bibliography) for file in files}
    assert {name: keys for name, keys in missing.items() if keys} == {}


def test_a_missing_work_is_seen() -> None:
    bibliography = "@article{vehtari2021,\n  year = {2021},\n}\n"
    assert uncited("R-hat [vehtari2021], ESS [geyer1992].", bibliography) == {"geyer1992"}


def test_a_public_host_runs_the_same_commands(checkout: Path) -> None:
    ours = (checkout / ".ci" / "run").read_text(encoding="utf-8")
    public = (checkout / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert commands(ours) == {"lint", "docs", "wheel", "test-all"}
    assert commands(public) == commands(ours) | {"demo", "test-lowest", "test-newest"}
    # Only where the folder is can its absence be a failure.
    assert "BAYES_ALLIANCE_SHARED=" in ours
    assert "BAYES_ALLIANCE_SHARED" not in public
    makefile = (checkout / "Makefile").read_text(encoding="utf-8")
    assert commands(public) <= set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))


def test_a_command_that_is_left_out_is_seen() -> None:
    assert commands("# make lint\nmake docs\n- run: make test-all WORKERS=2\n") == {
        "docs",
        "test-all",
    }
