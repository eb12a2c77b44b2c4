"""The command ``codebook``, and what every command does with files that say what they mean."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from typer.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def agency(tmp_path: Path) -> Path:
    data = pd.DataFrame({"arm": [1.0, 2, 1, 2] * 3, "x": [1.0, 2, 3, 99] * 3, "g": list("abc") * 4})
    pyreadstat.write_sav(
        data,
        tmp_path / "agency.sav",
        column_labels={"x": "Perceived stigma"},
        variable_value_labels={"arm": {1: "waiting", 2: "treated"}},
        variable_measure={"arm": "nominal"},
        missing_ranges={"x": [99]},
    )
    return tmp_path


def test_a_codebook_is_shown_written_and_given_back(run: Run, agency: Path) -> None:
    shown = run("codebook", "agency.sav", "--out", "words.toml")
    assert shown.exit_code == 0, shown.output
    assert "Perceived stigma" in shown.output
    assert (
        "Written: words.toml. Edit it, and give it back with --codebook words.toml." in shown.output
    )
    text = (agency / "words.toml").read_text(encoding="utf-8")
    (agency / "words.toml").write_text(text.replace("[99]", "[99, 3]"), encoding="utf-8")
    checked = run("check", "agency.sav", "--codebook", "words.toml")
    assert "x is missing in 6 of 12 rows" in checked.output


def test_check_says_what_was_decided_once(run: Run, agency: Path) -> None:
    output = run("check", "agency.sav").output
    assert output.count("marks as no answer are missing: x in 3 rows (99)") == 1
    assert output.count("Read as categories, by the labels of their codes: arm") == 1


def test_every_command_says_what_was_decided_once(run: Run, agency: Path) -> None:
    (agency / "a.csv").write_text(
        "A title\nid;x;x\n" + "".join(f"c{k};{k};{k % 3},5\n" for k in range(12)), encoding="utf-8"
    )
    output = run("codebook", "a.csv").output
    assert output.count("is no data: 'A title'") == 1
    assert output.count("x_2 (column 3)") == 1


def test_sheets_and_headers_on_the_command_line(run: Run, agency: Path) -> None:
    table = pd.DataFrame({"id": ["A", "B"], "x": [1, 2]})
    with pd.ExcelWriter(agency / "a.xlsx") as book:
        table.to_excel(book, sheet_name="one", index=False)
        table.to_excel(book, sheet_name="two", index=False, startrow=3)
    assert run("check", "a.xlsx").exit_code == 2
    assert "2 rows" in run("check", "a.xlsx", "--sheet", "two", "--header", "4").output
    assert run("check", "a.xlsx", "--sheet", "two", "--header", "x").exit_code == 2
