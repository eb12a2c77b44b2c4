"""A model on some of its rows keeps all it learnt."""

import numpy as np
import pytest

from bayes_alliance.errors import DataError
from bayes_alliance.model.spec import Model
from bayes_alliance.model.subset import keep_rows

FORMULA = "y ~ scale(x) + between(x, team) + offset(o) + (1 + x | site/team)"


@pytest.fixture(scope="module")
def whole():
    import pandas as pd

    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "y": rng.normal(size=24),
            "x": rng.normal(size=24),
            "o": rng.normal(size=24),
            "w": rng.uniform(1, 2, 24),
            "team": np.tile(["a", "b", "c", "d"], 6),
            "site": np.tile(["n", "n", "s", "s"], 6),
        }
    )
    table.loc[3, "x"] = np.nan
    return Model(FORMULA.replace("y ~", "y | weights(w, precision) ~"), table)


def test_matrices_are_the_rows_that_stay(whole):
    kept = whole.design.group("site:team").index != 1
    part = keep_rows(whole, kept)
    np.testing.assert_array_equal(part.design.X, whole.design.X[kept])
    np.testing.assert_array_equal(part.design.offset, whole.design.offset[kept])
    np.testing.assert_array_equal(part.frame.y, whole.frame.y[kept])
    np.testing.assert_array_equal(part.frame.weights, whole.frame.weights[kept])
    np.testing.assert_array_equal(part.frame.positions, whole.frame.positions[kept])
    assert part.frame.rows_used == kept.sum() == len(part.frame.rows)


def test_groups_are_counted_anew_and_keep_their_names(whole):
    part = keep_rows(whole, whole.design.group("site").index != 0)
    lower = part.design.group("site:team")
    assert lower.labels == ("s:c", "s:d")
    assert lower.upper_labels == ("s", "s")
    assert part.design.group("site").labels == ("s",)
    np.testing.assert_array_equal(np.unique(lower.index), [0, 1])
    np.testing.assert_array_equal(lower.caseloads, np.bincount(lower.index))


def test_priors_and_transforms_are_frozen(whole):
    """A model built anew on the same rows has other priors: that is what must not happen."""
    part = keep_rows(whole, whole.design.group("site:team").index != 0)
    anew = Model(whole.formula.text, part.frame.rows)
    assert part.priors is whole.priors
    assert part.priors.strings != anew.priors.strings
    assert np.abs(part.design.X - anew.design.X).max() > 0.01


def test_the_whole_model_is_left_alone(whole):
    before = whole.design.X.copy()
    keep_rows(whole, np.arange(len(whole.frame.y)) < 10)
    np.testing.assert_array_equal(whole.design.X, before)
    assert whole.groups == ("site", "site:team")


def test_a_model_without_rows_is_refused(whole):
    with pytest.raises(DataError, match="all of its"):
        keep_rows(whole, np.zeros(len(whole.frame.y), bool))
