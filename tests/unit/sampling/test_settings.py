"""Wishes about a run are checked when they are made, and what is left open is filled in."""

import pytest

import bayes_alliance as ba
from bayes_alliance.data.examples import load_example
from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.batch import sample_many
from bayes_alliance.sampling.run import compile_model, sample
from bayes_alliance.sampling.settings import Settings, make_settings

GOOD = {
    "engine": "nutpie",
    "engine_reason": "You asked for it.",
    "seed": 1,
    "chains": 4,
    "draws": 1000,
    "tune": 1000,
    "target_accept": 0.9,
    "max_tree_depth": 10,
    "cores": 2,
}


def test_wishes_are_kept():
    settings = make_settings(**GOOD)
    assert settings.as_dict() == {**GOOD, "seed_given": True}
    assert Settings(**settings.as_dict()) == settings


def test_a_seed_is_drawn_and_shown():
    first, second = (make_settings(**{**GOOD, "seed": None}) for _ in range(2))
    assert not first.seed_given
    assert first.seed != second.seed
    assert 0 <= first.seed < 2**31


def test_no_more_cores_than_chains():
    assert make_settings(**{**GOOD, "cores": 16}).cores == 4
    assert make_settings(**{**GOOD, "cores": None, "chains": 1}).cores == 1


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [
        ("chains", 0, 1),
        ("draws", 3, 4),
        ("draws", -5, 4),
        ("tune", -1, 0),
        ("max_tree_depth", 0, 1),
        ("cores", 0, 1),
        ("cores", -1, 1),
        ("seed", -1, 0),
    ],
)
def test_too_little(name, value, least):
    with pytest.raises(SamplingError, match=f"{name}={value} was asked for. It must be at least"):
        make_settings(**{**GOOD, name: value})
    assert getattr(make_settings(**{**GOOD, name: least}), name) == least


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 1.5, float("nan")])
def test_acceptance_is_a_probability(value):
    with pytest.raises(SamplingError, match="It is a probability"):
        make_settings(**{**GOOD, "target_accept": value})


def test_seeds_end():
    with pytest.raises(SamplingError, match="Seeds end at 2147483647"):
        make_settings(**{**GOOD, "seed": 2**31})


@pytest.fixture(scope="module")
def model():
    return Model("alliance ~ 1 + (1 | case_manager)", load_example("simulated_study"))


@pytest.mark.parametrize("verb", [sample, compile_model])
def test_an_unknown_engine_offers_a_close_one(verb, model):
    with pytest.raises(SamplingError, match="Did you mean 'nutpie'") as caught:
        verb(model, engine="nutpy")
    assert "auto" in str(caught.value)
    assert caught.value.facts["engine"] == "nutpy"


@pytest.mark.parametrize("memory", [-5, 0, float("nan"), "2", None, True])
def test_a_limit_of_memory_is_a_number_above_zero(model, memory):
    for verb, thing in [(sample, model), (sample_many, [model]), (ba.with_predictive, None)]:
        if thing is None:
            thing = sample(model, seed=1, draws=10, tune=50, chains=1, progress=False)
        with pytest.raises(SamplingError, match=r"memory=.* must be a number greater than 0"):
            verb(thing, seed=1, memory=memory)


def test_settings_are_checked_before_anything_is_compiled(model):
    with pytest.raises(SamplingError, match="draws=1"):
        sample(model, draws=1, engine="nutpie")
