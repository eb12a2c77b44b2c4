"""A model goes to plain JSON and comes back the same, with its rows or without."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.model.plain_json import from_json, to_json
from bayes_alliance.model.record import Question
from bayes_alliance.model.saved import fingerprint, model_from_json, model_to_json
from bayes_alliance.model.spec import Model

MODELS = {
    "slopes": ("alliance ~ stigma * setting + (1 + stigma | agency/manager)", {}),
    "learnt": (
        "alliance ~ scale(age) + within(stigma, manager) + between(stigma, manager)"
        " + bs(age, df=4) + C(wave) + (poly(age, 2) || manager)",
        {},
    ),
    "student": ("alliance ~ 0 + grade + offset(age)", {"family": "student"}),
    "probit": ("met ~ new + (1 | manager)", {"family": "bernoulli", "link": "probit"}),
    "ordinal": ("rating ~ stigma + (1 | manager)", {"family": "cumulative"}),
    "frequency": ("alliance | weights(counts) ~ stigma", {}),
    "meta": ("alliance | se(precise) ~ 1 + (1 | manager)", {}),
    "priors": (
        "alliance ~ stigma + (1 | manager)",
        {"priors": {"b": "Normal(0, 0.1)"}, "centred": True, "question": Question(text="Why?")},
    ),
}


def rebuilt(model, rows, positions):
    saved = json.loads(json.dumps(model_to_json(model)))
    return model_from_json(saved, rows, positions)


def assert_same(first, second):
    """Field by field, arrays to the last digit."""
    if dataclasses.is_dataclass(first) and not isinstance(first, type):
        for field in dataclasses.fields(first):
            # The user's whole table is not held; what was seen in it is.
            if field.name not in ("log_density", "simulate", "table", "told"):
                assert_same(getattr(first, field.name), getattr(second, field.name))
    elif isinstance(first, np.ndarray):
        np.testing.assert_array_equal(first, second)
    elif isinstance(first, pd.DataFrame):
        pd.testing.assert_frame_equal(first, second)
    elif isinstance(first, (tuple, list)):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    else:
        assert first == second


@pytest.mark.parametrize("name", MODELS)
def test_with_its_rows_a_model_comes_back_whole(name, clients):
    formula, options = MODELS[name]
    model = Model(formula, clients, **options)
    back = rebuilt(model, model.frame.rows, model.frame.positions)
    assert_same(model, back)
    assert back.data_report.notes == model.data_report.notes


@pytest.mark.parametrize("name", MODELS)
def test_without_rows_it_keeps_its_words_and_can_place_new_rows(name, clients):
    formula, options = MODELS[name]
    model = Model(formula, clients, **options)
    empty = model.frame.rows.iloc[:0].astype(object)
    back = rebuilt(model, empty, np.zeros(0, dtype=np.int64))
    assert len(back.frame.y) == 0
    assert (back.frame.weights is None) == (model.frame.weights is None)
    assert back.priors == model.priors
    assert back.design.coefficients == model.design.coefficients
    assert back.design.X.shape == (0, len(model.design.coefficients))
    for group, original in zip(back.design.groups, model.design.groups, strict=True):
        assert group.labels == original.labels
        assert group.blocks == original.blocks
        np.testing.assert_array_equal(group.caseloads, original.caseloads)
    new = clients.iloc[[5, 40]]
    first, second = model.rebuild_design(new), back.rebuild_design(new)
    np.testing.assert_array_equal(first.X, second.X)
    np.testing.assert_array_equal(first.offset, second.offset)
    for name_of_group in model.groups:
        np.testing.assert_array_equal(first.Z[name_of_group], second.Z[name_of_group])
        np.testing.assert_array_equal(first.index[name_of_group], second.index[name_of_group])


def test_no_client_row_is_in_the_json(clients):
    """Nothing as long as the table: no outcome, no predictor, no index."""
    model = Model(MODELS["slopes"][0], clients)
    lengths = []

    def walk(value):
        if isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            lengths.append(len(value))
            for item in value:
                walk(item)

    walk(model_to_json(model))
    assert max(lengths) < len(clients) / 2


def test_the_fingerprint_knows_the_rows(clients):
    first = fingerprint(clients)
    assert fingerprint(clients.copy()) == first
    changed = clients.copy()
    changed.loc[17, "stigma"] += 1e-9
    assert fingerprint(changed) != first
    assert fingerprint(clients.iloc[::-1]) != first
    assert fingerprint(clients.rename(columns={"age": "years"})) != first
    assert fingerprint(clients.assign(setting=clients["setting"].replace("home", "house"))) != first


def test_the_fingerprint_does_not_mind_how_a_table_was_stored(clients):
    stored = clients.assign(
        wave=clients["wave"].astype("float64"),
        setting=clients["setting"].astype("category"),
        manager=clients["manager"].astype(object),
        met=clients["met"].astype("Int8"),
    )[sorted(clients.columns)]
    assert fingerprint(stored) == fingerprint(clients)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -2.5, "text", 1e300, float("inf"),
        [1, [2.0, "x"]], {"a": {1: [None]}}, [],
    ],
)  # fmt: skip
def test_plain_values_survive(value):
    assert from_json(json.loads(json.dumps(to_json(value)))) == value


@pytest.mark.parametrize(
    "array",
    [np.arange(6).reshape(2, 3), np.array([0.1, -1e-300]), np.zeros((0, 4)), np.array(["a", "bc"])],
)
def test_arrays_survive_with_dtype_and_shape(array):
    back = from_json(json.loads(json.dumps(to_json(array))))
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype
    assert back.shape == array.shape


def test_what_has_no_plain_form_is_refused():
    with pytest.raises(TypeError, match="object has no plain JSON form"):
        to_json(object())
