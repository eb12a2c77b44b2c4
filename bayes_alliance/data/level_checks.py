"""Notes about two group columns: which lies in which."""

from __future__ import annotations

from collections.abc import Mapping

from bayes_alliance.data.levels import Ids, Nesting, nesting_of
from bayes_alliance.data.report import Note
from bayes_alliance.errors import listed


def note_levels(upper: Ids, lower: Ids) -> list[Note]:
    """Look at two group columns, given from the upper level to the lower."""
    found = nesting_of(lower, upper)
    if not found.combinations:
        return []
    columns = (found.upper, found.lower)
    if found.kind == "one_to_one":
        message = (
            f"{found.upper} and {found.lower} name the same {found.lower_groups} groups:"
            " use one of them."
        )
        return [Note(level="caution", code="one_to_one", message=message, columns=columns)]
    if found.kind == "nested":
        message = (
            f"Each {found.lower} lies in one {found.upper} (nested):"
            f" (1 | {found.upper}/{found.lower})."
        )
        return [Note(level="fine", code="nested", message=message, columns=columns)]
    if found.kind == "swapped":
        message = (
            f"{found.upper} was given as the level above {found.lower}, but each {found.upper} lies"
            f" in one {found.lower}: the levels are swapped."
            f" Write (1 | {found.lower}/{found.upper})."
        )
        return [Note(level="caution", code="swapped_levels", message=message, columns=columns)]
    # A few clients with two case managers look crossed when the levels are named the wrong way.
    for way in (found, nesting_of(upper, lower)):
        if way.kind == "partially_crossed":
            return [_partially_crossed(way)]
    return _crossed(found)


def _partially_crossed(found: Nesting) -> Note:
    what = (
        f"{len(found.several)} of {found.lower_groups} {found.lower} appear under more than one"
        f" {found.upper}"
    )
    return Note(
        level="caution",
        code="partially_crossed",
        message=f"{what}: {listed(_moved(found.several))}.",
        unnamed=f"{what}.",
        remedy=f"If they moved, write (1 | {found.upper}) + (1 | {found.lower}); if it is a slip,"
        " correct it.",
        columns=(found.upper, found.lower),
    )


def _crossed(found: Nesting) -> list[Note]:
    columns = (found.upper, found.lower)
    several = (
        f"{len(found.several)} of {found.lower_groups} {found.lower} ids occur under several"
        f" {found.upper}"
    )
    extent = "every pair occurs" if found.fully_crossed else f"{found.combinations} pairs occur"
    return [
        Note(
            level="fine",
            code="crossed",
            message=f"{found.upper} and {found.lower} are crossed ({extent}):"
            f" (1 | {found.upper}) + (1 | {found.lower}).",
            columns=columns,
        ),
        Note(
            # Numbered anew in each upper group, no group has an id that another lacks.
            level="caution" if found.most_in_one == found.lower_groups else "fine",
            code="ids_repeat_across_groups",
            message=f"{several}: {listed(_moved(found.several))}.",
            unnamed=f"{several}.",
            remedy="As they stand they are crossed; if one id means different people, write"
            f" (1 | {found.upper}/{found.lower}).",
            columns=columns,
        ),
    ]


def _moved(several: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [f"{label} ({listed(uppers, shown=3)})" for label, uppers in several.items()]
