"""Where nutpie's inside has moved, the public door takes over: one warning, the same draws."""

import warnings

import numpy as np
import nutpie
import pytest
import xarray as xr

import bayes_alliance as ba
from bayes_alliance.sampling.engines.collapsed import sampler as collapsed_sampler

FORMULAS = {
    "one factor": "alliance ~ stigma + (1 + stigma | case_manager)",
    "several factors": "alliance ~ stigma + (1 | case_manager) + (1 | season)",
    "a sampled coefficient": "alliance ~ stigma + (1 | case_manager)",
}
PRIORS = {"a sampled coefficient": {"b[stigma]": "StudentT(3, 0, 2)"}}


def build(name):
    study = ba.load_example("simulated_study")
    season = (study["months_in_care"] % 7).astype("str")
    return ba.Model(FORMULAS[name], study.assign(season=season), priors=PRIORS.get(name))


def sample_both(model, break_nutpie, seed=3):
    """Sample by the compiled route, then with nutpie broken; return both and the warnings."""
    options = {"engine": "collapsed", "chains": 2, "draws": 200, "tune": 300}
    compiled = ba.sample(model, seed=seed, **options)
    break_nutpie()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        public = ba.sample(model, seed=seed, **options)
    return compiled, public, said


@pytest.mark.parametrize("name", FORMULAS)
def test_the_public_door_gives_the_very_same_draws(name, monkeypatch):
    """Same density, same starting points and same generator: equality, not agreement."""

    def fail(*_):
        raise TypeError("argument 'function': it has moved")

    compiled, public, said = sample_both(
        build(name), lambda: monkeypatch.setattr(collapsed_sampler, "compiled_program", fail)
    )
    assert [w.category for w in said] == [RuntimeWarning]
    assert "nutpie's inside has moved (argument 'function': it has moved)" in str(said[0].message)
    assert "slower" in str(said[0].message)
    xr.testing.assert_identical(public.posterior, compiled.posterior)
    assert not np.array_equal(public.posterior["b"][0], public.posterior["b"][1])


@pytest.mark.parametrize("gone", ["LogpFunc", "ExpandFunc", "PyMcModel"])
def test_a_part_of_nutpie_that_is_gone_is_noticed_before_the_run(gone, monkeypatch):
    compiled, public, said = sample_both(
        build("one factor"), lambda: monkeypatch.delattr(nutpie._lib, gone)
    )
    assert [w.category for w in said] == [RuntimeWarning]
    assert gone in str(said[0].message)
    xr.testing.assert_identical(public.posterior, compiled.posterior)


def test_nothing_is_said_while_nutpie_is_as_it_was():
    """The comparison itself can fail: another seed gives other draws."""
    first, second, said = sample_both(build("one factor"), lambda: None)
    assert said == []
    xr.testing.assert_identical(first.posterior, second.posterior)
    other = ba.sample(first.model, seed=4, engine="collapsed", chains=2, draws=200, tune=300)
    assert not np.array_equal(other.posterior["b"], first.posterior["b"])
