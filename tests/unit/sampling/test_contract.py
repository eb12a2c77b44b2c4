"""The engines' contract: what interrupted chains keep, and which models share a program."""

import numpy as np
import pytest

from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import (
    Compiled,
    keep_complete,
    model_shape,
    public_variables,
)
from bayes_alliance.sampling.progress import BarProgress, ChainState, NoProgress, make_progress
from bayes_alliance.sampling.run import sample


def chains(lengths, draws=100):
    """Draw number, with missing values behind the last one each chain made."""
    values = np.tile(np.arange(draws, dtype=float), (len(lengths), 1))
    for chain, length in enumerate(lengths):
        values[chain, length:] = np.nan
        values[chain] += 1000 * chain
    return values


@pytest.mark.parametrize(
    ("lengths", "kept", "length"),
    [
        ([40, 40, 40], [0, 1, 2], 40),
        ([40, 35, 40], [0, 1, 2], 35),
        ([40, 20, 39], [0, 1, 2], 20),
        ([40, 19, 39], [0, 2], 39),
        ([0, 30, 5], [1], 30),
        ([100, 100, 0], [0, 1], 100),
    ],
)
def test_chains_that_hold_half_of_the_longest_count(lengths, kept, length):
    values = chains(lengths)
    posterior, stats = keep_complete({"b": values[..., None]}, {"energy": values}, lengths)
    expected = values[kept, :length]
    np.testing.assert_array_equal(stats["energy"], expected)
    np.testing.assert_array_equal(posterior["b"][..., 0], expected)
    assert np.isfinite(stats["energy"]).all()


def test_variables_stand_in_the_containers_order(model):
    names = public_variables(model)
    assert len(names) == len(set(names))
    order = [n.split("_")[0] for n in names]
    rank = {"b": 0, "sd": 1, "cor": 1, "sigma": 2, "nu": 2, "cutpoint": 2, "u": 3}
    assert [rank[n] for n in order] == sorted(rank[n] for n in order)


FORMULA = "alliance ~ stigma + (1 + stigma | manager)"


def shape(clients, formula=FORMULA, **options):
    return model_shape(Model(formula, clients, **options))


def test_other_data_of_the_same_form_share_a_program(clients):
    first = shape(clients)
    assert shape(clients.assign(alliance=5 * clients["alliance"])) == first
    more = clients.loc[clients.index.repeat(2)].reset_index(drop=True)
    assert shape(more, centred=False) == first
    renamed = clients.assign(manager=clients["manager"].str.upper())
    assert shape(renamed) == first
    assert shape(clients, priors={"b": "Normal(1, 99)", "sigma": "HalfStudentT(3, 7)"}) == first
    assert hash(first) == hash(shape(clients))


@pytest.mark.parametrize(
    "options",
    [
        {"formula": "alliance ~ age + (1 + stigma | manager)"},
        {"formula": "alliance ~ stigma + (1 + stigma || manager)"},
        {"formula": "alliance ~ stigma + (1 | manager)"},
        {"formula": "alliance | weights(counts) ~ stigma + (1 + stigma | manager)"},
        {"formula": "alliance | weights(counts, precision) ~ stigma + (1 + stigma | manager)"},
        {"formula": "age ~ stigma + (1 + stigma | manager)"},
        {"family": "student"},
        {"centred": True},
        {"priors": {"b": "StudentT(4, 0, 1)"}},
        {"priors": {"sigma": "HalfStudentT(4, 1)"}},
        {"priors": {"cor_manager": "LKJ(1)"}},
    ],
)
def test_another_form_does_not(options, clients):
    assert shape(clients, **options) != shape(clients)


def test_links_and_numbers_of_groups_and_categories_matter(clients):
    met = {"formula": "met ~ stigma", "family": "bernoulli"}
    assert shape(clients, **met) != shape(clients, **met, link="probit")
    fewer = clients[clients["manager"] != "m3"]
    assert shape(fewer) != shape(clients)
    rating = {"formula": "rating ~ stigma", "family": "cumulative"}
    assert shape(clients[clients["rating"] < 3], **rating) != shape(clients, **rating)


def test_a_program_of_another_form_is_refused(clients):
    ready = Compiled(engine="nutpie", shape=shape(clients), program=None, seconds=1.0)
    with pytest.raises(SamplingError, match="differ in more than their data"):
        sample(Model("alliance ~ stigma", clients), compiled=ready, seed=1)


def test_no_bar_where_nobody_looks(capsys):
    assert isinstance(make_progress("nutpie", wanted=False), NoProgress)
    assert isinstance(make_progress("nutpie", wanted=None), NoProgress)  # pytest is no terminal
    with make_progress("nutpie", wanted=None) as progress:
        progress.show([ChainState(done=1, total=2, divergences=0)])
    assert capsys.readouterr() == ("", "")


def test_a_bar_adds_the_chains_up(capsys):
    with make_progress("nutpie", wanted=True) as progress:
        assert isinstance(progress, BarProgress)
        progress.show(
            [
                ChainState(done=2000, total=2000, divergences=3),
                ChainState(done=500, total=2000, divergences=1),
            ]
        )
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("Sampling (nutpie)", "2,500/4,000", "1/2 chains", "4 divergences"):
        assert words in shown
