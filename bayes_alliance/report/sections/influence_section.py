"""The section on what each group, left out, would do to the results."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.checks.group_influence import Influence, quantity_name
from bayes_alliance.drawing import intervals_height
from bayes_alliance.errors import Place
from bayes_alliance.report.blocks import Block, Figure, Heading, Items, Paragraph, Section, Table
from bayes_alliance.report.group_labels import ShownLabels
from bayes_alliance.report.prose import count, one_of_groups
from bayes_alliance.report.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN, _DRAWN = 10, 100
_COLUMNS = ["group", "mean", "mean_without", "shift", "mcse_shift", "pareto_k", "caseload"]


def influence_section(results: Results, labels: ShownLabels) -> Section | None:
    """Show the groups that move the results most."""
    found = results.checks.influence
    if not found:
        return None
    blocks: list[Block] = []
    for name, influence in found.items():
        words = one_of_groups(results.fit.model.design.group(name))
        if len(found) > 1:
            blocks.append(Heading(text=f"Without {words}"))
        if isinstance(influence, str):
            blocks.append(Paragraph(text=influence))
        else:
            blocks += _influence_blocks(
                shown_influence(influence, labels), words, labels, results.place
            )
    return Section(key="influence", heading="Influence of single groups", blocks=tuple(blocks))


def shown_influence(influence: Influence, labels: ShownLabels) -> Influence:
    """Return the record under the labels the report shows."""
    shown = labels.by_group[influence.group]
    table = influence.table
    renamed = table.assign(group=[shown[str(label)] for label in table["group"]])
    return replace(influence, table=renamed)


def _influence_blocks(
    influence: Influence, words: str, labels: ShownLabels, place: Place
) -> list[Block]:
    if influence.group in labels.kept_back:
        return _kept_back(influence, words, labels, place)
    many = influence.table.groupby(["variable", "element"], sort=False).ngroups
    drawn = _those_that_move(influence)
    groups = influence.table["group"].nunique()
    cut = f" The {_DRAWN} of {groups} that move it most." if groups > _DRAWN else ""
    largest = influence.largest.head(_SHOWN)
    pairs = zip(largest["variable"], largest["element"], strict=True)
    results = [quantity_name(variable, element) for variable, element in pairs]
    return [
        Paragraph(text=influence.sentence),
        Figure(
            key=f"influence-{influence.group}",
            caption=f"How far each result moves without {words}, in posterior standard "
            f"deviations; the largest is named.{_rings(drawn)}{cut}",
            description=influence.sentence,
            draw=partial(_draw, drawn=drawn),
            height=intervals_height(many),
        ),
        Table(
            caption="The largest changes when one group is left out",
            frame=largest[_COLUMNS].set_axis(results, axis=0),
            headings={
                "mean": "mean, all\N{NO-BREAK SPACE}in",
                "mean_without": "mean without",
                "shift": "change in\N{NO-BREAK SPACE}sd",
                "mcse_shift": "its Monte Carlo error",
                "pareto_k": "Pareto\N{NO-BREAK SPACE}k",
                "caseload": "rows",
            },
            row_heading="result",
            notes=(_means_note(influence),),
        ),
        Items(items=tuple(_notes(influence, place))),
    ]


def _kept_back(influence: Influence, words: str, labels: ShownLabels, place: Place) -> list[Block]:
    """Say what leaving out one of many people does, without saying which."""
    said = labels.unnumbered(influence.sentence, influence.group)
    drawn = _those_that_move(influence)
    unnamed = replace(drawn, table=drawn.table.assign(group=""))
    picture = Figure(
        key=f"influence-{influence.group}",
        caption=f"How far each result moves without {words}, in posterior standard deviations."
        f"{_rings(drawn)}",
        description=said,
        draw=partial(_draw, drawn=unnamed),
        height=intervals_height(influence.table.groupby(["variable", "element"]).ngroups),
    )
    return [Paragraph(text=said), picture, Items(items=tuple(_notes(influence, place)))]


def _notes(influence: Influence, place: Place) -> list[str]:
    return [note for note in influence._notes(place) if note != influence.sentence]


def _rings(drawn: Influence) -> str:
    """Say what pale rings are, where there are any."""
    return "" if drawn.table["reliable"].all() else " Pale rings are rough figures."


def _means_note(influence: Influence) -> str:
    """Say why a mean with all groups in may differ from that of the results."""
    how = []
    if influence.exact:
        how.append("a coefficient is averaged in closed form over the draws of the variances")
    used = influence.draws.sizes[names.CHAIN] * influence.draws.sizes[names.DRAW]
    how.append(f"{count(used)} draws were used")
    return (
        f"Means with and without a group are made alike, to be compared: {' and '.join(how)}. "
        "From the means of the results they may therefore differ by Monte Carlo error."
    )


def _draw(axes: Axes, *, drawn: Influence) -> Axes:
    drawn.plot(axes)
    # The record's own label is too wide beside the names of the results.
    axes.set_xlabel("change, in posterior sd")
    return axes


def _those_that_move(influence: Influence) -> Influence:
    """Keep the groups with the largest changes, so that a picture of thousands stays light."""
    table = influence.table
    if table["group"].nunique() <= _DRAWN:
        return influence
    size = np.abs(table["shift"]).where(table["reliable"], 0.0)
    places = size.groupby([table["variable"], table["element"]]).rank(ascending=False)
    return replace(influence, table=table[places <= _DRAWN])
