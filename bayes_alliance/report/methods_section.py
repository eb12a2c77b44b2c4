"""The section to copy from: methods and results as a paper tells them, and the references."""

from __future__ import annotations

from bayes_alliance.report.blocks import Block, Heading, Items, Notice, Paragraph, Section
from bayes_alliance.report.citations import reference_list
from bayes_alliance.report.group_labels import ShownLabels
from bayes_alliance.report.methods_words import methods_paragraphs
from bayes_alliance.report.results import Results
from bayes_alliance.report.results_words import results_paragraphs

_KEY, _HEADING = "methods", "Methods and results, for copying"


def methods_section(results: Results, labels: ShownLabels) -> Section:
    """Write both, or say that a failed fit has nothing to be copied."""
    if not results.trusted:
        text = (
            "The fit failed at least one check. Methods and results are written here once a fit "
            "passes; what to do is said in the verdict."
        )
        notice = Notice(tone="bad", title="Withheld", text=text)
        return Section(key=_KEY, heading=_HEADING, blocks=(notice,))
    methods, found = methods_paragraphs(results), results_paragraphs(results, labels)
    blocks: list[Block] = [Heading(text="Methods")]
    blocks += [Paragraph(text=text) for text in methods]
    blocks.append(Heading(text="Results"))
    blocks += [Paragraph(text=text) for text in found]
    blocks += [Heading(text="References"), Items(items=reference_list([*methods, *found]))]
    return Section(key=_KEY, heading=_HEADING, blocks=tuple(blocks))
