"""Tables and figures that are there on any machine are those of ``../shared``, where that is.

The references were made from the files in ``../shared/data``. The same tables come with a package,
and the figures are typed: both are held against the originals, value by value and in their order.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

FIGURES = Path(__file__).parent / "figures"
ORIGINALS = {
    "eight_schools": "posteriordb/eight_schools-eight_schools_noncentered",
    "rats": "posteriordb/rats_data-rats_model",
}
FITTED = sorted(path.stem for path in FIGURES.glob("*.toml") if path.stem != "teachsat_r2")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """Say where two tables differ by more than the last digit that a file keeps; else nothing."""
    try:
        pd.testing.assert_frame_equal(ours, theirs[list(ours)], rtol=1e-13, atol=1e-13)
    except AssertionError as error:
        return str(error)
    return ""


def apart(ours: float, theirs: float, digits: int = 8) -> bool:
    """Say whether a typed figure is another than the original, rounded."""
    return ours != float(f"{theirs:.{digits}g}")


def wrong_posterior(ours: dict[str, Any], original: dict[str, Any]) -> list[str]:
    """Name the figures of the posterior that are not the original's."""
    block = original
    if original.get("use_as_truth") == "exact":
        block = original["exact"]
    assert set(ours["posterior"]) == set(block["posterior"])
    return [
        f"{key} {column}"
        for key, values in ours["posterior"].items()
        for column, value in zip(ours["columns"], values, strict=True)
        if apart(value, block["posterior"][key][column])
    ]


def typed_effects(ours: dict[str, Any]) -> dict[tuple[str, str], list[list[float]]]:
    effects = ours.get("group_effects", {})
    tables = {group: own for group, own in effects.items() if group != "effective_draws"}
    return {(group, e): rows for group, own in tables.items() for e, rows in own.items()}


def test_the_packaged_table_is_the_original(packaged_name, real_data, shared_data):
    original = pd.read_csv(shared_data / f"{packaged_name}.csv")
    table = real_data(packaged_name)
    assert len(table) == len(original)
    assert difference(table, original) == ""


@pytest.mark.parametrize("name", FITTED)
def test_the_typed_figures_are_the_originals(name, figures, shared_reference):
    ours = figures(name)
    file = shared_reference / f"{ORIGINALS.get(name, name)}.json"
    original = json.loads(file.read_text(encoding="utf-8"))
    assert wrong_posterior(ours, original) == []
    for (group, effect), rows in typed_effects(ours).items():
        pattern = re.compile(re.escape(f"r_{group}[") + ".+" + re.escape(f",{effect}]"))
        theirs = {k: v for k, v in original["group_effects"].items() if pattern.fullmatch(k)}
        assert rows == [[theirs[key]["mean"], theirs[key]["sd"]] for key in sorted(theirs)]
    if "loo" in ours:
        keys = ("elpd_loo", "se", "p_loo", "draws_used", "pareto_k_gt_0.7")
        assert list(ours["loo"].values()) == [original["loo"][key] for key in keys]
    if "priors" in ours:
        words = [text for key, text in original["priors"].items() if key != "group effects"]
        for own, text in zip(ours["priors"].values(), words, strict=True):
            values = NUMBER.findall(own)
            assert values == NUMBER.findall(text)[: len(values)]


@pytest.mark.parametrize("expected", [False, True])
def test_a_table_that_is_nowhere_is_named(expected, real_data, monkeypatch):
    """Skipped, or failed where ``.ci/run`` says that the folder has to be there."""
    monkeypatch.delenv("BAYES_ALLIANCE_SHARED", raising=False)
    if expected:
        monkeypatch.setenv("BAYES_ALLIANCE_SHARED", "expected")
    outcome = pytest.fail.Exception if expected else pytest.skip.Exception
    with pytest.raises(outcome, match=r"needs data/no_such_table\.csv"):
        real_data("no_such_table")


def test_another_table_and_another_figure_are_seen(figures):
    table = pd.DataFrame({"y": [1.0, 2.0], "g": ["a", "b"]})
    assert difference(table, table) == ""
    assert difference(table, table.assign(y=[1.0, 2.0 + 1e-12]))
    assert difference(table, table.iloc[::-1])
    ours = figures("rats")
    columns = ours["columns"]
    known = {k: dict(zip(columns, v, strict=True)) for k, v in ours["posterior"].items()}
    original = {"posterior": known}
    assert wrong_posterior(ours, original) == []
    known["sigma_y"]["sd"] *= 1 + 1e-6
    assert wrong_posterior(ours, original) == ["sigma_y sd"]
