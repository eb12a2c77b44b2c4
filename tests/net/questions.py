"""What every public name that takes a fit or a model is asked of each fixed fit, as Python.

A question is evaluated with the public names and what ``asking`` gives beside them, so that a
snapshot's headings can be typed by a reader.
"""

from typing import Any

import bayes_alliance as ba
from bayes_alliance import names

VERBS: dict[str, tuple[str, ...]] = {
    "Fit": ("fit", "repr(fit)"),
    "summarize": ("summarize(fit)", "summarize(fit, variables=['b'], prob=0.8)"),
    "variance_shares": (
        "variance_shares(fit)",
        "variance_shares(fit, at=at)",
        "variance_shares(fit, average=True, of='total')",
        "variance_shares(fit, at=at, scale='response', draws=100)",
    ),
    "share_curve": ("share_curve(fit, predictor)",),
    "client_correlations": (
        "client_correlations(fit)",
        "client_correlations(fit, at=at, scale='response', draws=100)",
    ),
    "median_odds_ratio": ("median_odds_ratio(fit)", "median_odds_ratio(fit, at=at)"),
    "r2_measures": ("r2_measures(fit)", "r2_measures(fit, split=True)"),
    "bayes_r2": ("bayes_r2(fit)",),
    "nakagawa_r2": ("nakagawa_r2(fit)",),
    "contextual_effects": ("contextual_effects(fit)",),
    "simple_slopes": ("simple_slopes(fit, predictor, by=by)",),
    "group_effects": (
        "group_effects(fit, group=group)",
        "group_effects(fit, group=group, at=at, best='high', margin=0.5)",
        "group_effects(fit, group=group, as_written=True)",
    ),
    "group_means": ("group_means(fit, group=group, draws=200)",),
    "group_slopes": ("group_slopes(fit, predictor, group=group)",),
    "grid": ("grid(fit)", "grid(fit, predictor, by)"),
    "predict": (
        "predict(fit)",
        "predict(fit, rows)",
        "predict(fit, rows, target='either')",
        "predict(fit, rows.head(2), target='same')",
        "predict(fit, rows, target='average', scale='link')",
        "predict(fit, rows, kind='outcome', seed=1)",
        "predict(fit, rows, kind='probability', draws=100)",
        "predict(fit, by=by, draws=100)",
    ),
    "contrast": (
        "contrast(fit, predictor, rows)",
        "contrast(fit, by, draws=100)",
        "contrast(fit, predictor, rows, target='average', comparison='ratio')",
    ),
    "slopes": ("slopes(fit, predictor, rows)", "slopes(fit, predictor, by=by, draws=100)"),
    "hypothesis": (
        "hypothesis(fit, f'{coefficient} < 0', rope=(-0.5, 0.5))",
        "hypothesis(fit, claims)",
        "hypothesis(with_prior(fit, draws=400, seed=1), claims)",
    ),
    "point_bayes_factor": ("point_bayes_factor(fit, coefficient, seed=1)",),
    "compare": ("compare(fits, refits=0)", "compare(fits, by='group', group=group, refits=0)"),
    "log_evidence": ("log_evidence(fit, seed=1)",),
    "bayes_factors": ("bayes_factors(fits, seed=1)",),
    "check_predictive": (
        "check_predictive(fit, draws=100, seed=1)",
        "check_predictive(fit, by='group', group=group, draws=100, seed=1)",
        "check_predictive(fit, kind='prior', draws=100, seed=1)",
    ),
    "check_coverage": ("check_coverage(fit, seed=1)",),
    "prior_sensitivity": ("prior_sensitivity(fit)", "prior_sensitivity(fit, at=at)"),
    "influence": ("influence(fit, group=group)",),
    "diagnose": ("diagnose(fit)",),
    "with_log_likelihood": ("inside(with_log_likelihood(fit), 'log_likelihood')",),
    "with_group_log_likelihood": (
        "inside(with_group_log_likelihood(fit, group=group), 'group_log_likelihood')",
    ),
    "with_predictive": ("inside(with_predictive(fit, draws=100, seed=1), 'posterior_predictive')",),
    "with_prior": ("inside(with_prior(fit, draws=200, seed=1), 'prior')",),
    "with_prior_predictive": (
        "inside(with_prior_predictive(fit, draws=100, seed=1), 'prior_predictive')",
    ),
}
"""Verbs, each with its questions; one file of a fit's snapshots holds the answers to one."""

ELSEWHERE = {
    "answer_questions": "samples three models; its page and answers are tests/report's",
    "compile_model": "gives an engine's own object; tests/unit/sampling compares engines",
    "reproduce": "samples again; tests/report/test_reproducing.py holds it to the report",
    "sample": "its draws hang on the processor's last digits; the laws and references hold them",
    "sample_many": "is sample over many models",
}
"""What takes a fit or a model and is not here, each with its reason."""

WITHOUT_A_FIT = {
    "AllianceError", "Codebook", "DataError", "MachineError", "ModelError", "SamplingError",
    "__version__", "check_data", "codebook", "list_examples", "list_models", "list_scales",
    "load_example", "load_fit", "load_names", "load_scale", "propose_names", "read_table",
    "reliability", "scan_table", "score_scale", "simulate_study", "use_names",
}  # fmt: skip
"""What takes neither."""

DESCRIBED = {"Model", "load_model", "write_report"}
"""What the snapshots of the model and of the report are about."""


def inside(fit: ba.Fit, group: str) -> Any:
    """Return one group of a fit's container."""
    return fit.idata[group].to_dataset()


def asking(asked: Any) -> dict[str, Any]:
    """Return the names that questions may use, for one fixed fit."""
    case, fit = asked.case, asked.fit
    factors, coefficient = fit.model.groups, fit.model.design.coefficients[-1]
    claims = {"negative": f"{coefficient} < 0"}
    if factors:
        effect = fit.model.design.groups[0].effects[-1]
        claims["share"] = f"share[{factors[0]}] > 0.05"
        claims["both"] = f"{coefficient} < 0 and {names.sd(factors[0])}[{effect}] > 0.1"
    return {
        **{name: getattr(ba, name) for name in VERBS},
        "inside": inside,
        "fit": fit,
        "fits": {"this": fit, "simpler": asked.simpler},
        "rows": asked.rows,
        "predictor": case.predictor,
        "by": case.by,
        "at": case.at,
        "group": case.group,
        "coefficient": coefficient,
        "claims": claims,
    }
