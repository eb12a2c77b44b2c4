"""One idea a file, whole: no crumb beside its only reader, and no files that import in a circle."""

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

CRUMB_LINES = 60
# The recorded calibration of the independent engine holds for its files by name.
CALIBRATED = ("density.py", "start.py")

type Imports = Mapping[Path, set[Path]]


def imports_of(root: Path) -> Imports:
    """Return what each file of a package imports of it, in functions and for annotations too."""
    files = {
        ".".join(path.relative_to(root.parent).with_suffix("").parts): path
        for path in root.rglob("*.py")
    }
    found: dict[Path, set[Path]] = {}
    for path in files.values():
        named = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module=str(module), names=imported):
                    named |= {module} | {f"{module}.{alias.name}" for alias in imported}
                case ast.Import(names=imported):
                    named |= {alias.name for alias in imported}
        found[path] = {files[name] for name in named if name in files} - {path}
    return found


def crumbs(imports: Imports) -> list[Path]:
    """List the short files whose one importer lies beside them, where they belong.

    What a registry lists (an engine, a family) is an idea of its own, however short.
    """
    found = []
    for path in imports:
        importers = [one for one, imported in imports.items() if path in imported]
        beside = [one.parent for one in importers] == [path.parent]
        if beside and path.name != "__init__.py" and importers[0].name != "registry.py":
            found.append(path)
    return sorted(path for path in found if line_count(path) < CRUMB_LINES)


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def a_circle(imports: Imports) -> list[Path]:
    """Return files that import each other in a circle, or none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_short_file_has_its_only_importer_beside_it(package: Path) -> None:
    found = [path.relative_to(package).as_posix() for path in crumbs(imports_of(package))]
    assert found == [f"sampling/engines/independent/{name}" for name in CALIBRATED]


def test_no_files_import_each_other_in_a_circle(package: Path) -> None:
    assert a_circle(imports_of(package)) == []


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    """Write a package: a crumb, and short files of two readers, from afar and of a registry."""
    root = tmp_path / "made_up"
    files = {
        "room/__init__.py": "",
        "room/verb.py": "from made_up.room.crumb import x\nfrom made_up.room.shared import y",
        "room/crumb.py": "x = 1",
        "room/shared.py": "y = 1",
        "room/other.py": "def f():\n    from made_up.room import shared\n    return shared\n",
        "hall/registry.py": "from made_up.hall.engine import run",
        "hall/engine.py": "def run(): ...",
        "hall/reader.py": "from made_up.room.other import f\nfrom made_up.room.verb import x",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_crumb_is_seen(made_up: Path) -> None:
    crumb = made_up / "room" / "crumb.py"
    assert crumbs(imports_of(made_up)) == [crumb]
    crumb.write_text("x = 1\n" * CRUMB_LINES)
    assert crumbs(imports_of(made_up)) == []


@pytest.mark.parametrize(
    "back",
    [
        "import made_up.hall.reader",
        "def f():\n    from made_up.hall.reader import f",
        "if TYPE_CHECKING:\n    from made_up.hall import reader",
    ],
    ids=["plain", "in_function", "for_annotations"],
)
def test_a_circle_is_seen(made_up: Path, back: str) -> None:
    assert a_circle(imports_of(made_up)) == []
    shared = made_up / "room" / "shared.py"
    shared.write_text(back)
    assert shared in a_circle(imports_of(made_up))
