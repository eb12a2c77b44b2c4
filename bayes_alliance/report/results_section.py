"""The section with the results: shares, coefficients, spread, groups."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.drawing import intervals_height
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.groups.caterpillar import (
    LABELLED_GROUPS,
    caterpillar_height,
    draw_caterpillar,
    has_raw_dots,
)
from bayes_alliance.posterior.groups.group_effect import GroupEffects
from bayes_alliance.report.blocks import Block, Figure, Heading, Notice, Paragraph, Section
from bayes_alliance.report.figures import draw_coefficients, draw_shares
from bayes_alliance.report.group_labels import ShownLabels
from bayes_alliance.report.group_words import level_name, many_groups
from bayes_alliance.report.results import Results
from bayes_alliance.report.sentences import all_slopes, share_sentences
from bayes_alliance.report.tables import (
    coefficient_table,
    group_table,
    share_table,
    summary_table,
)
from bayes_alliance.report.wording import count

if TYPE_CHECKING:
    import pandas as pd

ROWS_SHOWN = 80


def results_section(results: Results, labels: ShownLabels) -> Section:
    """Show every estimate beside its interval and its accuracy."""
    blocks: list[Block] = []
    if results.verdict.level == "bad":
        warning = (
            "The fit failed its checks. These numbers are shown to help find out why; they are "
            "not results."
        )
        blocks.append(Notice(tone="bad", title="Not to be relied on", text=warning))
    blocks += [*_share_blocks(results), *_coefficient_blocks(results), *_spread_blocks(results)]
    for effects in results.groups:
        blocks += _group_blocks(results.fit.model, effects, labels)
    return Section(key="results", heading="Results", blocks=tuple(blocks))


def _share_blocks(results: Results) -> list[Block]:
    heading = Heading(text="Where the variance lies")
    shares, model = results.shares, results.fit.model
    if isinstance(shares, str):
        return [heading, Paragraph(text=shares)] if model.groups else []
    trusted = results.verdict.level != "bad"
    sentences = " ".join(share_sentences(results)) if trusted else ""
    shown = shares.table.rename(index=lambda level: level_name(model, str(level)))
    return [
        heading,
        *([Paragraph(text=sentences)] if sentences else []),
        Figure(
            key="shares",
            caption=f"Share of the variance by level: mean and {100 * shares.prob:g}% interval.",
            description=f"Points with intervals, one a level. {sentences}".strip(),
            draw=partial(draw_shares, shares=shown),
            height=intervals_height(len(shown)),
        ),
        share_table(shares, model),
    ]


def _coefficient_blocks(results: Results) -> list[Block]:
    summary, model = results.coefficients, results.fit.model
    if summary is None:
        return []
    slopes = all_slopes(results)
    scale = f" ({model.link} scale)" if model.family.on_link_scale else ""
    caption = f"Coefficients{scale}: the same for every group"
    table = coefficient_table(summary, slopes, model.design.coefficients, caption)
    blocks: list[Block] = [Heading(text="Coefficients")]
    if slopes:
        drawn = summary.table.set_axis(list(model.design.coefficients))
        drawn = drawn.drop(index=names.INTERCEPT, errors="ignore")
        blocks.append(
            Figure(
                key="coefficients",
                caption=f"Coefficients: mean and {100 * summary.prob:g}% interval; the dashed line "
                "is at zero.",
                description=f"Points with intervals for {len(slopes)} coefficients; the numbers "
                "stand in the table below.",
                draw=partial(draw_coefficients, summary=drawn),
                height=intervals_height(len(slopes)),
            )
        )
    return [*blocks, table]


def _spread_blocks(results: Results) -> list[Block]:
    blocks: list[Block] = []
    if results.spread is not None:
        blocks += [
            Heading(text="Spread"),
            summary_table(results.spread, "Standard deviations and the family's own parameters"),
        ]
    if results.correlations is not None:
        blocks += [
            Heading(text="Correlations"),
            Paragraph(
                text="How the departures of one group go together: a correlation of an intercept "
                "with a slope refers to the intercept at a predictor value of 0."
            ),
            summary_table(results.correlations, "Correlations between group effects"),
        ]
    return blocks


def _group_blocks(model: Model, effects: GroupEffects, labels: ShownLabels) -> list[Block]:
    group = model.design.group(effects.group)
    shown = labels.by_group[effects.group]
    words = many_groups(group)
    blocks: list[Block] = [
        Heading(text=f"Each of {words}" if words.startswith("the ") else f"The {words}"),
        Paragraph(
            text="Each departure is drawn towards 0, more so where a group has few rows. An "
            "interval that holds 0 means that the group cannot be told from the average."
        ),
    ]
    blocks += [_caterpillar(effects, effect, shown, words) for effect in group.effects]
    if len(effects.table) <= ROWS_SHOWN:
        return [*blocks, group_table(effects, shown, model)]
    text = (
        f"The table has {count(len(effects.table))} rows, too many for a page: "
        f'group_effects(fit, group="{effects.group}").table holds them.'
    )
    return [*blocks, Paragraph(text=text)]


def _caterpillar(effects: GroupEffects, effect: str, shown: dict[str, str], words: str) -> Figure:
    table = effects.table[effects.table["effect"] == effect]
    # With as many effects as rows, raw departures would be the clients' own outcomes.
    enough = table["caseload"] > len(effects.design.effects)
    table = table.assign(raw=table["raw"].where(enough))
    apart = int(((table["lower"] > 0) | (table["upper"] < 0)).sum())
    what = "Intercepts" if effect == names.INTERCEPT else f"Slopes of {effect}"
    labels = [shown[str(group)] for group in table["group"]]
    unnamed = "" if len(table) <= LABELLED_GROUPS else " There are too many groups to name each."
    return Figure(
        key=f"groups-{effects.group}-{effect}",
        caption=f"{what} of {words}, as departures from the common value: mean and 95% interval, "
        f"lowest to highest. Orange: the interval does not hold 0.{_hollow(table)}{unnamed}",
        description=f"{len(table)} intervals in the order of their means, from "
        f"{table['mean'].min():.3g} to {table['mean'].max():.3g}; {apart} of them do not hold 0.",
        draw=partial(draw_caterpillar, effects=table, labels=labels),
        height=caterpillar_height(len(table)),
    )


def _hollow(table: pd.DataFrame) -> str:
    """Explain the hollow dots where there are any."""
    if not has_raw_dots(table):
        return ""
    return " Hollow dots: by the group's own rows alone, before they are drawn to the middle."
