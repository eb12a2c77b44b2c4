"""Rich tables where someone is looking, plain text everywhere else, the same cells in both."""

import sys

import pandas as pd
import pytest

from bayes_alliance.cli.screen import show_items, show_level, show_table

TABLE = pd.DataFrame({"mean": [1.234]}, index=pd.Index(["b[stigma]"], name="parameter"))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_table_keeps_its_labels(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    show_table("Estimates", TABLE, "A note [with brackets].")
    output = capsys.readouterr().out
    for words in ("Estimates", "b[stigma]", "1.23", "A note [with brackets]."):
        assert words in output


@pytest.mark.parametrize("terminal", [True, False])
def test_a_finding_keeps_its_words(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    show_level("bad", "bad: [red] R-hat")
    assert "bad: [red] R-hat" in capsys.readouterr().out


def test_sentences_are_folded(capsys: pytest.CaptureFixture[str]) -> None:
    show_items(("word " * 40,))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 88
    assert [line[:2] for line in lines] == ["- ", *["  "] * (len(lines) - 1)]


def test_a_screen_has_one_minus_sign(capsys: pytest.CaptureFixture[str]) -> None:
    show_items(("slope \N{MINUS SIGN}0.0317, and -0.211 in the data",))
    assert capsys.readouterr().out == "- slope -0.0317, and -0.211 in the data\n"
