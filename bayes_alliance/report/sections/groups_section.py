"""The section on each group: caterpillar with shrinkage, ranks, table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.errors import Advice, Place, words_for
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.groups.caterpillar import (
    LABELLED_GROUPS,
    caterpillar_height,
    draw_caterpillar,
    has_raw_dots,
)
from bayes_alliance.posterior.groups.group_effect import CAUTION, GroupEffects
from bayes_alliance.posterior.standing_effects import LEVEL, SLOPE, PlacedEffect
from bayes_alliance.report.blocks import Block, Figure, Heading, Notice, Paragraph, Section
from bayes_alliance.report.group_labels import FEWEST_ROWS, ShownLabels, shown_effects
from bayes_alliance.report.prose import count, figure, many_groups, plural
from bayes_alliance.report.results import Results
from bayes_alliance.report.tables import group_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ROWS_SHOWN = 5000


def groups_section(results: Results, labels: ShownLabels) -> Section | None:
    """Show the effects of every group, and what their order is worth."""
    if not results.groups:
        return None
    blocks: list[Block] = []
    if not results.trusted:
        text = "The fit failed its checks: these groups are not to be compared."
        blocks.append(Notice(tone="bad", title="Not to be relied on", text=text))
    for effects in results.groups:
        blocks += _group_blocks(results, effects, labels)
    return Section(key="groups", heading="Groups", blocks=tuple(blocks))


def _group_blocks(results: Results, effects: GroupEffects, labels: ShownLabels) -> list[Block]:
    model: Model = results.fit.model
    group = model.design.group(effects.group)
    shown = labels.by_group[effects.group]
    words = many_groups(group)
    blocks: list[Block] = [
        Heading(text=f"Each of {words}" if words.startswith("the ") else f"The {words}"),
        Paragraph(
            text="Each deviation from the average group is shrunken towards 0, more so where a "
            "group has few rows. Where its interval includes 0 the group is not clearly different "
            f"from the average. {CAUTION}"
        ),
    ]
    sizes = effects.draws.sizes
    used = sizes[names.CHAIN] * sizes[names.DRAW]
    if used < results.fit.draws_in_all:
        blocks.append(Paragraph(text=f"All of it is from {count(used)} draws, evenly spaced."))
    if effects.group in labels.kept_back:
        return [*blocks, *_kept_back(effects, words, results.place)]
    if results.trusted:
        blocks.append(Paragraph(text=shown_effects(effects, labels).sentence))
    blocks += [_caterpillar(effects, placed, shown, words) for placed in effects.placed]
    if results.trusted and len(group.labels) > 2:
        blocks.append(_ranks(effects, shown, words))
    if len(effects.table) <= ROWS_SHOWN:
        return [*blocks, group_table(effects, shown, model)]
    told = f"The table has {count(len(effects.table))} rows, too many for a page"
    text = Advice(
        python=f'{told}: group_effects(fit, group="{effects.group}").table holds them.',
        command_line=f"{told}.",
    )
    return [*blocks, Paragraph(text=words_for(text, results.place))]


def _kept_back(effects: GroupEffects, words: str, place: Place) -> list[Block]:
    """Show how people differ as a picture without names, and say what brings the rest."""
    unseen = replace(effects, table=effects.table.assign(raw=float("nan")))
    unnamed = dict.fromkeys(map(str, effects.design.labels), "")
    factor = ", ".join(f'"{name}"' for name in effects.design.factors)
    whose = words if words.startswith("the ") else f"the {words}"
    shows = Advice(
        python=f"write_report(..., names=[{factor}])", command_line=f"--names {effects.group}"
    )
    text = (
        f"Half of {whose} or more have fewer than {FEWEST_ROWS} rows each: what is said of one of "
        "them is nearly their own answers. So none has a place here in sentences, ranks and "
        f"tables; {words_for(shows, place)} shows them."
    )
    pictures = [_caterpillar(unseen, placed, unnamed, words) for placed in effects.placed]
    return [Paragraph(text=text), *pictures]


def _caterpillar(
    effects: GroupEffects, placed: PlacedEffect, shown: dict[str, str], words: str
) -> Figure:
    table = effects.table[effects.table["effect"] == placed.label]
    # With as many effects as rows, deviations would be the clients' own outcomes.
    enough = table["caseload"] > len(effects.design.effects)
    table = table.assign(raw=table["raw"].where(enough))
    apart = int(((table["lower"] > 0) | (table["upper"] < 0)).sum())
    labels = [shown[str(group)] for group in table["group"]]
    unnamed = "" if len(table) <= LABELLED_GROUPS else " There are too many groups to name each."
    diamonds = " Orange diamonds: the interval excludes 0." if apart else ""
    told = (
        f"{plural(apart, 'of them excludes', 'of them exclude')} 0"
        if apart
        else "every one of them includes 0"
    )
    return Figure(
        key=f"groups-{effects.group}-{placed.label.replace(' ', '-')}",
        caption=f"{_what(placed, words)}: mean and 95% interval, lowest to highest."
        f"{diamonds}{_hollow(table)}{unnamed}",
        description=f"{len(table)} intervals in the order of their means, from "
        f"{figure(table['mean'].min())} to {figure(table['mean'].max())}; {told}.",
        draw=partial(draw_caterpillar, effects=table, labels=labels),
        height=caterpillar_height(len(table)),
    )


def _what(placed: PlacedEffect, words: str) -> str:
    """Say what deviates from what, and where."""
    if placed.kind == LEVEL:
        return f"Deviations of {words} from the average one{placed.clause}"
    what = f"Slopes of {placed.label}" if placed.kind == SLOPE else f"The {placed.named}"
    where = f"{placed.clause}," if placed.where else ""
    average = "slope" if placed.contrast is None else "difference"
    return f"{what} in {words}{where} as deviations from the average {average}"


def _hollow(table: pd.DataFrame) -> str:
    """Explain the hollow dots where there are any."""
    if not has_raw_dots(table):
        return ""
    return " Hollow dots: by the group's own rows alone, before they are shrunken."


def _ranks(effects: GroupEffects, shown: dict[str, str], words: str) -> Figure:
    """Draw the rank of each group by its first effect, with how unsure it is."""
    placed = effects.placed[0]
    rows = effects.ranks[effects.ranks["effect"] == placed.label]
    width = float((rows["upper"] - rows["lower"] + 1).median())
    labels = [shown[str(group)] for group in rows["group"]]
    return Figure(
        key=f"ranks-{effects.group}",
        caption=f"Ranks of {words}{_where(placed)}, 1 the highest: mean and 95% interval. "
        "Where intervals overlap the order may be chance.",
        description=f"{len(rows)} ranks in order. The interval of a typical one covers "
        f"{width:.0f} of the {len(rows)} places.",
        draw=partial(_draw_ranks, ranks=rows, labels=labels),
        height=caterpillar_height(len(rows)),
    )


def _where(placed: PlacedEffect) -> str:
    by = "" if placed.kind == LEVEL else f" by the {placed.named}"
    return f"{by}{placed.clause}"


def _draw_ranks(axes: Axes, *, ranks: pd.DataFrame, labels: list[str]) -> Axes:
    draw_caterpillar(axes, effects=ranks, labels=labels, reference=None)
    axes.set_xlim(0.5, len(ranks) + 0.5)
    axes.invert_yaxis()
    axes.set_xlabel("rank, 1 is the highest")
    return axes
