"""The section that holds several fits against each other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bayes_alliance.drawing import intervals_height
from bayes_alliance.errors import Place
from bayes_alliance.posterior.comparison.comparison import Comparison
from bayes_alliance.posterior.evidence.bayes_factor import BayesFactors
from bayes_alliance.report.blocks import (
    Block,
    Facts,
    Figure,
    Heading,
    Items,
    Paragraph,
    Section,
    Table,
)
from bayes_alliance.report.results import ComparedFits, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEADINGS = {
    "standard_error": "SE",
    "standard_error_difference": "SE of\N{NO-BREAK SPACE}difference",
    "mcse": "MCSE",
}
_EVIDENCE_HEADINGS = {
    "log_evidence": "log evidence",
    "mcse": "MCSE",
    "log_bayes_factor": "log Bayes factor",
    "mcse_log_bayes_factor": "its MCSE",
    "bayes_factor": "Bayes factor",
    "as_fitted": "Bayes factor, priors of\N{NO-BREAK SPACE}fits",
}


def comparison_section(results: Results) -> Section | None:
    """Compare the fits by prediction of rows and groups, and by evidence."""
    compared = results.compared
    if compared is None:
        return None
    blocks: list[Block] = [_models(compared)]
    place = results.place
    if isinstance(compared.by_row, str) and compared.failed:
        blocks.append(Paragraph(text=compared.by_row))
        return _section(blocks)
    if compared.by_group is not None:
        blocks += _prediction(
            compared.by_group, "Prediction of groups not yet seen", "group", place
        )
    blocks += _prediction(compared.by_row, "Prediction of rows not yet seen", "row", place)
    blocks += _evidence(compared.factors)
    return _section(blocks)


def _section(blocks: list[Block]) -> Section:
    return Section(key="comparison", heading="Comparison", blocks=tuple(blocks))


def _models(compared: ComparedFits) -> Facts:
    first = next(iter(compared.fits))
    return Facts(
        pairs=tuple(
            (
                name,
                f"{fit.model.formula.text} ({fit.model.family.name}), verdict: "
                f"{compared.levels[name]}"
                f"{'. This report is about this model' if name == first else ''}.",
            )
            for name, fit in compared.fits.items()
        )
    )


def _prediction(found: Comparison | str, heading: str, key: str, place: Place) -> list[Block]:
    if isinstance(found, str):
        return [Heading(text=heading), Paragraph(text=found)]
    notes = found._notes(place)
    return [
        Heading(text=heading),
        Paragraph(text=found.sentence),
        Figure(
            key=f"comparison-{key}",
            caption=f"Expected log predictive density (elpd) by {found.unit}: difference from the "
            "best model with two standard errors to either side.",
            description=found.sentence,
            draw=partial(_draw, found=found),
            height=intervals_height(len(found.table)),
        ),
        Table(
            caption=f"Comparison by {found.unit}, the best model first",
            frame=found.table,
            headings=_HEADINGS,
            row_heading="model",
        ),
        *([Items(items=tuple(notes))] if notes else []),
    ]


def _draw(axes: Axes, *, found: Comparison) -> Axes:
    found.plot(axes)
    # The record's own label is too wide beside the names of the models.
    axes.set_xlabel("elpd: difference from the best, ± 2 SE")
    return axes


def _evidence(found: BayesFactors | str) -> list[Block]:
    heading = Heading(text="Evidence")
    if isinstance(found, str):
        return [heading, Paragraph(text=found)]
    return [
        heading,
        *(Paragraph(text=sentence) for sentence in found.sentences),
        Figure(
            key="comparison-evidence",
            caption="Bayes factors over the scale of the prior that each rests on, with two Monte "
            "Carlo errors to either side. The dots at half, one and two times the scale decide "
            "the words; the rest of the curve, drawn where the draws can tell, decides nothing.",
            description=found.sentence,
            draw=partial(_draw_factors, found=found),
            height=3.2,
        ),
        Table(
            caption=f"Evidence of each model with the priors of its fit, and Bayes factors against "
            f"'{found.against}' with the priors that the sentence names",
            frame=found.table,
            headings=_EVIDENCE_HEADINGS,
            row_heading="model",
        ),
        Table(
            caption="Bayes factors with these priors at other scales",
            frame=found.sensitivity,
            headings={name: name.replace("x ", "scale × ") for name in found.sensitivity.columns},
            row_heading="model",
            notes=found.notes,
        ),
    ]


def _draw_factors(axes: Axes, *, found: BayesFactors) -> Axes:
    return found.plot(axes)
