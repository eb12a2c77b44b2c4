"""The answers to three questions as a page: what a report of them shows, in no format yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bayes_alliance.answers.three_answers import VARYING, Answers
from bayes_alliance.errors import Place
from bayes_alliance.report.blocks import (
    Block,
    Facts,
    Figure,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
)
from bayes_alliance.report.content import ReportContent, retold, simulated_notice, typeset
from bayes_alliance.report.group_labels import ShownLabels, check_names, shown_labels
from bayes_alliance.report.sections.data_section import note_in_words
from bayes_alliance.sampling.run import installed_versions

NUMBERS = "numbers"


def answers_content(
    answers: Answers,
    *,
    title: str | None = None,
    question: str | None = None,
    names: str | Sequence[str] = (),
    place: Place = "python",
) -> ReportContent:
    """Gather what a page of the answers shows; no group is named unless it is asked for.

    Parameters
    ----------
    answers
        From :func:`answer_questions`.
    title, question, names
        As in :func:`write_report`.
    place
        Where whoever reads it works: advice is in the words of Python or of the command line.
    """
    fits = list(answers.fits.values())
    named = check_names([fit.model for fit in fits], names)
    labels = shown_labels(fits, named=named)
    asked = [question] if question else []
    asked.append(
        f"How much of {answers.outcome} is the {answers.group}; does {answers.predictor} matter; "
        f"and does its slope depend on the {answers.group}?"
    )
    told = _told(answers, labels, place)
    sections = [Section(key=key, heading=head, blocks=tuple(own)) for key, head, own in told]
    hidden = [typeset(retold(section, labels.guarded)) for section in sections]
    own = tuple(Paragraph(text=text) for text in asked)
    level = answers.verdict[1].level
    items = answers.items_in(place)
    bad = Notice(tone="bad", title="These answers are withheld", text=" ".join(items))
    return ReportContent(
        title=title or f"Three questions about {answers.outcome}",
        subtitle=f"{fits[0].model.frame.rows_used} rows, three multilevel models",
        notices=(*([bad] if answers.withheld else []), *simulated_notice(fits[0])),
        conclusions=tuple(map(labels.guarded, items)),
        level=level,
        sections=(Section(key="question", heading="Question", blocks=own), *hidden),
    )


def _told(
    answers: Answers, labels: ShownLabels, place: Place
) -> list[tuple[str, str, list[Block]]]:
    """Return key, heading and blocks of each section."""
    said = {notice.text for notice in simulated_notice(answers.fits[VARYING])}
    notes = [note for note in answers.notes_on_fits_in(place) if note not in said]
    told: list[tuple[str, str, list[Block]]] = [
        ("in-short", "In short", [Items(items=answers.items_in(place))]),
        (NUMBERS, "Numbers", _numbers(answers)),
        (
            "computation",
            "How it was computed",
            [Items(items=tuple(notes)), _facts(answers)],
        ),
    ]
    if answers.seen:
        seen = tuple(note_in_words(note, labels, place) for note in answers.seen)
        told.insert(1, ("data", "What was seen in the data", [Items(items=seen)]))
    return told


def _numbers(answers: Answers) -> list[Block]:
    """Show the table and every group's line; of a fit that failed, neither."""
    if answers.withheld:
        return [Paragraph(text="A fit failed its checks, so no number is shown.")]
    table = Table(
        caption="The numbers behind the answers",
        frame=answers.table,
        headings={},
        row_heading="quantity",
    )
    picture = Figure(
        key="lines",
        caption=f"The line of each {answers.group} over what was observed of {answers.predictor} "
        "in it; the thick line is that of the average group.",
        description=answers.slope.sentence,
        draw=lambda axes: answers.plot(axes),
        height=3.4,
    )
    return [table, picture]


def _facts(answers: Answers) -> Facts:
    settings = answers.fits[VARYING].settings
    models = [(name, fit.model.formula.text) for name, fit in answers.fits.items()]
    versions: dict[str, Any] = installed_versions()
    return Facts(
        pairs=(
            *models,
            ("Seed", str(settings.seed)),
            ("Engine", settings.engine),
            ("Chains and draws", f"{settings.chains} chains of {settings.draws} draws"),
            ("Versions", ", ".join(f"{name} {own}" for name, own in versions.items())),
        )
    )
