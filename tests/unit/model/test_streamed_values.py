"""What single values show is said of streamed rows in the words that held ones have."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bayes_alliance as ba
from bayes_alliance.data import scan_queries

FORMULA = "y ~ x + region + place + (1 | manager)"


def clean(n=600, seed=1):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "y": rng.normal(50, 10, n),
            "x": rng.normal(40, 10, n).round(),
            "region": rng.integers(1, 5, n),
            "place": rng.choice(["home", "clinic"], n),
            "manager": rng.permutation(np.arange(n) % 60) + 1,
        }
    )
    return table.assign(y=table["y"] + 0.2 * table["x"] + 2.0 * table["region"])


def with_values(table, name, value, rows):
    """Put a value into some rows, which are spread over the groups."""
    column = table[name].copy()
    column.iloc[:rows] = value
    return table.assign(**{name: column})


def _turning(table):
    return table.assign(y=table["y"] + np.array([0.0, 30, 0, 30])[table["region"] - 1])


def _with_words(table):
    texts = (np.arange(len(table)) % 4).astype(str).astype(object)
    texts[:9] = "unknown"
    return table.assign(place=pd.Series(texts, dtype="str"))


PLANTED = {
    "code of a predictor": (lambda t: with_values(t, "x", 999, 12), "codes", "x"),
    "code below": (lambda t: with_values(t, "x", -99, 12), "codes", "x"),
    "code of a measurement": (
        lambda t: with_values(t.assign(x=t["y"]), "x", 999, 12),
        "codes",
        "x",
    ),
    "code of the outcome": (lambda t: with_values(t, "y", -999.0, 5), "codes", "y"),
    "code among ids": (lambda t: with_values(t, "manager", 9999, 12), "codes", "manager"),
    "names as amounts": (_turning, "code_as_number", "region"),
    "words among numbers": (_with_words, "words_among_numbers", "place"),
    "names alike": (lambda t: with_values(t, "place", "Clinic ", 20), "similar_ids", "place"),
    "two values": (lambda t: t.assign(y=(t["y"] > t["y"].mean()) * 1), "outcome_two_values", "y"),
    "counts": (
        lambda t: t.assign(y=np.random.default_rng(2).geometric(0.25, len(t)) - 1),
        "outcome_counts",
        "y",
    ),
    "shares": (
        lambda t: t.assign(y=np.random.default_rng(2).beta(0.5, 3, len(t))),
        "outcome_shares",
        "y",
    ),
    "piled": (lambda t: t.assign(y=t["y"].round().clip(upper=62)), "outcome_at_end", "y"),
}
# What only a stream says, and what takes the rows.
_ELSEWHERE = {"rows", "not_looked_at", "constant_within_groups", "dropped_where"}


def notes_of(data):
    notes = ba.Model(FORMULA, data).data_report.notes
    return {str(note): note for note in notes if note.code not in _ELSEWHERE}


def streamed(table):
    return ba.scan_table(pl.from_pandas(table).lazy(), rows_a_batch=200)


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("gaps", [False, True])
def test_what_is_planted_is_said_in_the_same_words(planted, gaps):
    plant, code, column = PLANTED[planted]
    table = plant(clean())
    if gaps:
        table.loc[len(table) - 30 :, "place"] = None
    held, there = notes_of(table), notes_of(streamed(table))
    assert set(there) == set(held)
    (found,) = [note for note in there.values() if note.code == code]
    assert found.columns == (column,)
    assert found.level == "caution"


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_said_of_a_clean_table(seed):
    table = clean(seed=seed)
    assert {note.code for note in notes_of(table).values()} == {"numeric_ids"}
    assert set(notes_of(streamed(table))) == set(notes_of(table))


@pytest.mark.parametrize("kind", ["int64", "float64", "str"])
@pytest.mark.parametrize("formula", [FORMULA, "y ~ x + (1 | manager) + (1 | place)"])
def test_ids_that_repeat_and_are_not_in_the_model_are_said_in_the_same_words(formula, kind):
    rng = np.random.default_rng(5)
    table = clean().sort_values("manager", ignore_index=True)
    visits = table.assign(client=np.arange(600) // 5)
    visits["y"] += rng.normal(0, 12, 120)[visits["client"]]
    visits["client"] = visits["client"].astype(kind)
    # Of each manager's rows, in any order: nobody's.
    apart = visits.assign(client=rng.permutation(visits["client"].to_numpy()))
    for data, said in ((visits, True), (apart, False)):
        notes = [ba.Model(formula, own).data_report.notes for own in (data, streamed(data))]
        held, there = ({str(n) for n in own if n.code == "repeated_ids"} for own in notes)
        assert there == held
        assert bool(there) == said


def test_a_column_of_many_values_is_counted_in_bins_and_its_codes_by_themselves(monkeypatch):
    table = with_values(
        clean().assign(x=np.random.default_rng(3).normal(40, 10, 600)), "x", 999, 12
    )
    monkeypatch.setattr(scan_queries, "_MOST_VALUES", 50)
    monkeypatch.setattr(scan_queries, "_DIGITS", 2)
    (tally,) = scan_queries.tally_scanned(streamed(table), ["x"], "y").values()
    assert len(tally.values) < 100  # else they were not put together
    assert tally.rows.sum() == 600
    assert tally.rows[tally.values == 999.0].tolist() == [12]
    assert tally.mean() == pytest.approx(table["x"].mean())
    (found,) = [note for note in notes_of(streamed(table)).values() if note.code == "codes"]
    assert "x is 999 in 12 rows" in found.message


def test_columns_whose_ends_tell_nothing_are_not_counted():
    table = clean()
    assert set(scan_queries.tally_scanned(streamed(table), ["x"], "y")) == set()
    assert set(scan_queries.tally_scanned(streamed(table), ["x", "region"], "y")) == {"region"}


def test_what_was_seen_is_kept_with_the_fit(tmp_path):
    model = ba.Model(FORMULA, streamed(with_values(clean(), "x", 999, 12)))
    fit = ba.sample(model, draws=50, tune=50, chains=2, seed=1)
    loaded = ba.load_fit(fit.save(tmp_path / "own.fit"))
    assert loaded.model.data_report.notes == model.data_report.notes
    assert "codes" in {note.code for note in loaded.model.data_report.notes}
