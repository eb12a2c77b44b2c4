"""The notebooks, read once."""

from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
# To run these takes half a minute or so; that they keep their form is a matter of a moment.
LONG = {"04_checks", "05_comparison", "06_other_outcomes", "07_large_tables"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of ``notebook_path`` once for every notebook."""
    if "notebook_path" in metafunc.fixturenames:
        paths = sorted(NOTEBOOKS.glob("*.ipynb"))
        runs = metafunc.definition.get_closest_marker("slow") is not None
        marks = [[pytest.mark.long] if runs and path.stem in LONG else [] for path in paths]
        metafunc.parametrize(
            "notebook_path",
            [pytest.param(p, id=p.stem, marks=m) for p, m in zip(paths, marks, strict=True)],
        )


@pytest.fixture
def notebook(notebook_path: Path) -> nbformat.NotebookNode:
    found = nbformat.read(notebook_path, as_version=4)
    nbformat.validate(found)
    return found


@pytest.fixture
def notebook_names() -> list[str]:
    return sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
