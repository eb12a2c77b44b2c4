"""The engines on real models: draws that repeat, programs that serve a second data set."""

import sys
import warnings

import arviz as az
import numpy as np
import pytest
import xarray as xr

import bayes_alliance as ba
from bayes_alliance.sampling.engines.contract import public_variables

STATS = {
    "diverging", "energy", "tree_depth", "reached_max_treedepth", "n_steps", "step_size",
    "acceptance_rate", "lp",
}  # fmt: skip


@pytest.fixture(scope="module")
def small_model():
    study = ba.load_example("simulated_study")
    return ba.Model("alliance ~ stigma + (1 | case_manager)", study)


def test_the_collapsed_engine_repeats_with_its_seed(small_model):
    options = {"engine": "collapsed", "chains": 2, "draws": 60, "tune": 200}
    fit, again, other = (ba.sample(small_model, seed=s, **options) for s in (5, 5, 6))
    assert set(fit.posterior.data_vars) == set(public_variables(small_model))
    assert set(fit.idata["sample_stats"].data_vars) == STATS
    xr.testing.assert_identical(fit.posterior, again.posterior)
    assert not np.array_equal(fit.posterior["b"], other.posterior["b"])
    assert not np.array_equal(fit.posterior["b"][0], fit.posterior["b"][1])


@pytest.mark.slow
def test_the_example_fit_is_in_order(example_fit):
    assert dict(example_fit.posterior["u_case_manager"].sizes) == {
        "chain": 4, "draw": 1000, "case_manager": 30, "case_manager_effect": 2
    }  # fmt: skip
    assert set(example_fit.idata["sample_stats"].data_vars) == STATS
    summary = az.summary(example_fit.idata, var_names=["b", "sd_case_manager", "sigma"])
    assert summary.astype({"r_hat": float})["r_hat"].max() < 1.02
    likelihood = ba.with_log_likelihood(example_fit)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Estimated shape parameter of Pareto")  # a matter of data
        assert np.isfinite(az.loo(likelihood.idata).elpd)


@pytest.mark.slow
def test_one_program_gives_the_same_draws_again(example_model, example_program, example_fit):
    again = ba.sample(example_model, seed=1, compiled=example_program)
    xr.testing.assert_identical(again.posterior, example_fit.posterior)
    other = ba.sample(example_model, seed=2, draws=50, compiled=example_program)
    assert not np.array_equal(other.posterior["b"], example_fit.posterior["b"][:, :50])
    assert again.seconds["compile"] == 0.0


def second_study(model):
    """Fewer rows, another outcome, other ids, priors at another scale: the same form."""
    study = ba.load_example("simulated_study")
    rows = study.drop(study.index[study.duplicated("case_manager")][:9])
    return ba.Model(
        model.formula.text,
        rows.assign(alliance=100 - 3 * rows["alliance"], case_manager=rows["case_manager"] + "x"),
        priors={"b": "Normal(1, 7)", "sigma": "HalfStudentT(3, 9)"},
    )


@pytest.mark.slow
def test_a_second_data_set_needs_no_compilation(example_model, example_program):
    """Its draws, from the first starting point on, are those of a program of its own."""
    second = second_study(example_model)
    assert len(second.frame.y) == len(example_model.frame.y) - 9
    options = {"seed": 4, "draws": 200, "tune": 300, "chains": 2}
    reused = ba.sample(second, compiled=example_program, **options)
    anew = ba.sample(second, engine="nutpie", **options)
    xr.testing.assert_identical(reused.posterior, anew.posterior)
    assert reused.posterior["case_manager"].to_numpy()[0].endswith("x")


@pytest.mark.slow
@pytest.mark.long
def test_categories_and_weights_are_swapped_too():
    study = ba.load_example("simulated_study")
    study = study.assign(third=(study["alliance"].rank(pct=True) * 2.999).astype(int))
    study["times"] = 1 + (study["months_in_care"] % 3)
    formula = "third | weights(times) ~ stigma + (1 | case_manager)"
    first = ba.Model(formula, study, family="cumulative")
    other = study.assign(third=2 - study["third"], times=study["times"].iloc[::-1].to_numpy())
    second = ba.Model(formula, other, family="cumulative")
    options = {"seed": 4, "draws": 100, "tune": 200, "chains": 1}
    ready = ba.compile_model(first, engine="nutpie")
    reused = ba.sample(second, compiled=ready, **options)
    anew = ba.sample(second, engine="nutpie", **options)
    xr.testing.assert_identical(reused.posterior, anew.posterior)
    assert (np.diff(reused.posterior["cutpoint"]) > 0).all()


@pytest.mark.slow
def test_a_program_for_another_form_is_refused(example_program):
    study = ba.load_example("simulated_study")
    for formula in ("alliance ~ stigma + (1 + stigma || case_manager)", "alliance ~ stigma"):
        with pytest.raises(ba.SamplingError, match="differ in more than their data"):
            ba.sample(ba.Model(formula, study), compiled=example_program, seed=1)
    fewer = study[study["case_manager"] != study["case_manager"].iloc[0]]
    with pytest.raises(ba.SamplingError, match="number of groups"):
        ba.sample(ba.load_model("stigma_slopes", data=fewer), compiled=example_program, seed=1)


def test_the_collapsed_engine_says_what_it_cannot_do(small_model):
    study = ba.load_example("simulated_study")
    student = ba.Model("alliance ~ 1 + (1 | case_manager)", study, family="student")
    with pytest.raises(ba.SamplingError, match="the outcome is student, not gaussian"):
        ba.compile_model(student, engine="collapsed")
    assert ba.compile_model(small_model).engine == "collapsed"
    assert ba.compile_model(small_model, engine="collapsed").engine == "collapsed"


def test_numpyro_is_an_extra(small_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpyro", None)
    with pytest.raises(ba.SamplingError, match=r"bayes-alliance\[numpyro\]"):
        ba.sample(small_model, engine="numpyro", seed=1)
