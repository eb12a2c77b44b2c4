"""Group effects too large to store are drawn again, and nothing downstream can tell."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.checks.power_scaling import affordable
from bayes_alliance.report import results as report_results
from bayes_alliance.report.content import build_content
from bayes_alliance.sampling import redrawn as lazily
from bayes_alliance.sampling import thinning
from bayes_alliance.sampling.engines.collapsed import effects as collapsed_effects
from bayes_alliance.sampling.linear_predictor import check_redrawn_fit

SETTINGS = {"seed": 5, "chains": 2, "draws": 60, "tune": 200, "progress": False}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    manager = np.repeat(np.arange(12), 6)
    stigma = rng.normal(size=72)
    alliance = 3 + rng.normal(size=12)[manager] - stigma + rng.normal(size=72)
    labels = np.char.add("m", manager.astype(str))
    return pd.DataFrame(
        {
            "alliance": alliance,
            "stigma": stigma,
            "manager": labels,
            "agency": np.where(manager < 5, "north", np.where(manager < 9, "south", "west")),
        }
    )


@pytest.fixture(scope="module", params=["one factor", "two factors"])
def model(request, rows):
    groups = {
        "one factor": "(1 + stigma | manager)",
        "two factors": "(1 + stigma | agency/manager)",
    }
    return ba.Model(f"alliance ~ stigma + {groups[request.param]}", rows)


@pytest.fixture(scope="module")
def stored(model):
    return ba.sample(model, **SETTINGS)


@pytest.fixture
def redrawn(model, monkeypatch):
    monkeypatch.setattr(collapsed_effects, "STORED_BYTES", 0.0)
    return ba.sample(model, **SETTINGS)


def test_the_same_draws_come_back(stored, redrawn):
    assert stored.redrawn_effects == ()
    assert redrawn.redrawn_effects == tuple(names.u(group) for group in redrawn.model.groups)
    assert "Drawn again" in str(redrawn)
    for name, values in stored.posterior.data_vars.items():
        np.testing.assert_array_equal(redrawn.posterior[name].to_numpy(), values.to_numpy())


def test_any_part_is_the_part_of_the_whole(stored, redrawn):
    for group in stored.model.groups:
        lazy, whole = (fit.posterior[names.u(group)] for fit in (redrawn, stored))
        for part in (
            {"chain": 1, "draw": slice(3, 50, 7)},
            {"chain": [1, 0], "draw": [59, 0, 8], group: [2, 0]},
            {"chain": 0, "draw": 4, group: -1, names.effect(group): 1},
            {"draw": slice(None, None, -1), names.effect(group): [1]},
        ):
            taken, expected = lazy.isel(part), whole.isel(part)
            assert taken.dims == expected.dims
            np.testing.assert_array_equal(taken.to_numpy(), expected.to_numpy())


def test_only_the_draws_asked_for_are_made(redrawn, monkeypatch):
    made = []
    recover = collapsed_effects.Recovery.recover

    def counted(self, numbers):
        made.extend(numbers)
        return recover(self, numbers)

    monkeypatch.setattr(collapsed_effects.Recovery, "recover", counted)
    variable = redrawn.posterior[redrawn.redrawn_effects[0]]
    part = variable.isel(chain=1, draw=slice(10, 13))
    assert made == []
    part.to_numpy()
    assert made == [70, 71, 72]


def test_a_saved_fit_draws_them_again(stored, redrawn, tmp_path):
    loaded = ba.load_fit(redrawn.save(tmp_path / "redrawn.fit"))
    assert loaded.redrawn_effects == redrawn.redrawn_effects
    for name, values in stored.posterior.data_vars.items():
        np.testing.assert_array_equal(loaded.posterior[name].to_numpy(), values.to_numpy())


def test_a_fit_without_rows_stores_them(stored, redrawn, tmp_path):
    loaded = ba.load_fit(redrawn.save(tmp_path / "bare.fit", data=False))
    assert loaded.redrawn_effects == ()
    for name in redrawn.redrawn_effects:
        np.testing.assert_array_equal(
            loaded.posterior[name].to_numpy(), stored.posterior[name].to_numpy()
        )


def test_verbs_give_the_same_answers(stored, redrawn):
    for verb in (ba.with_log_likelihood, ba.with_predictive):
        first, second = verb(stored).idata, verb(redrawn).idata
        (new,) = set(first.children) - set(stored.idata.children)
        outcome = stored.model.outcome
        np.testing.assert_array_equal(first[new][outcome], second[new][outcome])
    pd.testing.assert_frame_equal(ba.group_effects(stored).table, ba.group_effects(redrawn).table)


def test_other_draws_are_refused(redrawn, monkeypatch):
    recover = collapsed_effects.Recovery.recover

    def other_version(self, numbers):
        coefficients, effects = recover(self, numbers)
        return coefficients + 1e-4, effects

    monkeypatch.setattr(collapsed_effects.Recovery, "recover", other_version)
    with pytest.raises(ba.SamplingError, match="Use the versions the fit names"):
        redrawn.posterior[redrawn.redrawn_effects[0]].to_numpy()


def test_what_would_not_fit_is_refused_beforehand(model, redrawn):
    with pytest.raises(ba.SamplingError, match=r"at once.*limit is 1e-06 GB"):
        check_redrawn_fit("Saving", redrawn, limit=1e-6)
    with pytest.raises(ba.SamplingError, match=r'engine="nutpie" keeps one number.*group effects'):
        ba.sample(model, engine="nutpie", memory=1e-6)


def test_another_engine_than_the_compiled_one_is_refused(model):
    ready = ba.compile_model(model, engine="collapsed")
    with pytest.raises(ba.SamplingError, match='The model was compiled for engine="collapsed"'):
        ba.sample(model, engine="nutpie", compiled=ready)


def test_draws_do_not_depend_on_the_threads_that_make_them(model, monkeypatch):
    """Every draw is made from its own number."""
    monkeypatch.setattr(collapsed_effects, "_WORTH_A_THREAD", 0)
    one, three = (ba.sample(model, **SETTINGS | {"cores": cores}) for cores in (1, 3))
    xr.testing.assert_identical(one.posterior, three.posterior)


def test_draws_that_are_made_again_do_not_depend_on_threads(stored, redrawn, monkeypatch):
    monkeypatch.setattr(lazily, "_WORTH_A_THREAD", 0)
    for cores in (1, 3):
        monkeypatch.setattr(lazily.os, "process_cpu_count", lambda cores=cores: cores)
        for name in redrawn.redrawn_effects:
            again, kept = redrawn.posterior[name], stored.posterior[name]
            np.testing.assert_array_equal(again.to_numpy(), kept.to_numpy())
            some = {names.DRAW: slice(3, 20, 4), names.effect(name.removeprefix("u_")): 1}
            if names.effect(name.removeprefix("u_")) in again.dims:
                np.testing.assert_array_equal(again.isel(some), kept.isel(some))


def test_the_verdict_makes_as_many_draws_again_as_are_worth_it(stored, redrawn, monkeypatch):
    assert affordable(redrawn).draws_in_all == redrawn.draws_in_all
    monkeypatch.setattr(thinning, "_REDRAWN_NUMBERS", 1)
    monkeypatch.setattr(thinning, "_FEWEST_DRAWS", 40)
    assert thinning.few_redrawn(redrawn).draws_in_all == 40
    assert thinning.few_redrawn(stored) is stored


def test_a_report_makes_as_many_draws_again_as_are_worth_it(redrawn, monkeypatch):
    group = redrawn.model.groups[0]
    assert report_results._groups(redrawn, group).draws.sizes[names.DRAW] == 60
    monkeypatch.setattr(report_results, "_EFFECT_NUMBERS", 1)
    monkeypatch.setattr(report_results, "_FEWEST_DRAWS", 40)
    assert report_results._groups(redrawn, group).draws.sizes[names.DRAW] == 20
    page = "".join(map(str, build_content([redrawn], place="python").sections))
    assert "All of it is from 40 draws, evenly spaced." in page
