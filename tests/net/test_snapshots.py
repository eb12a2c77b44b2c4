"""The net holds what moves: a digit, a word, a line; and lets the last digits go."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from net_tests import snapshots
from net_tests.told import told

LINE = "stigma | -1.364433 | 998.4427 | ~1.0026 | lower by 1.36 for 12 groups of M02, 1e-05"
LINE += ", odds 13062369493640"


@pytest.mark.parametrize(
    "found",
    [
        LINE.replace("1.364433", "1.364443"),
        LINE.replace("-1.364433", "1.364433"),
        LINE.replace("1.36 ", "1.37 "),
        LINE.replace("12 groups", "13 groups"),
        LINE.replace("M02", "M03"),
        LINE.replace("~1.0026", "~1.0126"),
        LINE.replace("~1.0026", "1.0027"),
        LINE.replace("1e-05", "2e-05"),
        LINE.replace("13062369493640", "13062969493640"),
        LINE.replace("lower", "higher"),
        LINE.replace("998.4427", "nan"),
        f"{LINE}\nOne line more.",
        "",
    ],
)
def test_a_changed_digit_word_or_line_is_seen(found: str) -> None:
    assert snapshots.difference(LINE, found, "made_up.txt")


@pytest.mark.parametrize(
    "found",
    [
        LINE,
        LINE.replace("1.364433", "1.364434"),
        LINE.replace("998.4427", "998.4426"),
        LINE.replace("~1.0026", "~1.0030"),
        LINE.replace("13062369493640", "13062369493639"),
    ],
)
def test_a_last_digit_is_let_go(found: str) -> None:
    assert not snapshots.difference(LINE, found, "made_up.txt")


def test_a_renewal_is_shown_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "HERE", tmp_path)
    assert "+mean 1.5" in snapshots.compared("case/verb.txt", "mean 1.5", renew=True)
    assert snapshots.compared("case/verb.txt", "mean 1.5", renew=False) == ""
    assert "-mean 1.5" in snapshots.compared("case/verb.txt", "mean 1.6", renew=False)
    assert snapshots.compared("case/verb.txt", "mean 1.5", renew=False) == ""


def test_a_row_that_is_not_shown_moves_the_average() -> None:
    table = pd.DataFrame({"mean": np.arange(40.0), "r_hat": np.ones(40)})
    moved = table.copy()
    moved.loc[20, "mean"] += 0.1
    assert snapshots.difference(told(table), told(moved), "made_up.txt")
