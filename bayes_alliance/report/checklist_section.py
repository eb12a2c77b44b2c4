"""The section with two reporting guidelines: where each point is answered, what is left."""

from __future__ import annotations

from bayes_alliance.report.barg import barg_items
from bayes_alliance.report.blocks import Checklist, Items, Paragraph, Section
from bayes_alliance.report.citations import cited, reference_list
from bayes_alliance.report.results import Results
from bayes_alliance.report.wambs import wambs_items


def checklist_section(results: Results) -> Section:
    """Fill BARG and the ten points of WAMBS."""
    barg, wambs = cited("kruschke2021"), cited("depaoli2017")
    blocks = (
        Paragraph(
            text="Points that only the author can answer say so. A filled list shows that "
            "something was reported, not that it was right."
        ),
        Checklist(
            caption=f"Bayesian analysis reporting guidelines, BARG {barg}",
            items=barg_items(results),
        ),
        Checklist(caption=f"WAMBS, ten points {wambs}", items=wambs_items(results)),
        Items(items=reference_list([barg, wambs])),
    )
    return Section(key="checklist", heading="Reporting checklists", blocks=blocks)
