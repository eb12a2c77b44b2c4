"""Which rows a model uses, how its outcome is coded, and what it says about the rest."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.model.families.registry import FAMILIES
from bayes_alliance.model.spec import Model


def coded(values, family):
    y, levels = FAMILIES[family].coded(pd.Series(values, name="score"))
    return y.tolist(), levels


@pytest.mark.parametrize(
    ("values", "family", "y", "levels"),
    [
        ([1, 2, 4], "gaussian", [1, 2, 4], ()),
        (pd.array([1.5, 2.5], dtype="Float64"), "student", [1.5, 2.5], ()),
        ([0, 1, 1], "bernoulli", [0, 1, 1], ()),
        ([True, False], "bernoulli", [1, 0], ()),
        ([0.0, 1.0], "bernoulli", [0, 1], ()),
        ([3, 5, 4], "cumulative", [0, 2, 1], ("3", "4", "5")),
        ([1.0, 2.0], "cumulative", [0, 1], ("1", "2")),
        ([-1, 0, 1], "cumulative", [0, 1, 2], ("-1", "0", "1")),
        (
            pd.Categorical(["good", "bad", "good"], categories=["bad", "good"], ordered=True),
            "cumulative",
            [1, 0, 1],
            ("bad", "good"),
        ),
        ([1, 2, 5], "cumulative", [0, 1, 4], ("1", "2", "3", "4", "5")),
        (
            pd.Categorical(["a", "c"], categories=["a", "b", "c", "d"], ordered=True),
            "cumulative",
            [0, 2],
            ("a", "b", "c", "d"),
        ),
    ],
)
def test_outcomes_are_coded(values, family, y, levels):
    assert coded(values, family) == (y, levels)


YES = pd.Categorical(["b", "a", "b"], categories=["a", "b"])


@pytest.mark.parametrize(
    ("values", "family", "found"),
    [
        ([3, 3, 3], "gaussian", "It is constant: all 3 used rows have the value 3"),
        ([1, 1], "bernoulli", "It is constant"),
        (["low", "high"], "gaussian", "It is not numeric; it has values such as 'high', 'low'"),
        (YES, "gaussian", "It is not numeric"),
        (["yes", "no"], "bernoulli", "It is text: 'no', 'yes'"),
        (YES, "bernoulli", "It is text"),
        ([0, 1, 2], "bernoulli", "It has values other than 0 and 1: '0', '1', '2'"),
        ([0.2, 1.0], "bernoulli", "It has values other than 0 and 1"),
        ([0, 1.5, -2], "poisson", "It has values other than 0, 1, 2, ...: -2, 1.5"),
        (["0", "3", "5"], "poisson", "If these are numbers, convert them with data.assign("),
        (["few", "many"], "poisson", "Count the events of each row"),
        (["low", "high"], "cumulative", "Its order is not known"),
        (YES, "cumulative", "Its order is not known"),
        ([1.5, 2.0], "cumulative", "Its order is not known"),
        ([1, 2, 7], "cumulative", "Nobody is in most of them: 3, 4, 5, 6"),
    ],
)
def test_outcomes_that_do_not_fit(values, family, found):
    with pytest.raises(DataError) as caught:
        coded(values, family)
    assert found in str(caught.value)
    assert caught.value.facts["outcome"] == "score"


def test_the_advice_for_yes_and_no_runs():
    """The error writes the code that helps; it is run as it stands."""
    data = pd.DataFrame({"score": ["yes", "no", "yes"]})
    with pytest.raises(DataError) as caught:
        FAMILIES["bernoulli"].coded(data["score"])
    advice = str(caught.value).partition("for example ")[2].rstrip(".")
    assert eval(advice, {"data": data})["score"].tolist() == [1, 0, 1]


def gappy(clients):
    table = clients.copy()
    table.loc[[2, 9], "stigma"] = np.nan
    table.loc[9, "alliance"] = np.nan
    table.loc[11, "manager"] = None
    table.loc[20, "age"] = np.nan  # not in the model
    return table


def test_incomplete_rows_are_dropped_counted_and_listed(clients):
    model = Model("alliance ~ stigma + (1 | manager)", gappy(clients).set_index("age"))
    report = model.data_report
    assert report.dropped == (2, 9, 11)
    assert report.missing == {"alliance": 1, "stigma": 2, "manager": 1}
    assert (report.rows_in_table, report.rows_used) == (48, 45)
    kept = np.setdiff1d(np.arange(48), [2, 9, 11])
    np.testing.assert_array_equal(model.frame.positions, kept)
    np.testing.assert_array_equal(model.frame.y, clients["alliance"].iloc[kept])
    (note,) = [n for n in report.notes if n.code == "rows_dropped"]
    assert note.level == "caution"
    assert "3 of 48 rows were dropped" in note.message
    assert report.table["missing values"].to_dict() == report.missing
    assert "45 of 48 rows used." in str(report)
    assert "45 of 48 rows used." in report._repr_html_()


def test_a_complete_table_has_no_such_note(clients):
    report = Model("alliance ~ stigma + (1 | manager)", clients).data_report
    assert report.dropped == ()
    assert report.missing == {}
    assert "rows_dropped" not in {n.code for n in report.notes}
    assert "48 of 48 rows used." in str(report)


def test_only_used_columns_are_kept(clients):
    model = Model(
        "alliance | weights(counts) ~ within(stigma, agency) + log(age) + (setting | manager)",
        clients,
    )
    used = {"alliance", "counts", "age", "stigma", "agency", "setting", "manager"}
    assert set(model.frame.rows.columns) == used
    assert len(model.frame.rows.columns) == len(used)
    assert model.frame.rows.columns[0] == "alliance"


def test_the_table_is_left_as_it_was(clients):
    before = clients.copy(deep=True)
    Model("alliance ~ grade * new + (1 + stigma | manager)", clients)
    pd.testing.assert_frame_equal(clients, before)


def test_weights_by_kind(clients):
    assert Model("alliance ~ stigma", clients).frame.weights is None
    for text, expected in {
        "weights(precise)": clients["precise"],
        "weights(precise, precision)": clients["precise"],
        "se(precise)": 1 / clients["precise"] ** 2,
    }.items():
        found = Model(f"alliance | {text} ~ stigma", clients).frame.weights
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("bad", [0.0, -1.0, "text"])
def test_weights_are_positive_numbers(bad, clients):
    weights = pd.Series([bad] + [1.0] * 47, dtype=object if bad == "text" else float)
    with pytest.raises(DataError, match="numbers greater than 0"):
        Model("alliance | weights(w) ~ stigma", clients.assign(w=weights))


def test_weights_that_are_no_counts_are_remarked_on(clients):
    codes = {n.code for n in Model("alliance | weights(precise) ~ 1", clients).data_report.notes}
    assert "pseudo_posterior" in codes
    for formula in ("alliance | weights(counts) ~ 1", "alliance | weights(precise, precision) ~ 1"):
        codes = {n.code for n in Model(formula, clients).data_report.notes}
        assert "pseudo_posterior" not in codes


@pytest.mark.parametrize(
    ("formula", "sets"),
    [
        ("alliance ~ stigma + age", []),
        ("alliance ~ stigma + far + far2 + stigma:far", []),  # nearly one line, yet not one
        ("alliance ~ age + stigma + twice", ["stigma, twice are collinear: one follows from the"]),
        (
            "alliance ~ stigma + age + born + interview + twice",
            ["age, born, interview are collinear: each", "stigma, twice are collinear: one"],
        ),
    ],
)
def test_collinear_columns_are_named_and_no_others(formula, sets, clients):
    rng = np.random.default_rng(2)
    interview = 2000 + rng.integers(0, 20, size=len(clients))
    age = rng.integers(20, 60, size=len(clients))
    table = clients.assign(
        twice=2 * clients["stigma"] + 1000,
        age=age,
        interview=interview,
        born=interview - age,
        far=1e6 + rng.normal(size=len(clients)),
    )
    table["far2"] = table["far"] + 1e-3 * rng.normal(size=len(clients))
    notes = Model(formula, table).data_report.notes
    messages = [note.message for note in notes if note.code == "collinear"]
    assert len(messages) == len(sets)
    for words in sets:
        assert any(message.startswith(words) for message in messages), messages


def test_notes_stand_most_serious_first(clients):
    levels = [n.level for n in Model("alliance ~ (1 | agency)", clients).data_report.notes]
    assert levels == sorted(levels, key=["bad", "caution", "fine"].index)


@pytest.mark.parametrize(
    "formula",
    [
        "alliance ~ alliance",
        "alliance ~ stigma + scale(alliance)",
        "alliance ~ offset(alliance)",
        "alliance ~ within(alliance, manager)",
        "alliance ~ 1 + (alliance | manager)",
    ],
)
def test_an_outcome_among_its_own_predictors(formula, clients):
    with pytest.raises(ModelError, match="among its own predictors"):
        Model(formula, clients)
