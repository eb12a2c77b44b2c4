"""Scores equal those worked out by hand, with reversed and missing items."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance.data.scales.key import ScaleKey
from bayes_alliance.errors import DataError

NAN = float("nan")
# Three clients' answers to the twelve items, and their means worked out on paper.
ANSWERS = {
    "w1": [5, 1, 2], "w2": [4, 2, NAN], "w3": [3, 3, 4], "w4": [2, 4, 1],
    "w5": [1, 5, 5], "w6": [5, 1, 2], "w7": [4, 2, 3], "w8": [3, 3, 1],
    "w9": [2, 4, 4], "w10": [1, 5, 3], "w11": [5, 1, 2], "w12": [4, 2, 4],
}  # fmt: skip
BY_HAND = {
    "wai_sr": [39 / 12, 33 / 12, 31 / 11],
    "wai_sr_task": [14 / 4, 10 / 4, NAN],  # the third has three of four: too few at 0.8
    "wai_sr_bond": [10 / 4, 14 / 4, 16 / 4],
    "wai_sr_goal": [15 / 4, 9 / 4, 6 / 4],
}
MINE = ScaleKey(name="mine", title="Mine", items=4, lowest=0, highest=3, reversed=(2, 4))


def clients() -> pd.DataFrame:
    return pd.DataFrame({"id": ["a", "b", "c"], **ANSWERS})


def test_means_are_those_by_hand():
    scores = ba.score_scale(clients(), "wai_sr", "w{}")
    for name, values in BY_HAND.items():
        np.testing.assert_allclose(scores.data[name], values, rtol=1e-14)
    assert scores.data[list(clients())].equals(clients())
    assert scores.table["prorated"].tolist() == [1, 0, 0, 0]
    assert scores.table["missing"].tolist() == [0, 1, 0, 0]


def test_sums_of_prorated_rows_are_of_all_items():
    scores = ba.score_scale(clients(), "wai_sr", "w{}", score="sum", answered=0.7)
    assert scores.data["wai_sr"].tolist() == pytest.approx([39, 33, 31 / 11 * 12])
    assert scores.data["wai_sr_task"].tolist() == pytest.approx([14, 10, 9 / 3 * 4])
    assert scores.table.loc["wai_sr", ["lowest", "highest"]].tolist() == [12, 60]


def test_reversed_items_count_the_other_way_round():
    table = pd.DataFrame({"a": [0, 3], "b": [3, 0], "c": [1, 3], "d": [3, 1]})
    scores = ba.score_scale(table, MINE, list("abcd"), score="sum")
    assert scores.data["mine"].tolist() == [0 + 0 + 1 + 0, 3 + 3 + 3 + 2]
    turned = ba.score_scale(table, MINE, list("abcd"), score="sum", reverse=[])
    assert turned.data["mine"].tolist() == [7, 7]


@given(
    answers=st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=9),
    order=st.permutations(range(4)),
)
def test_scores_follow_the_items_not_the_columns(answers, order):
    table = pd.DataFrame(answers, columns=list("abcd"))
    plain = ba.score_scale(table, MINE, list("abcd")).data["mine"]
    moved = table[[table.columns[k] for k in order]]
    assert ba.score_scale(moved, MINE, list("abcd")).data["mine"].equals(plain)
    mirrored = 3 - table
    np.testing.assert_allclose(
        ba.score_scale(mirrored, MINE, dict(enumerate("abcd", start=1))).data["mine"], 3 - plain
    )


@pytest.mark.parametrize("wrong", [{"task": (1, 2, 8, 12)}, {"goal": (4, 6, 10, 11)}])
def test_a_wrong_map_would_fail(wrong):
    """Maps of the twelve items that stand in public documents mix two versions."""
    scores = ba.score_scale(clients(), "wai_sr", "w{}", subscales=wrong, answered=0.7)
    (name,) = wrong
    right = ba.score_scale(clients(), "wai_sr", "w{}", answered=0.7)
    assert not np.allclose(scores.data[f"wai_sr_{name}"], right.data[f"wai_sr_{name}"])


def test_what_is_not_verified_is_refused_until_it_is_said():
    with pytest.raises(DataError) as caught:
        ba.score_scale(clients(), "wai_s", "w{}")
    said = str(caught.value)
    for words in ("which items make a subscale", "reverse=[4, 10]", "accept_unverified=True"):
        assert words in said
    key = ba.load_scale("wai_s")
    spelled = {"subscales": key.subscales, "reverse": [4, 10]}
    by_hand = ba.score_scale(clients(), "wai_s", "w{}", **spelled)
    trusted = ba.score_scale(clients(), "wai_s", "w{}", accept_unverified=True)
    pd.testing.assert_frame_equal(by_hand.data, trusted.data)
    with pytest.raises(DataError, match="not sure of which items are reversed"):
        ba.score_scale(clients(), "wai_s", "w{}", subscales=key.subscales)


def one_scale(rows=60, seed=1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(rows, 1))
    answers = np.clip(np.round(3 + 0.9 * (true + 0.7 * rng.normal(size=(rows, 12)))), 1, 5)
    return pd.DataFrame(answers, columns=[f"w{k}" for k in range(1, 13)])


def test_items_that_look_reversed_are_named():
    table = one_scale()
    assert ba.score_scale(table, "wai_sr", "w{}").notes == ()
    against = table.assign(w4=6 - table["w4"])
    (note,) = ba.score_scale(against, "wai_sr", "w{}").notes
    assert (note.code, note.columns) == ("looks_reversed", ("w4",))
    assert "Perhaps it has to be reversed" in note.text
    notes = {note.code: note for note in ba.score_scale(table, "wai_sr", "w{}", reverse=[7]).notes}
    assert notes["looks_reversed"].columns == ("w7",)
    assert "turned already" in notes["looks_reversed"].text


def test_rows_with_one_answer_throughout_are_counted():
    rng = np.random.default_rng(3)
    key = ScaleKey(name="k", title="K", items=6, lowest=1, highest=5, reversed=(2, 4, 6))
    true = rng.normal(size=(50, 1))
    answers = np.clip(np.round(3 + true + 0.7 * rng.normal(size=(50, 6))), 1, 5)
    answers[:, 1::2] = 6 - answers[:, 1::2]
    answers[7], answers[11], answers[12] = 5, 1, 3
    notes = ba.score_scale(pd.DataFrame(answers, columns=list("abcdef")), key, [*"abcdef"]).notes
    assert [note.code for note in notes] == ["one_answer"]
    # Three times the middle is no contradiction.
    assert notes[0].message.startswith("2 of 50 rows have one answer to all 6 items")


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        ({}, {"items": "x{}"}, "no column x1"),
        ({}, {"items": "w"}, "one pair of braces"),
        ({}, {"items": "w{0.real.__class__}{"}, "one pair of braces"),
        ({}, {"items": "w{:999999}"}, "one pair of braces"),
        ({}, {"items": ["w1", "w2"]}, "given for 2 items"),
        ({}, {"items": ["w1"] * 12}, "given twice"),
        ({"w3": [99, 3, 99]}, {}, "99 (2 rows)"),
        ({"w3": ["often", "never", None]}, {}, "holds no numbers"),
        ({"w3": [True, False, True]}, {}, "holds no numbers"),
        ({"wai_sr_bond": [1, 2, 3]}, {}, "has wai_sr_bond already"),
        ({}, {"score": "total"}, "'mean' or 'sum'"),
        ({}, {"answered": 0}, "above 0"),
        ({}, {"highest": 4}, "with answers from 1 to 4"),
        ({}, {"reverse": [13]}, "name item 13"),
        ({}, {"key": "wai"}, "given for 36 items"),
    ],
)
def test_what_cannot_be_scored_is_refused(table, options, words):
    asked = {"key": "wai_sr", "items": "w{}", **options}
    if options.get("key") == "wai":
        asked |= {"items": [f"w{k % 12 + 1}" for k in range(36)], "accept_unverified": True}
        words = "given twice"
    with pytest.raises(DataError) as caught:
        ba.score_scale(clients().assign(**table), **asked)
    assert words in str(caught.value)


def test_the_record_shows_itself():
    scores = ba.score_scale(clients(), "wai_sr", "w{}")
    assert "1 of 3 rows lack answers" in str(scores)
    assert "wai_sr_task" in scores._repr_html_()
