"""The section with the results: shares, coefficients, standard deviations, correlations."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bayes_alliance import names
from bayes_alliance.drawing import intervals_height
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.shares.share_words import place_words
from bayes_alliance.posterior.summaries import Summary
from bayes_alliance.report.blocks import Block, Figure, Heading, Notice, Paragraph, Section, Table
from bayes_alliance.report.figures import (
    draw_coefficients,
    draw_share_densities,
    share_densities_height,
)
from bayes_alliance.report.prose import between, figure, joined, level_name, plural
from bayes_alliance.report.results import Results
from bayes_alliance.report.sentences import Slope, all_slopes, share_sentences
from bayes_alliance.report.tables import (
    coefficient_table,
    share_table,
    summary_table,
)

_NAMED = 5


def results_section(results: Results) -> Section:
    """Show every estimate beside its interval and its accuracy."""
    blocks: list[Block] = []
    if results.verdict.level == "bad":
        warning = (
            "The fit failed its checks. These numbers are shown to help find out why; they are "
            "not results."
        )
        blocks.append(Notice(tone="bad", title="Not to be relied on", text=warning))
    blocks += [*_share_blocks(results), *_coefficient_blocks(results), *_sd_blocks(results)]
    return Section(key="results", heading="Results", blocks=tuple(blocks))


def _share_blocks(results: Results) -> list[Block]:
    heading = Heading(text="Where the variance lies")
    shares, model = results.shares, results.fit.model
    if isinstance(shares, str):
        return [heading, Paragraph(text=shares)] if model.groups else []
    sentences = " ".join(share_sentences(results)) if results.trusted else ""
    levels = [level_name(model, str(level)) for level in shares.table.index]
    blocks: list[Block] = [heading, *([Paragraph(text=sentences)] if sentences else [])]
    if not shares.draws["share"].isnull().any():
        means = (
            f"{level} {figure(100 * mean)}% ({between(100 * lower, 100 * upper)}%)"
            for level, mean, lower, upper in zip(
                levels, *(shares.table[k] for k in ("mean", "lower", "upper")), strict=True
            )
        )
        picture = Figure(
            key="shares",
            caption=f"Share of the variance by level"
            f"{place_words(shares.standing, average=shares.average)}: density of the draws, mean "
            f"and {100 * shares.prob:g}% interval.",
            description=f"One density a level. Mean and interval: {joined(means)}.",
            draw=partial(draw_share_densities, shares=shares, labels=levels),
            height=share_densities_height(len(levels)),
        )
        blocks.append(picture)
    return [*blocks, share_table(shares, model)]


def _coefficient_blocks(results: Results) -> list[Block]:
    summary, model = results.coefficients, results.fit.model
    if summary is None:
        return []
    slopes = all_slopes(results)
    scale = model.link.note
    caption = f"Coefficients{scale}: the same for every group"
    table = coefficient_table(summary, slopes, model.design.coefficients, caption)
    table = replace(table, notes=(*table.notes, *_coefficients_stand(model)))
    blocks: list[Block] = [Heading(text="Coefficients")]
    if slopes:
        drawn = summary.table[[c != names.INTERCEPT for c in model.design.coefficients]]
        blocks.append(
            Figure(
                key="coefficients",
                caption="Coefficients as the formula writes them: mean and "
                f"{100 * summary.prob:g}% interval; the dashed line is at zero.",
                description=_coefficients_seen(slopes, list(drawn.index)),
                draw=partial(draw_coefficients, summary=drawn),
                height=intervals_height(len(slopes)),
            )
        )
    return [*blocks, table]


def _coefficients_stand(model: Model) -> list[str]:
    """Say where coefficients of the design as written hold, where that is not everywhere."""
    labels = model.design.coefficients
    if len(labels) == 1:
        return []
    at_zero = ["As the formula writes them: the intercept is the value where every predictor is 0."]
    notes = at_zero if names.INTERCEPT in labels else []
    if any(order.below(other) for order in model.design.orders if not order.is_constant
           for other in model.design.orders):  # fmt: skip
        notes = [
            *notes,
            "Where predictors interact or come in powers, a coefficient of lower order holds at 0 "
            "of what it interacts with; the sentences say it at the means.",
        ]
    return notes


def _coefficients_seen(slopes: list[Slope], labels: list[str]) -> str:
    """Say which intervals lie on one side of zero: what the picture is looked at for."""
    pairs = list(zip(labels, slopes, strict=True))
    places = {
        "below zero": [label for label, slope in pairs if slope.upper < 0],
        "above zero": [label for label, slope in pairs if slope.lower > 0],
        "across zero": [label for label, slope in pairs if slope.lower <= 0 <= slope.upper],
    }
    parts = [
        f"{joined(names) if len(names) <= _NAMED else len(names)} {place}"
        for place, names in places.items()
        if names
    ]
    return f"Points with intervals for {plural(len(slopes), 'coefficient')}: {joined(parts)}."


def _sd_blocks(results: Results) -> list[Block]:
    blocks: list[Block] = []
    if results.sds is not None:
        blocks += [
            Heading(text="Standard deviations"),
            _sd_table(results, results.sds),
        ]
    if results.correlations is not None:
        blocks += [
            Heading(text="Correlations"),
            Paragraph(
                text="How the deviations of one group go together: a correlation of an intercept "
                "with a slope refers to the intercept at a predictor value of 0."
            ),
            summary_table(results.correlations, "Correlations between group effects"),
        ]
    return blocks


def _sd_table(results: Results, sds: Summary) -> Table:
    table = summary_table(sds, "Standard deviations and the family's own parameters")
    if all(group.effects == (names.INTERCEPT,) for group in results.fit.model.design.groups):
        return table
    note = (
        "As the formula writes them: the standard deviation of intercepts is that at predictor "
        "value 0. Under Groups stand the groups at the means."
    )
    return replace(table, notes=(*table.notes, note))
