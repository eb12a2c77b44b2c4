"""What is seen in a table is said by every command: each finding planted, and a table with none."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import Result

from bayes_alliance.data.inspection import check_data
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.loading import load_fit

pytestmark = pytest.mark.slow

Run = Callable[..., Result]
GROUPS, EACH = 60, 6
OUTCOME = ("--outcome", "y", "--group", "manager")


def clean() -> pd.DataFrame:
    """Return sixty managers with six clients each, about whom there is nothing to say."""
    rng = np.random.default_rng(12)
    rows = GROUPS * EACH
    manager = np.repeat(np.arange(GROUPS), EACH)
    x = rng.normal(3, 1, rows).round(2)
    y = 50 + 3 * rng.normal(size=GROUPS)[manager] + 2 * x + rng.normal(0, 5, rows)
    return pd.DataFrame(
        {
            "y": y.round(1),
            "x": x,
            "arm": np.where(rng.random(rows) < 0.5, "usual", "new"),
            "manager": [f"M{k:02d}" for k in manager],
        }
    )


def with_codes() -> pd.DataFrame:
    table = clean()
    table.loc[5:27, "x"] = 99
    return table


def with_codes_of_outcome() -> pd.DataFrame:
    table = clean()
    table.loc[5:27, "y"] = -9
    return table


def with_words() -> pd.DataFrame:
    table = clean()
    words = table["x"].round().astype(int).astype(str)
    return table.assign(x=words.where(np.arange(len(table)) % 20 > 0, "refused"))


def with_dates() -> pd.DataFrame:
    table = clean()
    days = pd.date_range("2024-01-03", periods=len(table)).strftime("%d.%m.%Y")
    return table.assign(x=days)


def with_a_code_as_number() -> pd.DataFrame:
    table = clean()
    region = np.arange(len(table)) % 4
    return table.assign(x=region, y=table["y"] + np.array([0, 12, -12, 3])[region])


def with_many_levels() -> pd.DataFrame:
    table = clean()
    return table.assign(x=[f"town {chr(97 + k % 20)}" for k in range(len(table))])


def with_alike_names() -> pd.DataFrame:
    table = clean()
    names = table["manager"].replace({"M01": "A. Young", "M02": "a  young", "M03": "Young, A"})
    return table.assign(manager=names)


def with_two_names() -> pd.DataFrame:
    table = clean()
    names = table["manager"].replace({"M01": "Young", "M02": "Smith", "M03": "Young / Smith"})
    return table.assign(manager=names)


def with_visits() -> pd.DataFrame:
    table = clean().iloc[::3].reset_index(drop=True)
    rng = np.random.default_rng(3)
    own = rng.normal(0, 8, len(table))
    table = table.assign(y=table["y"] + own, client=[f"C{k:03d}" for k in range(len(table))])
    again = table.loc[table.index.repeat(4)].reset_index(drop=True)
    return again.assign(y=(again["y"] + rng.normal(0, 3, len(again))).round(1))


def with_counts() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    table = clean()
    return table.assign(y=rng.negative_binomial(0.8, 0.2, len(table)))


def with_shares() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return clean().assign(y=rng.beta(0.6, 2, GROUPS * EACH).round(3))


def with_a_ceiling() -> pd.DataFrame:
    table = clean()
    return table.assign(y=np.minimum(table["y"].round(), 58))


def with_two_values() -> pd.DataFrame:
    table = clean()
    return table.assign(y=(table["y"] > 55).astype(int))


def with_gaps_in_one_arm() -> pd.DataFrame:
    table = clean()
    gone = (table["arm"] == "usual") & (np.arange(len(table)) % 3 == 0)
    return table.assign(y=table["y"].mask(gone))


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A table with one finding, the words it is known by, and the command line's remedy."""

    table: Callable[[], pd.DataFrame]
    code: str
    words: tuple[str, ...]
    remedy: str
    refused: bool = False  # before anything is fitted
    numeric: bool = True  # the predictor is a number, so that the three questions can be asked


PLANTED = [
    Planted(
        table=with_codes,
        code="codes",
        words=("x is 99 in 23 rows", "the slope of y on it is"),
        remedy="--missing x=99",
    ),
    Planted(
        table=with_codes_of_outcome,
        code="codes",
        words=("y is -9 in 23 rows", "Its mean is"),
        remedy="--missing y=-9",
    ),
    Planted(
        table=with_words,
        code="words_among_numbers",
        words=("'refused' in 18 rows",),
        remedy="--missing x=refused",
        numeric=False,
    ),
    Planted(
        table=with_dates,
        code="dates",
        words=("x", "dates", "03.01.2024"),
        remedy="days since the first",
        refused=True,
        numeric=False,
    ),
    Planted(
        table=with_a_code_as_number,
        code="code_as_number",
        words=("x has 4 whole values", "does not go one way"),
        remedy="C(x)",
    ),
    Planted(
        table=with_many_levels,
        code="many_levels",
        words=("x has 20 categories", "19 coefficients"),
        remedy="(1 | x)",
        numeric=False,
    ),
    Planted(
        table=with_alike_names,
        code="similar_ids",
        words=("58 groups would be left",),
        remedy="give them one name",
    ),
    Planted(
        table=with_two_names,
        code="two_names",
        words=("1 id that seems to hold two names",),
        remedy="the one group it belongs to",
    ),
    Planted(
        table=with_visits,
        code="repeated_ids",
        words=("480 rows have 120 different values of client", "alike"),
        remedy="(1 | client) to the --formula",
    ),
    Planted(
        table=with_counts,
        code="outcome_counts",
        words=("y looks like a count",),
        remedy="--family poisson",
    ),
    Planted(
        table=with_shares,
        code="outcome_shares",
        words=("y looks like a share",),
        remedy="no family for shares yet",
    ),
    Planted(
        table=with_a_ceiling,
        code="outcome_at_end",
        words=("the highest value of y, 58",),
        remedy="beyond the end of the scale",
    ),
    Planted(
        table=with_two_values,
        code="outcome_two_values",
        words=("y has two values, 0 and 1",),
        remedy="--family bernoulli",
    ),
    Planted(
        table=with_gaps_in_one_arm,
        code="dropped_where",
        words=("By arm: 0 of 190 (0.0%) where it is new, 56 of 170 (32.9%) where it is usual",),
        remedy="say who is missing",
    ),
]


def told(result: Result, planted: Planted) -> None:
    """Hold what a command said against what was planted."""
    said = " ".join(result.output.split())
    for words in (*planted.words, planted.remedy):
        assert words in said, said
    assert "read_table" not in said
    assert "data.assign" not in said


@pytest.fixture
def no_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """End ``answer`` where it begins to fit: what is seen is said before."""

    def stop(*arguments: Any, **options: Any) -> None:
        raise typer.Exit(0)

    monkeypatch.setattr("bayes_alliance.answers.three_questions.answer_questions", stop)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda own: f"{own.code}-{own.table.__name__}")
def test_said_by_every_command(
    run: Run, asked: list[Any], no_questions: None, tmp_path: Path, planted: Planted
) -> None:
    planted.table().to_csv(tmp_path / "t.csv", index=False)
    told(run("check", "t.csv", *OUTCOME), planted)
    answered = run("answer", "t.csv", "--outcome", "y", "--predictor", "x", "--group", "manager")
    assert (answered.exit_code == 0) == planted.numeric
    if planted.code != "many_levels":  # text is no predictor of the three questions
        told(answered, planted)
    formula = ("--formula", "y ~ x + (1 | manager)")
    fitted = run("fit", "t.csv", *formula, "--out", "t.fit")
    told(fitted, planted)
    if planted.refused:
        assert fitted.exit_code == 2
        assert asked == []
        told(run("report", "t.csv", *formula), planted)
        return
    assert fitted.exit_code == 0, fitted.output
    told(run("diagnose", "t.fit"), planted)
    # Saved and loaded, with the rows that it holds, the model says the same.
    model = load_fit(tmp_path / "t.fit").model
    assert planted.code in {note.code for note in model.data_report.notes}


def test_said_in_the_report(run: Run, asked: list[Any], tmp_path: Path) -> None:
    table = with_visits().assign(
        x=with_codes()["x"].to_numpy()[np.arange(480) % 360],
        y=lambda d: d["y"].mask(d.index.to_series().mod(3).eq(0) & d["arm"].eq("usual")),
        manager=lambda d: d["manager"].replace({"M01": "A. Young", "M02": "a  young"}),
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    run("fit", "t.csv", "--formula", "y ~ x + (1 | manager)", "--out", "t.fit")
    result = run("report", "t.fit", "--out", "t.md", "--out", "t.json")
    said = " ".join(result.output.split())
    page = " ".join((tmp_path / "t.md").read_text(encoding="utf-8").replace("\\", "").split())
    for words in (
        "--missing x=99",
        "(1 | client) to the --formula",
        "(0.0%) where it is new",
        "59 groups would be left",
    ):
        assert words in said
        assert page.count(words) == 1  # the section on the data says it, the verdict points there
    pointed = page.split("Seen in the data, and said in the section on them:")[1].split(".")[0]
    for name in ("codes (x)", "repeated ids (client)", "dropped where (arm)", "similar ids"):
        assert name in pointed
    assert "Young" not in page
    assert "read_table(..." not in page


def test_a_fit_without_its_rows_is_looked_at_with_its_table(
    run: Run, asked: list[Any], tmp_path: Path
) -> None:
    with_visits().to_csv(tmp_path / "t.csv", index=False)
    formula = ("--formula", "y ~ x + (1 | manager)")
    run("fit", "t.csv", *formula, "--out", "t.fit")
    run("fit", "t.csv", *formula, "--out", "bare.fit", "--no-data")
    whole, bare = run("diagnose", "t.fit"), run("diagnose", "bare.fit")
    assert "480 rows have 120 different values of client" in whole.output
    assert "different values of client" not in bare.output
    assert "Give the table too: --data FILE." in " ".join(bare.output.split())
    assert run("diagnose", "bare.fit", "--data", "t.csv").output == whole.output
    with_codes().to_csv(tmp_path / "other.csv", index=False)
    refused = run("diagnose", "bare.fit", "--data", "other.csv")
    assert refused.exit_code == 2
    assert "Its rows are not the ones" in refused.stderr


CAUTIONS = {planted.code for planted in PLANTED} | {"rows_dropped"}


def test_nothing_is_said_of_a_table_with_nothing_to_say(run: Run, tmp_path: Path) -> None:
    table = clean()
    report = check_data(table, "y", "manager")
    assert not CAUTIONS & {note.code for note in report.notes}
    model = Model("y ~ x + arm + (1 | manager)", table)
    assert not CAUTIONS & {note.code for note in model.data_report.notes}
    # Without the gaps of one arm only, rows that are dropped are no caution.
    even = table.assign(y=table["y"].mask(np.arange(len(table)) % 50 == 0))
    (note,) = (
        n
        for n in Model("y ~ x + arm + (1 | manager)", even).data_report.notes
        if n.code == "dropped_where"
    )
    assert note.level == "fine"


def test_who_was_dropped_is_said_though_it_is_fine(
    run: Run, asked: list[Any], tmp_path: Path
) -> None:
    """Before the fit and in its verdict: who reads on is to know which rows it is about."""
    table = clean()
    table["y"] = table["y"].mask(np.arange(len(table)) % 50 == 0)
    table.to_csv(tmp_path / "t.csv", index=False)
    fitted = run("fit", "t.csv", "--formula", "y ~ x + arm + (1 | manager)", "--out", "t.fit")
    for said in (fitted.output, run("diagnose", "t.fit").output):
        assert "8 of 360 rows were dropped" in said
        assert "where it is new" in said


def test_a_plain_check_lists_the_columns(run: Run, tmp_path: Path) -> None:
    with_codes().assign(day=with_dates()["x"]).to_csv(tmp_path / "t.csv", index=False)
    result = run("check", "t.csv")
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.output.splitlines() if line.strip()}
    assert "codes?" in lines["x"]
    assert "99" in lines["x"]
    assert "text" in lines["arm"]
    assert "usual (" in lines["arm"]
    assert "dates" in lines["day"]
    table = check_data(with_gaps_in_one_arm()).columns_table
    assert table.loc["y", "missing"] > 0
    assert table.loc["arm", "values"] == 2


def test_too_many_levels_are_refused_unless_they_are_asked_for() -> None:
    table = clean().assign(town=[f"town {k % 90}" for k in range(GROUPS * EACH)])
    with pytest.raises(Exception, match="89 coefficients"):
        Model("y ~ town + (1 | manager)", table)
    model = Model("y ~ C(town) + (1 | manager)", table)
    assert "many_levels" in {note.code for note in model.data_report.notes}
