"""All that a report shows, in the order it shows it, before it takes any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bayes_alliance.checks.finding import Level
from bayes_alliance.checks.fit_to_data import MISFIT
from bayes_alliance.errors import Place, words_for
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.fits_by_name import several_fits
from bayes_alliance.report.blocks import Items, Notice, Section
from bayes_alliance.report.checklist_section import checklist_section
from bayes_alliance.report.checks_section import computation_section, predictive_section
from bayes_alliance.report.comparison_section import comparison_section
from bayes_alliance.report.data_section import data_section
from bayes_alliance.report.group_labels import ShownLabels, check_names, shown_labels
from bayes_alliance.report.group_words import counted_groups
from bayes_alliance.report.groups_section import groups_section
from bayes_alliance.report.influence_section import influence_section
from bayes_alliance.report.limits import limits
from bayes_alliance.report.methods_section import methods_section
from bayes_alliance.report.model_section import model_section, prior_section, question_section
from bayes_alliance.report.reproduction_section import reproduction_section
from bayes_alliance.report.results import Results, collect_results
from bayes_alliance.report.results_section import results_section
from bayes_alliance.report.sensitivity_section import sensitivity_section
from bayes_alliance.report.sentences import conclusions
from bayes_alliance.report.session_record import session_record
from bayes_alliance.report.slopes_section import slopes_section
from bayes_alliance.report.typesetting import retold, retold_notice, typeset
from bayes_alliance.report.wording import joined, plural, with_minus
from bayes_alliance.sampling.fit import Fit


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """A report without a format.

    Parameters
    ----------
    title, subtitle
        Its head.
    notices
        What has to be seen first: simulated data, an interrupted run, a failed fit.
    conclusions
        The answers in plain sentences.
    level
        Level of the verdict.
    sections
        The whole report, in order; the conclusions stand in it too.
    record
        All it takes to make the report again, as plain JSON.
    """

    title: str
    subtitle: str
    notices: tuple[Notice, ...]
    conclusions: tuple[str, ...]
    level: Level
    sections: tuple[Section, ...]
    record: dict[str, Any] = field(default_factory=dict)


def build_content(
    fits: Fit | Sequence[Fit] | Mapping[str, Fit],
    *,
    title: str | None = None,
    question: str | None = None,
    names: str | Sequence[str] = (),
    place: Place = "python",
) -> ReportContent:
    """Gather all that a report of this fit shows; the same fit gives the same content.

    Parameters
    ----------
    fits
        The fit; of several the first is the one reported, and the others are compared with it.
        Fits of a mapping keep their names, others are called Model 1, Model 2.
    title
        Title of the report; one made from the outcome if None.
    question
        The question in the author's own words; the model's follows it.
    names
        Grouping factors whose groups are named; those of others are numbered.
    place
        Where whoever reads it works: advice is in the words of Python or of the command line.
    """
    main, *others = several_fits(fits, "write_report")
    named = check_names([fit.model for fit in (main, *others)], names)
    # Short names: formulas in every sentence would hide what it says.
    numbers = [f"Model {k}" for k, _ in enumerate((main, *others), start=1)]
    called = [str(name) for name in fits] if isinstance(fits, Mapping) else numbers
    results = collect_results(main, others, called, place=place)
    labels = shown_labels([main, *others], named=named)
    options: dict[str, Any] = {"title": title, "question": question, "names": sorted(named)}
    sections = [
        question_section(main.model, question),
        *_sections(results, labels),
        reproduction_section(main, **options),
    ]
    # What was written without knowing what is hidden is looked through once more.
    hide = labels.guarded
    told = [sections[0], *(retold(own, hide) for own in sections[1:])]

    def shown(sentence: str) -> str:
        return with_minus(hide(sentence))

    return ReportContent(
        title=title or f"Multilevel analysis of {main.model.outcome}",
        subtitle=_subtitle(main),
        notices=tuple(retold_notice(notice, shown) for notice in _notices(results)),
        conclusions=tuple(shown(answer) for answer in conclusions(results)),
        level=results.verdict.level,
        sections=tuple(typeset(section) for section in told),
        record=session_record(main, others, **options, called=called, place=place),
    )


def _sections(results: Results, labels: ShownLabels) -> list[Section]:
    model = results.fit.model
    sections = (
        Section(key="in-short", heading="In short", blocks=(Items(items=conclusions(results)),)),
        data_section(results, labels),
        model_section(model),
        prior_section(results),
        computation_section(results, labels),
        results_section(results),
        groups_section(results, labels),
        slopes_section(results, labels),
        comparison_section(results),
        sensitivity_section(results),
        predictive_section(results),
        influence_section(results, labels),
        Section(key="limits", heading="Limits", blocks=(Items(items=limits(results)),)),
        methods_section(results, labels),
        checklist_section(results),
    )
    return [section for section in sections if section is not None]


def _subtitle(fit: Fit) -> str:
    model: Model = fit.model
    counted = [counted_groups(group) for group in model.design.groups]
    groups = f", {joined(counted)}" if counted else ""
    rows = f"{plural(model.frame.rows_used, 'row')}{model.clients_in_words}"
    return f"Bayesian multilevel model of {rows}{groups}"


def simulated_notice(fit: Fit) -> list[Notice]:
    """Say first of all where no real client stands behind a page."""
    attributes = fit.model.frame.rows.attrs
    if not attributes.get("simulated"):
        return []
    source = str(attributes.get("source", "No real clients stand behind these numbers."))
    return [Notice(tone="caution", title="Example data is simulated", text=source)]


def _notices(results: Results) -> tuple[Notice, ...]:
    fit = results.fit
    notices = []
    if results.verdict.level == "bad":
        text = (
            "At least one check of the fit failed, so its numbers may be wrong and its "
            "conclusions are withheld. The verdict lists each failure and what to do about it."
        )
        notices.append(Notice(tone="bad", title="This fit is not to be relied on", text=text))
    misfits = results.verdict.found(MISFIT)
    if misfits and results.trusted:
        remedies = " ".join(words_for(f.remedy, results.place) for f in misfits)
        title = "What to do about what the model does not reproduce"
        notices.append(Notice(tone="caution", title=title, text=remedies))
    notices += simulated_notice(fit)
    if fit.interrupted:
        text = f"The run was stopped early. The report rests on the {fit.draws_in_all} draws kept."
        notices.append(Notice(tone="caution", title="Interrupted", text=text))
    told = {notice.text for notice in notices}
    rest = [note for note in fit.notes if note not in told]
    return (*notices, *(Notice(tone="caution", title="Note", text=note) for note in rest))
