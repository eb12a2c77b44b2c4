"""With few groups the prior of their sd weighs: the share under three widths of it."""

from __future__ import annotations

from bayes_alliance.checks.shares_by_prior import SharesByPrior
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.report.blocks import Block, Heading, Paragraph, Table
from bayes_alliance.report.group_words import many_groups
from bayes_alliance.report.results import Results
from bayes_alliance.report.wording import percent

_WORDS = {0.5: "half as wide", 1.0: "as in this analysis", 2.0: "twice as wide"}
_LITTLE, _MUCH = 0.02, 0.05


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
