"""On the command line advice names options and files; the same advice names code in Python."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import Result

from bayes_alliance.checks.convergence import check_divergences, check_tree_depth
from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import AllianceError
from bayes_alliance.model.spec import Model
from bayes_alliance.names import SAMPLE_STATS

pytestmark = pytest.mark.slow

Run = Callable[..., Result]
CODE = re.compile(r"\w+\(\*\*|data\.\w+\(|read_table|load_fit|\w=[\"'\[{]|model\.priors")
TABLE = pd.DataFrame(
    {
        "y": [3.0, 4, 5, 6, 7, 3, 4, 5, 6, 7] * 3,
        "mixed": ["3", "4", "5", "6", "refused"] * 6,
        "drug": ["no", "yes", "no"] * 10,
        "size": ["small", "large", "middle"] * 10,
        "Intercept": range(30),
        "a/b": list("abcde") * 6,
        "g": list("abcde") * 6,
    }
)


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("drug ~ y + (1 | g)", "bernoulli"),
        ("size ~ y + (1 | g)", "cumulative"),
        ("size ~ y + (1 | g)", "gaussian"),
        ("log(y) ~ 1 + (1 | g)", "gaussian"),
        ("y ~ within(drug, g) + (1 | g)", "gaussian"),
        ("y ~ Intercept + (1 | g)", "gaussian"),
        ("y ~ 1 + (1 | `a/b`)", "gaussian"),
    ],
)
def test_an_error_advises_what_can_be_done_where_it_is_read(
    run: Run, tmp_path: Path, formula: str, family: str
) -> None:
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    result = run("report", "t.csv", "--formula", formula, "--family", family)
    assert result.exit_code == 2, result.output
    assert not CODE.search(result.stderr), result.stderr
    with pytest.raises(AllianceError) as caught:
        Model(formula, TABLE, family)
    assert CODE.search(str(caught.value)), caught.value


def test_a_note_advises_what_can_be_done_where_it_is_read(run: Run, tmp_path: Path) -> None:
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    result = run("check", "t.csv", "--outcome", "mixed")
    assert "--missing mixed=refused" in result.output
    assert not CODE.search(result.output)
    assert 'read_table(..., missing={"mixed": ["refused"]})' in str(check_data(TABLE, "mixed"))


def test_a_finding_on_the_sampler_advises_what_can_be_done_where_it_is_read() -> None:
    """The command line has no argument of Model, and no longest trajectory to set."""
    stats = xr.Dataset(
        {
            name: (("chain", "draw"), np.ones((2, 10), dtype=bool))
            for name in ("diverging", "reached_max_treedepth")
        }
    )
    run: Any = SimpleNamespace(idata={SAMPLE_STATS: stats}, draws_in_all=20)
    for check, code, option in (
        (check_divergences, "centred=True", "--target-accept"),
        (check_tree_depth, "max_tree_depth", "in the file"),
    ):
        found = check(run)
        assert code in str(found)
        assert option in found.said_in("command line")
        assert code not in found.said_in("command line")


def test_codes_of_one_column_and_of_all(run: Run, tmp_path: Path) -> None:
    table = TABLE.assign(age=[20.0, 30, 999] * 10, n=[1, 999, -9] * 10)
    table.to_csv(tmp_path / "t.csv", index=False)
    one = run("check", "t.csv", "--missing", "age=999", "--missing", "mixed=refused")
    assert "age is missing in 10 of 30 rows" in one.output
    assert "mixed is missing in 6 of 30 rows" in one.output
    assert "n is missing" not in one.output
    both = run("check", "t.csv", "--missing", "age=999", "--missing", "-9")
    assert "age is missing in 10 of 30 rows" in both.output
    assert "n is missing in 10 of 30 rows" in both.output
    told = read_table(tmp_path / "t.csv", missing={"age": ["999", -9], "n": -9})
    assert told["n"].isna().sum() == 10
    unknown = run("check", "t.csv", "--missing", "ages=999")
    assert unknown.exit_code == 2
    assert "Did you mean 'age'?" in unknown.stderr
    assert run("check", "t.csv", "--missing", "age=").exit_code == 2
