"""Every notebook runs from top to bottom, in an empty folder, without a warning."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

STRICT = "import warnings\n\nwarnings.simplefilter('error')"
# The kernel's own way of ending is not the notebook's to answer for.
LENIENT = "warnings.simplefilter('ignore')"
SECONDS_A_CELL = 600


def run(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Run a copy of a notebook with every warning an error."""
    first, last = nbformat.v4.new_code_cell(STRICT), nbformat.v4.new_code_cell(LENIENT)
    copy = nbformat.v4.new_notebook(
        cells=[first, *notebook.cells, last], metadata=notebook.metadata
    )
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        copy, kernel_name="python3", timeout=SECONDS_A_CELL, resources=resources
    )
    client.execute()
    return copy


@pytest.mark.slow
def test_a_notebook_runs(notebook: nbformat.NotebookNode, tmp_path: Path) -> None:
    done = run(notebook, tmp_path)
    code = [cell for cell in done.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    written = [o.text for c in code for o in c.outputs if o.get("name") == "stderr"]
    assert written == []
    assert list(tmp_path.iterdir()) == [], "a notebook leaves files behind"


@pytest.mark.slow
def test_a_warning_stops_a_notebook(tmp_path: Path) -> None:
    warns = nbformat.v4.new_code_cell("warnings.warn('careful')")
    with pytest.raises(CellExecutionError, match="careful"):
        run(nbformat.v4.new_notebook(cells=[warns]), tmp_path)
