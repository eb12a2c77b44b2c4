"""All that a report shows, in the order it shows it, before it takes any format.

Its tables and figures are numbered through, and its sentences are set anew, whoever wrote them:
real minus signs, labels hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bayes_alliance.checks.finding import Level
from bayes_alliance.checks.fit_to_data import MISFIT
from bayes_alliance.errors import Place, words_for
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.several_fits import several_fits
from bayes_alliance.report.blocks import (
    Block,
    Checklist,
    Figure,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
)
from bayes_alliance.report.group_labels import ShownLabels, check_names, shown_labels
from bayes_alliance.report.limits import limits
from bayes_alliance.report.prose import counted_groups, joined, plural, with_minus
from bayes_alliance.report.results import Results, collect_results
from bayes_alliance.report.sections.checklist_section import checklist_section
from bayes_alliance.report.sections.checks_section import computation_section, predictive_section
from bayes_alliance.report.sections.comparison_section import comparison_section
from bayes_alliance.report.sections.data_section import data_section
from bayes_alliance.report.sections.groups_section import groups_section
from bayes_alliance.report.sections.influence_section import influence_section
from bayes_alliance.report.sections.methods_section import methods_section
from bayes_alliance.report.sections.model_section import (
    model_section,
    prior_section,
    question_section,
)
from bayes_alliance.report.sections.reproduction_section import reproduction_section
from bayes_alliance.report.sections.results_section import results_section
from bayes_alliance.report.sections.sensitivity_section import sensitivity_section
from bayes_alliance.report.sections.slopes_section import slopes_section
from bayes_alliance.report.sentences import conclusions
from bayes_alliance.report.session_record import session_record
from bayes_alliance.sampling.fit import Fit

MANY_ROWS = 60  # a table with more rows is folded away, or stands at the end


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
        Where the reader works: advice is in the words of Python or of the command line.
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
    """Return the notice that the data are simulated; an empty list for real data."""
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


def block_numbers(content: ReportContent) -> dict[int, int]:
    """Return the number of each table, checklist and figure by the identity of its block."""
    blocks = [block for section in content.sections for block in section.blocks]
    tables = [block for block in blocks if isinstance(block, Table | Checklist)]
    figures = [block for block in blocks if isinstance(block, Figure)]
    return {id(block): number for kind in (tables, figures) for number, block in enumerate(kind, 1)}


def typeset(section: Section) -> Section:
    """Return the section with its sentences set as a printer would; cells and code stay."""
    blocks = (
        retold_notice(block, with_minus)
        if isinstance(block, Notice)
        else _retold(block, with_minus)
        for block in section.blocks
    )
    return replace(section, blocks=tuple(blocks))


def retold(section: Section, words: Callable[[str], str]) -> Section:
    """Return the section with ``words`` applied to every sentence, those of its notices too."""
    return replace(section, blocks=tuple(_retold_all(block, words) for block in section.blocks))


def _retold_all(block: Block, words: Callable[[str], str]) -> Block:
    if isinstance(block, Notice):
        return retold_notice(block, words)
    if isinstance(block, Checklist):
        items = (replace(item, answer=words(item.answer)) for item in block.items)
        return replace(block, items=tuple(items))
    return _retold(block, words)


def retold_notice(notice: Notice, words: Callable[[str], str]) -> Notice:
    """Return the notice with ``words`` applied to its title, text and facts."""
    facts = tuple((name, words(said)) for name, said in notice.facts)
    return replace(notice, title=words(notice.title), text=words(notice.text), facts=facts)


def _retold(block: Block, words: Callable[[str], str]) -> Block:
    if isinstance(block, Paragraph):
        return Paragraph(text=words(block.text))
    if isinstance(block, Items):
        return Items(items=tuple(words(item) for item in block.items))
    if isinstance(block, Figure):
        description = words(block.description)
        return replace(block, caption=words(block.caption), description=description)
    if isinstance(block, Table):
        notes = tuple(words(note) for note in block.notes)
        return replace(block, caption=words(block.caption), notes=notes)
    return block
