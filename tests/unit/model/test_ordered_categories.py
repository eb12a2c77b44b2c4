"""What ordered categories count as, and categories that nobody chose."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.errors import DataError
from bayes_alliance.model.families.categories import (
    category_scores,
    score_note,
    score_words,
)
from bayes_alliance.model.families.registry import FAMILIES
from bayes_alliance.model.spec import Model


@pytest.mark.parametrize(
    ("levels", "scores", "words", "note"),
    [
        (("1", "2", "3"), [1, 2, 3], "1 to 3", "their own numbers, 1 to 3, equally far apart."),
        (("0", "1", "2"), [0, 1, 2], "0 to 2", "their own numbers, 0 to 2, equally far apart."),
        (("-1", "0"), [-1, 0], "-1 to 0", "their own numbers"),
        (("0", "2", "5"), [0, 2, 5], "0, 2, 5", "their own numbers, 0, 2, 5."),
        (("0.5", "1.0", "1.5"), [0.5, 1, 1.5], "0.5, 1, 1.5", "1.5, equally far apart."),
        (("low", "high"), [1, 2], "1 to 2", "their places, 1 to 2"),
        (("3", "2", "1"), [1, 2, 3], "1 to 3", "their places"),  # an order of one's own
        (("1", "2", "many"), [1, 2, 3], "1 to 3", "their places"),
        (("1", "1_0"), [1, 2], "1 to 2", "their places"),
        (("1", "inf"), [1, 2], "1 to 2", "their places"),
    ],
)
def test_categories_count_as_their_own_numbers_or_their_places(levels, scores, words, note):
    assert category_scores(levels).tolist() == scores
    assert score_words(levels) == words
    assert note in score_note(levels)


def test_the_expected_score_is_that_of_the_scored_categories():
    levels, chances = ("0", "2", "5"), np.array([0.2, 0.5, 0.3])
    family = FAMILIES["cumulative"]
    cutpoint = family.link.forward(np.cumsum(chances)[:-1])[None]
    found = family.expected(np.zeros((1, 1)), {"cutpoint": cutpoint}, levels)
    assert found[0, 0] == pytest.approx(chances @ [0, 2, 5])


@pytest.fixture
def gappy():
    rng = np.random.default_rng(3)
    return pd.DataFrame({"y": [1, 2, 5, 2, 1, 5] * 4, "x": rng.normal(size=24), "g": [*"abcd"] * 6})


def test_a_category_nobody_chose_is_kept_and_said(gappy):
    model = Model("y ~ x + (1 | g)", gappy, "cumulative")
    assert model.frame.levels == ("1", "2", "3", "4", "5")
    assert len(model.priors.of("cutpoint")) == 4
    (note,) = [n for n in model.data_report.notes if n.code == "empty_category"]
    assert note.level == "caution"
    assert "Nobody is in the categories 3, 4 of y" in note.message
    full = Model("y ~ x + (1 | g)", gappy.assign(y=gappy["y"].replace(5, 3)), "cumulative")
    assert not [n for n in full.data_report.notes if n.code == "empty_category"]


def test_it_is_refused_where_only_the_rows_could_place_its_thresholds(gappy):
    with pytest.raises(DataError, match="Nobody is in the categories 3, 4, and the thresholds"):
        Model("y ~ x + (1 | g)", gappy, "cumulative", priors={"cutpoint": "Flat()"})
    full = gappy.assign(y=gappy["y"].replace(5, 3))
    Model("y ~ x + (1 | g)", full, "cumulative", priors={"cutpoint": "Flat()"})


def test_the_advice_given_runs(gappy):
    with pytest.raises(DataError) as caught:
        Model("y ~ x + (1 | g)", gappy, "cumulative", priors={"cutpoint": "Flat()"})
    advice = str(caught.value).partition("for example priors=")[2].partition(", or join")[0]
    Model("y ~ x + (1 | g)", gappy, "cumulative", priors=eval(advice))
