"""The strength of a sentence follows the numbers behind it."""

import dataclasses
import re
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance.data.examples import load_example
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.claims.claim_strength import strength_in_words
from bayes_alliance.report.content import ReportContent
from bayes_alliance.report.results import Results, collect_results
from bayes_alliance.report.sentences import (
    Slope,
    all_slopes,
    conclusions,
    placed_slopes,
    share_sentences,
    slope_sentence,
    varying_sentences,
    verdict_sentence,
)
from bayes_alliance.sampling.fit import Fit

CERTAIN = ("almost certainly", "very probably", "probably")


def slope(negative: float, mean: float = -2.0) -> Slope:
    return Slope(name="stigma", mean=mean, lower=mean - 2, upper=mean + 2, negative=negative)


@pytest.fixture(scope="module")
def results(slopes_fit: Fit):
    return collect_results(slopes_fit)


@pytest.mark.parametrize(
    ("negative", "mean", "words"),
    [
        (0.995, -2.0, "almost certainly negative"),
        (0.96, -2.0, "very probably negative"),
        (0.92, -2.0, "is probably negative"),
        (0.03, 2.0, "very probably positive"),
    ],
)
def test_strength_of_a_slope(slopes_fit: Fit, negative: float, mean: float, words: str) -> None:
    sentence = slope_sentence(slopes_fit.model, slope(negative, mean))
    assert words in sentence
    assert ("lower" if mean < 0 else "higher") in sentence


@pytest.mark.parametrize(
    ("terms", "coefficient", "words"),
    [
        ("stigma", "stigma", "One unit more of stigma goes"),
        (
            "within(stigma, case_manager) + between(stigma, case_manager)",
            "within(stigma, case_manager)",
            "One unit more of stigma within case managers goes",
        ),
        (
            "within(stigma, case_manager) + between(stigma, case_manager)",
            "between(stigma, case_manager)",
            "One unit more of mean stigma between case managers goes",
        ),
        (
            "stigma * months_in_care",
            "stigma",
            "One unit more of stigma, where what it interacts with is 0, goes",
        ),
        ("stigma * months_in_care", "stigma:months_in_care", "The term stigma:months_in_care goes"),
    ],
)
def test_a_sentence_says_what_there_is_one_more_of(
    terms: str, coefficient: str, words: str
) -> None:
    model = ba.Model(f"alliance ~ {terms} + (1 | case_manager)", ba.load_example("simulated_study"))
    assert coefficient in model.design.coefficients
    told = dataclasses.replace(slope(0.995), name=coefficient)
    assert slope_sentence(model, told).startswith(words)


@given(negative=st.floats(0.5, 1.0))
def test_a_sentence_is_as_sure_as_a_claim(slopes_fit: Fit, negative: float) -> None:
    """The report and ``hypothesis`` put one probability equally strongly."""
    sentence = slope_sentence(slopes_fit.model, slope(negative))
    claimed = strength_in_words("it is", negative)
    open_claim = "more probable than not" in claimed or "do not say" in claimed
    assert open_claim == ("leave open" in sentence)
    assert ("very probable" in claimed) == ("very probably" in sentence)
    assert ("little doubt" in claimed) == ("almost certainly" in sentence)


@given(negative=st.floats(0.201, 0.799))
def test_an_open_direction_is_called_open(slopes_fit: Fit, negative: float) -> None:
    sentence = slope_sentence(slopes_fit.model, slope(negative))
    assert "leave open" in sentence
    assert not any(f"is {words}" in sentence for words in CERTAIN)


def test_slopes_on_the_logit_scale_are_odds(ordinal_fit: Fit) -> None:
    sentence = slope_sentence(
        ordinal_fit.model, Slope(name="age", mean=0.0953, lower=0.01, upper=0.2, negative=0.001)
    )
    assert "higher odds of a higher rating (odds ratio 1.10, 95% interval 1.01 to 1.22)" in sentence


def test_slopes_of_yes_or_no_and_of_counts_name_what_becomes_more() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"age": rng.normal(size=60), "site": np.arange(60) % 6})
    table["calls"] = rng.poisson(3, 60)
    table["returned"] = (table["calls"] > 2) * 1
    one = Slope(name="age", mean=-0.1, lower=-0.2, upper=-0.01, negative=0.99)
    said = {
        ("returned", "bernoulli"): "goes with lower odds of returned being 1 (odds ratio 0.905",
        ("calls", "poisson"): "goes with a lower expected value of calls (rate ratio 0.905",
    }
    for (outcome, family), words in said.items():
        model = Model(f"{outcome} ~ age + (1 | site)", table, family=family)
        assert f"One unit more of age {words}" in slope_sentence(model, one)


def test_share_sentence_has_interval_and_place(results) -> None:
    (sentence,) = share_sentences(results)
    row = results.shares.table.loc["case_manager"]
    assert f"{100 * row['mean']:.0f}%" in sentence
    assert "95% interval" in sentence
    there = results.shares.beside.table.loc["case_manager", "mean"]
    placed = f"on average over the rows; at the mean of stigma (0.05) it is {100 * there:.0f}%."
    assert placed in sentence
    assert "between case managers" in sentence


def test_a_share_near_zero_is_said_to_be(results) -> None:
    table = results.shares.table.copy()
    table.loc["case_manager", "lower"] = 0.002
    shares = dataclasses.replace(results.shares, table=table)
    (sentence,) = share_sentences(dataclasses.replace(results, shares=shares))
    assert sentence.endswith("It may be next to nothing.")
    assert "next to nothing" not in share_sentences(results)[0]


def test_varying_slope_says_for_how_many_it_is_negative(results) -> None:
    from scipy.stats import norm

    (sentence,) = varying_sentences(results)
    posterior = results.fit.posterior
    sd = posterior["sd_case_manager"].sel(case_manager_effect="stigma").to_numpy()
    negative = norm.cdf(0, posterior["b"].sel(coefficient="stigma").to_numpy(), sd).mean()
    assert f"It is estimated to be negative for {100 * negative:.0f}% of case managers" in sentence


def test_a_share_of_nearly_all_groups_is_said_in_plain_words(results) -> None:
    posterior = results.fit.posterior.copy(deep=True)
    posterior["b"] = posterior["b"] - 1000.0
    moved = dataclasses.replace(results, fit=results.fit.with_group("posterior", posterior))
    (sentence,) = varying_sentences(moved)
    assert "It is estimated to be negative for 100% of case managers like these" in sentence
    assert sentence.endswith("(both ends of the 95% interval: 100%).")


def test_conclusions_end_with_the_verdict(results) -> None:
    answers = conclusions(results)
    assert len(answers) == 4
    assert answers[-1] == verdict_sentence(results)


def test_a_bad_verdict_withholds_every_conclusion(bad_content: ReportContent) -> None:
    assert bad_content.level == "bad"
    assert len(bad_content.conclusions) == 1
    assert "withheld" in bad_content.conclusions[0]


def test_never_significant(slopes_page: str) -> None:
    text = re.sub(r"<[^>]*>", " ", slopes_page)
    assert "significan" not in text.lower()


@pytest.fixture(scope="module")
def interacting(made_up: ModuleType) -> Results:
    """Ages near 45, a category, and slopes that change along both."""
    table = load_example("simulated_study")
    rng, size = np.random.default_rng(2), len(table)
    sex = rng.permutation(np.resize([*"ffm"], size))
    table = table.assign(age=rng.normal(45, 10, size=size), sex=sex)
    formula = "alliance ~ stigma * age + stigma * sex + (1 + stigma | case_manager)"
    return collect_results(made_up.made_up_fit(Model(formula, table)))


def test_slopes_are_said_at_the_means_of_what_they_interact_with(interacting: Results) -> None:
    rows, b = interacting.fit.model.frame.rows, interacting.fit.posterior["b"]
    men = (rows["sex"] == "m").mean()
    own = b.sel(coefficient="stigma") + b.sel(coefficient="stigma:age") * rows["age"].mean()
    own = (own + b.sel(coefficient="stigma:sex[m]") * men).to_numpy()
    slope = next(s for s in placed_slopes(interacting) if s.name == "stigma")
    assert slope.mean == pytest.approx(own.mean(), rel=1e-9)
    assert slope.lower == pytest.approx(np.quantile(own, 0.025), rel=1e-9)
    assert slope.negative == (own < 0).mean()
    where = f", at the mean of age ({rows['age'].mean():.1f}), averaged over sex,"
    assert where in slope_sentence(interacting.fit.model, slope)
    (varying,) = varying_sentences(interacting)
    assert varying.startswith(f"The slope of stigma{where} differs between case managers")
    sex = next(s for s in placed_slopes(interacting) if s.name == "sex[m]")
    assert "sex m from f, at the mean of stigma" in slope_sentence(
        interacting.fit.model, dataclasses.replace(sex, negative=0.5)
    )
    said = slope_sentence(interacting.fit.model, dataclasses.replace(sex, negative=0.0))
    assert said.startswith("The level m of sex, compared with f, at the mean of stigma")
    # The coefficients as written stay as they are, under their own names.
    assert all_slopes(interacting)[0].mean == pytest.approx(
        float(b.sel(coefficient="stigma").mean()), rel=1e-9
    )
