"""Bad input ends with 2 and a message on one screen; nothing is sampled or written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

pytestmark = pytest.mark.slow

Run = Callable[..., Result]
FORMULA = ("--formula", "wai_total ~ stigma + (1 | case_manager)")
MODEL = ("--model", "stigma", "--column", "alliance=wai_total")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("report", "clint.csv", *FORMULA), "clients.csv"),
        (("report", "clients.csv"), "--formula"),
        (("report", "clients.csv", *FORMULA, *MODEL), "not both"),
        (("report", "clients.csv", *FORMULA, "--column", "a=b"), "--column goes with --model"),
        (("report", "clients.csv", "--formula", "wai ~ stigma + (1 | case_manager)"), "wai_total"),
        (("report", "clients.csv", "--formula", "wai_total ~ stigma + (1 |"), "^"),
        (("report", "clients.csv", *FORMULA, "--family", "gausian"), "Did you mean 'gaussian'?"),
        (("report", "clients.csv", *FORMULA, "--prior", "sigm=Normal(0, 1)"), "'sigma'"),
        (("report", "clients.csv", *FORMULA, "--prior", "b=Norml(0, 1)"), "'Normal'"),
        (("report", "clients.csv", *FORMULA, "--prior", "b"), "not of the form"),
        (("report", "clients.csv", "--model", "stigm"), "Did you mean 'stigma'?"),
        (("report", "clients.csv", "--model", "stigma"), "--column alliance="),
        (("report", "clients.csv", *MODEL[:3], "wai_total"), "not of the form"),
        (("report", "clients.csv", *FORMULA, "--out", "report.pdf"), "report.html"),
        (("report", "clients.csv", *FORMULA, "--out", "no/report.html"), "There is no folder"),
        (("report", "clients.csv", *FORMULA, "--colour", "red"), "No such option"),
        (("report", "clients.csv", *FORMULA, "--draws", "many"), "--draws"),
        (("report", "study.fit", *FORMULA), "saved fit and has its model"),
        (("report", "study.fit"), "no such file"),
        (("fit", "clients.csv", *FORMULA), "--out"),
        (("fit", "clients.csv", *FORMULA, "--out", "study.csv"), "does not end in .fit"),
        (("fit", "clients.csv", *FORMULA, "--out", "no/study.fit"), "There is no folder"),
        (("diagnose", "clients.csv"), "clients.csv was to be loaded"),
        (("check", "clients.csv", "--outcome", "alliance"), "wai_total"),
        (("demo", "--out", "report.txt"), "report.html"),
        (("reprot",), "No such command"),
    ],
)
def test_bad_input(
    run: Run, asked: list[Any], clients: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert len(result.output.splitlines()) < 12
    assert asked == []
    assert [path.name for path in clients.parent.iterdir()] == ["clients.csv"]


@pytest.mark.parametrize("option", [{"engine": "stan"}, {"chains": 0}, {"target-accept": 2}])
def test_impossible_sampling(run: Run, clients: Path, option: dict[str, Any]) -> None:
    ((name, value),) = option.items()
    result = run("report", clients, *FORMULA, f"--{name}", value)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")


def fail(error: BaseException) -> Callable[..., Any]:
    def sample(*arguments: Any, **options: Any) -> Any:
        raise error

    return sample


def test_an_unexpected_error_is_one_line_and_a_hint(
    run: Run, clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = fail(RuntimeError("the chain broke\nat a place of no interest"))
    monkeypatch.setattr("bayes_alliance.sampling.run.sample", broken)
    result = run("report", clients, *FORMULA)
    assert result.exit_code == 3
    first, second = result.stderr.splitlines()
    assert first == "Unexpected error: RuntimeError: the chain broke"
    assert "--traceback" in second


def test_traceback_on_request(run: Run, clients: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bayes_alliance.sampling.run.sample", fail(RuntimeError("broke")))
    result = run("--traceback", "report", clients, *FORMULA)
    assert isinstance(result.exception, RuntimeError)


def test_interrupted_before_the_first_draw(
    run: Run, clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bayes_alliance.sampling.run.sample", fail(KeyboardInterrupt()))
    result = run("report", clients, *FORMULA)
    assert result.exit_code == 130
    assert result.stderr.strip().endswith("Stopped before the end. Nothing was written.")
    assert [path.name for path in clients.parent.iterdir()] == ["clients.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--version",), 0, "bayes-alliance "),
        (("report", "--help"), 0, "--formula"),
        ((), 2, "Usage"),
        (("report", "clients.csv", "--model", "null", "--colum", "a=b"), 2, "--column"),
        (("check", "nowhere.csv"), 2, "nowhere.csv"),
        (("check", "clients.csv", "--group", "client"), 1, "client"),
        (("check", "clients.csv", "--group", "case_manager"), 0, "case_manager"),
    ],
)
def test_the_program_itself(
    run_program: Callable[..., Any],
    clients: Path,
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    result = run_program(*arguments)
    assert result.returncode == code, result.stderr
    assert words in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_who_stops_after_a_file_was_saved_is_told_nothing_untrue(
    run: Run, clients: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(fit: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bayes_alliance.checks.verdict.diagnose", stop)
    stopped = run("fit", clients, *FORMULA, "--out", "t.fit")
    assert stopped.exit_code == 130
    assert (clients.parent / "t.fit").exists()
    assert stopped.stderr.strip() == "Stopped before the end. Written and whole: t.fit."
