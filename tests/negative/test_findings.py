"""Models and runs that are wrong in a known way: each must be caught by the finding of its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.checks.convergence import check_r_hat
from bayes_alliance.model import group_design


@pytest.fixture(scope="module")
def study() -> pd.DataFrame:
    """40 case managers in 8 agencies, 10 clients each, a slope of -5 that data cannot miss."""
    rng = np.random.default_rng(11)
    manager = np.repeat(np.arange(40), 10)
    agency = manager // 5
    stigma = rng.standard_normal(400)
    effects = 3 * rng.standard_normal(40)[manager] + 2 * rng.standard_normal(8)[agency]
    alliance = 60 - 5 * stigma + effects + 6 * rng.standard_normal(400)
    return pd.DataFrame(
        {
            "alliance": alliance,
            "stigma": stigma,
            "case_manager": [f"CM{k:02d}" for k in manager],
            "agency": [f"A{k}" for k in agency],
        }
    )


@pytest.fixture(scope="module")
def good_fit(study) -> ba.Fit:
    return ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", study), seed=4)


def test_a_good_fit_has_no_bad_finding(good_fit):
    verdict = ba.diagnose(good_fit)
    assert verdict.level == "fine", str(verdict)


def test_swapped_levels_are_refused(study):
    with pytest.raises(ba.DataError, match=r"swapped, write \(1 \| agency/case_manager\)"):
        ba.Model("alliance ~ stigma + (1 | case_manager/agency)", study)


def test_swapped_levels_of_an_older_fit_are_caught(study, monkeypatch):
    monkeypatch.setattr(group_design, "_check_different", lambda groups: None)
    model = ba.Model("alliance ~ stigma + (1 | case_manager/agency)", study)
    verdict = ba.diagnose(ba.sample(model, seed=4))
    (finding,) = verdict.found("swapped_levels")
    assert verdict.level == "bad"
    assert "(1 | agency/case_manager)" in finding.remedy


def test_levels_the_right_way_round_are_not_accused(study):
    model = ba.Model("alliance ~ stigma + (1 | agency/case_manager)", study)
    assert ba.diagnose(ba.sample(model, seed=4)).found("swapped_levels") == ()


@pytest.mark.parametrize(
    ("priors", "where"),
    [
        ({"b[stigma]": "Normal(0, 0.5)"}, "b[stigma]"),
        ({"sd_case_manager": "HalfNormal(0.2)"}, "sd_case_manager[Intercept]"),
        ({"sigma": "HalfNormal(0.3)"}, "sigma"),
    ],
    ids=["slope", "group sd", "residual sd"],
)
def test_a_prior_at_the_wrong_scale_is_caught(study, priors, where):
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", study, priors=priors)
    verdict = ba.diagnose(ba.sample(model, seed=4))
    (finding,) = verdict.found("prior_conflict")
    assert where in finding.where
    assert finding.value > finding.threshold


def test_a_stuck_chain_is_caught(good_fit):
    posterior = good_fit.posterior
    stuck = posterior.copy(deep=True)
    stuck["sigma"][2] = stuck["sigma"][2, 0]
    verdict = ba.diagnose(good_fit.with_group("posterior", stuck))
    (finding,) = verdict.found("stuck_chain")
    assert finding.where == "chain 2"
    assert verdict.level == "bad"


def test_chains_in_different_places_are_caught(good_fit):
    moved = good_fit.posterior.copy(deep=True)
    moved["b"][1] += 3 * float(moved["b"].std(dim=["chain", "draw"]).max())
    verdict = ba.diagnose(good_fit.with_group("posterior", moved))
    assert verdict.found("r_hat")
    assert verdict.level == "bad"


def table_of(r_hat, ess_bulk):
    return pd.DataFrame(
        {"r_hat": [1.0, *r_hat], "ess_bulk": [3000.0, *ess_bulk]},
        index=["sigma", *(f"b[{k}]" for k in range(len(r_hat)))],
    )


@pytest.mark.parametrize(
    ("r_hat", "ess_bulk", "level"),
    [
        ([1.009], [300.0], "fine"),
        ([1.012], [900.0], "caution"),
        ([1.049, 1.02], [900.0, 210.0], "caution"),
        ([1.02], [150.0], "bad"),  # too few draws to call it a small matter
        ([1.02, 1.03], [900.0, 150.0], "bad"),
        ([1.06], [900.0], "bad"),
    ],
)
def test_an_r_hat_just_over_the_limit_asks_for_more_draws_only(r_hat, ess_bulk, level):
    finding = check_r_hat(table_of(r_hat, ess_bulk))
    assert finding.level == level
    assert ("Draw more" in finding.remedy) == (level == "caution")


def test_collinear_predictors_are_named(study):
    table = study.assign(reversed=10 - study["stigma"], age=np.tile(np.arange(20.0, 60.0), 10))
    model = ba.Model("alliance ~ age + stigma + reversed + (1 | case_manager)", table)
    verdict = ba.diagnose(ba.sample(model, seed=4, draws=200))
    (finding,) = verdict.found("collinear")
    assert finding.where == "stigma, reversed"


def test_combinations_alone_are_not_called_swapped(study):
    one_agency = study.assign(pair=study["case_manager"] + "x")
    model = ba.Model("alliance ~ stigma + (1 | case_manager:pair)", one_agency)
    assert ba.diagnose(ba.sample(model, seed=4, draws=200)).found("swapped_levels") == ()


def test_levels_are_swapped_only_where_nesting_was_written(study):
    model = ba.Model("alliance ~ (1 | case_manager) + (1 | agency)", study)
    codes = {note.code for note in model.data_report.notes}
    assert "swapped_levels" not in codes
    assert "nested" in codes


def test_too_few_draws_are_caught(study):
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", study)
    verdict = ba.diagnose(ba.sample(model, seed=4, draws=40, tune=300))
    assert verdict.found("ess_bulk")
    assert verdict.found("ess_tail")


@pytest.mark.slow
@pytest.mark.long
def test_a_divergent_funnel_is_caught(real_data):
    schools = real_data("eight_schools")
    model = ba.Model(
        "effect | se(se) ~ 1 + (1 | school)",
        schools,
        priors={"b[Intercept]": "Normal(0, 5)", "sd_school": "HalfCauchy(5)"},
        centred=True,
    )
    fit = ba.sample(model, seed=4, engine="nutpie", target_accept=0.7)
    verdict = ba.diagnose(fit)
    (finding,) = verdict.found("divergences")
    assert finding.value >= 1
    assert "target_accept" in str(finding.remedy)


def test_few_groups_and_a_spread_of_nothing_are_said(real_data):
    batches = real_data("dyestuff2")
    verdict = ba.diagnose(ba.sample(ba.Model("Yield ~ 1 + (1 | Batch)", batches), seed=4))
    assert verdict.found("few_groups")
    assert verdict.found("boundary")


def test_an_interrupted_run_is_said(good_fit):
    assert ba.diagnose(replace(good_fit, interrupted=True)).found("interrupted")
