"""The section on the data: rows used and dropped, groups and caseloads, notes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bayes_alliance.data.report import Note
from bayes_alliance.errors import GIVE_ROWS, Place, words_for
from bayes_alliance.model.data_report import ModelDataReport
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.report.blocks import Block, Figure, Items, Notice, Paragraph, Section
from bayes_alliance.report.figures import draw_caseloads
from bayes_alliance.report.group_labels import ShownLabels
from bayes_alliance.report.prose import count, many_groups, percent, plural
from bayes_alliance.report.results import Results
from bayes_alliance.report.tables import data_tables

_FEWEST_FOR_PICTURE = 5
_SAID_ABOVE = frozenset({"rows"})
_TITLES = {"caution": "Take a look", "bad": "In the way"}


def notes_on_data(results: Results) -> tuple[Note, ...]:
    """Return what the section says was seen in the data; nothing where there are no rows."""
    model = results.fit.model
    told = results.fit.has_data or model.stream is not None
    return model.data_report.notes if told else ()


def data_section(results: Results, labels: ShownLabels) -> Section:
    """Describe the rows behind the fit, never the rows themselves."""
    model = results.fit.model
    if not results.fit.has_data and model.stream is None:
        text = _why_no_rows(results)
        return Section(key="data", heading="Data", blocks=(Paragraph(text=text),))
    report = model.data_report

    def shown(note: Note) -> str:
        return note_in_words(note, labels, results.place)

    blocks: list[Block] = [Paragraph(text=_rows_sentence(report))]
    blocks += data_tables(report)
    blocks += [
        _caseload_block(group)
        for group in model.design.groups
        if len(group.labels) >= _FEWEST_FOR_PICTURE
    ]
    blocks += [
        Notice(tone=note.level, title=_TITLES[note.level], text=shown(note))
        for note in report.notes
        if note.level != "fine"
    ]
    rest = [n for n in report.notes if n.level == "fine" and n.code not in _SAID_ABOVE]
    if rest:
        blocks.append(Items(items=tuple(shown(note) for note in rest)))
    return Section(key="data", heading="Data", blocks=tuple(blocks))


def note_in_words(note: Note, labels: ShownLabels, place: Place) -> str:
    """Return what was seen in the data, without the ids of groups that are not to be named."""
    if note.unnamed and not labels.named.issuperset(note.columns):
        note = replace(note, message=note.unnamed)
    return labels.guarded(note.said_in(place))


def _why_no_rows(results: Results) -> str:
    if results.fit.streamed_from is not None:
        return (
            "The rows were read as a stream and never kept, and the fit was saved without the sums "
            "and counts made of them, so the data cannot be described here."
        )
    why = "This fit was saved without the rows it was made from, so the data cannot be described"
    return f"{why} here. {words_for(GIVE_ROWS, results.place)}"


def _rows_sentence(report: ModelDataReport) -> str:
    used, table = report.rows_used, report.rows_in_table
    stand = ""
    if report.clients is not None:
        stand = (
            f" By their frequency weights they stand for {report.clients:,.10g} clients; where "
            "rows are counted below, each counts as often."
        )
    if used == table:
        return (
            f"All {plural(table, 'row')} of the table were used; none had a missing value.{stand}"
        )
    return (
        f"{count(used)} of the {plural(table, 'row')} of the table were used, "
        f"{percent(used / table)} of them.{stand}"
    )


def _caseload_block(group: GroupDesign) -> Figure | Paragraph:
    caseloads = group.caseloads
    if caseloads.min() == caseloads.max():
        text = f"Each of the {plural(len(caseloads), 'group')} of {group.name} has "
        return Paragraph(text=f"{text}{plural(round(float(caseloads.min())), 'row')}.")
    middle = f"{float(np.median(caseloads)):g}"
    return Figure(
        key=f"caseloads-{group.name}",
        caption=f"Rows of each of the {plural(len(caseloads), 'group')} of {group.name}.",
        description=(
            f"Histogram of rows per group for {many_groups(group)}: from {caseloads.min():g} to "
            f"{caseloads.max():g}, the middle one {middle}."
        ),
        draw=partial(draw_caseloads, caseloads=tuple(round(float(rows)) for rows in caseloads)),
        height=2.2,
    )
