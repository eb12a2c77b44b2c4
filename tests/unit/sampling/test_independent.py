"""The independent engine: repeatable draws in the same container, and when it gives itself up."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.sampling.engines.contract import public_variables
from bayes_alliance.sampling.engines.independent import engine as independent
from bayes_alliance.sampling.engines.independent.trust import trust_in, weighed
from bayes_alliance.sampling.progress import ChainState, NoProgress


@pytest.fixture(scope="module")
def model():
    study = ba.load_example("simulated_study")
    return ba.Model("alliance ~ stigma + (1 + stigma | case_manager)", study)


@pytest.fixture(scope="module")
def fit(model):
    return ba.sample(model, seed=5, engine="independent", draws=400, chains=3)


def test_the_container_is_that_of_every_engine(fit, model):
    assert set(fit.posterior.data_vars) == set(public_variables(model))
    assert (fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]) == (3, 400)
    assert set(fit.idata["sample_stats"].data_vars) == {"lp", "acceptance_rate"}
    assert not fit.follows_trajectories
    assert fit.settings.engine == "independent"
    assert fit.idata[names.PROPOSALS].sizes[names.PROPOSAL] >= 4000


def test_a_seed_gives_the_same_draws_on_any_number_of_cores(fit, model):
    options = {"engine": "independent", "draws": 400, "chains": 3}
    one = ba.sample(model, seed=5, cores=1, **options)
    xr.testing.assert_identical(one.posterior, fit.posterior)
    other = ba.sample(model, seed=6, **options)
    assert not np.array_equal(other.posterior["b"], fit.posterior["b"])
    first, second = fit.posterior["sigma"].to_numpy()[:2]
    assert not np.isin(first, second).any()


@pytest.mark.parametrize(("chains", "draws"), [(1, 4), (2, 7), (5, 1500)])
def test_any_number_of_chains_and_draws_is_had(chains, draws, model):
    fit = ba.sample(model, seed=1, engine="independent", chains=chains, draws=draws)
    sizes = fit.posterior.sizes
    assert (sizes["chain"], sizes["draw"]) == (chains, draws)
    assert fit.idata[names.PROPOSALS].sizes[names.PROPOSAL] >= max(4000, 3 * chains * draws)
    assert all(np.isfinite(values).all() for values in fit.posterior.data_vars.values())


def test_a_saved_fit_keeps_its_weights_and_its_evidence(fit, tmp_path):
    evidence = ba.log_evidence(fit)
    assert "importance sampling" in evidence.sentence
    for data in (True, False):
        again = ba.load_fit(fit.save(tmp_path / f"{data}.fit", data=data))
        xr.testing.assert_identical(again.posterior, fit.posterior)
        kept, before = weighed(again.idata), weighed(fit.idata)
        assert kept.trust == before.trust
        assert not kept.given_up
    again = ba.load_fit(tmp_path / "True.fit")
    assert ba.log_evidence(again).log_evidence == evidence.log_evidence


def test_the_evidence_agrees_with_a_bridge_and_repeats_are_its_parts(fit, model):
    kept = ba.log_evidence(fit, repeats=3)
    assert kept.estimates.shape == (3, 2)
    assert kept.estimates.mean() == pytest.approx(kept.log_evidence)
    bridged = ba.log_evidence(ba.sample(model, seed=1, engine="collapsed"))
    assert "bridge sampling" in bridged.sentence
    error = np.hypot(kept.mcse, bridged.mcse)
    assert abs(kept.log_evidence - bridged.log_evidence) < 4 * error
    # An error of parts that differ as much as it says: four times the mean's own.
    assert kept.estimates.std(ddof=1) / np.sqrt(6) == pytest.approx(kept.mcse, rel=1.0)


def test_a_heavy_tail_of_weights_leaves_the_evidence_to_the_bridge(fit):
    tail = np.random.default_rng(1).pareto(1 / 0.6, size=6000)
    heavy = xr.Dataset({names.LOG_WEIGHT: (names.PROPOSAL, np.log(tail))})
    assert trust_in(np.log(tail)).pareto_k == pytest.approx(0.6, abs=0.1)
    assert "bridge sampling" in ba.log_evidence(fit.with_group(names.PROPOSALS, heavy)).sentence


def test_the_verdict_speaks_of_proposals_and_not_of_trajectories(fit):
    verdict = ba.diagnose(fit)
    table = verdict.table
    assert not {"divergences", "e_bfmi", "tree_depth"} & set(table.index)
    assert "do not apply: no trajectory was followed" in table["message"]["proposals"]
    assert table["value"]["proposals"] > 0.5


def test_nothing_is_said_of_a_warm_up_that_was_none(fit, model):
    from bayes_alliance.report.sections.checks_section import computation_words

    words = computation_words(fit)
    assert "warm-up" not in words
    assert "independence Metropolis-Hastings" in words
    assert "3 chains 400 draws were kept, 1200 in all (seed 5)." in words
    followed = computation_words(ba.sample(model, seed=1, engine="collapsed", draws=50, tune=50))
    assert "in all, after 50 warm-up draws" in followed


def test_too_many_unknowns_are_left_to_nuts_and_it_is_said(model, monkeypatch, tmp_path):
    monkeypatch.setattr(independent, "MOST_UNKNOWNS", 3)
    options = {"seed": 2, "draws": 50, "tune": 100, "chains": 2}
    fit = ba.sample(model, engine="independent", **options)
    own = ba.sample(model, engine="collapsed", **options)
    xr.testing.assert_identical(fit.posterior, own.posterior)
    assert fit.settings.engine == "collapsed"
    reason = "Independent draws were given up: 4 unknowns are left, at most 3 are proposed at once"
    assert reason in fit.settings.engine_reason
    again = ba.load_fit(fit.save(tmp_path / "given_up.fit"))
    for one in (fit, again):
        assert reason in str(one)
        table = ba.diagnose(one).table
        assert reason in table["message"]["proposals"]
        assert {"divergences", "e_bfmi", "tree_depth"} <= set(table.index)
        assert "bridge sampling" in ba.log_evidence(one).sentence


def test_ctrl_c_keeps_what_was_drawn_and_only_whole_draws(model, monkeypatch):
    class Stops(NoProgress):
        def show(self, chains: list[ChainState]) -> None:
            if chains[0].done >= 1000:
                raise KeyboardInterrupt

    monkeypatch.setattr("bayes_alliance.sampling.run.make_progress", lambda engine, wanted: Stops())
    options = {"seed": 1, "engine": "independent", "chains": 2}
    fit = ba.sample(model, draws=5000, **options)
    assert fit.interrupted
    assert 1000 <= fit.posterior.sizes["draw"] < 5000
    assert all(np.isfinite(values).all() for values in fit.posterior.data_vars.values())
    monkeypatch.undo()
    whole = ba.sample(model, draws=5000, **options)
    kept = fit.posterior.sizes["draw"]
    xr.testing.assert_equal(fit.posterior["sigma"], whole.posterior["sigma"][:, :kept])


def test_a_stop_before_anything_was_drawn_is_said(model, monkeypatch):
    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(independent, "adapt", stopped)
    with pytest.raises(ba.SamplingError, match="nothing to keep"):
        ba.sample(model, seed=1, engine="independent")


def test_what_it_cannot_do_is_refused_in_the_collapsed_engines_words():
    study = ba.load_example("simulated_study")
    student = ba.Model("alliance ~ 1 + (1 | case_manager)", study, family="student")
    with pytest.raises(ba.SamplingError, match="the outcome is student, not gaussian"):
        ba.sample(student, engine="independent", seed=1)


def test_weights_that_say_nothing_are_not_trusted():
    equal = trust_in(np.zeros(5000))
    assert equal.reason_against == ""
    assert equal.share == pytest.approx(1.0)
    none = trust_in(np.full(5000, -np.inf))
    assert "Pareto k inf" in none.reason_against
    rare = np.where(np.arange(5000) % 10 == 0, 0.0, -np.inf)
    assert "worth 10%" in trust_in(rare).reason_against


def test_known_errors_and_streamed_rows_are_done_too(tmp_path):
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "y": rng.normal(size=60),
            "s": rng.uniform(0.5, 1.0, size=60),
            "x": rng.normal(size=60),
            "g": np.repeat(np.arange(12), 5).astype(str),
        }
    )
    known = ba.sample(
        ba.Model("y | se(s) ~ x + (1 | g)", table), seed=1, engine="independent", draws=100
    )
    assert known.settings.engine == "independent"
    assert "sigma" not in known.posterior
    path = tmp_path / "rows.parquet"
    table.to_parquet(path)
    options = {"seed": 1, "engine": "independent", "draws": 300}
    held, streamed = (
        ba.sample(ba.Model("y ~ x + (1 | g)", rows), **options)
        for rows in (table, ba.scan_table(path))
    )
    assert streamed.settings.engine == "independent"
    np.testing.assert_allclose(streamed.posterior["sigma"], held.posterior["sigma"], rtol=1e-6)
