"""Nobody inside the package imports from its root, which gathers the public names."""

import ast
from pathlib import Path

import pytest

ROOT = "bayes_alliance"


def root_imports(file: Path, package: Path) -> list[str]:
    """List the imports of ``file`` that take something from the package root.

    A file or folder of the package, as in ``from bayes_alliance import names``, is not taken from
    the root: it is an address.
    """
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [f"import {a.name}" for a in node.names if a.name == ROOT]
        elif isinstance(node, ast.ImportFrom) and _source(node, file, package) == ROOT:
            found += [f"from root {a.name}" for a in node.names if not _is_module(package, a.name)]
    return found


def _source(node: ast.ImportFrom, file: Path, package: Path) -> str:
    if not node.level:
        return node.module or ""
    folder = file.parents[node.level - 1].relative_to(package.parent)
    return ".".join([*folder.parts, *([node.module] if node.module else [])])


def _is_module(package: Path, name: str) -> bool:
    return (package / f"{name}.py").is_file() or (package / name).is_dir()


def test_nobody_imports_from_the_root(package: Path, package_files: list[Path]) -> None:
    inside = [file for file in package_files if file != package / "__init__.py"]
    found = {file.name: root_imports(file, package) for file in inside}
    assert {name: imports for name, imports in found.items() if imports} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from bayes_alliance import sample", ["from root sample"]),
        ("def f():\n    import bayes_alliance as ba", ["import bayes_alliance"]),
        ("from .. import sample", ["from root sample"]),
        ("from bayes_alliance import names, Model", ["from root Model"]),
        ("from bayes_alliance.names import sd\nfrom . import Table\nfrom ..names import sd", []),
    ],
)
def test_a_root_import_is_seen(tmp_path: Path, text: str, found: list[str]) -> None:
    package = tmp_path / ROOT
    (package / "data").mkdir(parents=True)
    (package / "names.py").touch()
    (package / "data" / "made_up.py").write_text(text)
    assert root_imports(package / "data" / "made_up.py", package) == found
