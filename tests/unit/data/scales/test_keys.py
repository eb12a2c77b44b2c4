"""Scoring keys: those of the package, those of one's own, and what is no key."""

import dataclasses

import pytest

import bayes_alliance as ba
from bayes_alliance.errors import DataError

# By hand, from the published scoring: which of the twelve items counts where.
BY_HAND = {
    "wai_sr": {"task": {1, 2, 10, 12}, "bond": {3, 5, 7, 9}, "goal": {4, 6, 8, 11}},
    # Not verified; typed here a second time against slips.
    "wai_s": {"task": {1, 2, 8, 12}, "bond": {3, 5, 7, 9}, "goal": {4, 6, 10, 11}},
}
OWN = """
title = "Mine"
items = 4
lowest = 0
highest = 3
reversed = [2]

[subscales]
first = [1, 2]
"""


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", BY_HAND)
def test_subscales_are_those_of_the_source(name):
    key = ba.load_scale(name)
    assert {own: set(items) for own, items in key.subscales.items()} == BY_HAND[name]


def test_what_is_verified_is_said():
    table = ba.list_scales().table
    assert table.index.tolist() == sorted(table.index)
    sure = table.index[table["not verified"] == ""].tolist()
    assert sure == ["wai_sr"]
    assert "subscales" in table.loc["wai_s", "not verified"]


def test_every_key_scores_each_item_once_in_its_subscales():
    for key in ba.list_scales().keys:
        items = [item for own in key.subscales.values() for item in own]
        assert sorted(items) in ([], list(key.numbers))
        assert key.provenance


def test_a_key_of_ones_own(tmp_path):
    key = ba.load_scale(write(tmp_path, OWN))
    assert key.name == "mine"
    assert (key.items, key.lowest, key.highest, key.reversed) == (4, 0, 3, (2,))
    assert key.subscales == {"first": (1, 2)}
    assert key.verified
    assert ba.load_scale(key) is key
    with pytest.raises(dataclasses.FrozenInstanceError):
        key.items = 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("items = 4", "items = 1"), "from 2 to 500"),
        (("items = 4", "items = 1000000000"), "from 2 to 500"),
        (("items = 4", "items = true"), "of another kind"),
        (("items = 4", ""), "lacks items"),
        (("lowest = 0", "lowest = 3"), "no range"),
        (("lowest = 0", "lowest = nan"), "no range"),
        (("[2]", "[5]"), "name item 5"),
        (("[2]", "[2, 2]"), "twice"),
        (("[2]", '["2"]'), "no list of item numbers"),
        (("[2]", "[true]"), "no list of item numbers"),
        (("first = [1, 2]", "first = [1]"), "needs two or more"),
        (("first = [1, 2]", '"a b" = [1, 2]'), "is no name"),
        (("first = [1, 2]", "first = 1"), "no list of item numbers"),
        (("title", "titel"), "lacks title"),
        (("reversed", "reverse"), "Did you mean 'reversed'?"),
        (('"Mine"', '"Mine'), "cannot be read as TOML"),
        (("items = 4", 'items = 4\nunverified = ["all"]'), "it may say"),
    ],
)
def test_what_is_no_key(tmp_path, change, words):
    text = OWN.replace(*change)
    assert text != OWN
    with pytest.raises(DataError) as caught:
        ba.load_scale(write(tmp_path, text))
    assert words in str(caught.value)


def test_keys_that_are_not_there(tmp_path):
    with pytest.raises(DataError, match=r"Did you mean 'wai_sr'\?"):
        ba.load_scale("wai-sr")
    with pytest.raises(DataError, match="no such file"):
        ba.load_scale(tmp_path / "none.toml")
    big = tmp_path / "big.toml"
    big.write_text("#" * 200_000, encoding="utf-8")
    with pytest.raises(DataError, match="more than 100,000 bytes"):
        ba.load_scale(big)
