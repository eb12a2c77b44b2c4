"""Few groups, a spread of nothing, groups of one client: every verb answers, and says how unsure.

A new verb that takes a fit has to be added here, or the first test fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import bayes_alliance as ba

mpl.use("Agg")
FORMULA = "alliance ~ stigma * age + (1 + stigma | case_manager)"
FIXED = "alliance ~ stigma * age + (1 | case_manager)"
NULL = "alliance ~ 1 + (1 | case_manager)"
PARTED = (
    "alliance ~ within(stigma, case_manager) + between(stigma, case_manager) + (1 | case_manager)"
)
AT = {"stigma": 0}


@dataclass(frozen=True)
class Thin:
    """One table and the models of it, fitted."""

    name: str
    table: pd.DataFrame
    full: ba.Fit
    fixed: ba.Fit
    null: ba.Fit
    parted: ba.Fit


def thin_table(caseloads: list[int], *, sd: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    manager = np.repeat(np.arange(len(caseloads)), caseloads)
    clients = len(manager)
    stigma, age = rng.normal(size=clients), rng.normal(size=clients)
    between, slope = sd * rng.normal(size=(2, len(caseloads)))
    alliance = 60 + between[manager] + (slope[manager] - 1) * stigma + 5 * rng.normal(size=clients)
    return pd.DataFrame(
        {
            "alliance": alliance,
            "stigma": stigma,
            "age": age,
            "case_manager": [f"CM{k:02d}" for k in manager],
        }
    )


TABLES = {
    "five groups": ([9, 8, 7, 10, 6], 3.0, 1),
    "no spread": ([6] * 20, 0.0, 2),
    "one-client groups": ([1] * 25 + [4] * 6, 2.0, 3),
    "two groups": ([12, 13], 3.0, 4),
}


@pytest.fixture(scope="module", params=TABLES)
def thin(request: pytest.FixtureRequest) -> Thin:
    caseloads, sd, seed = TABLES[request.param]
    table = thin_table(caseloads, sd=sd, seed=seed)
    full, fixed, null, parted = (
        ba.sample(ba.Model(formula, table), seed=1) for formula in (FORMULA, FIXED, NULL, PARTED)
    )
    return Thin(request.param, table, full, fixed, null, parted)


Verb = Callable[[Thin], Any]
VERBS: dict[str, Verb] = {
    "summarize": lambda t: ba.summarize(t.full),
    "variance_shares": lambda t: ba.variance_shares(t.full, at=AT),
    "share_curve": lambda t: ba.share_curve(t.full, "stigma"),
    "client_correlations": lambda t: ba.client_correlations(t.full, at=AT),
    "r2_measures": lambda t: ba.r2_measures(t.parted),
    "bayes_r2": lambda t: ba.bayes_r2(t.full),
    "nakagawa_r2": lambda t: ba.nakagawa_r2(t.full),
    "contextual_effects": lambda t: ba.contextual_effects(t.parted),
    "simple_slopes": lambda t: ba.simple_slopes(t.full, "stigma", by="age"),
    "group_effects": lambda t: ba.group_effects(t.full, best="high", margin=1.0),
    "group_means": lambda t: ba.group_means(t.full),
    "group_slopes": lambda t: ba.group_slopes(t.full, "stigma"),
    "predict": lambda t: ba.predict(t.full, t.table.head(3)),
    "contrast": lambda t: ba.contrast(t.full, {"stigma": (0, 1)}),
    "slopes": lambda t: ba.slopes(t.full, "stigma"),
    "compare": lambda t: ba.compare({"full": t.full, "fixed": t.fixed}, by="group"),
    "log_evidence": lambda t: ba.log_evidence(t.full, seed=1),
    "bayes_factors": lambda t: ba.bayes_factors({"full": t.full, "fixed": t.fixed}, seed=1),
    "point_bayes_factor": lambda t: ba.point_bayes_factor(t.full, "stigma"),
    "hypothesis": lambda t: ba.hypothesis(t.full, "sd_case_manager[stigma] > 0.5"),
    "prior_sensitivity": lambda t: ba.prior_sensitivity(t.full),
    "check_predictive": lambda t: ba.check_predictive(t.full, group="case_manager", draws=200),
    "check_coverage": lambda t: ba.check_coverage(t.full),
    "influence": lambda t: ba.influence(t.full),
    "diagnose": lambda t: ba.diagnose(t.full),
    "answer_questions": lambda t: ba.answer_questions(t.table, seed=1),
}
# Their records say what takes the place of draws, or that there are none.
WITHOUT_DRAWS = {"compare", "check_coverage", "diagnose", "answer_questions"}
# What takes no fit, or gives back a fit, a table or a file.
OTHERS = {
    "AllianceError", "Codebook", "DataError", "Fit", "Model", "MachineError", "ModelError",
    "SamplingError", "__version__", "check_data", "codebook", "compile_model", "grid",
    "list_examples", "list_models", "list_scales", "load_example", "load_fit", "load_model",
    "load_names", "load_scale", "median_odds_ratio", "propose_names", "read_table", "reliability",
    "reproduce", "sample",
    "sample_many", "scan_table", "score_scale", "simulate_study", "with_group_log_likelihood",
    "with_log_likelihood", "with_predictive", "with_prior", "with_prior_predictive",
    "use_names", "write_report",
}  # fmt: skip


def test_no_verb_is_left_out() -> None:
    assert set(VERBS) | OTHERS == set(ba.__all__)


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_answers_and_says_how_unsure(thin: Thin, verb: str) -> None:
    found = VERBS[verb](thin)
    shown = f"{found}{found._repr_html_()}"
    words = f"{getattr(found, 'sentence', '')}"
    table = found.table
    assert len(table)
    assert "significan" not in shown
    assert " nan" not in words
    for name in {"mean", "estimate", "observed"} & set(table.columns):
        assert np.isfinite(table[name].astype(float)).all(), table
    if {"lower", "upper"} <= set(table.columns):
        widths = (table["upper"] - table["lower"]).astype(float)
        assert (widths >= 0).all(), table
        assert (widths > 0).any(), table
    assert hasattr(found, "draws") or verb in WITHOUT_DRAWS
    if hasattr(found, "draws"):
        assert all(len(values.dims) > 1 for values in found.draws.data_vars.values())
    if hasattr(found, "plot"):
        figure, axes = plt.subplots()
        found.plot(axes)
        plt.close(figure)


@pytest.mark.slow
def test_the_verdict_names_few_groups_and_a_spread_of_nothing(thin: Thin) -> None:
    groups = thin.table["case_manager"].nunique()
    codes = {finding.code for finding in ba.diagnose(thin.full).findings if finding.level != "fine"}
    assert ("few_groups" in codes) == (groups < 10)
    if thin.name == "no spread":
        assert "boundary" in codes


@pytest.mark.slow
def test_a_comparison_of_few_groups_doubts_its_own_errors(thin: Thin) -> None:
    few = thin.table["case_manager"].nunique() < 30
    shown = str(VERBS["compare"](thin))
    assert ("the standard errors themselves are unsure" in shown) == few


@pytest.mark.slow
def test_intervals_widen_as_groups_become_few() -> None:
    widths = {}
    for groups in (2, 5, 40):
        table = thin_table([8] * groups, sd=3.0, seed=9)
        share = ba.variance_shares(ba.sample(ba.Model(NULL, table), seed=1)).table
        widths[groups] = float(
            share.loc["case_manager", "upper"] - share.loc["case_manager", "lower"]
        )
    assert widths[2] > widths[5] > widths[40]
    assert widths[5] > 0.3
