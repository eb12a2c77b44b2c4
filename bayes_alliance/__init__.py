"""Bayesian multilevel models for people who study helping relationships.

Public names are loaded when they are first used, so that importing the package is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "AllianceError": "errors",
    "DataError": "errors",
    "MachineError": "errors",
    "ModelError": "errors",
    "SamplingError": "errors",
    "read_table": "data.reading",
    "codebook": "data.describing",
    "Codebook": "data.codebooks.record",
    "scan_table": "data.scanning",
    "check_data": "data.inspection",
    "propose_names": "data.crosswalk",
    "load_names": "data.crosswalk",
    "use_names": "data.crosswalk",
    "list_scales": "data.scales.key",
    "load_scale": "data.scales.key",
    "score_scale": "data.scales.scoring",
    "reliability": "posterior.item_reliability",
    "simulate_study": "data.simulator",
    "load_example": "data.examples",
    "list_examples": "data.examples",
    "Model": "model.spec",
    "load_model": "model.library",
    "list_models": "model.library",
    "sample": "sampling.run",
    "sample_many": "sampling.batch",
    "compile_model": "sampling.run",
    "Fit": "sampling.fit",
    "load_fit": "sampling.loading",
    "with_group_log_likelihood": "sampling.group_likelihood",
    "with_log_likelihood": "sampling.predictive",
    "with_predictive": "sampling.predictive",
    "with_prior": "sampling.prior_draws",
    "with_prior_predictive": "sampling.prior_draws",
    "compare": "posterior.comparison.comparison",
    "summarize": "posterior.summaries",
    "r2_measures": "posterior.explained.r_squared",
    "bayes_r2": "posterior.explained.bayes_r_squared",
    "nakagawa_r2": "posterior.explained.nakagawa",
    "contextual_effects": "posterior.moderation.contextual",
    "simple_slopes": "posterior.moderation.simple_slope",
    "variance_shares": "posterior.shares.variance",
    "share_curve": "posterior.shares.variance_curve",
    "client_correlations": "posterior.shares.client_correlation",
    "median_odds_ratio": "posterior.shares.odds_ratio",
    "group_effects": "posterior.groups.group_effect",
    "group_means": "posterior.groups.group_mean",
    "group_slopes": "posterior.moderation.group_slope",
    "grid": "posterior.prediction.reference_grid",
    "predict": "posterior.prediction.predictions",
    "contrast": "posterior.prediction.contrasts",
    "slopes": "posterior.prediction.marginal_slope",
    "hypothesis": "posterior.claims.claim",
    "log_evidence": "posterior.evidence.evidence",
    "bayes_factors": "posterior.evidence.bayes_factor",
    "point_bayes_factor": "posterior.evidence.savage_dickey",
    "check_predictive": "checks.predictive",
    "check_coverage": "checks.coverage",
    "prior_sensitivity": "checks.prior_weight",
    "influence": "checks.group_influence",
    "diagnose": "checks.verdict",
    "answer_questions": "answers.three_questions",
    "reproduce": "report.reproduction.reproducing",
    "write_report": "report.writing",
}
__all__ = [
    "AllianceError",
    "Codebook",
    "DataError",
    "Fit",
    "MachineError",
    "Model",
    "ModelError",
    "SamplingError",
    "__version__",
    "answer_questions",
    "bayes_factors",
    "bayes_r2",
    "check_coverage",
    "check_data",
    "check_predictive",
    "client_correlations",
    "codebook",
    "compare",
    "compile_model",
    "contextual_effects",
    "contrast",
    "diagnose",
    "grid",
    "group_effects",
    "group_means",
    "group_slopes",
    "hypothesis",
    "influence",
    "list_examples",
    "list_models",
    "list_scales",
    "load_example",
    "load_fit",
    "load_model",
    "load_names",
    "load_scale",
    "log_evidence",
    "median_odds_ratio",
    "nakagawa_r2",
    "point_bayes_factor",
    "predict",
    "prior_sensitivity",
    "propose_names",
    "r2_measures",
    "read_table",
    "reliability",
    "reproduce",
    "sample",
    "sample_many",
    "scan_table",
    "score_scale",
    "share_curve",
    "simple_slopes",
    "simulate_study",
    "slopes",
    "summarize",
    "use_names",
    "variance_shares",
    "with_group_log_likelihood",
    "with_log_likelihood",
    "with_predictive",
    "with_prior",
    "with_prior_predictive",
    "write_report",
]

if TYPE_CHECKING:
    from bayes_alliance.answers.three_questions import answer_questions
    from bayes_alliance.checks.coverage import check_coverage
    from bayes_alliance.checks.group_influence import influence
    from bayes_alliance.checks.predictive import check_predictive
    from bayes_alliance.checks.prior_weight import prior_sensitivity
    from bayes_alliance.checks.verdict import diagnose
    from bayes_alliance.data.codebooks.record import Codebook
    from bayes_alliance.data.crosswalk import load_names, propose_names, use_names
    from bayes_alliance.data.describing import codebook
    from bayes_alliance.data.examples import list_examples, load_example
    from bayes_alliance.data.inspection import check_data
    from bayes_alliance.data.reading import read_table
    from bayes_alliance.data.scales.key import list_scales, load_scale
    from bayes_alliance.data.scales.scoring import score_scale
    from bayes_alliance.data.scanning import scan_table
    from bayes_alliance.data.simulator import simulate_study
    from bayes_alliance.errors import (
        AllianceError,
        DataError,
        MachineError,
        ModelError,
        SamplingError,
    )
    from bayes_alliance.model.library import list_models, load_model
    from bayes_alliance.model.spec import Model
    from bayes_alliance.posterior.claims.claim import hypothesis
    from bayes_alliance.posterior.comparison.comparison import compare
    from bayes_alliance.posterior.evidence.bayes_factor import bayes_factors
    from bayes_alliance.posterior.evidence.evidence import log_evidence
    from bayes_alliance.posterior.evidence.savage_dickey import point_bayes_factor
    from bayes_alliance.posterior.explained.bayes_r_squared import bayes_r2
    from bayes_alliance.posterior.explained.nakagawa import nakagawa_r2
    from bayes_alliance.posterior.explained.r_squared import r2_measures
    from bayes_alliance.posterior.groups.group_effect import group_effects
    from bayes_alliance.posterior.groups.group_mean import group_means
    from bayes_alliance.posterior.item_reliability import reliability
    from bayes_alliance.posterior.moderation.contextual import contextual_effects
    from bayes_alliance.posterior.moderation.group_slope import group_slopes
    from bayes_alliance.posterior.moderation.simple_slope import simple_slopes
    from bayes_alliance.posterior.prediction.contrasts import contrast
    from bayes_alliance.posterior.prediction.marginal_slope import slopes
    from bayes_alliance.posterior.prediction.predictions import predict
    from bayes_alliance.posterior.prediction.reference_grid import grid
    from bayes_alliance.posterior.shares.client_correlation import client_correlations
    from bayes_alliance.posterior.shares.odds_ratio import median_odds_ratio
    from bayes_alliance.posterior.shares.variance import variance_shares
    from bayes_alliance.posterior.shares.variance_curve import share_curve
    from bayes_alliance.posterior.summaries import summarize
    from bayes_alliance.report.reproduction.reproducing import reproduce
    from bayes_alliance.report.writing import write_report
    from bayes_alliance.sampling.batch import sample_many
    from bayes_alliance.sampling.fit import Fit
    from bayes_alliance.sampling.group_likelihood import with_group_log_likelihood
    from bayes_alliance.sampling.loading import load_fit
    from bayes_alliance.sampling.predictive import with_log_likelihood, with_predictive
    from bayes_alliance.sampling.prior_draws import with_prior, with_prior_predictive
    from bayes_alliance.sampling.run import compile_model, sample


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
