"""On the command line advice names options and files; the same advice names code in Python."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import Result

from bayes_alliance.checks.convergence import check_divergences, check_tree_depth
from bayes_alliance.checks.predictive import check_predictive
from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import AllianceError
from bayes_alliance.model.library import load_model
from bayes_alliance.model.spec import Model
from bayes_alliance.names import SAMPLE_STATS
from bayes_alliance.posterior.shares.variance import variance_shares
from bayes_alliance.report.reproduction.reproducing import reproduce
from bayes_alliance.report.writing import write_report
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.loading import load_fit
from bayes_alliance.sampling.run import sample

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


BARE = ("--formula", "y ~ size + (1 | g)")
REFUSED = {
    "no such file": ("check", "none.csv"),
    "no such column": ("check", "t.csv", "--outcome", "why"),
    "nested groups in one word": ("check", "t.csv", "--group", "g/size"),
    "two ways to read numbers": ("check", "doubtful.csv"),
    "another encoding": ("check", "latin.csv", "--encoding", "utf-8"),
    "two sheets": ("check", "two.xlsx"),
    "no such sheet": ("check", "two.xlsx", "--sheet", "C"),
    "a sheet of a text": ("check", "t.csv", "--sheet", "A"),
    "no such row": ("check", "t.csv", "--header", "900"),
    "names nowhere": ("check", "titles.csv"),
    "a doubtful total": ("check", "total.csv"),
    "no codebook": ("check", "t.csv", "--codebook", "t.csv"),
    "a codebook of another suffix": ("codebook", "t.csv", "--out", "words.docx"),
    "no encoding": ("check", "t.csv", "--encoding", "utf9"),
    "a decimal mark": ("check", "t.csv", "--decimal", "x"),
    "a code of no column": ("check", "t.csv", "--missing", "sizes=9"),
    "answer: text predictor": ("answer", "t.csv", "--outcome", "y", "--predictor", "size",
                               "--group", "g"),
    "answer: no column": ("answer", "t.csv", "--outcome", "y", "--predictor", "z", "--group", "g"),
    "answer: one group": ("answer", "t.csv", "--outcome", "y", "--predictor", "y2", "--group", "1"),
    "fit: engine": ("fit", "t.csv", *BARE, "--out", "n.fit", "--engine", "stan"),
    "fit: engine not exact": ("fit", "t.csv", "--formula", "drug ~ y + (1 | g)", "--family",
                              "bernoulli", "--out", "n.fit", "--engine", "collapsed"),
    "fit: engine not there": ("fit", "t.csv", *BARE, "--out", "n.fit", "--engine", "numpyro"),
    "fit: draws": ("fit", "t.csv", *BARE, "--out", "n.fit", "--draws", "0"),
    "fit: seed": ("fit", "t.csv", *BARE, "--out", "n.fit", "--seed", "-1"),
    "fit: acceptance": ("fit", "t.csv", *BARE, "--out", "n.fit", "--target-accept", "2"),
    "fit: family": ("fit", "t.csv", *BARE, "--out", "n.fit", "--family", "binomial"),
    "fit: prior": ("fit", "t.csv", *BARE, "--out", "n.fit", "--prior", "b=Normal(0)"),
    "fit: prior of nothing": ("fit", "t.csv", *BARE, "--out", "n.fit", "--prior", "beta=Flat()"),
    "fit: library word": ("fit", "t.csv", "--model", "stigma", "--column", "all=y",
                          "--out", "n.fit"),
    "fit: library column": ("fit", "t.csv", "--model", "stigma", "--out", "n.fit"),
    "fit: function": ("fit", "t.csv", "--formula", "y ~ factor(size) + (1 | g)", "--out", "n.fit"),
    "fit: outcome": ("fit", "t.csv", "--formula", "log(y) ~ 1 + (1 | g)", "--out", "n.fit"),
    "fit: thresholds": ("fit", "gap.csv", "--formula", "y ~ 1 + (1 | g)", "--family", "cumulative",
                        "--prior", "cutpoint=Flat()", "--out", "n.fit"),
    "diagnose: no fit": ("diagnose", "t.csv"),
    "diagnose: a zip": ("diagnose", "zip.fit"),
    "report: names": ("report", "t.csv", *BARE, "--names", "h"),
    "report: groups in coefficients": ("report", "t.csv", "--formula", "y ~ g + (1 | g)"),
    "report: other table": ("report", "bare.fit", "--data", "other.csv"),
    "report: compared with no fit": ("report", "t.csv", *BARE, "--compare", "t.csv"),
    "reproduce: no report": ("reproduce", "t.csv"),
    "reproduce: other table": ("reproduce", "r.json", "--data", "other.csv"),
}  # fmt: skip


@pytest.fixture
def files(run: Run, made_up_fit: Callable[..., Fit], tmp_path: Path) -> Run:
    """Return the runner in a folder with tables, fits and a report."""
    table = TABLE.assign(y2=TABLE["y"] ** 2).drop(columns=["Intercept", "a/b"])
    table["1"] = 1
    table.to_csv(tmp_path / "t.csv", index=False)
    table.iloc[:20].to_csv(tmp_path / "other.csv", index=False)
    (tmp_path / "doubtful.csv").write_text("id;x\nA;1.234\nB;2.345\n")
    (tmp_path / "titles.csv").write_text("A survey\n1,2,3\n4,5,6\n7,8,9\n")
    (tmp_path / "total.csv").write_text("id,x,y\nA,1,2\nB,2,3\nC,3,4\nTotal,700,900\n")
    with pd.ExcelWriter(tmp_path / "two.xlsx") as book:
        for sheet in ("A", "B"):
            table.to_excel(book, sheet_name=sheet, index=False)
    (tmp_path / "latin.csv").write_bytes("y,Größe\n1,2\n".encode("latin-1"))
    table.assign(y=table["y"].replace(5, 4)).to_csv(tmp_path / "gap.csv", index=False)
    with zipfile.ZipFile(tmp_path / "zip.fit", "w") as archive:
        archive.writestr("a", "b")
    fit = made_up_fit(Model(BARE[1], read_table(tmp_path / "t.csv")))
    fit.save(tmp_path / "bare.fit", data=False)
    write_report(fit, tmp_path / "r.json")
    return run


@pytest.mark.parametrize("name", REFUSED)
def test_no_refusal_speaks_python(
    files: Run, place_words: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "fit: engine not there":
        monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    result = files(*REFUSED[name])
    assert result.exit_code == 2, result.output
    assert not place_words.python_words(result.stderr), result.stderr


def test_no_refusal_in_python_speaks_of_options(
    files: Run, tmp_path: Path, place_words: ModuleType
) -> None:
    table = read_table(tmp_path / "t.csv")
    asked: list[Callable[[], object]] = [
        lambda: check_data(table, groups="g/size"),
        lambda: read_table(tmp_path / "doubtful.csv"),
        lambda: read_table(tmp_path / "latin.csv", encoding="utf-8"),
        lambda: read_table(tmp_path / "two.xlsx"),
        lambda: read_table(tmp_path / "titles.csv"),
        lambda: read_table(tmp_path / "total.csv"),
        lambda: read_table(tmp_path / "t.csv", codebook=tmp_path / "t.csv"),
        lambda: read_table(tmp_path / "t.csv", missing={"sizes": ["9"]}),
        lambda: sample(Model(BARE[1], table), engine="stan"),
        lambda: sample(Model(BARE[1], table), draws=0),
        lambda: sample(Model("drug ~ 1 + (1 | g)", table.assign(drug=table["drug"].eq("yes")),
                             "bernoulli"), engine="collapsed"),
        lambda: Model(BARE[1], table, "binomial"),
        lambda: load_model("stigma", data=table),
        lambda: load_model("stigma", data=table, columns={"all": "y"}),
        lambda: load_fit(tmp_path / "zip.fit"),
        lambda: variance_shares(load_fit(tmp_path / "bare.fit"), average=True),
        lambda: check_predictive(load_fit(tmp_path / "bare.fit")),
        lambda: write_report(load_fit(tmp_path / "bare.fit"), tmp_path / "n.html", names="h"),
        lambda: reproduce(tmp_path / "r.json", data=tmp_path / "other.csv"),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(AllianceError) as caught:
            ask()
        assert not place_words.option_words(str(caught.value)), caught.value


def test_the_words_of_the_other_place_would_be_seen(files: Run, place_words: ModuleType) -> None:
    """What is right in Python breaks the rule of the command line."""
    with pytest.raises(AllianceError) as caught:
        read_table("doubtful.csv")
    assert place_words.python_words(str(caught.value))
    assert "--decimal" in place_words.option_words(files("check", "doubtful.csv").stderr)


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
