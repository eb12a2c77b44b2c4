"""The section on slopes that vary: every group's line, its slope, and shares along the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.moderation.group_slope import MOST_LINES, GroupSlopes
from bayes_alliance.posterior.shares.variance_curve import ShareCurve
from bayes_alliance.posterior.summaries import DIRECTION
from bayes_alliance.report.blocks import Block, Figure, Heading, Paragraph, Section, Table
from bayes_alliance.report.group_labels import ShownLabels
from bayes_alliance.report.prose import count, many_groups
from bayes_alliance.report.results import Results
from bayes_alliance.report.sections.groups_section import ROWS_SHOWN
from bayes_alliance.report.sentences import varying_sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NEVER_ZERO = (
    "A standard deviation cannot be below 0, so its interval never reaches 0, and that it lies "
    "above says nothing about whether slopes vary. Compare the model with one whose slope is the "
    "same for all."
)


def slopes_section(results: Results, labels: ShownLabels) -> Section | None:
    """Show how slopes differ between groups, or say why that is not known."""
    model: Model = results.fit.model
    blocks: list[Block] = []
    if results.trusted:
        sentences = varying_sentences(results)
        blocks += [Paragraph(text=text) for text in sentences]
        blocks += [Paragraph(text=_NEVER_ZERO)] if sentences else []
    for slopes in results.slopes:
        if isinstance(slopes, str):
            blocks.append(Paragraph(text=slopes))
        else:
            blocks += _slope_blocks(results, slopes, labels)
    blocks += [_curve_figure(model, curve, told=results.trusted) for curve in results.curves]
    if not blocks:
        return None
    return Section(key="slopes", heading="Slopes by group", blocks=tuple(blocks))


def _slope_blocks(results: Results, slopes: GroupSlopes, labels: ShownLabels) -> list[Block]:
    words = many_groups(results.fit.model.design.group(slopes.group))
    drawn = f" {MOST_LINES} of the {len(slopes.table)} are drawn." if _cut(slopes) else ""
    where = slopes.standing.words
    at = f" {where[0].upper()}{where[1:]}." if where else ""
    picture = Figure(
        key=f"slopes-{slopes.group}-{slopes.predictor}",
        caption=f"Lines of {words} over what was observed of {slopes.predictor} in each, and the "
        f"line of an average group with its 95% band.{drawn}{at}",
        description=slopes.sentence if results.trusted else "The fit failed its checks.",
        draw=_plotted(slopes.plot),
        height=3.4,
    )
    heading = Heading(text=f"The slope of {slopes.predictor} in {words}")
    said = [Paragraph(text=slopes.sentence)] if results.trusted else []
    if len(slopes.table) > ROWS_SHOWN or slopes.group in labels.kept_back:
        return [heading, *said, picture]
    sizes = slopes.draws.sizes
    used = sizes[names.CHAIN] * sizes[names.DRAW]
    thinned = used < results.fit.draws_in_all
    notes = (f"From {count(used)} draws, evenly spaced.",) if thinned else ()
    return [heading, *said, picture, _slope_table(slopes, labels, words, notes)]


def _cut(slopes: GroupSlopes) -> bool:
    return len(slopes.table) > MOST_LINES


def _slope_table(
    slopes: GroupSlopes, labels: ShownLabels, words: str, notes: tuple[str, ...]
) -> Table:
    shown = labels.by_group[slopes.group]
    table = slopes.table.drop(columns=["lowest", "highest"])
    # In the order of what is shown, as the table of the groups has it.
    table = table.set_index("group").loc[list(shown)]
    table.index = table.index.map(lambda label: shown[str(label)]).rename("group")
    return Table(
        caption=f"Slopes of {slopes.predictor} in {words}: the average slope plus the deviation",
        frame=table,
        headings={
            "lower": "2.5%",
            "upper": "97.5%",
            "caseload": "rows",
            DIRECTION: "P(sign of mean)",
        },
        row_heading=slopes.group,
        notes=notes,
    )


def _curve_figure(model: Model, curve: ShareCurve, *, told: bool) -> Figure:
    seen = curve.sentence if told else "The fit failed its checks."
    return Figure(
        key=f"share-curve-{curve.predictor}",
        caption=f"Share of the variance of {model.outcome} along {curve.predictor}: mean and "
        f"{curve.prob:.0%} interval at each value.",
        description=seen,
        draw=_plotted(curve.plot),
        height=3.0,
    )


def _plotted(plot: Callable[..., Axes]) -> Callable[[Axes], Axes]:
    """Return a record's plot verb as the drawing of a figure."""
    return lambda axes: plot(axes)
