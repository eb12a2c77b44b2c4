"""The section on what the priors weigh: densities before and after, power scaling, few groups."""

from __future__ import annotations

from functools import partial

from bayes_alliance.checks.shares_by_prior import SharesByPrior
from bayes_alliance.drawing import intervals_height
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.report.blocks import Block, Figure, Heading, Items, Paragraph, Section, Table
from bayes_alliance.report.figures import (
    MOST_PANELS,
    Panel,
    draw_panels,
    learnt,
    panels_height,
    panels_of,
    without_panel,
)
from bayes_alliance.report.prose import joined, many_groups, percent, plural
from bayes_alliance.report.results import Results

_HARDLY = 0.7
_WORDS = {0.5: "half as wide", 1.0: "as in this analysis", 2.0: "twice as wide"}
_LITTLE, _MUCH = 0.02, 0.05


def sensitivity_section(results: Results) -> Section:
    """Show what the data added to the priors, and how far the results lean on them."""
    blocks: list[Block] = []
    panels = panels_of(results.fit)
    if panels:
        left_out = without_panel(results.fit.model)
        blocks += _before_and_after(panels, left_out, trusted=results.trusted)
    blocks += few_groups_blocks(results)
    blocks += [Heading(text="Priors a little stronger or weaker"), *_power_scaling(results)]
    return Section(key="sensitivity", heading="Sensitivity to the priors", blocks=tuple(blocks))


def _before_and_after(
    panels: tuple[Panel, ...], left_out: tuple[str, ...], *, trusted: bool
) -> list[Block]:
    shown = panels[:MOST_PANELS]
    cut = f" The first {MOST_PANELS} of {len(panels)}." if len(panels) > MOST_PANELS else ""
    said = learnt_sentence(panels) if trusted else "The fit failed its checks."
    return [
        Heading(text="Before and after the data"),
        *([Paragraph(text=said)] if trusted else []),
        Figure(
            key="prior-posterior",
            caption="Prior (broken line) and posterior (filled) of each parameter, over the range "
            f"of the posterior.{cut}",
            description=said,
            draw=partial(draw_panels, panels=shown),
            height=panels_height(len(shown)),
        ),
        *_without_curve(left_out),
    ]


def _without_curve(keys: tuple[str, ...]) -> list[Block]:
    if not keys:
        return []
    which = joined(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "")
    return [
        Paragraph(
            text=f"Without a picture: {which}. The prior is improper, or follows from others in a "
            "way that has no formula."
        )
    ]


def learnt_sentence(panels: tuple[Panel, ...]) -> str:
    """Say how much narrower than the priors the posteriors are, and where they hardly are."""
    widths = {panel.label: learnt(panel) for panel in panels}
    hardly = [label for label, width in widths.items() if width > _HARDLY]
    widest = max(widths.values())
    if not hardly:
        return (
            "The data narrowed every parameter: the widest posterior has "
            f"{percent(widest)} of the standard deviation of its prior."
        )
    which = joined(hardly[:5]) + (f" and {len(hardly) - 5} more" if len(hardly) > 5 else "")
    return (
        f"The data say little about {plural(len(hardly), 'parameter')} ({which}): the posterior "
        f"has over {percent(_HARDLY)} of the standard deviation of the prior, which therefore "
        "decides much."
    )


def _power_scaling(results: Results) -> list[Block]:
    found = results.checks.sensitivity
    if isinstance(found, str):
        return [Paragraph(text=found)]
    return [
        Paragraph(text=found.sentence),
        Figure(
            key="sensitivity",
            caption="Sensitivity of each result to the prior and to the data (power-scaling); the "
            "broken line is the threshold.",
            description=found.sentence,
            draw=lambda axes: found.plot(axes),
            height=intervals_height(len(found.table)),
        ),
        Table(
            caption="Power-scaling sensitivity",
            frame=found.table,
            headings={},
            row_heading="result",
        ),
        Items(items=tuple(note for note in found._notes(results.place) if note != found.sentence)),
    ]


def few_groups_blocks(results: Results) -> list[Block]:
    """Return what the sensitivity section says of factors with few groups; nothing of others."""
    model = results.fit.model
    blocks: list[Block] = []
    for name, found in results.checks.few_groups.items():
        if isinstance(found, str):
            blocks.append(Paragraph(text=found))
        else:
            group = model.design.group(name)
            blocks += [Paragraph(text=few_groups_sentence(found, group)), _table(found, model)]
    return [Heading(text="Few groups: the share under other priors"), *blocks] if blocks else []


def few_groups_sentence(found: SharesByPrior, group: GroupDesign) -> str:
    """Say what the share is under each width, and whether that makes a difference."""
    words, count = many_groups(group), len(group.labels)
    mean = found.table["mean"]
    low, high = float(mean.min()), float(mean.max())
    verdict = (
        "So the prior hardly matters here."
        if high - low < _LITTLE
        else "So the prior decides a good part of this number: report it with its range."
        if high - low >= _MUCH
        else "So the prior has a say, within the interval: report the interval, not the number."
    )
    return (
        f"{count} groups ({words}) tell little about how much groups differ, so what was assumed "
        "about their standard deviation has its weight. With that prior half as wide, their share "
        f"of the variance would be {percent(float(mean.loc[0.5]))}; with the prior of this "
        f"analysis it is {percent(float(mean.loc[1.0]))}, and with one twice as wide it would be "
        f"{percent(float(mean.loc[2.0]))}. {verdict}"
    )


def _table(found: SharesByPrior, model: Model) -> Table:
    frame = found.table.copy()
    columns = ["mean", "lower", "upper"]
    frame[columns] = 100 * frame[columns]
    frame.index = frame.index.map(_WORDS)
    words = many_groups(model.design.group(found.group))
    tail = 50 * (1 - found.prob)
    how = "The draws were weighted by the ratio of the two priors."
    if found.refitted:
        how = "The model was fitted again where weighting the draws would rest on a few of them."
    return Table(
        caption=f"Share of the variance between {words} in per cent{found.where}, by the width "
        "of the prior",
        frame=frame,
        headings={"lower": f"{tail:g}%", "upper": f"{100 - tail:g}%"},
        row_heading="prior of the standard deviation",
        notes=(how,),
    )
