"""Names from files of others do nothing to a terminal, in any command that shows them."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

from bayes_alliance.display import as_text, on_screen

type Run = Callable[..., Result]
SPEAKING = {
    "clears the screen": "a\x1b[2J\x1b[Hb",
    "names the window": "\x1b]0;owned\x07",
    "one control": "\x9b31mred",
    "goes back": "safe\x08\x08\x08bad",
    "turns the line": "\u202edab\u202c",
    "isolates": "\u2066x\u2069",
    "ends a line": "x\u2028y",
    "delete": "a\x7fb",
}
# What rich itself writes to a terminal: colours, and their end.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DOES_SOMETHING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def hostile_names() -> dict[str, str]:
    """Import the names that every format of a report is tried with."""
    place = Path(__file__).parents[1] / "report" / "test_hostile_names.py"
    spec = importlib.util.spec_from_file_location("hostile_names", place)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names: dict[str, str] = module.NAMES
    return names


@pytest.fixture(params=[False, True], ids=["file", "terminal"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param:
        monkeypatch.setattr("bayes_alliance.cli.screen._is_terminal", lambda: True)
        monkeypatch.setenv("COLUMNS", "200")  # labels are not folded
    return bool(request.param)


def harmless(result: Result) -> None:
    for shown in (result.stdout, result.stderr):
        assert not _DOES_SOMETHING.search(_COLOURS.sub("", shown)), repr(shown)
    assert "Traceback" not in result.output


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """Write a table whose columns and groups have all of the names."""
    names = list(SPEAKING.values()) + [
        name for name in hostile_names().values() if name.strip() and len(name) < 100
    ]
    rng = np.random.default_rng(3)
    table = pd.DataFrame({name: rng.normal(size=4 * len(names)) for name in names})
    table.insert(0, "client group", np.repeat(names, 4))
    table.insert(0, "score", rng.normal(size=len(table)))
    table.loc[::3, SPEAKING["clears the screen"]] = np.nan  # so that it is spoken of
    table.to_parquet(tmp_path / "named.parquet")
    return tmp_path / "named.parquet"


def test_a_table_is_checked(run: Run, named: Path, terminal: bool) -> None:
    result = run("check", named, "--outcome", "score", "--group", "client group")
    harmless(result)
    assert r"\x1b[2J" in result.output


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("name", SPEAKING)
def test_a_fit_of_such_columns_is_told(run: Run, tmp_path: Path, terminal: bool, name: str) -> None:
    word = SPEAKING[name]
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {"y": rng.normal(size=60), word: rng.normal(size=60), "g": np.repeat([word, *"abcde"], 10)}
    )
    table.to_parquet(tmp_path / "t.parquet")
    result = run("fit", "t.parquet", "--formula", f"y ~ `{word}` + (1 | g)", "--out", "a.fit")
    harmless(result)
    assert result.exit_code in (0, 1), result.output
    assert on_screen(word) in result.output
    harmless(run("diagnose", "a.fit", "--verbose"))


def test_errors_name_them_in_print(run: Run, named: Path) -> None:
    result = run("fit", named, "--formula", "`a\x1b[2Jz` ~ x", "--out", "a.fit")
    harmless(result)
    assert result.exit_code == 2


def test_letters_stay_and_marks_are_spelled_out() -> None:
    kept = "Ze\u0301ro \u05e9\u05dc\u05d5\u05dd 👩\u200d👧 − é\u00a0\nline"
    assert on_screen(kept) == kept
    assert on_screen("\x1b[2J\u202e\x07\t\r") == r"\x1b[2J\u202e\x07\x09\x0d"
    frame = pd.DataFrame({"a\x1b[2J": [1.0]}, index=["\u202eb"])
    assert not _DOES_SOMETHING.search(as_text("t\x07", frame, "n\x1b"))
