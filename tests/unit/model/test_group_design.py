"""Who belongs to which group, what varies there, and which effects go together."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.model.formula import parse_formula
from bayes_alliance.model.group_design import apply_group, build_groups


def groups(text, clients, **options):
    return build_groups(parse_formula(f"y ~ {text}").group_terms, clients, clients, **options)


def test_rows_are_placed_in_sorted_groups(clients):
    (group,) = groups("(1 | manager)", clients)
    assert group.labels == ("m1", "m2", "m3", "m4")
    assert [group.labels[i] for i in group.index] == clients["manager"].tolist()
    np.testing.assert_array_equal(group.Z, np.ones((48, 1)))
    np.testing.assert_array_equal(group.caseloads, clients["manager"].value_counts().sort_index())
    assert (group.effects, group.blocks, group.pairs) == (("Intercept",), ((0,),), ())
    assert (group.upper, group.upper_labels) == (None, ())


def test_correlated_effects_are_one_block(clients):
    (group,) = groups("(1 + stigma + age | manager)", clients)
    assert group.effects == ("Intercept", "stigma", "age")
    assert group.blocks == ((0, 1, 2),)
    assert group.pairs == ((0, 1), (0, 2), (1, 2))
    assert group.pair_labels == ("Intercept ~ stigma", "Intercept ~ age", "stigma ~ age")
    np.testing.assert_array_equal(group.Z[:, 1:], clients[["stigma", "age"]])


def test_two_bars_make_every_effect_its_own_block(clients):
    (group,) = groups("(1 + stigma + age || manager)", clients)
    assert group.blocks == ((0,), (1,), (2,))
    assert group.pairs == ()


def test_terms_of_one_factor_are_joined(clients):
    (group,) = groups("(1 + stigma | manager) + (0 + age + setting | manager)", clients)
    assert group.effects[:3] == ("Intercept", "stigma", "age")
    assert group.blocks == ((0, 1), (2, 3, 4, 5))
    assert len(group.pairs) == 1 + 6
    assert group.pairs[1] == (2, 3)
    # The columns stand where the effects do.
    np.testing.assert_array_equal(group.Z[:, 2], clients["age"])


def test_a_slope_brings_its_intercept_as_in_lme4(clients):
    (group,) = groups("(stigma | manager)", clients)
    assert group.effects == ("Intercept", "stigma")
    (without,) = groups("(0 + stigma | manager)", clients)
    assert without.effects == ("stigma",)


def test_nested_groups_are_the_combinations_that_occur():
    """20 agencies of 10 managers each: 200 groups, not 20 x 200."""
    agencies = np.repeat(np.arange(20), 30)
    managers = np.repeat(np.arange(200), 3)
    rows = pd.DataFrame({"agency": agencies, "manager": managers})
    upper, lower = groups("(1 | agency/manager)", rows)
    assert (upper.name, lower.name) == ("agency", "agency:manager")
    assert (len(upper.labels), len(lower.labels)) == (20, 200)
    assert lower.factors == ("agency", "manager")
    assert lower.upper == "agency"
    in_agency = dict(zip(lower.labels, lower.upper_labels, strict=True))
    assert in_agency == {f"{a}:{m}": str(a) for a, m in zip(agencies, managers, strict=True)}


def test_the_same_id_under_two_agencies_is_two_groups(clients):
    _, lower = groups("(1 | agency/manager)", clients)
    assert lower.labels == tuple(f"{a}:m{m}" for a in ("north", "south") for m in (1, 2, 3, 4))
    expected = clients["agency"] + ":" + clients["manager"]
    assert [lower.labels[i] for i in lower.index] == expected.tolist()


def test_three_levels_name_the_one_above(clients):
    top, middle, bottom = groups("(1 | agency/manager/wave)", clients)
    assert (top.upper, middle.upper, bottom.upper) == (None, "agency", "agency:manager")
    assert bottom.upper_labels[0] == "north:m1"


def test_new_rows_find_their_group_and_new_groups_are_minus_one(clients):
    (group,) = groups("(1 + stigma | manager)", clients)
    rows = pd.DataFrame({"stigma": [1.0, 2.0, 3.0], "manager": ["m3", "unheard of", "m1"]})
    Z, index = apply_group(group, rows)
    np.testing.assert_array_equal(index, [2, -1, 0])
    np.testing.assert_array_equal(Z, [[1, 1], [1, 2], [1, 3]])


def test_an_unseen_combination_of_seen_ids_is_new():
    rows = pd.DataFrame({"a": list("xxyyzzz"), "b": [1, 1, 2, 2, 3, 3, 4]})
    _, lower = groups("(1 | a/b)", rows)
    _, index = apply_group(lower, pd.DataFrame({"a": ["x", "x"], "b": [1, 2]}))
    np.testing.assert_array_equal(index, [0, -1])


def test_ids_are_labels_whether_whole_numbers_or_floats(clients):
    numbered = clients.assign(manager=clients["manager"].str[1:].astype("int64"))
    (group,) = groups("(1 | manager)", numbered)
    assert group.labels == ("1", "2", "3", "4")
    _, index = apply_group(group, pd.DataFrame({"manager": [2.0, 4.0]}))
    np.testing.assert_array_equal(index, [1, 3])


def test_missing_group_column_in_new_rows(clients):
    (group,) = groups("(1 | manager)", clients)
    with pytest.raises(DataError, match="lack the column manager"):
        apply_group(group, clients[["stigma"]])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(1 | manager) + (1 + stigma | manager)", "Intercept stands in more than one term"),
        ("(0 | manager)", "Nothing does"),
        ("(offset(age) | manager)", "An offset() stands left of a bar"),
    ],
)
def test_what_varies_is_said_once(text, found, clients):
    with pytest.raises(ModelError) as caught:
        groups(text, clients)
    assert found in str(caught.value)


def test_one_group_only(clients):
    with pytest.raises(DataError, match="one group only: all"):
        groups("(1 | manager)", clients.assign(manager="all"))


def test_a_group_for_every_row(clients):
    numbered = clients.assign(row_id=np.arange(48))
    with pytest.raises(DataError, match="Every one of the 48 rows is a group of its own"):
        groups("(1 | row_id)", numbered)
    # With known standard errors the effects can be told from the errors: a meta-analysis.
    (group,) = groups("(1 | row_id)", numbered, group_may_be_row=True)
    assert len(group.labels) == 48


def test_ids_with_colons_must_not_run_together():
    rows = pd.DataFrame({"a": ["A:1", "A:1", "A", "A"], "b": ["2", "2", "1:2", "1:2"]})
    with pytest.raises(DataError, match=r"2 combinations share 1 labels|one group only"):
        groups("(1 | a:b)", rows)
    more = pd.concat([rows, pd.DataFrame({"a": ["B", "B"], "b": ["1", "1"]})])
    with pytest.raises(DataError, match="3 combinations share 2 labels"):
        groups("(1 | a:b)", more)
