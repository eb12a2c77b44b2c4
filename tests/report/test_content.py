"""What a report holds for different fits, before it takes a format."""

import dataclasses
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bayes_alliance as ba
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.groups.group_effect import group_effects
from bayes_alliance.report.blocks import Code, Figure, Notice, Paragraph, Section, Table
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.group_labels import shown_labels
from bayes_alliance.report.html import render_page
from bayes_alliance.report.report_data import read_report_data
from bayes_alliance.report.results import collect_results
from bayes_alliance.report.sections.model_section import question_section
from bayes_alliance.report.sections.reproduction_section import program
from bayes_alliance.report.tables import cell, prior_table
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.loading import load_fit

pytestmark = pytest.mark.slow

KEYS = [
    "question", "in-short", "data", "model", "priors", "computation", "results", "groups", "slopes",
    "sensitivity", "predictive", "influence", "limits", "methods", "checklist", "reproduce",
]  # fmt: skip


def blocks(content: ReportContent, kind: type, key: str | None = None) -> Iterator[Any]:
    for section in content.sections:
        if key in (None, section.key):
            yield from (block for block in section.blocks if isinstance(block, kind))


def section(content: ReportContent, key: str) -> Section:
    return next(section for section in content.sections if section.key == key)


def test_sections_in_order(slopes_content: ReportContent) -> None:
    assert [part.key for part in slopes_content.sections] == KEYS


def test_simulated_data_is_said_first(slopes_content: ReportContent) -> None:
    assert [notice.title for notice in slopes_content.notices] == ["Example data is simulated"]


def test_every_number_has_its_accuracy_beside_it(slopes_content: ReportContent) -> None:
    estimates = [t for t in blocks(slopes_content, Table, "results") if "caseload" not in t.frame]
    assert len(estimates) == 4
    for table in estimates:
        assert {"mean", "lower", "upper", *table.diagnostics} <= set(table.frame.columns)
    assert {t.caption for t in estimates} >= {"Correlations between group effects"}


def test_coefficients_carry_their_probability(slopes_content: ReportContent) -> None:
    tables = blocks(slopes_content, Table, "results")
    table = next(table for table in tables if "negative" in table.frame)
    intercept, slope = table.frame["negative"]
    assert np.isnan(intercept)
    assert 0.9 < slope <= 1  # the made-up slope lies 2.5 sd below zero


def test_a_picture_for_each_effect(slopes_content: ReportContent) -> None:
    keys = [figure.key for figure in blocks(slopes_content, Figure)]
    assert keys == [
        "caseloads-case_manager", "prior-predictive", "shares", "coefficients",
        "groups-case_manager-at-the-means", "groups-case_manager-stigma", "ranks-case_manager",
        "slopes-case_manager-stigma", "share-curve-stigma", "prior-posterior", "sensitivity",
        "predictive", "predictive-case_manager", "coverage", "influence-case_manager",
    ]  # fmt: skip
    assert all(len(f.description) > 20 for f in blocks(slopes_content, Figure))


def test_a_bad_verdict_is_seen_first_and_everywhere(bad_content: ReportContent) -> None:
    assert bad_content.notices[0].tone == "bad"
    assert next(blocks(bad_content, Notice, "results")).tone == "bad"
    assert not [p for p in blocks(bad_content, Paragraph, "results") if p.text.startswith("About")]
    failures = [n for n in blocks(bad_content, Notice, "computation") if n.title == "divergences"]
    assert [dict(failure.facts)["value"] for failure in failures] == ["40"]
    assert "what to do" in dict(failures[0].facts)


def test_dropped_rows_are_counted(ordinal_content: ReportContent) -> None:
    first = section(ordinal_content, "data").blocks[0]
    assert first == Paragraph(text="113 of the 120 rows of the table were used, 94% of them.")
    missing = [t for t in blocks(ordinal_content, Table, "data") if "missing values" in t.frame]
    assert missing[0].frame.loc["age", "missing values"] == 7


def test_an_anonymous_report_names_no_group(
    ordinal_content: ReportContent, ordinal_fit: Fit
) -> None:
    page = render_page(ordinal_content)
    assert not [label for label in ordinal_fit.model.design.groups[0].labels if label in page]
    assert "T0005" in render_page(build_content(ordinal_fit, names=["therapist"]))


def test_anonymous_groups_stand_in_the_order_of_their_numbers(
    slopes_content: ReportContent,
) -> None:
    table = next(t for t in blocks(slopes_content, Table, "groups") if "caseload" in t.frame)
    numbered = [f"case manager {k}" for k in range(1, 31) for _ in ("Intercept", "stigma")]
    assert list(table.frame.index) == numbered


def test_anonymous_numbers_follow_no_result_and_no_list_of_names(
    ordinal_fit: Fit, made_up: ModuleType
) -> None:
    """Other draws of the same rows leave them; other rows under the same names and seed do not."""

    def numbers(fit: Fit) -> list[int]:
        shown = shown_labels([fit]).by_group["therapist"]
        labels = fit.model.design.groups[0].labels
        return [int(shown[label].removeprefix("therapist ")) for label in labels]

    def others(model: Model, seed: int) -> Fit:
        return made_up.made_up_fit(model, seed=seed)

    ours = numbers(ordinal_fit)
    assert sorted(ours) == list(range(1, 39))
    assert numbers(others(ordinal_fit.model, 6)) == ours
    rows = ordinal_fit.model.frame.rows
    changed = rows.assign(rating=rows["rating"].to_numpy()[::-1])
    model = made_up.Model(ordinal_fit.model.formula.text, changed, "cumulative")
    assert numbers(others(model, 5)) != ours
    # Neither the order of the names nor that of the effects: fixed numbers, 3 standard errors.
    effects = group_effects(ordinal_fit).table["mean"]
    for order in (np.arange(38), effects.rank().to_numpy()):
        assert abs(np.corrcoef(order, ours)[0, 1]) < 3 / np.sqrt(38)


def test_a_result_has_one_name_in_every_table(slopes_content: ReportContent) -> None:
    tables = {key: list(blocks(slopes_content, Table, key)) for key in KEYS}
    estimated = {label for table in tables["results"] for label in table.frame.index}
    assert "b[stigma]" in estimated
    (moved,) = tables["influence"]
    assert set(moved.frame.index) - estimated <= {"share[case_manager]"}
    assert {label for label in tables["priors"][0].frame.index if "[" in label} <= estimated


def test_means_of_the_influence_agree_with_the_results_within_their_error(
    made_up: ModuleType,
) -> None:
    fit = ba.sample(made_up.example_model(), seed=1, progress=False)
    content = build_content(fit)
    (moved,) = blocks(content, Table, "influence")
    coefficients = next(
        table for table in blocks(content, Table, "results") if "negative" in table.frame
    )
    both = coefficients.frame.join(
        moved.frame[["mean"]].rename(columns={"mean": "all"}), how="inner"
    )
    assert len(both)
    assert (abs(both["all"] - both["mean"]) < 4 * both["mcse_mean"]).all()  # Monte Carlo error
    assert "differ by Monte Carlo error" in moved.notes[0]
    assert "closed form" in moved.notes[0]


def test_negative_numbers_of_the_priors_have_a_minus(made_up: ModuleType) -> None:
    frame = prior_table(made_up.example_model(priors={"b[stigma]": "Normal(-1, 5)"})).frame
    assert frame.loc["b[stigma]", "in words"].startswith("95% between \N{MINUS SIGN}")
    assert frame.loc["b[stigma]", "prior"] == "Normal(-1, 5)"  # as the program has it


def test_limits_do_not_say_what_the_rows_are(ordinal_content: ReportContent) -> None:
    said = " ".join(str(block) for block in section(ordinal_content, "limits").blocks)
    assert "from which people or cases they have" in said
    assert "client" not in said


def test_a_note_that_names_groups_has_their_numbers(made_up: ModuleType) -> None:
    table = made_up.many_groups_table(40).replace({"therapist": {"T0001": "t0002"}})
    fit = made_up.made_up_fit(made_up.Model("score ~ 1 + (1 | therapist)", table))
    assert "T0002" in render_page(build_content(fit, names=["therapist"]))
    page = render_page(build_content(fit))
    assert "T0002" not in page
    assert "how a number is written: 1 such set" in page


def test_a_note_that_repeats_the_source_is_shown_once(slopes_fit: Fit) -> None:
    source = slopes_fit.model.frame.rows.attrs["source"]
    notices = build_content(dataclasses.replace(slopes_fit, notes=(source,))).notices
    assert [notice.text for notice in notices] == [source]


@pytest.mark.parametrize(
    ("formula", "asked"),
    [
        ("score ~ age*sex + (1 | therapist)", "How does score go with age and sex, and how much"),
        ("score ~ 1 + (1 | therapist)", "How much of score lies between therapists?"),
        ("score ~ age", "How does score go with age?"),
    ],
)
def test_the_question_of_a_model_names_columns(
    made_up: ModuleType, formula: str, asked: str
) -> None:
    table = made_up.many_groups_table(12)
    table["sex"] = ["f" if k % 3 else "m" for k in range(len(table))]
    (block,) = question_section(made_up.Model(formula, table)).blocks
    assert block.text.startswith(asked)
    assert "[" not in block.text


def test_the_question_of_the_author_stands_above_that_of_the_model(
    slopes_fit: Fit, slopes_content: ReportContent
) -> None:
    (asked,) = section(slopes_content, "question").blocks
    content = build_content(slopes_fit, question="Does stigma <matter>?\n\nAnd for whom?")
    first, second, third = section(content, "question").blocks
    assert (first.text, second.text) == ("Does stigma <matter>?", "And for whom?")
    assert third.text == f"What the model asks: {asked.text}"
    assert "Does stigma &lt;matter&gt;?" in render_page(content)
    (code,) = blocks(content, Code, "reproduce")
    assert 'question="Does stigma <matter>?\\n\\nAnd for whom?"' in code.text


def test_one_call_writes_one_report_to_several_places(
    slopes_fit: Fit, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(*arguments: Any, **options: Any) -> ReportContent:
        made.append(build_content(*arguments, **options))
        return made[-1]

    monkeypatch.setattr("bayes_alliance.report.writing.build_content", counted)
    places = [tmp_path / "a.json", str(tmp_path / "b.md")]
    assert ba.write_report(slopes_fit, places) == (tmp_path / "a.json", tmp_path / "b.md")
    assert len(made) == 1
    assert read_report_data(places[0]) == read_report_data(places[1])
    for wrong in ([], [places[0], tmp_path / "a.json"], [places[0], "a.pdf"]):
        with pytest.raises(ba.DataError, match=r"No place|comes twice|ends in '.pdf'"):
            ba.write_report(slopes_fit, wrong)
    assert len(made) == 1


def test_interrupted_and_noted_fits_say_so(slopes_fit: Fit) -> None:
    fit = dataclasses.replace(slopes_fit, interrupted=True, notes=("Rows were shuffled.",))
    texts = [notice.text for notice in build_content(fit).notices]
    assert "1200 draws" in " ".join(texts)
    assert "Rows were shuffled." in texts


def test_a_fit_without_its_rows(slopes_fit: Fit, tmp_path) -> None:
    fit = load_fit(slopes_fit.save(tmp_path / "study.fit", data=False))
    content = build_content(fit)
    assert not list(blocks(content, Figure, "predictive"))
    assert "load_fit" in section(content, "data").blocks[0].text
    assert next(f.key for f in blocks(content, Figure, "results")) == "coefficients"
    assert [f.key for f in blocks(content, Figure, "sensitivity")] == ["prior-posterior"]
    (advice,) = [
        p.text for p in blocks(content, Paragraph, "results") if "variance_shares" in p.text
    ]
    assert 'variance_shares(fit, at="means")' in advice
    mean = slopes_fit.model.frame.rows["stigma"].mean()
    assert ba.variance_shares(fit, at="means").at == {"stigma": pytest.approx(mean)}


def test_a_model_without_groups(made_up: ModuleType) -> None:
    content = build_content(made_up.made_up_fit(made_up.example_model("alliance ~ stigma")))
    assert [part.key for part in content.sections] == [
        key for key in KEYS if key not in ("groups", "slopes", "influence")
    ]
    assert "between" not in section(content, "question").blocks[0].text


def test_crossed_groups_have_a_share_and_a_picture_each(made_up: ModuleType) -> None:
    table = made_up.many_groups_table(40)
    table["ward"] = [f"W{k % 7}" for k in range(len(table))]
    model = made_up.Model("score ~ 1 + (1 | therapist) + (1 | ward)", table)
    content = build_content(made_up.made_up_fit(model))
    assert sum("of the variance in score lies" in text for text in content.conclusions) == 2
    assert "groups-ward-Intercept" in {figure.key for figure in blocks(content, Figure)}


@pytest.mark.parametrize(
    ("family", "formula"),
    [
        ("student", "score ~ age + (1 + age | therapist)"),
        ("bernoulli", "returned ~ age + (1 | therapist)"),
    ],
)
def test_other_families(made_up: ModuleType, family: str, formula: str) -> None:
    model = made_up.Model(formula, made_up.many_groups_table(40), family)
    page = render_page(build_content(made_up.made_up_fit(model)))
    assert family in page
    assert page.count('role="img"') >= 5


def test_thousands_of_groups_are_cut_in_pictures_and_not_in_the_table(made_up: ModuleType) -> None:
    model = made_up.Model("score ~ 1 + (1 | therapist)", made_up.many_groups_table(300))
    fit = ba.sample(model, seed=1, progress=False)
    content = build_content(fit, names=["therapist"])
    (table,) = [t for t in blocks(content, Table, "groups") if "caseload" in t.frame]
    assert len(table.frame) == 300
    assert "too many groups to name each" in next(blocks(content, Figure, "groups")).caption
    assert "100 of 300" in next(blocks(content, Figure, "influence")).caption


def test_the_program_repeats_the_model(made_up: ModuleType) -> None:
    model = made_up.example_model(priors={"b": "Normal(0, 5)"})
    text = program(made_up.made_up_fit(model))
    compile(text, "program", "exec")
    called: dict[str, Any] = {}

    class Recorder:
        def __getattr__(self, name: str) -> Any:
            def record(*arguments: Any, **options: Any) -> str:
                called[name] = (arguments, options)
                return name

            return record

    exec(text.partition("\n")[2], {"ba": Recorder()})
    formula, table = called["Model"][0]
    assert formula == model.formula.text
    assert called["Model"][1]["priors"] == {"b[stigma]": "Normal(0.0, 5.0)"}
    again = made_up.example_model(formula, **called["Model"][1])
    assert again.priors.strings == model.priors.strings
    assert called["sample"][1]["seed"] == 5
    assert called["write_report"][0] == ("sample", "report.html")
    assert table == "load_example"


def test_the_program_is_the_only_code(slopes_content: ReportContent) -> None:
    assert len(list(blocks(slopes_content, Code))) == 1


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("r_hat", 1.0023, "1.002"),
        ("ess_bulk", 12345.6, "12,346"),
        ("mean", -2.3456, "\N{MINUS SIGN}2.35"),
        ("median", 5.0, "5"),
        ("groups", 30, "30"),
        ("mean", float("nan"), "–"),
        ("prior", "Normal(0, 5)", "Normal(0, 5)"),
        ("p", 0.9999, "over 0.999"),
    ],
)
def test_cells(column: str, value: Any, text: str) -> None:
    assert cell(column, value) == text


def test_the_slope_of_an_average_group_is_that_of_the_coefficients(slopes_fit: Fit) -> None:
    """The report has all draws where they are few enough, so that two places say the same."""
    results = collect_results(slopes_fit)
    (slopes,) = results.slopes
    common = float(slopes.draws["common_slope"].mean())
    own = float(slopes_fit.posterior["b"].sel(coefficient="stigma").mean())
    assert common == pytest.approx(own, rel=1e-12)
