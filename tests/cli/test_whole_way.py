"""The demonstration as a user runs it: really sampled, through the program itself."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
def test_demo_from_start_to_report(run_program: Callable[..., Any], tmp_path: Path) -> None:
    result = run_program("demo", "--seed", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Report: alliance_report.html" in result.stdout
    # The published share is about 11%; the posterior mean on this table is not far from it.
    share = re.search(r"About ([\d.]+)% of the variance", result.stdout)
    assert share
    assert 3 < float(share[1]) < 35
    page = (tmp_path / "alliance_report.html").read_text(encoding="utf-8")
    assert "Example data is simulated" in page
    assert '<h2 id="limits-heading">Limits</h2>' in page
