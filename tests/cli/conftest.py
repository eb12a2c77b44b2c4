"""A table on disk, a runner, and a sampler that makes its draws up."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bayes_alliance.cli.main import app
from bayes_alliance.data.examples import load_example
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.fit import Fit

FITS = Path(__file__).parents[1] / "report" / "made_up_fit.py"

# The sampler is replaced, so that commands which fit do not compile.
PROGRAM = f"""
import importlib.util, sys
import bayes_alliance.sampling.run as run
spec = importlib.util.spec_from_file_location("made_up_fit", {str(FITS)!r})
made_up = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made_up)
run.sample = lambda model, **options: made_up.made_up_fit(model)
from bayes_alliance.cli.main import main
main()
"""


def load_made_up_fit() -> Callable[..., Fit]:
    """Import the maker of fits from the report tests, a folder that is no package."""
    spec = importlib.util.spec_from_file_location("made_up_fit", FITS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.made_up_fit


@pytest.fixture(scope="session")
def made_up_fit() -> Callable[..., Fit]:
    return load_made_up_fit()


@pytest.fixture(scope="session")
def made_up_program() -> list[str]:
    """Return the command of a process that makes its draws up; arguments follow."""
    return [sys.executable, "-c", PROGRAM]


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    path = tmp_path / "clients.csv"
    renamed = load_example("simulated_study").rename(columns={"alliance": "wai_total"})
    renamed.to_csv(path, index=False)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the program in an empty folder, as a user would."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run the program in a process of its own, installed or not."""
    checkout = Path(__file__).parents[2]

    def start(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "bayes_alliance.cli.main", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            capture_output=True,
            text=True,
            check=False,
        )

    return start


@pytest.fixture
def asked(
    made_up_fit: Callable[..., Fit], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Model, dict[str, Any]]]:
    """Put made-up draws in the place of the sampler; hold what it was asked for."""
    calls: list[tuple[Model, dict[str, Any]]] = []

    def sample(model: Model, **options: Any) -> Fit:
        calls.append((model, options))
        return made_up_fit(model, seed=options["seed"] or 5)

    monkeypatch.setattr("bayes_alliance.sampling.run.sample", sample)
    return calls
