"""Weights that are counts of clients are told from those that are sizes of a population."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.model.weight_checks import frequency_weights_of


def counts() -> pd.DataFrame:
    """Return the clients of six wards by outcome and sex, as counted: no two rows alike."""
    cells = pd.MultiIndex.from_product(
        [[f"w{k}" for k in range(6)], ["f", "m"], [0, 1]], names=["ward", "sex", "stayed"]
    ).to_frame(index=False)
    return cells.assign(n=np.resize([40, 13, 55, 9, 120], len(cells)))


def people(rows: int = 60) -> pd.DataFrame:
    """Return single people with a weight each."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "score": rng.normal(size=rows),
            "stayed": np.resize([0, 1, 1], rows),
            "ward": np.resize([f"w{k}" for k in range(6)], rows),
            "n": np.resize([800, 12_000, 3_500, 95_000], rows),
        }
    )


def note(model, code):
    return [n for n in model.data_report.notes if n.code == code]


def test_counts_of_clients_are_fine():
    model = ba.Model("stayed | weights(n) ~ sex + (1 | ward)", counts(), "bernoulli")
    (told,) = note(model, "rows_stand_for")
    assert told.level == "fine"
    assert f"24 rows stand for {counts()['n'].sum():,} clients" in told.message
    assert not note(model, "weights_like_population")
    assert model.data_report.nesting.table.loc["ward", "largest"] == max(
        counts().groupby("ward")["n"].sum()
    )


@pytest.mark.parametrize(
    ("formula", "family"),
    [("score | weights(n) ~ 1 + (1 | ward)", "gaussian"),  # many values: no two share one
     ("stayed | weights(n) ~ 1 + (1 | ward)", "bernoulli")],  # rows that are alike: not counted
)  # fmt: skip
def test_sizes_of_a_population_are_cautioned(formula, family):
    model = ba.Model(formula, people(), family)
    (told,) = note(model, "weights_like_population")
    assert told.level == "caution"
    weights = people()["n"].to_numpy(float)
    effective = weights.sum() ** 2 / (weights @ weights)
    assert f"as much as {effective:,.0f} rows of equal weight" in told.message
    for words in ("survey weights", "scaling them to a mean of 1", "population's composition"):
        assert words in told.text


def test_a_few_people_alike_are_no_population():
    """Weights of one for nearly all: they decide nothing."""
    data = people().assign(n=[2, *[1] * 59])
    model = ba.Model("score | weights(n) ~ 1 + (1 | ward)", data)
    assert not note(model, "weights_like_population")
    assert "61 clients" in str(model.data_report)


def test_weights_that_are_no_counts_are_called_pseudo():
    data = people().assign(n=lambda t: t["n"] / t["n"].mean())
    model = ba.Model("score | weights(n) ~ 1 + (1 | ward)", data)
    (told,) = note(model, "pseudo_posterior")
    assert "not whole numbers" in told.message


def test_weights_that_sum_to_one_are_refused():
    data = people().assign(n=lambda t: t["n"] / t["n"].sum())
    with pytest.raises(ba.DataError, match="sum to 1, less than two clients"):
        ba.Model("score | weights(n) ~ 1 + (1 | ward)", data)


def test_precision_weights_and_standard_errors_stand_for_nobody():
    data = people().assign(n=0.5)
    for left in ("score | weights(n, precision)", "score | se(n)"):
        model = ba.Model(f"{left} ~ 1 + (1 | ward)", data)
        assert frequency_weights_of(model.formula.response, model.frame) is None
        assert model.clients == 60
        assert model.clients_in_words == ""


def test_a_stream_is_cautioned_with_the_same_numbers():
    pl = pytest.importorskip("polars")
    scan = ba.scan_table(pl.from_pandas(people()).lazy())
    held = ba.Model("score | weights(n) ~ 1 + (1 | ward)", people())
    streamed = ba.Model("score | weights(n) ~ 1 + (1 | ward)", scan)
    told = [note(model, "weights_like_population")[0].text for model in (held, streamed)]
    assert told[0] == told[1]
    assert streamed.clients == held.clients


def test_a_row_of_its_own_group_that_stands_for_several_is_no_row_of_its_own():
    data = people(6).assign(n=[3, 2, 1, 1, 1, 4])
    assert len(ba.Model("score | weights(n) ~ 1 + (1 | ward)", data).design.groups[0].labels) == 6
    with pytest.raises(ba.DataError, match="a group of its own"):
        ba.Model("score | weights(n) ~ 1 + (1 | ward)", data.assign(n=1))
