"""``bayes-alliance reproduce`` ends with 0 if all comes out, 1 if not, 2 for another table."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bayes_alliance.report.report_data import read_report_data

MODEL = ("--formula", "wai_total ~ stigma + (1 | case_manager)", "--seed", "7")
SHORT = ("--draws", "100", "--tune", "200", "--chains", "2")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.slow
@pytest.mark.long
def test_a_report_comes_out_again_in_another_process(
    run_program: Run, clients: Path, tmp_path: Path
) -> None:
    written = run_program("report", "clients.csv", *MODEL, *SHORT, "--out", "report.html")
    assert written.returncode in (0, 1), written.stderr
    same = run_program("reproduce", "report.html", "--data", "clients.csv")
    assert same.returncode == 0, same.stderr
    assert "to the last digit" in same.stdout

    report = read_report_data(tmp_path / "report.html")
    tables = [b for s in report["sections"] for b in s["blocks"] if b["kind"] == "table"]
    values = next(b for b in tables if "mean" in b["columns"])["rows"][0]["values"]
    values[0] *= 1.0000001
    (tmp_path / "tampered.json").write_text(json.dumps(report), encoding="utf-8")
    tampered = run_program("reproduce", "tampered.json", "--data", "clients.csv")
    assert tampered.returncode == 1, tampered.stderr
    assert "changed after it was written" in tampered.stdout

    lines = clients.read_text(encoding="utf-8").splitlines()
    clients.write_text("\n".join([*lines[:-1], lines[1]]), encoding="utf-8")
    other = run_program("reproduce", "report.html", "--data", "clients.csv")
    assert other.returncode == 2
    assert "other values in" in other.stderr


def test_what_is_no_report_is_bad_input(run: Callable[..., object], clients: Path) -> None:
    result = run("reproduce", "clients.csv")
    assert result.exit_code == 2
    assert "Give one of .html" in result.output
