"""Arguments that are no numbers, no probabilities, no tables and no fits, in words for people."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import AllianceError
from bayes_alliance.sampling.fit import Fit

NOT_NUMBERS = [None, "a", [0, 1], float("nan"), np.inf, pd.NA]
WITHIN = "within(stigma, case_manager)"


def _verbs() -> list[str]:
    """Return the public verbs that are asked of one fit, or of several."""
    takes = {
        name: list(inspect.signature(getattr(ba, name)).parameters)
        for name in ba.__all__
        if inspect.isfunction(getattr(ba, name))
    }
    return [name for name, given in takes.items() if given and given[0] in ("fit", "fits")]


@pytest.fixture(scope="module")
def centred_fit(clients: pd.DataFrame) -> Fit:
    """The deviation from the group's mean with a slope that varies."""
    formula = f"alliance ~ {WITHIN} + (1 + {WITHIN} | case_manager)"
    return ba.sample(ba.Model(formula, clients), seed=1)


@pytest.fixture(scope="module")
def product_fit(clients: pd.DataFrame) -> Fit:
    """An interaction of two numbers."""
    table = clients.assign(age=np.arange(len(clients)) % 40.0)
    return ba.sample(ba.Model("alliance ~ stigma * age + (1 | case_manager)", table), seed=1)


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_shares_stand_at_finite_numbers(slopes_fit: Fit, centred_fit: Fit, value: Any) -> None:
    """A missing value of a centred predictor once gave dashes and a sentence about nu."""
    for fit, name in ((slopes_fit, "stigma"), (centred_fit, WITHIN)):
        with pytest.raises(ba.ModelError, match=r"State one finite number for ") as raised:
            ba.variance_shares(fit, at={name: value})
        assert f"{name} is {value!r}." in str(raised.value)


@pytest.mark.parametrize("value", [1, 1.5, True, np.float32(1), np.int64(1), np.bool_(True)])
def test_numbers_of_every_type_are_numbers(slopes_fit: Fit, value: Any) -> None:
    found = ba.variance_shares(slopes_fit, at={"stigma": value}).table
    expected = ba.variance_shares(slopes_fit, at={"stigma": float(value)}).table
    pd.testing.assert_frame_equal(found, expected)


def test_curves_ratios_and_slopes_are_at_finite_numbers(
    slopes_fit: Fit, bernoulli_fit: Fit, product_fit: Fit
) -> None:
    with pytest.raises(ba.ModelError, match=r"stigma is 'a'\. State one finite number"):
        ba.share_curve(slopes_fit, "stigma", values=["a"])
    with pytest.raises(ba.ModelError, match=r"stigma is 'a'\. State one finite number"):
        ba.median_odds_ratio(bernoulli_fit, at={"stigma": "a"})
    for values in (["a"], "a", [None], [[0, 1]], []):
        with pytest.raises(ba.ModelError, match="State one or more finite numbers"):
            ba.simple_slopes(product_fit, "stigma", by="age", values=values)
    with pytest.raises(ba.ModelError, match=r"stigma was stated as 'a'\. State one finite"):
        ba.simple_slopes(product_fit, "stigma", by="age", at={"stigma": "a"})


def test_categories_are_stated_as_they_are(clients: pd.DataFrame, make_fit) -> None:
    table = clients.assign(setting=np.where(np.arange(len(clients)) % 2, "home", "ward"))
    fit = make_fit(ba.Model("alliance ~ setting + (1 + setting | case_manager)", table))
    assert ba.variance_shares(fit, at={"setting": "home"}).table["mean"].notna().all()
    for value in ("hom", None, ["home", "ward"]):
        with pytest.raises(ba.ModelError, match="State one of its categories: home, ward"):
            ba.variance_shares(fit, at={"setting": value})


@pytest.mark.parametrize("wrong", ["a", "0.5", None])
@pytest.mark.parametrize(
    "ask",
    [
        lambda fit, value: ba.predict(
            fit, pd.DataFrame({"stigma": [1.0, value, 2.0]}, dtype=object)
        ),
        lambda fit, value: ba.predict(fit, ba.grid(fit, stigma=[value, 1])),
        lambda fit, value: ba.contrast(fit, {"stigma": [0, value]}),
        lambda fit, value: ba.contrast(
            fit, "stigma", pd.DataFrame({"stigma": [1.0, value]}, dtype=object)
        ),
        lambda fit, value: ba.slopes(
            fit, "stigma", pd.DataFrame({"stigma": [1.0, value]}, dtype=object)
        ),
    ],
    ids=["predict", "grid", "values", "contrast", "slopes"],
)
def test_predictions_are_from_numbers(slopes_fit: Fit, ask: Callable[..., Any], wrong: Any) -> None:
    with pytest.raises((ba.DataError, ba.ModelError), match="stigma"):
        ask(slopes_fit, wrong)


def test_text_in_a_numeric_column_is_named(slopes_fit: Fit) -> None:
    rows = pd.DataFrame({"stigma": ["1", "b", "1"]})
    with pytest.raises(ba.DataError) as raised:
        ba.predict(slopes_fit, rows)
    assert str(raised.value) == (
        "The model takes stigma as numbers. It is no number in 3 rows: '1', 'b'. "
        "Give stigma as numbers, as in the data the model was built on."
    )


def test_numbers_in_a_column_of_objects_are_numbers(slopes_fit: Fit) -> None:
    found = ba.predict(slopes_fit, pd.DataFrame({"stigma": [1, 2.5]}, dtype=object))
    expected = ba.predict(slopes_fit, pd.DataFrame({"stigma": [1.0, 2.5]}))
    np.testing.assert_array_equal(found.table["mean"], expected.table["mean"])


def test_a_mapping_of_columns_is_a_table(slopes_fit: Fit) -> None:
    expected = ba.predict(slopes_fit, pd.DataFrame({"stigma": [1.0, 2.0]})).table["mean"]
    found = ba.predict(slopes_fit, {"stigma": [1.0, 2.0]}).table["mean"]
    np.testing.assert_array_equal(found, expected)
    one = ba.predict(slopes_fit, {"stigma": 1.0}).table["mean"]
    np.testing.assert_array_equal(one, expected[:1])


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([{"stigma": 1}], "given as list, which is no table"),
        ("stigma", "given as str, which is no table"),
        ({"stigma": [1, 2], "case_manager": ["a"]}, "not equally long: stigma: 2, case_manager: 1"),
    ],
)
def test_other_rows_are_refused(slopes_fit: Fit, rows: Any, found: str) -> None:
    for verb in (ba.predict, lambda fit, data: ba.contrast(fit, "stigma", data)):
        with pytest.raises(ba.DataError, match=found):
            verb(slopes_fit, rows)


@pytest.mark.parametrize("rope", [("a", "b"), 0.1, (0.1, None), (1, 0), (0, np.nan), "ab"])
def test_a_rope_has_two_numbers(slopes_fit: Fit, rope: Any) -> None:
    with pytest.raises(ba.ModelError, match="a lower and a higher finite end"):
        ba.hypothesis(slopes_fit, "stigma < 0", rope=rope)


@pytest.mark.parametrize("prob", ["a", None, [0.9], float("nan"), 0, 1, 95, True])
def test_a_probability_is_a_number_between_0_and_1(product_fit: Fit, prob: Any) -> None:
    for ask in (
        ba.summarize,
        ba.variance_shares,
        ba.client_correlations,
        ba.group_effects,
        ba.group_means,
        ba.predict,
        ba.nakagawa_r2,
        lambda fit, prob: ba.hypothesis(fit, "stigma < 0", prob=prob),
        lambda fit, prob: ba.simple_slopes(fit, "stigma", by="age", prob=prob),
    ):
        with pytest.raises(ba.ModelError, match=r"Write prob=0\.95 for 95% intervals"):
            ask(product_fit, prob=prob)


@pytest.mark.parametrize("verb", _verbs())
def test_every_verb_wants_a_fit(verb: str, slopes_fit: Fit, tmp_path: Path) -> None:
    function = getattr(ba, verb)
    needed = [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    others = dict.fromkeys(needed[1:], "stigma")
    if verb == "write_report":
        others = {needed[1]: tmp_path / "report.html"}
    for wrong, advice in (
        (slopes_fit.model, "Sample the model first"),
        (None, "Sample the model first"),
        ("fit.nc", "Read a saved fit first"),
    ):
        with pytest.raises(AllianceError, match=advice):
            function(wrong, **others)


def test_bayes_factors_take_a_list_as_compare_does(null_fit: Fit, clients: pd.DataFrame) -> None:
    other = ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", clients), seed=1)
    found = ba.bayes_factors([null_fit, other], prior_scales=(1,))
    formulas = [fit.model.formula.text for fit in (null_fit, other)]
    assert list(found.tables[1.0].index) == formulas
    named = ba.bayes_factors(dict(zip("ab", (null_fit, other), strict=True)), prior_scales=(1,))
    np.testing.assert_array_equal(found.table["log_evidence"], named.table["log_evidence"])
    with pytest.raises(ba.ModelError, match="One fit was given"):
        ba.bayes_factors(null_fit)
    with pytest.raises(ba.ModelError, match=r"takes a fit\. It was given None"):
        ba.bayes_factors([null_fit, None])
