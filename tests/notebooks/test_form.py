"""Notebooks are kept without outputs, with cell ids that stay, and name only what exists."""

import re
from pathlib import Path

import nbformat
import pytest

import bayes_alliance as ba

PUBLIC_NAME = re.compile(r"\bba\.([A-Za-z_]\w*)")
# The stages in their order; a gap in the numbers is a notebook that went missing.
EXPECTED = ["01_data", "02_first_model", "03_three_questions", "04_checks", "05_comparison"]
EXPECTED += ["06_other_outcomes", "07_large_tables"]
# What is for programs, not for a reader of the tour.
NOT_SHOWN = {
    "AllianceError",
    "DataError",
    "MachineError",
    "ModelError",
    "__version__",
    "compile_model",
}
NOT_SHOWN |= {"with_group_log_likelihood", "with_predictive", "with_prior_predictive"}


def unknown_names(source: str) -> set[str]:
    """Return what is asked of ``ba`` that the package does not have."""
    return set(PUBLIC_NAME.findall(source)) - set(ba.__all__)


def kept_results(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the ids of cells that hold an output or the count of a run."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell.id for cell in cells if cell.outputs or cell.execution_count is not None]


def test_the_notebooks_are_there(notebook_names: list[str]) -> None:
    assert notebook_names == [f"{name}.ipynb" for name in EXPECTED]


def test_nothing_that_a_run_left_is_kept(notebook: nbformat.NotebookNode) -> None:
    assert kept_results(notebook) == []
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(not cell.metadata for cell in notebook.cells)


def test_cell_ids_are_given_by_hand(notebook: nbformat.NotebookNode, notebook_path: Path) -> None:
    topic = notebook_path.stem.split("_", 1)[1].replace("_", "-")
    pattern = re.compile(rf"{topic}-\d\d[a-z]?")
    assert all(pattern.fullmatch(cell.id) for cell in notebook.cells)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_names_of_the_package_exist(notebook: nbformat.NotebookNode) -> None:
    source = "\n".join(cell.source for cell in notebook.cells)
    assert PUBLIC_NAME.search(source), "a notebook that uses nothing of the package"
    assert unknown_names(source) == set()


def test_links_to_other_notebooks_hold(
    notebook: nbformat.NotebookNode, notebook_names: list[str]
) -> None:
    source = "\n".join(cell.source for cell in notebook.cells)
    assert set(re.findall(r"\]\(([^)]+\.ipynb)\)", source)) <= set(notebook_names)


def test_every_verb_is_shown_somewhere() -> None:
    folder = Path(__file__).resolve().parents[2] / "notebooks"
    shown: set[str] = set()
    for path in folder.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        shown |= set(PUBLIC_NAME.findall(code))
    assert set(ba.__all__) - shown - NOT_SHOWN == set()


def test_a_kept_output_is_seen() -> None:
    cell = nbformat.v4.new_code_cell("1 + 1", execution_count=3)
    assert kept_results(nbformat.v4.new_notebook(cells=[cell])) == [cell.id]


@pytest.mark.parametrize("text", ["ba.sampel(model)", "see `ba.nonesuch`"])
def test_an_unknown_name_is_seen(text: str) -> None:
    assert unknown_names(text)
