"""A reader that has read enough, such as ``head``, is no error of any command."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bayes_alliance.cli.main import _COMMANDS

CHECKOUT = Path(__file__).parents[2]
FORMULA = ("--formula", "wai_total ~ stigma + (1 | case_manager)")
CASES = {
    "demo": (),
    "models": (),
    "check": ("clients.csv", "--group", "case_manager"),
    "codebook": ("clients.csv",),
    "answer": ("clients.csv", "--outcome", "wai_total"),
    "fit": ("clients.csv", *FORMULA, "--out", "new.fit"),
    "report": ("clients.csv", *FORMULA, "--out", "new.json"),
    "diagnose": ("study.fit",),
    "reproduce": ("study.json", "--data", "clients.csv"),
    "--help": (),
    "--version": (),
}
WRITTEN = {"fit": "new.fit", "report": "new.json", "demo": "alliance_report.html"}

pytestmark = pytest.mark.slow


def ended(program: list[str], folder: Path, *arguments: str, both: bool = False) -> tuple[int, str]:
    """Run the program with an output that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        run = subprocess.run(
            [*program, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdout=writing,
            stderr=writing if both else subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    return run.returncode, (run.stderr or b"").decode()


def test_every_command_is_tried() -> None:
    assert set(_COMMANDS) <= set(CASES)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            c, marks=[pytest.mark.long] if c in ("demo", "report", "answer", "reproduce") else []
        )
        for c in CASES
    ],
)
def test_a_closed_output_is_no_error(
    command: str, clients: Path, made_up_fit: Callable, made_up_program: list[str], tmp_path: Path
) -> None:
    from bayes_alliance.data.reading import read_table
    from bayes_alliance.model.spec import Model
    from bayes_alliance.report.writing import write_report

    fit = made_up_fit(Model(FORMULA[1], read_table(clients)))
    if command == "diagnose":
        fit.save(tmp_path / "study.fit")
    if command == "reproduce":
        write_report(fit, tmp_path / "study.json")
    code, said = ended(made_up_program, tmp_path, command, *CASES[command])
    assert code == 141
    # What is being done is said beside the output, for whoever waits.
    assert not re.search("rror|Traceback|Pipe", said)
    assert said == "" or command == "demo"
    if command in WRITTEN:
        assert (tmp_path / WRITTEN[command]).exists()


def test_an_error_nobody_reads_is_none_either(made_up_program: list[str], tmp_path: Path) -> None:
    assert ended(made_up_program, tmp_path, "check", "nowhere.csv", both=True)[0] == 141
    code, said = ended(made_up_program, tmp_path, "check", "nowhere.csv")
    assert code == 2
    assert said.startswith("Error: ")
