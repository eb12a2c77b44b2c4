"""The sections on the computation with its verdict, and on the predictive checks."""

from __future__ import annotations

from collections.abc import Collection

from bayes_alliance import names
from bayes_alliance.checks.coverage import Coverage
from bayes_alliance.checks.finding import Finding
from bayes_alliance.checks.predictive import PredictiveCheck
from bayes_alliance.checks.verdict import VerdictPart
from bayes_alliance.display import number
from bayes_alliance.errors import Place, listed, words_for
from bayes_alliance.report.blocks import (
    Block,
    Figure,
    Heading,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
    Tone,
)
from bayes_alliance.report.group_labels import ShownLabels
from bayes_alliance.report.prose import count, plural
from bayes_alliance.report.results import Results
from bayes_alliance.report.sections.data_section import notes_on_data
from bayes_alliance.report.tables import predictive_table
from bayes_alliance.sampling.engines.independent.trust import weighed
from bayes_alliance.sampling.engines.registry import engine_of
from bayes_alliance.sampling.fit import Fit

_HEADING = "Posterior predictive checks"
_INTRO = (
    "If the model is a fair account of the data, outcomes drawn from it for the same rows look "
    "like the outcomes that were observed."
)
_UNTRUSTED = Notice(
    tone="bad",
    title="Not to be relied on",
    text="The fit failed its checks. Its draws cannot tell whether the model fits the data.",
)
_CHECK_NAMES = {
    "r_hat": "R-hat",
    "ess_bulk": "bulk ESS",
    "ess_tail": "tail ESS",
    "e_bfmi": "E-BFMI",
}
_SEEN_IN_DATA = "Seen in the data, and said in the section on them:"
_TONES: dict[str, Tone] = {"fine": "fine", "caution": "caution", "bad": "bad"}


def predictive_section(results: Results) -> Section:
    """Show the data as observed over what the model replicates, and whether predictions hold."""
    found = results.checks
    blocks: list[Block] = []
    if isinstance(found.posterior, str):
        blocks.append(Paragraph(text=found.posterior))
        return Section(key="predictive", heading=_HEADING, blocks=tuple(blocks))
    outcome, trusted = results.fit.model.outcome, results.trusted
    what = f"Distribution of {outcome}"
    blocks += [
        Paragraph(text=_INTRO) if trusted else _UNTRUSTED,
        *_check_blocks(found.posterior, key="predictive", what=what, told=trusted),
    ]
    for name, check in found.by_group.items():
        blocks.append(Heading(text=f"Means by {name}"))
        if isinstance(check, str):
            blocks.append(Paragraph(text=check))
            continue
        what = f"Distribution of the mean of {outcome} by {name}"
        blocks += _check_blocks(check, key=f"predictive-{name}", what=what, told=trusted)
    blocks += [Heading(text="Do predictive intervals cover?"), *_coverage_blocks(found.coverage)]
    return Section(key="predictive", heading=_HEADING, blocks=tuple(blocks))


def _check_blocks(check: PredictiveCheck, *, key: str, what: str, told: bool) -> list[Block]:
    """Show a check; what comes out of it is told only where the draws can be trusted."""
    picture = check_figure(check, key=key, what=what, told=told)
    said = [Paragraph(text=check.sentence)] if told else []
    return [picture, *said, predictive_table(check)]


def check_figure(check: PredictiveCheck, *, key: str, what: str, told: bool = True) -> Figure:
    """Draw a predictive check; the alternative text says what comes out of it, if it is told."""
    found = check.sentence if told else "The fit failed its checks."
    return Figure(
        key=key,
        caption=f"{what}: observed, and in outcomes replicated from the {check.kind}.",
        description=f"{what} over the middle and the 95% band of {check.replications} replicated "
        f"data sets. {found}",
        draw=lambda axes: check.plot(axes),
        height=3.0,
    )


def _coverage_blocks(found: Coverage | str) -> list[Block]:
    if isinstance(found, str):
        return [Paragraph(text=found)]
    table = Table(
        caption="Outcomes within their predictive interval, each row predicted from the others",
        frame=found.table,
        headings={
            "observed": "observed",
            "lower": "by chance, from",
            "upper": "to",
        },
        row_heading="interval",
    )
    figure = Figure(
        key="coverage",
        caption="Position of each outcome in its leave-one-out prediction: how far the positions "
        "stray from uniform, over the band of a right model.",
        description=found.sentence,
        draw=lambda axes: found.plot(axes),
        height=3.0,
    )
    notes = tuple(note for note in found._notes() if note != found.sentence)
    return [Paragraph(text=found.sentence), figure, table, *([Items(items=notes)] if notes else [])]


def computation_section(results: Results, labels: ShownLabels) -> Section:
    """List every finding with its value, its threshold and its remedy; those on the data once."""
    verdict = results.verdict
    seen = {note.message for note in notes_on_data(results)}
    blocks: list[Block] = [
        Paragraph(text=computation_words(results.fit)),
        *_part_blocks(verdict.on_draws, labels, results.place, seen),
        *_part_blocks(verdict.on_model, labels, results.place, seen),
    ]
    fine = [f for f in verdict.findings if f.level == "fine" and f.message not in seen]
    passed = [finding for finding in fine if finding.value == finding.value]
    if passed:
        blocks.append(_passed_table(passed, labels))
    # Without a value a check was not made, which is not to pass it.
    rest = [_said(finding, labels) for finding in fine if finding not in passed]
    if rest:
        blocks.append(Items(items=tuple(rest)))
    return Section(key="computation", heading="Computation and verdict", blocks=tuple(blocks))


def _part_blocks(
    part: VerdictPart, labels: ShownLabels, place: Place, seen: Collection[str]
) -> list[Block]:
    """Show one half of the verdict, and what asks for something; what is said above by its name."""
    blocks: list[Block] = [Notice(tone=_TONES[part.level], title=part.heading, text=part.sentence)]
    asking = [finding for finding in part.findings if finding.level != "fine"]
    blocks += [_finding_notice(f, labels, place) for f in asking if f.message not in seen]
    above = [_with_columns(f, labels) for f in asking if f.message in seen]
    if above:
        blocks.append(Paragraph(text=f"{_SEEN_IN_DATA} {listed(above, shown=len(above))}."))
    return blocks


def _with_columns(finding: Finding, labels: ShownLabels) -> str:
    where = f" ({labels.guarded(finding.where)})" if finding.where else ""
    return f"{_check_name(finding)}{where}"


def _passed_table(passed: list[Finding], labels: ShownLabels) -> Table:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "value": [f.value for f in passed],
            "threshold": [f.threshold for f in passed],
            "in words": [_said(f, labels) for f in passed],
        },
        index=[_check_name(finding) for finding in passed],
    )
    return Table(caption="Checks that were passed", frame=frame, headings={}, row_heading="check")


def _finding_notice(finding: Finding, labels: ShownLabels, place: Place) -> Notice:
    facts = [
        ("where", labels.guarded(finding.where)),
        ("value", _shown(finding.value)),
        ("threshold", _shown(finding.threshold)),
        ("what to do", labels.guarded(words_for(finding.remedy, place))),
    ]
    return Notice(
        tone=_TONES[finding.level],
        title=_check_name(finding),
        text=_said(finding, labels),
        facts=tuple(fact for fact in facts if fact[1]),
    )


def _said(finding: Finding, labels: ShownLabels) -> str:
    """Return what was found, without the ids of groups that are not to be named."""
    hidden = finding.unnamed and not labels.named.issuperset(finding.columns)
    return labels.guarded(finding.unnamed if hidden else finding.message)


def _check_name(finding: Finding) -> str:
    return _CHECK_NAMES.get(finding.code, finding.code.replace("_", " "))


def _shown(value: float) -> str:
    if value != value:
        return ""
    return count(value) if value == round(value) else number(value)


def computation_words(fit: Fit, *, sources: str = "") -> str:
    """Say which engine drew how many draws, and what was thrown away; ``sources`` are cited."""
    settings, sizes = fit.settings, fit.idata[names.POSTERIOR].sizes
    chains, draws = int(sizes[names.CHAIN]), int(sizes[names.DRAW])
    how = engine_of(settings).words
    stopped = " The run was stopped early." if fit.interrupted else ""
    proposed = weighed(fit.idata)
    given_up = ""
    if proposed is not None and proposed.given_up:
        given_up = f" Independent draws were given up: {proposed.given_up}."
    made = f" (seed {settings.seed})"
    if fit.follows_trajectories:
        made = (
            f", after {plural(settings.tune, 'warm-up draw')} (target acceptance "
            f"{settings.target_accept:g}, seed {settings.seed})"
        )
    return (
        f"The posterior was computed {how}{f' {sources}' if sources else ''}. Of each of "
        f"{plural(chains, 'chain')} {plural(draws, 'draw')} were kept, {count(chains * draws)} in "
        f"all{made}.{given_up}{stopped}"
    )
