"""The sections on the posterior predictive check and on the verdict."""

from __future__ import annotations

from functools import partial
from typing import Any

from bayes_alliance.checks.finding import Finding
from bayes_alliance.checks.predictive import PredictiveCheck
from bayes_alliance.checks.predictive_figures import draw_category_check, draw_numeric_check
from bayes_alliance.display import number
from bayes_alliance.model.spec import Model
from bayes_alliance.report.blocks import Block, Figure, Notice, Paragraph, Section, Table, Tone
from bayes_alliance.report.group_labels import ShownLabels
from bayes_alliance.report.results import REPLICATIONS, Results
from bayes_alliance.report.sentences import verdict_sentence
from bayes_alliance.report.tables import predictive_table

_HEADING = "Posterior predictive check"
_CHECK_NAMES = {
    "r_hat": "R-hat",
    "ess_bulk": "bulk ESS",
    "ess_tail": "tail ESS",
    "e_bfmi": "E-BFMI",
}
_TONES: dict[str, Tone] = {"fine": "fine", "caution": "caution", "bad": "bad"}


def predictive_section(results: Results) -> Section:
    """Show the outcome as observed over what the model replicates."""
    if results.predictive is None:
        text = (
            "This check needs the rows the model was fitted to, and the fit was saved without them."
        )
        return Section(key="predictive", heading=_HEADING, blocks=(Paragraph(text=text),))
    intro = (
        "If the model is a fair account of the data, outcomes drawn from it for the same rows look "
        "like the outcomes that were observed."
    )
    blocks = (
        Paragraph(text=intro),
        _predictive_figure(results.fit.model, results.predictive),
        Paragraph(text=results.predictive.sentence),
        predictive_table(results.predictive),
    )
    return Section(key="predictive", heading=_HEADING, blocks=blocks)


def _predictive_figure(model: Model, check: PredictiveCheck) -> Figure:
    step = max(1, len(check.replicated) // REPLICATIONS)
    drawn: dict[str, Any] = {
        "observed": check.observed,
        "replicated": check.replicated[::step],
        "outcome": model.outcome,
    }
    levels = model.frame.levels or (("0", "1") if model.family.outcome == "binary" else ())
    numeric = partial(draw_numeric_check, **drawn)
    return Figure(
        key="predictive",
        caption=f"Distribution of {model.outcome}: observed, and in outcomes replicated from the "
        "posterior.",
        description=f"Bars of the observed {model.outcome} with the middle and the 95% band of the "
        "replicated outcomes; the table below compares them in numbers.",
        draw=partial(draw_category_check, **drawn, levels=levels) if levels else numeric,
        height=3.0,
    )


def verdict_section(results: Results, labels: ShownLabels) -> Section:
    """List every finding with its value, its threshold and its remedy."""
    verdict = results.verdict
    blocks: list[Block] = [
        Notice(
            tone=_TONES[verdict.level],
            title=verdict.sentence,
            text=verdict_sentence(results),
        ),
        *(_finding_notice(f, labels) for f in verdict.findings if f.level != "fine"),
    ]
    passed = [finding for finding in verdict.findings if finding.level == "fine"]
    if passed:
        blocks.append(_passed_table(passed, labels))
    return Section(key="verdict", heading="Verdict", blocks=tuple(blocks))


def _passed_table(passed: list[Finding], labels: ShownLabels) -> Table:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "value": [f.value for f in passed],
            "threshold": [f.threshold for f in passed],
            "in words": [labels.guarded(f.message) for f in passed],
        },
        index=[_check_name(finding) for finding in passed],
    )
    return Table(caption="Checks that were passed", frame=frame, headings={}, row_heading="check")


def _finding_notice(finding: Finding, labels: ShownLabels) -> Notice:
    facts = [
        ("where", labels.guarded(finding.where)),
        ("value", _shown(finding.value)),
        ("threshold", _shown(finding.threshold)),
        ("what to do", labels.guarded(finding.remedy)),
    ]
    return Notice(
        tone=_TONES[finding.level],
        title=_check_name(finding),
        text=labels.guarded(finding.message),
        facts=tuple(fact for fact in facts if fact[1]),
    )


def _check_name(finding: Finding) -> str:
    return _CHECK_NAMES.get(finding.code, finding.code.replace("_", " "))


def _shown(value: float) -> str:
    return "" if value != value else number(value)
