"""The import rule of ARCHITECTURE.md, as the contracts in pyproject.toml state it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LINT_IMPORTS = "from importlinter.cli import lint_imports_command as lint; lint()"
STAGES = ("cli", "report", "answers", "checks", "posterior", "sampling", "model", "data", "kernels")
FOUNDATION = ("names", "errors", "display", "drawing", "random_streams", "machine", "whole_file")


def lint_imports(folder: Path, settings: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of ``settings`` against the package that lies in ``folder``."""
    return subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache", "--config", str(settings)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def made_up_package(folder: Path) -> Path:
    root = folder / "bayes_alliance"
    for stage in STAGES:
        (root / stage).mkdir(parents=True)
        (root / stage / "__init__.py").touch()
    for module in ("__init__", "__main__", *FOUNDATION):
        (root / f"{module}.py").touch()
    return root


def test_package_keeps_every_contract(checkout: Path) -> None:
    result = lint_imports(checkout, checkout / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_made_up_package_without_imports_keeps_every_contract(
    checkout: Path, tmp_path: Path
) -> None:
    made_up_package(tmp_path)
    result = lint_imports(tmp_path, checkout / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("files", "contract"),
    [
        ({"data/a.py": "import bayes_alliance.model"}, "Each stage"),
        ({"model/a.py": "def f():\n    from bayes_alliance.cli import x"}, "Each stage"),
        ({"names.py": "import bayes_alliance.data"}, "Each stage"),
        ({"helping/__init__.py": ""}, "Each stage"),
        ({"kernels/a.py": "import bayes_alliance.errors"}, "Kernels import nothing"),
        ({"errors.py": "import bayes_alliance.kernels"}, "The foundation"),
        (
            {
                "data/a.py": "import bayes_alliance.data.b",
                "data/b.py": "import bayes_alliance.data.a",
            },
            "Siblings",
        ),
    ],
    ids=["right", "in_function", "foundation_up", "unlisted", "kernel", "to_kernel", "cycle"],
)
def test_a_broken_rule_is_seen(
    checkout: Path, tmp_path: Path, files: dict[str, str], contract: str
) -> None:
    root = made_up_package(tmp_path)
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    result = lint_imports(tmp_path, checkout / "pyproject.toml")
    assert result.returncode == 1, result.stderr
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert [line.startswith(contract) for line in broken] == [True], result.stdout


def test_every_folder_is_a_package(package_files: list[Path]) -> None:
    """Import Linter does not see a folder without ``__init__.py``, so the rule would not hold."""
    bare = {file.parent for file in package_files if not (file.parent / "__init__.py").is_file()}
    assert not bare
