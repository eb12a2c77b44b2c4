"""A report comes out again from its own record, and whatever is not its own is found."""

import ast
import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.report.content import build_content
from bayes_alliance.report.received_report import check_record
from bayes_alliance.report.report_data import read_report_data, report_data, write_data
from bayes_alliance.report.reproduction import reproducing
from bayes_alliance.report.reproduction.reproducing import recorded_table, remade_model
from bayes_alliance.report.sections.reproduction_section import program
from bayes_alliance.report.session_record import draws_digest, session_record
from bayes_alliance.sampling.run import NOT_INSTALLED, installed_versions, source_version

pytestmark = pytest.mark.slow

SHORT = {"draws": 60, "tune": 150, "chains": 2, "progress": False}
SLOPES = "alliance ~ stigma + (1 + stigma | case_manager)"
Write = Callable[[dict[str, Any]], Path]


def data_of(fit: ba.Fit, **options: Any) -> dict[str, Any]:
    return report_data(build_content(fit, **options))


@pytest.fixture(scope="module")
def clients() -> pd.DataFrame:
    return ba.load_example("simulated_study")


@pytest.fixture(scope="module")
def fit(clients: pd.DataFrame) -> ba.Fit:
    return ba.sample(ba.Model(SLOPES, clients), seed=1, **SHORT)


@pytest.fixture(scope="module")
def made(fit: ba.Fit) -> dict[str, Any]:
    return data_of(fit)


@pytest.fixture
def report(made: dict[str, Any]) -> dict[str, Any]:
    """Return a report to be tampered with."""
    return deepcopy(made)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(data: dict[str, Any]) -> Path:
        path = tmp_path / "report.json"
        path.write_text(write_data(data), encoding="utf-8")
        return path

    return write


def number_cells(
    data: dict[str, Any], *, zeros: bool = False
) -> list[tuple[list[Any], int, str, str]]:
    """Return every number in the tables: where it can be changed, and its caption and row."""
    return [
        (row["values"], k, block["caption"], row["label"])
        for section in data["sections"]
        for block in section["blocks"]
        if block["kind"] == "table"
        for row in block["rows"]
        for k, value in enumerate(row["values"])
        if (isinstance(value, int | float) if zeros else isinstance(value, float) and value != 0)
    ]


def numbers_in(value: Any) -> set[float]:
    if isinstance(value, dict | list):
        held = value.values() if isinstance(value, dict) else value
        return set().union(*map(numbers_in, held)) if held else set()
    return {value} if isinstance(value, float) else set()


def test_the_same_versions_give_every_number_to_the_last_digit(
    report: dict[str, Any], write: Write
) -> None:
    found = ba.reproduce(write(report))
    assert found.agree
    assert found.same_versions
    assert found.same_draws
    assert found.texts == ()
    assert len(found.table) > len(number_cells(report)) > 100
    assert (found.table["agrees"] == 1).all()
    assert f"the same {len(found.table)} numbers, to the last digit" in found.sentence
    assert "last digit" in str(found)
    assert "last digit" in found._repr_html_()


def test_any_number_that_was_changed_is_found(report: dict[str, Any], write: Write) -> None:
    """The smallest change that is not rounding, in a number at random from every table."""
    rng = np.random.default_rng(2)
    cells = number_cells(report)
    captions = {caption for _, _, caption, _ in cells}
    changed = []
    for caption in sorted(captions):
        own = [cell for cell in cells if cell[2] == caption]
        values, k, _, label = own[int(rng.integers(len(own)))]
        values[k] *= 1 + 3e-9
        changed.append(f"{caption}: {label}, ")
    found = ba.reproduce(write(report))
    assert not found.agree
    assert found.same_draws
    assert len(found.differing) == len(changed)
    for name in changed:
        assert any(str(place).startswith(name) for place in found.differing.index), name
    assert "changed after it was written" in found.sentence
    assert "rounding" not in found.sentence


def test_differences_of_rounding_are_told_from_changes(
    report: dict[str, Any], write: Write
) -> None:
    cells = [cell for cell in number_cells(report) if abs(cell[0][cell[1]]) < 1e6]
    for (values, k, _, _), factor in zip(
        cells[20:23], (1 + 1e-15, 1 - 1e-12, 1 + 9e-10), strict=True
    ):
        values[k] *= factor
    found = ba.reproduce(write(report))
    assert found.agree
    assert found.differing.empty
    assert len(found.rounded) == 3
    assert "changed" not in found.sentence
    assert "3 numbers differ in the last digits only, by at most 1e-09 of the" in found.sentence
    values, k, _, _ = cells[30]
    values[k] *= 1.001
    found = ba.reproduce(write(report))
    assert not found.agree
    assert len(found.differing) == 1
    assert "in 1 places" not in found.sentence
    assert "changed after it was written. 3 numbers differ in the last" in found.sentence


def test_what_is_not_installed_is_no_version(
    report: dict[str, Any], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = installed_versions() | {"nutpie": NOT_INSTALLED}
    monkeypatch.setattr(reproducing, "installed_versions", lambda: here)
    for record in (report["record"]["versions"], report["record"]["report_versions"]):
        record["nutpie"] = NOT_INSTALLED
    found = ba.reproduce(write(report))
    assert not found.same_versions
    assert list(found.versions.index[~found.versions["same"]]) == ["nutpie"]


def test_a_source_folder_is_known_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("x = 1")
    before = source_version(tmp_path)
    assert re.fullmatch("source [0-9a-f]{12}", before)
    assert source_version(tmp_path) == before
    (tmp_path / "one.py").write_text("x = 2")
    assert source_version(tmp_path) != before
    assert installed_versions()["bayes-alliance"] != NOT_INSTALLED


def test_a_changed_word_is_found(report: dict[str, Any], write: Write) -> None:
    report["conclusions"][0] = "Case managers are all that matters."
    found = ba.reproduce(write(report))
    assert not found.agree
    assert found.texts == ("conclusion 1",)
    assert "conclusion 1" in found.sentence


def test_a_row_that_was_cut_out_is_found(report: dict[str, Any], write: Write) -> None:
    tables = [b for s in report["sections"] for b in s["blocks"] if b["kind"] == "table"]
    del tables[-1]["rows"][0]
    found = ba.reproduce(write(report))
    assert not found.agree
    assert found.differing["reported"].isna().all()


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        ("settings", "seed", 2),
        ("settings", "draws", 61),
        ("settings", "target_accept", 0.95),
        ("priors", "sigma", "HalfNormal(1.0)"),
    ],
)
def test_another_run_than_the_one_recorded_is_found(
    report: dict[str, Any], write: Write, where: str, name: str, value: Any
) -> None:
    report["record"][where][name] = value
    found = ba.reproduce(write(report))
    assert not found.agree
    assert not found.same_draws
    assert "other draws" in found.sentence


def test_with_other_versions_numbers_agree_within_their_errors(
    report: dict[str, Any], write: Write
) -> None:
    report["record"]["versions"]["numpy"] = "2.4.0"
    report["record"]["settings"]["seed"] = 2  # as other versions would, this draws other numbers
    found = ba.reproduce(write(report))
    assert found.agree
    assert not found.same_versions
    assert "numpy 2.4.0 (here" in found.sentence
    assert found.table["agrees"].notna().sum() > 100
    assert found.table["agrees"].isna().any()  # an R-hat has no known error
    assert (found.table.loc[found.table["agrees"].notna(), "error"].notna()).sum() > 100


def test_with_other_versions_a_number_beyond_its_error_is_found(
    report: dict[str, Any], write: Write
) -> None:
    report["record"]["versions"]["numpy"] = "2.4.0"
    report["record"]["settings"]["seed"] = 2
    tables = [b for s in report["sections"] for b in s["blocks"] if b["kind"] == "table"]
    table = next(b for b in tables if {"mean", "mcse_mean"} <= set(b["columns"]))
    places = {name: k for k, name in enumerate(table["columns"])}
    values = table["rows"][0]["values"]
    # Ten errors of a difference of two runs, where 4.5 or so are the limit.
    values[places["mean"]] += 10 * np.sqrt(2) * values[places["mcse_mean"]]
    found = ba.reproduce(write(report))
    assert not found.agree
    assert len(found.differing) == 1
    assert "1 of " in found.sentence


def test_an_anonymised_report_comes_out_too(
    fit: ba.Fit, clients: pd.DataFrame, write: Write
) -> None:
    data = data_of(fit, title="No names")
    text = write_data(data)
    assert not [label for label in clients["case_manager"].unique() if f'"{label}' in text]
    found = ba.reproduce(write(data))
    assert found.agree
    assert found.fits[0].settings == fit.settings


def test_the_record_is_plain_json_without_rows(fit: ba.Fit, clients: pd.DataFrame) -> None:
    record = session_record(fit, [fit])
    text = json.dumps(record, allow_nan=False)
    assert json.loads(text) == record
    assert len(record["others"]) == 1
    assert not [label for label in clients["case_manager"].unique() if label in text]
    assert not set(clients["stigma"]) & numbers_in({**record, "settings": {}, "others": []})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda t: t.assign(stigma=t["stigma"].where(t.index != 3, 9.0)), "other values in stigma"),
        (lambda t: t.iloc[1:], "it has 159 rows, the report's had 160"),
        (lambda t: t.iloc[::-1], "other values in alliance, stigma, case_manager"),
        (
            lambda t: t.assign(stigma=t["stigma"].where(t.index != 3)),
            "159 rows that can be used, the report's had 160",
        ),
        (lambda t: t.assign(case_manager="x" + t["case_manager"]), "other values in case_manager"),
    ],
)
def test_another_table_is_refused_with_what_differs(
    report: dict[str, Any], write: Write, clients: pd.DataFrame, change: Any, found: str
) -> None:
    with pytest.raises(ba.DataError, match=found):
        ba.reproduce(write(report), data=change(clients))
    with pytest.raises(ba.DataError, match="needs the column stigma"):
        ba.reproduce(write(report), data=clients.drop(columns="stigma"))


def test_columns_the_model_does_not_use_may_differ(
    report: dict[str, Any], write: Write, clients: pd.DataFrame
) -> None:
    path = write(report)
    table = recorded_table(report["record"], clients.assign(setting="x", more=1.0))
    assert remade_model(report["record"], table).groups == ("case_manager",)
    assert read_report_data(path) == report


def test_rows_that_were_left_out_count_in_group_means(clients: pd.DataFrame) -> None:
    table = clients.assign(alliance=clients["alliance"].where(clients.index != 7))
    formula = "alliance ~ between(stigma, case_manager) + (1 | case_manager)"
    model = ba.Model(formula, table)
    record = session_record(ba.sample(model, seed=1, **SHORT))
    changed = table.assign(stigma=table["stigma"].where(table.index != 7, 5.0))
    with pytest.raises(ba.DataError, match="the group means or scalings"):
        remade_model(record, changed)
    np.testing.assert_array_equal(remade_model(record, table).design.X, model.design.X)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("score ~ age + (1 | therapist)", {"family": "student", "priors": {"b": "Normal(0, 3)"}}),
        ("rating ~ age + (1 + age || therapist)", {"family": "cumulative"}),
        ("returned ~ age + (1 | therapist)", {"family": "bernoulli", "centred": True}),
        ("returned ~ bs(age, df=4) + (1 | therapist)", {"family": "bernoulli", "link": "probit"}),
        ("score | weights(age) ~ scale(age) + (1 | therapist)", {}),
        ("score | se(age) ~ 1 + (1 | therapist)", {"priors": {"sd_therapist": "HalfCauchy(2)"}}),
    ],
)
def test_every_choice_of_a_model_is_in_its_record(
    made_up: Any, formula: str, options: dict[str, Any]
) -> None:
    table = made_up.many_groups_table(12)
    model = ba.Model(formula, table, **options)
    record = json.loads(json.dumps(session_record(made_up.made_up_fit(model))))
    again = remade_model(record, table)
    assert again.formula == model.formula
    assert (again.family, again.link) == (model.family, model.link)
    assert again.priors == model.priors
    assert dict(again.centring) == dict(model.centring)
    assert again.question == model.question
    np.testing.assert_array_equal(again.design.X, model.design.X)


def test_every_formula_of_a_model_is_in_its_record(made_up: Any) -> None:
    table = made_up.many_groups_table(12)
    lines = ["score ~ age + (1 |m| therapist)", "sigma ~ age + (1 |m| therapist)"]
    model = ba.Model(lines, table, priors={"b_sigma": "Normal(0, 0.3)"})
    record = json.loads(json.dumps(session_record(made_up.made_up_fit(model))))
    check_record(record)
    assert record["formula"] == lines
    again = remade_model(record, table)
    assert again.formula == model.formula
    assert again.priors == model.priors
    assert dict(again.centring) == dict(model.centring)


def test_the_program_of_several_formulas_makes_the_model_again(made_up: Any) -> None:
    table = made_up.many_groups_table(12)
    lines = ["score ~ age + (1 | therapist)", "sigma ~ age"]
    text = program(made_up.made_up_fit(ba.Model(lines, table)))
    call = next(
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ba.Model"
    )
    assert ast.literal_eval(call.args[0]) == lines


@pytest.mark.slow
@pytest.mark.long
def test_a_report_of_the_joint_engine_comes_out_again(
    clients: pd.DataFrame, tmp_path: Path
) -> None:
    table = clients.assign(high=(clients["alliance"] > 55).astype(int))
    model = ba.Model("high ~ stigma + (1 | case_manager)", table, "bernoulli")
    fit = ba.sample(model, seed=7, **(SHORT | {"draws": 200}))
    assert fit.settings.engine == "nutpie"
    report = ba.write_report(fit, tmp_path / "report.html")
    found = ba.reproduce(report, data=table)
    assert found.agree
    assert found.same_draws


def test_several_fits_are_all_made_again(fit: ba.Fit, clients: pd.DataFrame, write: Write) -> None:
    simpler = ba.sample(
        ba.Model("alliance ~ stigma + (1 | case_manager)", clients), seed=3, **SHORT
    )
    question = "Does it depend on whom the client sees?"
    content = build_content({"varying": fit, "fixed": simpler}, question=question)
    data = report_data(content)
    text = write_data(data)
    assert "'varying'" in text
    assert "Model 1" not in text
    found = ba.reproduce(write(data))
    assert found.agree
    assert [own.model.formula.text for own in found.fits] == [
        own.model.formula.text for own in (fit, simpler)
    ]
    data["record"]["others"][0]["settings"]["seed"] = 4
    assert not ba.reproduce(write(data)).agree


def test_a_table_is_read_as_it_was_then(clients: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "clients.csv"
    coded = clients.assign(stigma=clients["stigma"].where(clients.index > 3, -99.0))
    coded.to_csv(path, sep=";", decimal=",", index=False)
    table = ba.read_table(path, separator=";", decimal=",", missing={"stigma": -99.0})
    fit = ba.sample(ba.Model(SLOPES, table), seed=1, **SHORT)
    report = ba.write_report(fit, tmp_path / "report.json")
    assert str(tmp_path) not in report.read_text(encoding="utf-8")
    assert ba.reproduce(report, data=path).agree
    with pytest.raises(ba.DataError, match=r"data='clients\.csv'"):
        ba.reproduce(report)
    # Saved and loaded the fit still knows its table, with its rows and without.
    for data in (True, False):
        loaded = ba.load_fit(fit.save(tmp_path / "study.fit", data=data))
        record = session_record(loaded)["data"]
        assert record["read_as"] == session_record(fit)["data"]["read_as"]
        assert record["fingerprint"] == session_record(fit)["data"]["fingerprint"]


def test_streamed_rows_are_read_again(clients: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    clients.to_parquet(path)
    fit = ba.sample(ba.Model(SLOPES, ba.scan_table(path)), seed=1, **SHORT)
    report = tmp_path / "report.json"
    ba.write_report(fit, report)
    assert ba.reproduce(report, data=path).agree
    clients.assign(stigma=clients["stigma"].where(clients.index != 3, 0.5)).to_parquet(path)
    with pytest.raises(ba.DataError, match="its values are others"):
        ba.reproduce(report, data=path)


def test_what_cannot_be_made_again_says_so(report: dict[str, Any], write: Write) -> None:
    for record, words in [({}, "no record"), ({"record_format": 99}, "Update bayes-alliance")]:
        with pytest.raises(ba.DataError, match=words):
            ba.reproduce(write({**report, "record": record}))


def test_an_interrupted_run_is_compared_within_errors(report: dict[str, Any], write: Write) -> None:
    report["record"]["interrupted"] = True
    found = ba.reproduce(write(report))
    assert found.agree
    assert "interrupted" in found.sentence


def test_the_printed_program_draws_the_same_draws(
    clients: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clients.to_csv("clients.csv", sep=";", decimal=",", index=False)
    table = ba.read_table("clients.csv", separator=";", decimal=",", missing=(-99, "refused"))
    model = ba.Model(SLOPES, table, priors={"sigma": "HalfNormal(9)"}, centred=True)
    fit = ba.sample(model, seed=1, **SHORT)
    text = program(fit)
    assert "centred=True" in text
    written: list[ba.Fit] = []
    monkeypatch.setattr(ba, "write_report", lambda made, path: written.append(made))
    exec(compile(text, "program", "exec"), {})
    assert draws_digest(written[0]) == draws_digest(fit)
    assert written[0].model.priors == fit.model.priors
