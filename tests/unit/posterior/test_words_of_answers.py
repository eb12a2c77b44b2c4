"""Sentences say where they hold and whom they are about; the last one of an error is advice."""

import re

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.display import in_sentences
from bayes_alliance.errors import counted
from bayes_alliance.posterior.summaries import interval_phrase
from bayes_alliance.sampling.fit import Fit


def _refused(ask) -> str:
    with pytest.raises(ba.ModelError) as raised:
        ask()
    return str(raised.value)


@pytest.mark.parametrize(
    ("value", "largest", "text"),
    [
        (4.03e-06, 0.0327, "0.0000"),
        (-3.33e-16, 2.5, "0.00"),
        (-4.2e-05, 0.0123, "0.0000"),
        (-9.6e-05, 0.0123, "-0.0001"),
        (4.03e-06, 4.03e-06, "0.00000403"),
        (0.0052, 0.0327, "0.00520"),
        (12345.6, 12345.6, "12346"),
        (0.0, 0.0, "0.00"),
    ],
)
def test_no_power_of_ten_in_a_sentence(value: float, largest: float, text: str) -> None:
    assert in_sentences([value, largest])[0] == text


def test_an_interval_that_all_but_touches_zero() -> None:
    row = {"mean": 0.0052, "lower": 4.03e-06, "upper": 0.0327}
    assert interval_phrase(row, 0.95) == "0.00520 (95% interval 0.0000 to 0.0327)"


def test_counts_of_one() -> None:
    assert [counted(k, "row") for k in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


def test_raw_means_next_to_zero(make_fit) -> None:
    """The sum of a group's numbers that cancel is no power of ten to a reader."""
    y = np.tile([0.1, 0.2, -0.3, 1.0, 2.0, 3.0], 4)
    table = pd.DataFrame({"y": y, "g": np.repeat(list("abcdefgh"), 3)})
    found = ba.group_means(make_fit(ba.Model("y ~ 1 + (1 | g)", table)))
    assert 0 < abs(found.table["raw"]).min() < 1e-12
    assert "range from 0.00 to 2.00;" in found.sentence
    assert not re.search(r"\de[+-]", found.sentence)


def test_averages_stand_between_commas(slopes_fit: Fit, bernoulli_fit: Fit) -> None:
    linear = ba.client_correlations(slopes_fit, average=True).sentence
    assert "outcomes, on average over the rows, is 0." in linear
    link = ba.client_correlations(bernoulli_fit, average=True).sentence
    assert "outcomes on the link (logit) scale, on average over the rows, is 0." in link
    stated = ba.client_correlations(slopes_fit, at={"stigma": 1}).sentence
    assert "outcomes at stigma = 1 is 0." in stated
    odds = ba.median_odds_ratio(bernoulli_fit, average=True).sentence
    assert "ratio, on average over the rows, is " in odds


def test_two_clients_of_an_upper_group_do_not_share_the_lower_one(nested_fit: Fit) -> None:
    sentence = ba.client_correlations(nested_fit).sentence
    assert "two clients of the same agency but not of the same agency:case_manager and" in sentence
    assert sentence.endswith("for two clients of the same agency:case_manager.")


def test_one_prediction_says_where_and_for_which_group(slopes_fit: Fit) -> None:
    group = slopes_fit.model.design.groups[0].labels[2]
    rows = ba.grid(slopes_fit, stigma=2, case_manager=group)
    sentence = ba.predict(slopes_fit, rows, target="same").sentence
    assert f"at stigma = 2 and case_manager = {group}, for" in sentence


def test_places_of_several_predictions_are_told_apart(clients: pd.DataFrame) -> None:
    table = clients.assign(age=np.arange(len(clients)) % 40.0, fee=np.arange(len(clients)) % 7.0)
    fit = ba.sample(ba.Model("alliance ~ stigma + age + fee + (1 | case_manager)", table), seed=1)
    rows = pd.DataFrame({"stigma": [1, 2], "age": [3, 4], "fee": [5, 6]})
    sentence = ba.predict(fit, rows).sentence
    assert "at stigma = 1, age = 3 and fee = 5; " in sentence
    assert "at stigma = 2, age = 4 and fee = 6, averaged" in sentence


def test_a_single_outcome_that_is_0_or_1_has_a_probability(bernoulli_fit: Fit) -> None:
    found = ba.predict(bernoulli_fit, {"stigma": 2}, kind="outcome")
    mean = found.table["mean"].item()
    assert f"is 1 with probability {mean:.3f} at stigma = 2, for" in found.sentence
    assert "interval" not in found.sentence
    assert "interval" in ba.predict(bernoulli_fit, {"stigma": 2}).sentence


def test_advice_for_curves(null_fit: Fit, slopes_fit: Fit, clients: pd.DataFrame, make_fit) -> None:
    alone = make_fit(ba.Model("alliance ~ stigma", clients))
    text = _refused(lambda: ba.share_curve(alone, "stigma"))
    assert text.endswith(
        "The model has no groups, so none of its variance lies between groups. "
        "Add a group term whose slope varies, such as (1 + stigma | case_manager)."
    )
    text = _refused(lambda: ba.share_curve(null_fit, "stigma"))
    assert text.endswith(
        "Ask for variance_shares(fit): they are the same at all values of the predictors."
    )
    text = _refused(lambda: ba.share_curve(slopes_fit, "age"))
    assert text.endswith("Ask for the curve along stigma.")


def test_advice_for_shares(null_fit: Fit, clients: pd.DataFrame) -> None:
    within = "within(stigma, case_manager)"
    formula = f"alliance ~ {within} + (1 + {within} | case_manager)"
    fit = ba.sample(ba.Model(formula, clients), seed=1)
    text = _refused(lambda: ba.variance_shares(fit, at={"stigma": 0}))
    assert text.endswith(f"State that alone: at={{'{within}': ...}}.")
    text = _refused(lambda: ba.variance_shares(null_fit, at={"stigma": 0}))
    assert text.endswith("the answer is the same at all values of the predictors.")


def test_advice_for_slopes_along_themselves(slopes_fit: Fit, nested_fit: Fit) -> None:
    text = _refused(lambda: ba.simple_slopes(slopes_fit, "stigma", by="stigma"))
    assert text.endswith("Put a curve into the formula, as in stigma + I(stigma**2).")


def test_a_claim_of_nothing_known_lists_five_names(slopes_fit: Fit) -> None:
    text = _refused(lambda: ba.hypothesis(slopes_fit, "weight > 0"))
    advice = text[text.index("It has ") :]
    assert advice.count(",") == 4
    assert re.search(r" and \d+ more\.$", advice)
