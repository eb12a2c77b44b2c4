"""What a computer refuses is said in a sentence, has its own exit code, and loses no draws."""

import errno
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from bayes_alliance import whole_file
from bayes_alliance.cli import failures
from bayes_alliance.errors import MachineError
from bayes_alliance.sampling.loading import load_fit

type Run = Callable[..., Result]
CHECKOUT = Path(__file__).parents[2]
FORMULA = ("--formula", "wai_total ~ stigma + (1 | case_manager)")
REFUSALS = {
    errno.ENOSPC: "The disk is full.",
    errno.EACCES: "You have no right to do that there.",
    errno.EROFS: "Nothing can be written to that disk.",
}


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch, made_up_fit: Callable[..., Any]) -> list[Any]:
    """Make draws up instead of sampling; the list holds the models that were asked for."""
    asked: list[Any] = []

    def sample(model: Any, **options: Any) -> Any:
        asked.append(model)
        return made_up_fit(model)

    monkeypatch.setattr("bayes_alliance.sampling.run.sample", sample)
    return asked


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def refuse(monkeypatch: pytest.MonkeyPatch, number: int, refused: Callable[[Path], bool]) -> None:
    """Let the writing of some files fail, as it does on a disk that fills up meanwhile."""
    write = whole_file._write

    def fails(path: Path, content: bytes) -> None:
        if refused(path):
            raise OSError(number, os.strerror(number), str(path))
        write(path, content)

    monkeypatch.setattr(whole_file, "_write", fails)


@pytest.mark.parametrize("letter", ["a", "ä"])
def test_a_long_name_is_written_or_refused_before_sampling(
    run: Run, clients: Path, sampled: list[Any], letter: str
) -> None:
    longest = 255 - len(".fit")
    out = letter * (longest // len(letter.encode())) + ".fit"
    result = run("fit", clients, *FORMULA, "--out", out)
    assert result.exit_code in (0, 1), result.output
    assert load_fit(clients.parent / out)
    assert len(sampled) == 1
    result = run("fit", clients, *FORMULA, "--out", f"{letter}{letter}{out}")
    assert result.exit_code == 4, result.output
    assert len(sampled) == 1


def test_draws_of_a_long_name_are_kept_under_a_shorter_one(
    run: Run, clients: Path, sampled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.ENAMETOOLONG, lambda path: len(path.name) > 200)
    result = run("fit", clients, *FORMULA, "--out", "a" * 246 + ".fit")
    assert result.exit_code == 4, result.output
    kept = clients.parent / ("a" * 100 + ".fit")
    assert f"The draws are saved: {kept.name}" in result.stderr
    assert load_fit(kept)


@pytest.mark.parametrize("number", REFUSALS)
def test_draws_whose_file_cannot_be_written_are_saved_elsewhere(
    run: Run,
    clients: Path,
    sampled: list[Any],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    refuse(monkeypatch, number, lambda path: path.parent != home)
    result = run("fit", clients, *FORMULA, "--out", "study.fit")
    assert result.exit_code == 4, result.output
    assert f"Error: The file study.fit was to be written. {REFUSALS[number]}" in result.stderr
    assert f"The draws are saved: {home / 'study.fit'}." in result.stderr
    assert "should not happen" not in result.stderr
    assert load_fit(home / "study.fit").model.formula == sampled[0].formula


def test_a_report_that_fails_leaves_its_draws_and_no_figures(
    run: Run, clients: Path, sampled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.ENOSPC, lambda path: path.suffix == ".md")
    result = run("report", clients, *FORMULA, "--out", "study.md")
    assert result.exit_code == 4, result.output
    assert "The draws are saved: study.fit." in result.stderr
    assert "The file also holds the clients' rows" in result.stderr
    assert sorted(path.name for path in clients.parent.iterdir()) == ["clients.csv", "study.fit"]


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch, made_up_fit: Callable[..., Any]) -> list[Any]:
    """Make draws of the three models up; the list holds the models that were asked for."""
    asked: list[Any] = []

    def sample(model: Any, **options: Any) -> Any:
        asked.append(model)
        return made_up_fit(model, seed=options["seed"] or 5)

    monkeypatch.setattr("bayes_alliance.answers.three_questions.sample", sample)
    return asked


ANSWER = ("--outcome", "wai_total", "--draws", 20)


@pytest.mark.parametrize("out", [("--out", "study.html"), ()])
def test_answers_that_cannot_be_worked_out_leave_their_draws(
    run: Run,
    clients: Path,
    answered: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    out: tuple[str, ...],
) -> None:
    def refused(*arguments: Any, **options: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr("bayes_alliance.answers.three_questions.compare", refused)
    result = run("answer", clients, *ANSWER, *out)
    assert result.exit_code == 4, result.output
    stem = "study" if out else "answers"
    kept = [f"{stem}-{name}.fit" for name in ("null", "fixed-slope", "varying-slopes")]
    assert f"The draws are saved: {', '.join(kept)}." in result.stderr
    assert "The files also hold the clients' rows the models were fitted to" in result.stderr
    loaded = [load_fit(clients.parent / place).model.formula for place in kept]
    assert loaded == [model.formula for model in answered]


def test_answers_that_cannot_be_written_are_said_and_leave_their_draws(
    run: Run, clients: Path, answered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.ENOSPC, lambda path: path.suffix == ".html")
    result = run("answer", clients, *ANSWER, "--out", "study.html")
    assert result.exit_code == 4, result.output
    assert "Three questions" in result.stdout
    assert "The draws are saved: study-null.fit, study-fixed-slope.fit, " in result.stderr
    assert load_fit(clients.parent / "study-varying-slopes.fit")


def test_models_sampled_before_the_one_that_fails_are_kept(
    run: Run, clients: Path, monkeypatch: pytest.MonkeyPatch, made_up_fit: Callable[..., Any]
) -> None:
    made: list[Any] = []

    def sample(model: Any, **options: Any) -> Any:
        if made:
            raise MemoryError
        made.append(made_up_fit(model))
        return made[0]

    monkeypatch.setattr("bayes_alliance.answers.three_questions.sample", sample)
    result = run("answer", clients, *ANSWER, "--out", "study.html")
    assert result.exit_code == 4, result.output
    assert "The draws are saved: study-null.fit." in result.stderr
    assert sorted(path.name for path in clients.parent.glob("*.fit")) == ["study-null.fit"]


def test_a_disk_that_takes_some_of_the_draws_only_is_told_so(
    run: Run, clients: Path, answered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = ("-null.fit", "-varying-slopes.fit")
    refuse(monkeypatch, errno.ENOSPC, lambda path: not path.name.endswith(room))
    result = run("answer", clients, *ANSWER, "--out", "study.html")
    assert result.exit_code == 4, result.output
    said = "The draws of fixed slope could not be saved in any other folder either."
    assert said in result.stderr
    assert "The draws are saved: study-null.fit, study-varying-slopes.fit." in result.stderr


def test_the_demonstration_keeps_its_draws(
    run: Run, tmp_path: Path, sampled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.ENOSPC, lambda path: path.suffix == ".html")
    result = run("demo", "--draws", 20)
    assert result.exit_code == 4, result.output
    assert "The draws are saved: alliance_report.fit." in result.stderr
    assert load_fit(tmp_path / "alliance_report.fit").model.formula == sampled[0].formula


def test_a_fault_of_the_package_keeps_its_code_and_the_draws(
    run: Run, clients: Path, sampled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*arguments: Any, **options: Any) -> Any:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("bayes_alliance.report.content.build_content", fault)
    result = run("report", clients, *FORMULA, "--out", "study.html")
    assert result.exit_code == 3, result.output
    assert "The draws are saved: study.fit." in result.stderr


def test_rows_that_were_to_be_left_out_are_left_out_of_rescued_draws_too(
    run: Run, clients: Path, sampled: list[Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.ENOSPC, lambda path: path.parent != home)
    result = run("fit", clients, *FORMULA, "--out", "study.fit", "--no-data")
    assert f"The draws are saved: {home / 'study.fit'}." in result.stderr
    assert "clients' rows" not in result.stderr
    assert not load_fit(home / "study.fit").has_data


def test_an_older_fit_is_not_replaced_by_rescued_draws(
    run: Run, clients: Path, sampled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    older = clients.parent / "study.fit"
    older.write_text("older")
    refuse(monkeypatch, errno.ENOSPC, lambda path: path.suffix == ".html")
    result = run("report", clients, *FORMULA, "--out", "study.html")
    assert "The draws are saved: study-2.fit." in result.stderr
    assert older.read_text() == "older"


def test_where_nothing_can_be_written_anywhere_that_is_said(
    run: Run, clients: Path, sampled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.ENOSPC, lambda path: True)
    result = run("fit", clients, *FORMULA, "--out", "study.fit")
    assert result.exit_code == 4, result.output
    assert "The draws could not be saved in any other folder either." in result.stderr


@pytest.mark.parametrize("command", ["fit", "report", "answer", "demo"])
def test_a_closed_folder_is_found_before_sampling(
    run: Run, clients: Path, sampled: list[Any], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def closed(*arguments: Any, **options: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("bayes_alliance.whole_file.tempfile.TemporaryFile", closed)
    table = {"demo": [], "answer": [clients, "--outcome", "wai_total"]}
    result = run(
        command,
        *table.get(command, [clients, *FORMULA]),
        "--out",
        "new.fit" if command == "fit" else "new.html",
    )
    assert result.exit_code == 4, result.output
    assert "You have no right to do that there." in result.stderr
    assert not sampled


@pytest.mark.parametrize(("out", "words"), [("a.fit", "folder"), ("none/b.fit", "no folder")])
def test_a_folder_and_a_missing_one_are_found_before_sampling(
    run: Run, clients: Path, sampled: list[Any], out: str, words: str
) -> None:
    (clients.parent / "a.fit").mkdir()
    result = run("fit", clients, *FORMULA, "--out", out)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert not sampled


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "no memory left. Ask for fewer draws or chains"),
        (
            ImportError("lib.so: failed to map segment from shared object"),
            "no memory left. Ask for fewer draws or chains",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "x"), "disk is full. It concerns x."),
        (FileNotFoundError("No usable temporary directory found in []"), "TMPDIR"),
    ],
)
def test_what_a_computer_refuses_is_no_fault_of_the_package(
    run: Run, clients: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def sample(*arguments: Any, **options: Any) -> Any:
        raise error

    monkeypatch.setattr("bayes_alliance.sampling.run.sample", sample)
    result = run("fit", clients, *FORMULA, "--out", "study.fit")
    assert result.exit_code == 4, result.output
    assert words in result.stderr
    assert len(result.stderr.splitlines()) <= 3


def test_a_stop_that_a_compiler_swallowed_is_a_stop(
    run: Run, clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sample(*arguments: Any, **options: Any) -> Any:
        failures._STOP_ASKED.set()
        raise RuntimeError("no compiled object yet")

    monkeypatch.setattr("bayes_alliance.sampling.run.sample", sample)
    try:
        result = run("fit", clients, *FORMULA, "--out", "study.fit")
    finally:
        failures._STOP_ASKED.clear()
    assert result.exit_code == 130, result.output
    assert result.stderr.strip().endswith("Stopped before the end. Nothing was written.")


SWALLOWED = """
import gc, os, signal, time
from bayes_alliance.cli.failures import notice_stop

notice_stop()
asked = []

def stopped_while_called_back(phase, info):
    if not asked:
        asked.append(True)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)

gc.callbacks.append(stopped_while_called_back)
try:
    gc.collect()
    time.sleep(20)
except KeyboardInterrupt:
    print("stopped" if asked else "too early")
"""


def test_a_stop_that_fell_into_a_callback_is_a_stop() -> None:
    """Python prints what a callback raises, and goes on; jax has one that runs at any moment."""
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "stopped\n", done
    assert done.stderr == ""


def test_a_failed_save_leaves_the_fit_and_no_half_file(
    made_up_fit: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bayes_alliance as ba

    fit = made_up_fit(
        ba.Model("alliance ~ 1 + (1 | case_manager)", ba.load_example("simulated_study"))
    )
    refuse(monkeypatch, errno.ENOSPC, lambda path: path.suffix == ".fit")
    with pytest.raises(MachineError, match="what was computed is still in memory") as caught:
        fit.save(tmp_path / "a.fit")
    assert caught.value.facts["errno"] == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert fit.save(tmp_path / "b.fit").exists()


def ended(
    program: list[str],
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    shell: str = "",
    limit: int | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run the program with a sampler that makes draws up, through a shell if one is asked for."""

    def cap() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        ["sh", "-c", f'exec "$@" {shell}', "sh", *program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **(environment or {})},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        preexec_fn=cap,
    )


@pytest.mark.slow
def test_a_limit_on_files_leaves_no_half_one(clients: Path, made_up_program: list[str]) -> None:
    done = ended(
        made_up_program,
        clients.parent,
        "fit",
        clients.name,
        *FORMULA,
        "--out",
        "a.fit",
        limit=100_000,
    )
    assert done.returncode == 4, done.stderr
    assert "Files of this size are not allowed here." in done.stderr
    assert [path.name for path in clients.parent.iterdir()] == [clients.name]


SURROUNDINGS = {
    "output closed": ({}, ">&-"),
    "all closed": ({}, "<&- >&- 2>&-"),
    "no letters": ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ""),
    "POSIX": ({"LC_ALL": "POSIX"}, ""),
    "Turkish": ({"LC_ALL": "tr_TR.ISO-8859-9", "PYTHONIOENCODING": "iso8859-9"}, ""),
    "ascii": ({"PYTHONIOENCODING": "ascii"}, ""),
    "narrow": ({"COLUMNS": "20", "TERM": "dumb"}, ""),
    "no terminal": ({"TERM": ""}, "</dev/null"),
    "optimized": ({"PYTHONOPTIMIZE": "2"}, ""),
    "no temporary folder of that name": ({"TMPDIR": "/nowhere/at/all"}, ""),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "where",
    [
        pytest.param(w, marks=[] if w in ("all closed", "ascii", "optimized") else pytest.mark.long)
        for w in SURROUNDINGS
    ],
)
def test_a_report_is_written_in_any_surroundings(
    clients: Path, made_up_program: list[str], where: str
) -> None:
    environment, shell = SURROUNDINGS[where]
    done = ended(
        made_up_program,
        clients.parent,
        "report",
        clients.name,
        *FORMULA,
        "--out",
        "a.html",
        environment=environment,
        shell=shell,
    )
    assert done.returncode in (0, 1), done.stderr
    assert "rror" not in done.stderr
    page = (clients.parent / "a.html").read_text(encoding="utf-8")
    assert "−" in page
    assert sorted(path.name for path in clients.parent.iterdir()) == ["a.html", clients.name]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_that_cannot_be_written_is_said_and_the_file_is_there(
    clients: Path, made_up_program: list[str]
) -> None:
    done = ended(
        made_up_program,
        clients.parent,
        "fit",
        clients.name,
        *FORMULA,
        "--out",
        "a.fit",
        shell=">/dev/full",
    )
    assert done.returncode == 4, done.stderr
    assert "The disk is full." in done.stderr
    assert "Traceback" not in done.stderr
    assert load_fit(clients.parent / "a.fit")


def test_the_guide_lists_every_exit_code() -> None:
    guide = (CHECKOUT / "docs" / "guide" / "command_line.md").read_text(encoding="utf-8")
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", guide, flags=re.MULTILINE)}
    own = {value for name, value in vars(failures).items() if name.isupper() and type(value) is int}
    assert told == own
