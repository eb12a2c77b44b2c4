"""The command that answers the three questions of the seed study."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import Result

from bayes_alliance.answers import three_questions
from bayes_alliance.report.report_data import read_report_data

Run = Callable[..., Result]
QUICK = ("--draws", 300, "--tune", 400, "--seed", 3)


@pytest.mark.slow
def test_the_example_is_answered_in_one_table(run: Run) -> None:
    result = run("answer", "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "no real client stands behind it" in result.output
    for words in ("share of case_manager", "slope of stigma", "elpd by case_manager"):
        assert words in result.output
    assert "half to double prior scale" in result.output
    for start in ("1. In a model", "2. One unit more", "3. ", "The data are", "160 rows, 30"):
        assert f"\n- {start}" in result.output


@pytest.mark.slow
def test_a_table_of_one_s_own_is_answered(run: Run, clients: Path) -> None:
    places = [f"answers.{suffix}" for suffix in ("html", "docx", "md", "json", "csv")]
    out = [word for place in places for word in ("--out", place)]
    asked = ("--question", "Does it matter?", *out)
    result = run("answer", clients, "--outcome", "wai_total", "--seed", 3, *asked)
    assert result.exit_code == 0, result.output
    assert "simulated" not in result.output
    said = " ".join(result.output.split())
    assert "goes with wai_total being lower" in said
    assert said.endswith(f"Written: {', '.join(places)}")
    page = Path("answers.html").read_text(encoding="utf-8")
    assert "Does it matter?" in page
    assert "goes with wai_total being lower" in page
    # No manager is named, in any of them; the numbers are the same in all.
    table = pd.read_csv("answers.csv", index_col="quantity")
    data = read_report_data("answers.html")
    assert data["sections"] == read_report_data("answers.docx")["sections"]
    (shown,) = (b for s in data["sections"] for b in s["blocks"] if b["kind"] == "table")
    slope = next(row for row in shown["rows"] if row["label"] == "slope of stigma")
    estimate = shown["columns"].index("estimate")
    assert slope["values"][estimate] == table.loc["slope of stigma", "estimate"]
    assert not re.search(r"CM\d\d", page + json.dumps(data) + Path("answers.md").read_text())


def test_no_page_is_written_where_none_can_be(run: Run, clients: Path) -> None:
    """It is said before anything is fitted."""
    for out in ("answers.pdf", "nowhere/answers.html"):
        result = run("answer", clients, "--outcome", "wai_total", "--out", out)
        assert result.exit_code == 2
        assert "answers.csv holds the numbers" in result.output or "no folder" in result.output


def test_the_options_reach_the_verb(
    run: Run, clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def stop(data: Any, **options: Any) -> None:
        asked.update(options, rows=len(data))
        raise KeyboardInterrupt

    monkeypatch.setattr(three_questions, "answer_questions", stop)
    columns = ("--outcome", "wai_total", "--predictor", "months_in_care", "--group", "setting")
    result = run("answer", clients, *columns, *QUICK, "--engine", "nutpie", "--chains", 2)
    assert result.exit_code == 130
    assert asked == {
        "rows": 160,
        "outcome": "wai_total",
        "predictor": "months_in_care",
        "group": "setting",
        "seed": 3,
        "engine": "nutpie",
        "draws": 300,
        "tune": 400,
        "chains": 2,
        "target_accept": 0.9,
        "on_fit": asked["on_fit"],
    }


def test_a_missing_column_is_named(run: Run, clients: Path) -> None:
    result = run("answer", clients, *QUICK)
    assert result.exit_code == 2
    assert "The table has no alliance." in result.output
    assert "Traceback" not in result.output
