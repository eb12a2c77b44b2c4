"""The section on what the priors weigh: densities before and after, and power scaling."""

from __future__ import annotations

from functools import partial

from bayes_alliance.drawing import intervals_height
from bayes_alliance.report.blocks import Block, Figure, Heading, Items, Paragraph, Section, Table
from bayes_alliance.report.density_figures import (
    MOST_PANELS,
    Panel,
    draw_panels,
    learnt,
    panels_height,
    panels_of,
    without_panel,
)
from bayes_alliance.report.few_groups import few_groups_blocks
from bayes_alliance.report.results import Results
from bayes_alliance.report.wording import joined, percent, plural

_HARDLY = 0.7


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
