"""Public names resolve, are documented in full, and are not called like a file."""

import inspect
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import bayes_alliance

VAGUE = {"base", "common", "core", "helper", "helpers", "misc", "tools", "util", "utils"}


def module_names(package: Path) -> set[str]:
    """Name every module and every folder of the package."""
    paths = [path.relative_to(package) for path in package.rglob("*.py")]
    return {part for path in paths for part in path.with_suffix("").parts} - {"__init__"}


def parameters(thing: object) -> list[str]:
    """Name what a caller passes; a class with an inherited constructor has none of its own."""
    if inspect.isclass(thing) and (
        "__init__" not in vars(thing) or getattr(thing, "_is_protocol", False)
    ):
        return []
    return list(inspect.signature(thing).parameters)  # type: ignore[arg-type]


def sections(docstring: str) -> dict[str, str]:
    """Split a numpydoc docstring into its underlined sections."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def documentation_gaps(thing: object) -> list[str]:
    """Say what the docstring of a function or class leaves out."""
    own = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
    if not own:
        return ["a docstring"]
    found = sections(inspect.cleandoc(own))
    described = found.get("Parameters", "") + found.get("Attributes", "")
    heads = re.findall(r"^(\S.*?)(?: :.*)?$", described, flags=re.MULTILINE)
    names = {name.strip().lstrip("*") for head in heads for name in head.split(",")}
    gaps = [name for name in parameters(thing) if name not in names and name != "self"]
    if inspect.isfunction(thing) and "Returns" not in found and "Yields" not in found:
        returned = inspect.signature(thing).return_annotation
        gaps += [] if returned in (None, "None", "NoReturn") else ["Returns"]
    return gaps


def test_public_names_are_listed_once() -> None:
    assert len(bayes_alliance.__all__) == len(set(bayes_alliance.__all__)) > 5
    assert set(bayes_alliance.__all__) <= set(dir(bayes_alliance))


@pytest.mark.parametrize("name", bayes_alliance.__all__)
def test_public_name_resolves_and_is_documented(name: str) -> None:
    thing = getattr(bayes_alliance, name)
    assert not inspect.ismodule(thing), f"{name} is a module"
    if callable(thing):
        assert not documentation_gaps(thing)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        bayes_alliance.no_such_name  # noqa: B018


def test_no_public_name_is_also_a_file(package: Path) -> None:
    assert not set(bayes_alliance.__all__) & module_names(package)


def test_no_file_has_a_vague_name(package: Path) -> None:
    assert not VAGUE & {name.strip("_") for name in module_names(package)}


def test_module_names_sees_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "posterior").mkdir()
    (tmp_path / "posterior" / "utils.py").touch()
    assert module_names(tmp_path) == {"posterior", "utils"}


def test_documentation_gaps_are_seen() -> None:
    def bare(): ...

    def partial(rows: int, columns: int) -> int:
        """Multiply.

        Parameters
        ----------
        rows : int
            How many.
        """
        return rows * columns

    def full(rows: int, columns: int, *rest: int) -> int:
        """Multiply.

        Parameters
        ----------
        rows, columns : int
            How many.
        *rest
            More of them.

        Returns
        -------
        int
            The product.
        """
        return rows * columns * len(rest)

    @dataclass(frozen=True, kw_only=True)
    class Record:
        """A record.

        Attributes
        ----------
        table : DataFrame
            The table.
        """

        table: int
        draws: int

    assert documentation_gaps(bare) == ["a docstring"]
    assert documentation_gaps(partial) == ["columns", "Returns"]
    assert documentation_gaps(full) == []
    assert documentation_gaps(Record) == ["draws"]
