"""The three questions: every number against its own verb, the words against the numbers."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from typer.testing import CliRunner

import bayes_alliance as ba
from bayes_alliance.answers import three_questions
from bayes_alliance.answers.three_answers import FIXED, NULL, VARYING
from bayes_alliance.checks.finding import Finding
from bayes_alliance.checks.fit_to_data import MISFIT
from bayes_alliance.checks.verdict import Verdict
from bayes_alliance.cli.main import app
from bayes_alliance.errors import Advice
from bayes_alliance.report.answers_page import answers_content
from bayes_alliance.report.report_data import read_report_data

mpl.use("Agg")


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def answers():
    return ba.answer_questions(ba.load_example("simulated_study"), seed=1)


def test_withheld_answers_are_withheld_on_paper(answers, tmp_path):
    bad = Finding(
        level="bad", code="r_hat", where="", value=2, threshold=1.01, message="No.", remedy="More."
    )
    verdict = Verdict(findings=(bad,))
    held = replace(answers, verdict=("null", verdict))
    places = [tmp_path / "a.json", tmp_path / "a.csv"]
    ba.write_report(held, places)
    text = places[0].read_text() + places[1].read_text()
    assert "The answers are withheld" in text
    assert "No. More." in text
    sections = read_report_data(places[0])["sections"]
    assert not {b["kind"] for s in sections for b in s["blocks"]} & {"table", "figure"}
    ba.write_report(answers, places)
    assert "withheld" not in places[0].read_text()
    (notice,) = read_report_data(places[0])["notices"]
    assert notice["title"] == "Example data is simulated"
    with pytest.raises(ba.DataError, match="no record of its run"):
        ba.reproduce(places[0])
    with pytest.raises(ba.DataError, match=r"ends in '.csv'"):
        ba.write_report(answers.fits["null"], places[1])


def test_what_to_do_is_in_the_words_of_the_place(answers, monkeypatch):
    """Of a model that does not fit, and of one that failed: in the terminal and on its page."""
    advice = Advice(python="Write code(x).", command_line="Write --option x.")
    number = {"where": "sd", "value": 2, "threshold": 1.01, "message": "No.", "remedy": advice}
    misfit = Finding(level="caution", code=MISFIT, about="model", **number)
    bad = Finding(level="bad", code="r_hat", **number)
    misfits = replace(answers, model_part=Verdict(findings=(misfit,)).on_model)
    for found in (misfits, replace(answers, verdict=("null", Verdict(findings=(bad,))))):
        monkeypatch.setattr(three_questions, "answer_questions", lambda *_, own=found, **__: own)
        told = CliRunner().invoke(app, ["answer"]).output
        page = str(answers_content(found, place="command line"))
        for text, said in ((told, "--option x"), (page, "--option x"), (str(found), "code(x)")):
            assert said in text
            assert ("code(x)" in text) != ("--option x" in text)


def study(sd_slope, *, slope=0.0, groups=40, each=15, seed=5):
    rng = np.random.default_rng(seed)
    manager = np.repeat(np.arange(groups), each)
    stigma = rng.normal(size=len(manager))
    slopes = slope + sd_slope * rng.normal(size=groups)[manager]
    level = 50 + 2 * rng.normal(size=groups)[manager]
    alliance = level + slopes * stigma + 5 * rng.normal(size=len(manager))
    return pd.DataFrame(
        {"wai total": alliance, "felt": stigma, "who": [f"M{k:02d}" for k in manager]}
    )


COLUMNS = {"outcome": "wai total", "predictor": "felt", "group": "who"}


def test_the_table_answers_all_three(answers):
    assert list(answers.table["question"]) == [1, 1, 2, 3, 3, 3]
    assert list(answers.table.index) == [
        "share of case_manager, model without stigma",
        f"share of case_manager, {VARYING}, over the rows",
        "slope of stigma",
        "sd of the slopes of stigma, by case_manager",
        f"elpd by case_manager: {VARYING} minus {FIXED}",
        f"Bayes factor: {VARYING} to {FIXED}",
    ]
    ends = answers.table[["lower", "estimate", "upper"]]
    # The Bayes factor is one of the three whose range it stands beside, and may be their largest.
    *inside, factor = ends.to_numpy(dtype=float)
    assert all(low < middle < high for low, middle, high in inside)
    assert factor[0] <= factor[1] <= factor[2]
    assert factor[0] < factor[2]
    said = answers.table["probability of"]
    assert list(said == "") == list(answers.table["probability"].isna())
    assert said.iloc[2] == "slope below 0"
    assert said.iloc[5] == "varying slopes, from even odds"
    assert answers.table["range"].iloc[4] == "2 standard errors"


def test_every_number_is_that_of_its_verb(answers):
    ends = ["mean", "lower", "upper"]
    table = answers.table[["estimate", "lower", "upper"]].to_numpy(dtype=float)
    fits = answers.fits
    share = ba.variance_shares(fits[NULL]).table.loc["case_manager", ends]
    assert table[0] == pytest.approx(share.to_numpy(dtype=float))
    averaged = ba.variance_shares(fits[VARYING], average=True).table.loc["case_manager", ends]
    assert table[1] == pytest.approx(averaged.to_numpy(dtype=float))
    slope = ba.summarize(fits[VARYING], variables=["b"]).table.iloc[1]
    assert table[2] == pytest.approx(slope[ends].to_numpy(dtype=float))
    below = float((fits[VARYING].posterior["b"][..., 1] < 0).mean())
    assert answers.table["probability"].iloc[2] == pytest.approx(max(below, 1 - below))
    sd = ba.summarize(fits[VARYING], variables=["sd_case_manager"]).table.iloc[1]
    assert table[3] == pytest.approx(sd[ends].to_numpy(dtype=float))
    points = answers.comparison.pointwise["log_density"]
    gaps = points[VARYING] - points[FIXED]
    error = np.sqrt(len(gaps)) * gaps.std()
    expected = gaps.sum() + 2 * error * np.array([0, -1, 1])
    assert table[4] == pytest.approx(expected)
    evidence = {name: ba.log_evidence(fits[name], seed=9).log_evidence for name in (FIXED, VARYING)}
    # Bridges on the collapsed density repeat to 0.02 each.
    assert np.log(table[5][0]) == pytest.approx(evidence[VARYING] - evidence[FIXED], abs=0.04)
    assert table[5][1:] == pytest.approx(
        [
            answers.factors.sensitivity.loc[VARYING].min(),
            answers.factors.sensitivity.loc[VARYING].max(),
        ]
    )


def test_the_published_pattern_is_found_on_the_example(answers):
    """About 11% between case managers, a slope near the edge, slopes that vary."""
    assert 0.05 < answers.table["estimate"].iloc[0] < 0.2
    assert 0.9 < answers.table["probability"].iloc[2] < 0.975
    assert answers.votes["bayes factor"] == "vary"
    assert answers.notes[0].startswith("Simulated, not real clients.")
    assert len(answers.sentences) == 3
    assert answers.sentences[0].startswith("In a model without stigma, 1")
    assert ") of the variance lies between the groups of case_manager." in answers.sentences[0]
    assert "With slopes that vary, on average over the rows, " in answers.sentences[0]
    assert ") of the variance not explained by the predictors lies" in answers.sentences[0]


def test_the_spread_worth_speaking_of_is_weighed_against_the_prior(answers):
    fit = answers.fits[VARYING]
    x = ba.load_example("simulated_study")["stigma"].to_numpy()
    worth = 0.1 * float(fit.posterior["sigma"].mean()) / x.std()
    assert answers.notable_sd == pytest.approx(worth)
    larger = fit.posterior["sd_case_manager"][..., 1].to_numpy() > worth
    assert answers.table["probability"].iloc[3] == pytest.approx(larger.mean())
    drawn = ba.with_prior(fit, draws=4000, seed=1).idata["prior"]["sd_case_manager"][..., 1]
    # 4,000 draws put a probability within 0.03 of its value.
    assert answers.notable_prior == pytest.approx(float((drawn > worth).mean()), abs=0.03)


def test_slopes_that_vary_much_are_seen_both_times():
    # Twice the usual draws: with 1,000, one run of 24 had an R-hat just above 1.01 by chance.
    found = ba.answer_questions(study(4.0, slope=-3.0), **COLUMNS, seed=2, draws=2000)
    assert set(found.votes.values()) == {"vary"}
    assert "Both ways" in found.sentences[2]
    assert found.predictor in found.sentences[1]
    assert "lower by" in found.sentences[1]


def test_slopes_that_do_not_vary_are_not_made_up():
    found = ba.answer_questions(study(0.0, slope=3.0), **COLUMNS, seed=2)
    assert "vary" not in found.votes.values()
    assert found.table["estimate"].iloc[5] < 1
    assert found.notable_probability < found.notable_prior
    assert found.comparison.preferred == FIXED
    assert "Both ways" not in found.sentence
    assert "higher by" in found.sentences[1]


def test_an_interval_of_a_positive_number_does_not_vote(answers):
    """However far from 0 the interval stays, as it does on noise, the answer is the other two's."""
    noise = answers.slope_sd.copy()
    noise["lower"] = 0.9 * noise["mean"]
    sure = replace(answers, slope_sd=noise, notable_probability=1.0)
    assert sure.votes == answers.votes
    assert "sd" not in sure.votes
    assert sure.sentences[2].split(". ")[0] == answers.sentences[2].split(". ")[0]
    assert "does not count as an answer" in sure.sentences[2]


@pytest.mark.parametrize(
    ("factors", "gap", "says", "closes"),
    [
        ((9.0, 8.0, 7.0), 12.0, "Both ways", "slopes that vary."),
        ((9.0, 8.0, 7.0), 0.1, "One of two ways", "help little to predict a new group."),
        ((9.0, 2.0, 0.5), 12.0, "One of two ways", "depends on the prior."),
        ((0.6, 0.3, 0.15), 0.1, "speaks against it", "predicts a new group about as well."),
        ((2.0, 1.0, 0.6), 0.1, "The data do not say whether", "report both."),
        ((0.1, 0.2, 0.05), 12.0, "contradict each other", "before either model is believed."),
    ],
)
def test_the_sum_follows_the_two(answers, factors, gap, says, closes):
    term = answers.factors.terms[VARYING]
    table = term.table.assign(log_bayes_factor=np.log(factors), bayes_factor=factors)
    changed_factors = replace(answers.factors, terms={VARYING: replace(term, table=table)})
    comparison = answers.comparison.table.copy()
    assert list(comparison.index) == [VARYING, FIXED]
    comparison.loc[FIXED, ["difference", "standard_error_difference"]] = [-gap, 2.0]
    changed = replace(
        answers,
        factors=changed_factors,
        comparison=replace(answers.comparison, table=comparison),
    )
    assert says in changed.sentences[2]
    assert changed.sentences[2].endswith(closes)
    assert "Nothing speaks for" not in changed.sentences[2]


def test_a_bad_fit_gives_no_answers(answers):
    finding = Finding(
        level="bad", code="r_hat", where="", value=2.0, threshold=1.01, message="Chains disagree."
    )
    bad = replace(answers, verdict=(NULL, Verdict(findings=(finding,))))
    assert len(bad.sentences) == 1
    assert bad.sentence.startswith("The answers are withheld: the model 'null' failed a check.")
    assert "Chains disagree." in bad.sentence


def test_all_models_have_the_same_rows_and_those_dropped_are_counted():
    table = study(1.0, groups=12, each=6)
    table.loc[[1, 2], "felt"] = np.nan
    table.loc[[2, 3, 4], "wai total"] = np.nan
    found = ba.answer_questions(table, **COLUMNS, seed=1, draws=200, tune=300)
    assert found.dropped == 4
    assert {len(fit.model.frame.y) for fit in found.fits.values()} == {68}
    assert "4 rows lack a value" in str(found)


def test_one_seed_serves_all_and_is_told():
    table = study(1.0, groups=12, each=6)
    found = ba.answer_questions(table, **COLUMNS, draws=200, tune=300)
    (seed,) = {fit.settings.seed for fit in found.fits.values()}
    assert f"Seed {seed}" in str(found)
    again = ba.answer_questions(table, **COLUMNS, draws=200, tune=300, seed=seed)
    pd.testing.assert_frame_equal(again.table, found.table)


def test_priors_go_to_the_models_that_have_them():
    table = study(1.0, groups=12, each=6)
    priors = {"b[felt]": "Normal(0, 0.01)", "sd_who[felt]": "HalfNormal(0.5)"}
    found = ba.answer_questions(table, **COLUMNS, priors=priors, seed=1, draws=200, tune=300)
    assert abs(found.table["estimate"].iloc[2]) < 0.05
    with pytest.raises(ba.ModelError, match="b\\[flet\\]"):
        ba.answer_questions(table, **COLUMNS, priors={"b[flet]": "Normal(0, 1)"}, draws=10)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"outcome": "wai totl"}, "Did you mean 'wai total'"),
        ({"predictor": "who"}, "there twice"),
        ({"predictor": "words"}, "words is not numeric"),
    ],
)
def test_columns_that_do_not_serve_are_named(columns, says):
    table = study(1.0, groups=12, each=6).assign(words="often")
    with pytest.raises(ba.DataError) as caught:
        ba.answer_questions(table, **{**COLUMNS, **columns})
    assert says in str(caught.value)


def test_picture_has_a_line_for_each_group(answers):
    figure, axes = plt.subplots()
    assert answers.plot(axes) is axes
    assert len(axes.get_lines()) == 31
    thick = axes.get_lines()[-1]
    slope = np.diff(thick.get_ydata()) / np.diff(thick.get_xdata())
    assert slope[0] == pytest.approx(answers.table["estimate"].iloc[2])
    plt.close(figure)


def test_record_shows_itself(answers):
    assert "Bayes factor" in answers._repr_html_()
    assert answers.sentences[1] in str(answers)


def test_answers_are_shown_in_numbered_parts(answers):
    first, second, third, *parts = answers.items
    assert first == f"1. {answers.sentences[0]}"
    assert second == f"2. {answers.sentences[1]}"
    assert third.startswith("3. ")
    assert len(parts) == 5
    assert " ".join([third.removeprefix("3. "), *parts]) == answers.sentences[2]
    assert all(part in str(answers) for part in parts)


def test_a_fit_in_place_of_the_table_is_refused() -> None:
    with pytest.raises(ba.DataError, match="A dict was given in its place"):
        ba.answer_questions({"alliance": [1.0]})  # type: ignore[arg-type]
