"""What each command does with good input, the sampler replaced by made-up draws."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from bayes_alliance.model.spec import Model
from bayes_alliance.report.report_data import read_report_data
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.loading import load_fit

pytestmark = pytest.mark.slow

Run = Callable[..., Result]
Asked = list[tuple[Model, dict[str, Any]]]
FORMULA = "wai_total ~ stigma + (1 + stigma | case_manager)"
LIBRARY = ("--model", "stigma_slopes", "--column", "alliance=wai_total")


def test_demo_writes_and_names_the_report(run: Run, asked: Asked, tmp_path: Path) -> None:
    result = run("demo", "--draws", 300)
    assert result.exit_code == 0, result.output
    assert "simulated" in result.output
    assert "Report: alliance_report.html" in result.output
    # Share, slope, its spread, the verdict, and where made-up draws do not look like the data.
    assert result.output.count("\n- ") == 5
    page = (tmp_path / "alliance_report.html").read_text(encoding="utf-8")
    assert "Example data is simulated" in page
    assert "load_example(&#34;simulated_study&#34;)" in page
    assert asked[0][1]["seed"] == 1
    assert asked[0][1]["draws"] == 300


def test_models_lists_every_question(run: Run) -> None:
    from bayes_alliance.model.library import list_models

    text = " ".join(run("models").output.split())
    for model in list_models().models:
        assert model.name in text
        assert model.question in text


def test_check_shows_groups_and_notes(run: Run, clients: Path) -> None:
    result = run("check", clients, "--outcome", "wai_total", "--group", "case_manager")
    assert result.exit_code == 0
    assert "160 rows, outcome wai_total" in result.output
    assert "case_manager" in result.output
    assert "caution: " in result.output


def test_check_ends_with_1_if_something_is_in_the_way(run: Run, clients: Path) -> None:
    result = run("check", clients, "--group", "client")
    assert result.exit_code == 1
    assert "bad: " in result.output


def test_report_of_a_formula(run: Run, asked: Asked, clients: Path, tmp_path: Path) -> None:
    result = run("report", clients, "--formula", FORMULA, "--seed", 7, "--title", "Our study")
    assert result.exit_code == 0, result.output
    assert "Seed 7. Report: report.html" in result.output
    assert "<h1>Our study</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_one_report_in_several_formats(
    run: Run, asked: Asked, clients: Path, tmp_path: Path
) -> None:
    names = ("study.html", "study.docx", "study.md", "study.json")
    outs = [option for name in names for option in ("--out", name)]
    result = run("report", clients, "--formula", FORMULA, *outs)
    assert result.exit_code == 0, result.output
    assert f"Report: {', '.join(names)}" in " ".join(result.output.split())
    read = [read_report_data(tmp_path / name) for name in names]
    assert read[0] == read[1] == read[2] == read[3]
    assert len(asked) == 1


def test_no_format_is_written_if_one_cannot_be(
    run: Run, asked: Asked, clients: Path, tmp_path: Path
) -> None:
    result = run("report", clients, "--formula", FORMULA, "--out", "a.html", "--out", "a.pdf")
    assert result.exit_code == 2
    assert "a.docx" in result.output
    assert not asked
    assert not (tmp_path / "a.html").exists()


def test_report_beside_another_fit(run: Run, asked: Asked, clients: Path, tmp_path: Path) -> None:
    simpler = "wai_total ~ stigma + (1 | case_manager)"
    assert run("fit", clients, "--formula", simpler, "--out", "simpler.fit").exit_code == 0
    formula = ("--formula", FORMULA, "--compare", "simpler.fit", "--out", "both.json")
    result = run("report", clients, *formula)
    assert result.exit_code == 0, result.output
    keys = [section["key"] for section in read_report_data(tmp_path / "both.json")["sections"]]
    assert "comparison" in keys


def test_report_of_a_library_model(run: Run, asked: Asked, clients: Path) -> None:
    priors = ("--prior", "b=Normal(0, 5)", "--prior", "sd_case_manager = HalfNormal(3)")
    result = run("report", clients, *LIBRARY, *priors, "--draws", 500, "--target-accept", 0.95)
    assert result.exit_code == 0, result.output
    model, options = asked[0]
    assert model.formula.text == FORMULA
    assert str(model.priors.of("b")[1]) == "Normal(0, 5)"
    assert [str(prior) for prior in model.priors.of("sd_case_manager")] == ["HalfNormal(3)"] * 2
    assert (options["draws"], options["target_accept"]) == (500, 0.95)


def test_reading_options_reach_the_table(run: Run, asked: Asked, tmp_path: Path) -> None:
    rows = [f"{20 + k % 7},5;{k % 3 or -99};g{k % 8}" for k in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["y;x;g", *rows]))
    reading = ("--separator", ";", "--decimal", ",", "--missing", "-99")
    result = run("report", "t.csv", "--formula", "y ~ x + (1 | g)", *reading)
    assert result.exit_code in (0, 1), result.output
    frame = asked[0][0].frame
    assert frame.y.min() == 20.5
    assert frame.missing == {"x": 20}


def test_fit_then_report_then_diagnose(
    run: Run, asked: Asked, clients: Path, tmp_path: Path
) -> None:
    result = run("fit", clients, "--formula", FORMULA, "--seed", 3, "--out", "study.fit")
    assert result.exit_code == 0, result.output
    for words in ("b[stigma]", "r_hat", "Saved: study.fit", "seed 3", "fine: Every chain moved"):
        assert words in result.output
    assert load_fit(tmp_path / "study.fit").model.formula.text == FORMULA
    result = run("report", "study.fit", "--out", "from_fit.html")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "from_fit.html").read_text(encoding="utf-8")
    assert "CM01" not in page
    assert "case manager 30" in page
    result = run("diagnose", "study.fit")
    assert result.exit_code == 0
    assert "threshold" not in result.output
    assert "threshold 1.01" in run("diagnose", "study.fit", "--verbose").output
    assert len(asked) == 1


def test_a_fit_without_rows_takes_its_table_later(
    run: Run, asked: Asked, clients: Path, tmp_path: Path
) -> None:
    assert run("fit", clients, *LIBRARY, "--out", "study.fit", "--no-data").exit_code == 0
    assert not load_fit(tmp_path / "study.fit").has_data
    assert run("report", "study.fit", "--out", "less.html").exit_code == 0
    assert run("report", "study.fit", "--out", "whole.html", "--data", clients).exit_code == 0
    less, whole = ((tmp_path / f"{name}.html").read_text() for name in ("less", "whole"))
    assert "saved without the rows" in less
    assert "saved without the rows" not in whole


def test_a_bad_verdict_ends_with_1(
    run: Run, clients: Path, made_up_fit: Callable[..., Fit], tmp_path: Path
) -> None:
    fit = made_up_fit(Model(FORMULA, _table(clients)), divergences=50)
    fit.save(tmp_path / "bad.fit")
    result = run("diagnose", "bad.fit")
    assert result.exit_code == 1
    assert "divergences" in result.output
    result = run("report", "bad.fit")
    assert result.exit_code == 1
    assert "withheld" in result.output
    assert "not to be relied on" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_an_interrupted_run_goes_on_and_says_so(
    run: Run,
    clients: Path,
    made_up_fit: Callable[..., Fit],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def sample(model: Model, **options: Any) -> Fit:
        return dataclasses.replace(made_up_fit(model), interrupted=True)

    monkeypatch.setattr("bayes_alliance.sampling.run.sample", sample)
    result = run("report", clients, "--formula", FORMULA)
    assert result.exit_code in (0, 1)
    assert "Interrupted: going on with the 1200 draws" in result.stderr
    assert "Interrupted" in (tmp_path / "report.html").read_text(encoding="utf-8")


def _table(path: Path) -> Any:
    from bayes_alliance.data.reading import read_table

    return read_table(path)


def test_formulas_may_be_given_again_for_a_parameter(
    run: Run, asked: Asked, clients: Path, tmp_path: Path
) -> None:
    lines = ("--formula", FORMULA, "--formula", "sigma ~ stigma")
    refused = run("report", clients, *lines)
    assert refused.exit_code != 0
    assert "this model predicts sigma" in " ".join(refused.output.split())
    assert not asked  # before it is sampled
    run("fit", clients, *lines, "--out", "study.fit")
    assert asked[0][0].formula.lines == (FORMULA, "sigma ~ stigma")
