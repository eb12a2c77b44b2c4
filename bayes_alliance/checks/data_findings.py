"""What was seen in the data of a fit, as findings of the verdict."""

from __future__ import annotations

from bayes_alliance.checks.finding import Finding
from bayes_alliance.errors import GIVE_ROWS, AllianceError
from bayes_alliance.sampling.fit import Fit

_NONE = float("nan")
# The verdict has findings of its own on these, or the formula has answered the question.
_NOT_HERE = frozenset({"few_groups", "collinear", "swapped_levels", "ids_repeat_across_groups"})


def check_data_seen(fit: Fit) -> list[Finding]:
    """Return the notes of ``model.data_report`` that ask for a look."""
    try:
        notes = fit.model.data_report.notes
    except AllianceError:  # the rows are not there
        return [
            Finding(
                level="fine",
                code="data",
                where="",
                value=_NONE,
                threshold=_NONE,
                message="The data were not looked at: the fit does not hold its rows.",
                remedy="" if fit.streamed_from is not None else GIVE_ROWS,
            )
        ]
    return [
        Finding(
            level=note.level,
            code=note.code,
            where=", ".join(note.columns),
            value=_NONE if note.value is None else note.value,
            threshold=_NONE if note.threshold is None else note.threshold,
            message=note.message,
            remedy=note.remedy,
            unnamed=note.unnamed,
            columns=note.columns,
        )
        for note in notes
        if note.is_told and note.code not in _NOT_HERE
    ]
