"""Groups seen and new in one call, and the mean of a predictor that a group was taken to have."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.sampling.fit import Fit

MEAN = "between(stigma, case_manager)"
CENTRED = f"alliance ~ within(stigma, case_manager) + {MEAN} + (1 | case_manager)"


@pytest.fixture(scope="module")
def centred_fit(clients: pd.DataFrame, make_fit: Callable[..., Fit]) -> Fit:
    return make_fit(ba.Model(CENTRED, clients))


@pytest.fixture(scope="module")
def nested(clients: pd.DataFrame, make_fit: Callable[..., Fit]) -> Fit:
    return make_fit(ba.Model("stayed ~ stigma + (1 | agency/case_manager)", clients, "bernoulli"))


def drawn(found: Any) -> np.ndarray:
    values = next(iter(found.draws.data_vars.values())).to_numpy()
    return np.asarray(values.reshape(-1, *values.shape[2:]))


def coefficients(fit: Fit) -> np.ndarray:
    values = fit.posterior["b"].to_numpy()
    return np.asarray(values.reshape(-1, values.shape[-1]))


@pytest.mark.parametrize("kind", ["mean", "group"])
def test_rows_of_groups_seen_and_new_in_one_call(nested: Fit, kind: str) -> None:
    rows = pd.DataFrame(
        {
            "stigma": [1.0, 2.0, 3.0],
            "agency": ["A00", "A00", "A99"],
            "case_manager": ["M000", "M999", "M000"],
        }
    )
    found = drawn(ba.predict(nested, rows, target="either", kind=kind))
    same = {"agency": "same", "agency:case_manager": "same"}
    partly = {"agency": "same", "agency:case_manager": "new"}
    for row, target in enumerate([same, partly, "new"]):
        if target == same and kind == "group":
            target, asked = "same", "mean"  # nothing is drawn
        else:
            asked = kind
        alone = ba.predict(nested, rows.iloc[[row]], target=target, kind=asked)
        np.testing.assert_allclose(found[:, row], drawn(alone)[:, 0], atol=1e-9)


def test_the_output_counts_them(centred_fit: Fit) -> None:
    rows = pd.DataFrame({"stigma": [1.0] * 4, "case_manager": ["M000", "M001", "M001", "M999"]})
    both = ba.predict(centred_fit, rows, target="either")
    assert (
        "for the groups of case_manager in the data (3 rows of 2 groups) or averaged over the "
        "population of groups of case_manager (1 row of 1 new group)"
    ) in both.sentence
    assert both.notes[0].startswith("For the groups of case_manager in the data (3 rows")
    assert "Groups of case_manager that the model has not seen: M999." in both.notes
    known = ba.predict(centred_fit, rows.iloc[:3], target="either")
    assert "in the data (3 rows of 2 groups, none new)" in known.sentence
    new = ba.predict(centred_fit, rows.iloc[3:], target="either", kind="outcome")
    assert "drawn from the population (1 row of 1 new group, none seen)" in new.sentence
    unnamed = ba.predict(centred_fit, rows[["stigma"]], target="either")
    assert "(4 rows without a group, none seen)" in unnamed.sentence
    gaps = rows.assign(case_manager=["M000", None, None, "M999"])
    partly = ba.predict(centred_fit, gaps, target="either", kind="outcome")
    assert "(1 row of 1 new group and 2 rows without a group)" in partly.sentence


def test_rows_without_a_group_are_not_in_one_group(nested: Fit) -> None:
    """Their missing ids had been one new group."""
    rows = pd.DataFrame({"stigma": [2.0, 2.0], "agency": None, "case_manager": None})
    again = pd.DataFrame({"stigma": [2.0, 2.0], "agency": "new", "case_manager": "new"})
    apart = drawn(ba.predict(nested, rows, kind="outcome")).mean()
    assert 0 < apart < 1
    assert np.isfinite(drawn(ba.predict(nested, again, kind="outcome"))).all()


def test_seen_inside_new_is_refused(nested: Fit) -> None:
    with pytest.raises(ba.ModelError, match="'either' for agency:case_manager and 'new' for"):
        ba.predict(nested, target={"agency": "new", "agency:case_manager": "either"})
    ba.predict(nested, target={"agency": "either", "agency:case_manager": "new"}, draws=10)


def test_a_typing_error_is_refused_where_groups_seen_are_asked_for(centred_fit: Fit) -> None:
    rows = pd.DataFrame({"stigma": [1.0], "case_manager": ["m000"]})
    with pytest.raises(ba.DataError, match=r'has not seen m000.*target="either"'):
        ba.predict(centred_fit, rows, target="same")


@pytest.mark.parametrize("name", [MEAN, "between(stigma,case_manager)"])
def test_a_mean_is_stated_as_a_column(centred_fit: Fit, clients: pd.DataFrame, name: str) -> None:
    b, overall = coefficients(centred_fit), clients["stigma"].mean()
    rows = pd.DataFrame({"stigma": [1.0, 1.0], "case_manager": "new", name: [3.0, np.nan]})
    means = np.array([3.0, overall])
    found = ba.predict(centred_fit, rows)
    expected = b[:, [0]] + b[:, [1]] * (1.0 - means) + b[:, [2]] * means
    np.testing.assert_allclose(drawn(found), expected, atol=1e-9)
    assert MEAN in found.columns
    assert any("stated in 1 row and that over all rows (2.5" in note for note in found.notes)
    mapped = ba.predict(centred_fit, {"stigma": 1.0, name: 3.0})
    np.testing.assert_allclose(drawn(mapped), expected[:, :1], atol=1e-9)


def test_a_grid_over_a_mean_takes_the_predictor_along(centred_fit: Fit) -> None:
    """The usual client of such a group: at the group's mean."""
    rows = ba.grid(centred_fit, **{MEAN: [1.0, 2.0]})
    assert rows["stigma"].tolist() == [1.0, 2.0]
    b = coefficients(centred_fit)
    found = drawn(ba.predict(centred_fit, rows))
    np.testing.assert_allclose(found, b[:, [0]] + b[:, [2]] * [1.0, 2.0], atol=1e-9)
    kept = ba.grid(centred_fit, stigma=[5.0], **{MEAN: [1.0, 2.0]})
    assert kept["stigma"].tolist() == [5.0, 5.0]
    assert len(ba.grid(centred_fit, MEAN)) == 25


def test_the_sentence_says_which_mean_was_taken(centred_fit: Fit) -> None:
    average = ba.predict(centred_fit, ba.grid(centred_fit, stigma=[1.0]))
    assert "with the average group's mean of stigma, 2.5" in average.sentence
    assert any(f"a column {MEAN} states another" in note for note in average.notes)
    stated = ba.predict(centred_fit, ba.grid(centred_fit, **{MEAN: [1.0]}))
    assert f"{MEAN} = 1" in stated.sentence
    assert "The mean of stigma in case_manager is stated." in stated.notes
    own = ba.predict(centred_fit, target="same", by=())
    assert "average group's mean" not in own.sentence
    assert any("that of the row's own group." in note for note in own.notes)


def test_a_contrast_of_a_mean_is_the_contextual_effect(centred_fit: Fit) -> None:
    effect = ba.contextual_effects(centred_fit).table.xs("contextual", level="effect")
    expected = coefficients(centred_fit)[:, 2] - coefficients(centred_fit)[:, 1]
    for found in (ba.contrast(centred_fit, {MEAN: 1}), ba.slopes(centred_fit, MEAN)):
        np.testing.assert_allclose(drawn(found)[:, 0], expected, atol=1e-7)
        assert found.table["mean"].iloc[0] == pytest.approx(effect["mean"].iloc[0], abs=1e-7)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("between(stgma, case_manager)", 1.0, r"Did you mean 'between\(stigma, case_manager\)'"),
        ("within(stigma, case_manager)", 1.0, "uses no such group mean"),
        (MEAN, "high", "It is no number"),
        (MEAN, np.inf, "has no finite value"),
    ],
)
def test_what_states_no_mean_is_refused(
    centred_fit: Fit, name: str, value: object, said: str
) -> None:
    rows = pd.DataFrame({"stigma": [1.0], name: [value]})
    with pytest.raises(ba.DataError, match=said):
        ba.predict(centred_fit, rows)
    if isinstance(value, str):
        with pytest.raises(ba.DataError, match=r"takes .* as numbers"):
            ba.grid(centred_fit, **{name: value})


def test_the_average_group_stays_when_a_fit_is_saved_without_rows(
    clients: pd.DataFrame, tmp_path: Any
) -> None:
    """Groups of one row are forgotten there; the average is not."""
    table = clients.assign(case_manager=clients["case_manager"].where(clients.index > 0, "alone"))
    fit = ba.sample(ba.Model(CENTRED, table), seed=1, draws=20, tune=100)
    rows = pd.DataFrame({"stigma": [1.0], "case_manager": ["new"]})
    before = drawn(ba.predict(fit, rows))
    path = fit.save(tmp_path / "a.fit", data=False)
    np.testing.assert_array_equal(drawn(ba.predict(ba.load_fit(path), rows)), before)
    again = ba.load_fit(path, data=table)
    np.testing.assert_array_equal(again.model.design.X, fit.model.design.X)
