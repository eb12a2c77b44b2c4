"""Bad input to a model gets one clear error: what was asked, what was found, what to do."""

import re

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba


@pytest.fixture(scope="module")
def clients() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    rows = 40
    return pd.DataFrame(
        {
            "client": [f"C{k:02d}" for k in range(rows)],
            "case_manager": np.repeat([f"P{k}" for k in range(8)], 5),
            "alliance": 50 + rng.normal(size=rows),
            "stigma": rng.normal(size=rows),
            "better": np.tile([0, 1], rows // 2),
            "rating": np.tile([1, 2, 3, 4], rows // 4),
            "setting": pd.Series(np.tile(["ward", "home"], rows // 2), dtype="str"),
        }
    )


def nothing(table):
    return table


def with_column(name, values):
    return lambda table: table.assign(**{name: values(table) if callable(values) else values})


MANAGED = "alliance ~ stigma + (1 | case_manager)"
DATA = {
    "missing column": (
        "alliance ~ stigmaa + (1 | case_manager)", {}, nothing, "Did you mean 'stigma'?"
    ),
    "missing outcome": ("allianc ~ stigma", {}, nothing, "Did you mean 'alliance'?"),
    "missing group": ("alliance ~ (1 | casemanager)", {}, nothing, "Did you mean 'case_manager'?"),
    "missing weights": ("alliance | weights(w) ~ stigma", {}, nothing, "needs the column w"),
    "missing in within": (
        "alliance ~ within(stigma, manager)", {}, nothing, "Did you mean 'case_manager'?"
    ),
    "outcome is text": ("setting ~ stigma", {}, nothing, "It is not numeric"),
    "outcome is constant": (MANAGED, {}, with_column("alliance", 5.0), "It is constant"),
    "constant once incomplete rows are gone": (
        MANAGED,
        {},
        lambda t: t.assign(
            alliance=np.where(t.index < 5, 1.0, 2.0), stigma=t["stigma"].where(t.index >= 5)
        ),
        "all 35 used rows have the value 2.0",
    ),
    "all rows missing": (MANAGED, {}, with_column("stigma", np.nan), "No row has all of them"),
    "all rows missing between them": (
        MANAGED,
        {},
        lambda t: t.assign(
            stigma=t["stigma"].where(t.index % 2 == 0),
            alliance=t["alliance"].where(t.index % 2 == 1),
        ),
        "every one of the 40 rows misses a value (alliance: 20, stigma: 20)",
    ),
    "no rows": (MANAGED, {}, lambda t: t.iloc[:0], "The table has none"),
    "one group": (MANAGED, {}, with_column("case_manager", "P0"), "one group only: P0"),
    "group is the row": ("alliance ~ (1 | client)", {}, nothing, "a group of its own"),
    "infinite outcome": (
        MANAGED, {}, lambda t: t.assign(alliance=t["alliance"].replace(t["alliance"][3], np.inf)),
        "alliance. It has 1 infinite values",
    ),
    "infinite predictor": (
        MANAGED, {}, lambda t: t.assign(stigma=t["stigma"].mask(t.index < 2, -np.inf)),
        "stigma. It has 2 infinite values",
    ),
    "doubled column": (
        MANAGED, {}, lambda t: pd.concat([t, t[["stigma"]]], axis=1), "more than one column"
    ),
    "ordinal with a gap": (
        "rating ~ stigma", {"family": "cumulative"},
        lambda t: t.assign(rating=t["rating"].replace(3, 400)), "Nobody is in most of them",
    ),
    "ordinal text": ("setting ~ stigma", {"family": "cumulative"}, nothing, "order is not known"),
    "yes/no as text": (
        "better ~ stigma", {"family": "bernoulli"},
        lambda t: t.assign(better=t["better"].map({0: "no", 1: "1"})), "It is text: '1', 'no'",
    ),
    "0/1 as 1/2": (
        "better ~ stigma", {"family": "bernoulli"}, lambda t: t.assign(better=t["better"] + 1),
        "values other than 0 and 1: '1', '2'",
    ),
    "reserved name": (
        "sigma ~ stigma", {}, lambda t: t.rename(columns={"alliance": "sigma"}),
        "column called sigma",
    ),
    "slash in a name": (
        "alliance ~ (1 | `a/b`)", {}, lambda t: t.rename(columns={"case_manager": "a/b"}),
        "one is a/b",
    ),
    "weights of zero": (
        "alliance | weights(w) ~ stigma", {}, with_column("w", 0), "numbers greater than 0"
    ),
}  # fmt: skip

MODEL = {
    "syntax": ("alliance ~ stigma + (1 | case_manager", {}, "never closed"),
    "no sign": ("alliance ~ stigma setting", {}, "a sign is missing"),
    "two tildes": ("alliance ~ stigma ~ setting", {}, "this one has 2"),
    "unknown function": ("alliance ~ scal(stigma)", {}, "Did you mean 'scale'?"),
    "function that fails": ("alliance ~ bs(stigma, df=1)", {}, "too small"),
    "outcome as predictor": ("alliance ~ alliance", {}, "among its own predictors"),
    "unknown family": (MANAGED, {"family": "gausian"}, "Did you mean 'gaussian'?"),
    "family of a later version": (MANAGED, {"family": "gamma"}, "The families are gaussian"),
    "unknown link": (MANAGED, {"link": "log"}, "It has identity"),
    "unknown parameter": (MANAGED, {"priors": {"sd_manager": "HalfNormal(1)"}}, "Did you mean"),
    "unknown distribution": (MANAGED, {"priors": {"b": "Gauss(0, 1)"}}, "The distributions are"),
    "unknown argument": (MANAGED, {"priors": {"b": "Normal(0, sd=1)"}}, "takes (mu, sigma)"),
    "impossible scale": (MANAGED, {"priors": {"b": "Normal(0, -1)"}}, "which is impossible"),
    "impossible support": (MANAGED, {"priors": {"sigma": "Normal(0, 1)"}}, "must be positive"),
    "prior that is none": (MANAGED, {"priors": {"b": "5"}}, "not a distribution"),
    "known errors of a yes-or-no outcome": (
        "better | se(stigma) ~ 1", {"family": "bernoulli"}, "Only a numeric outcome"
    ),
    "precision of an ordinal outcome": (
        "rating | weights(stigma, precision) ~ 1", {"family": "cumulative"}, "has none"
    ),
}  # fmt: skip


def one_clear_error(kind, words, act):
    with pytest.raises(kind) as caught:
        act()
    message = str(caught.value)
    assert words in message
    # What was asked, what was found (or a picture of the place), what to do; and not a novel.
    sentences = [part for part in re.split(r"[.?](?:\s|$)|\^\n", message) if part.strip()]
    assert len(sentences) >= 3
    assert len(message) < 900
    assert "Traceback" not in message


@pytest.mark.parametrize("name", DATA)
def test_data_that_cannot_answer(name, clients):
    formula, options, change, words = DATA[name]
    table = change(clients)
    before = table.copy(deep=True)
    one_clear_error(ba.DataError, words, lambda: ba.Model(formula, table, **options))
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("name", MODEL)
def test_models_that_cannot_be_built(name, clients):
    formula, options, words = MODEL[name]
    one_clear_error(ba.ModelError, words, lambda: ba.Model(formula, clients, **options))


def test_every_error_is_one_family():
    for kind in (ba.DataError, ba.ModelError, ba.SamplingError):
        assert issubclass(kind, ba.AllianceError)


def test_a_bad_name_in_the_priors_of_a_library_model(clients):
    with pytest.raises(ba.ModelError, match="The keys are"):
        ba.load_model("null", data=clients, priors={"sd": "HalfNormal(1)"})


def test_the_good_ones_beside_them_pass(clients):
    """The table itself is fine: it is the stated change that is refused."""
    assert ba.Model(MANAGED, clients).groups == ("case_manager",)
    ba.Model("rating ~ stigma", clients, family="cumulative")
    ba.Model("better ~ stigma", clients, family="bernoulli")
