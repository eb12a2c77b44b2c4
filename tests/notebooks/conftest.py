"""The notebooks, read once."""

from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of ``notebook_path`` once for every notebook."""
    if "notebook_path" in metafunc.fixturenames:
        paths = sorted(NOTEBOOKS.glob("*.ipynb"))
        metafunc.parametrize("notebook_path", paths, ids=[path.stem for path in paths])


@pytest.fixture
def notebook(notebook_path: Path) -> nbformat.NotebookNode:
    found = nbformat.read(notebook_path, as_version=4)
    nbformat.validate(found)
    return found


@pytest.fixture
def notebook_names() -> list[str]:
    return sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
