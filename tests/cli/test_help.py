"""The help texts: complete, honest about exit codes, and shown as they were laid out."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]
COMMANDS = ("demo", "models", "check", "codebook", "answer", "fit", "report", "diagnose")


def test_the_first_help_names_every_command_and_exit_code(run: Run) -> None:
    output = run("--help").output
    for command in COMMANDS:
        assert f"\n  {command} " in output
    assert "0 fine, 1 the analysis ran but its verdict is bad, 2 the input" in output
    assert "..." not in output.partition("Commands:")[2]
    assert "\n    bayes-alliance demo\n" in output


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_each_option(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "\\b" not in result.output
    options = result.output.partition("Options:")[2].partition("Examples:")[0].splitlines()
    explained = [line.split("  ") for line in options if line.startswith("  -")]
    assert explained
    # An option whose name fills its column has its explanation on the next line.
    assert all(len(line) > 1 for line in explained)


@pytest.mark.parametrize("command", ["fit", "report"])
def test_examples_fit_on_their_lines(run: Run, command: str) -> None:
    output = run(command, "--help").output
    assert f'\n    bayes-alliance {command} clients.csv --formula "alliance ~ stigma' in output


def test_b_in_brackets_is_not_swallowed_as_markup(run: Run) -> None:
    assert '"b=Normal(0, 5)"' in run("report", "--help").output


def test_the_package_is_the_program_too(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bayes_alliance", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("bayes-alliance ")
