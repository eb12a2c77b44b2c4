"""Which groups two clients share: a case manager's agency comes with the case manager."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from bayes_alliance.errors import listed
from bayes_alliance.model.design import Design
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.sampling.fit import Fit


def containers(design: Design) -> Mapping[str, tuple[str, ...]]:
    """Return, for each grouping factor, those whose groups hold whole groups of it.

    ``(1 | agency/case_manager)`` says so itself. ``(1 | agency) + (1 | case_manager)`` says the
    same where no id of a case manager occurs in two agencies: that is seen in the rows, and
    unknown for fits without them (:func:`need_nesting`).
    """
    return {
        group.name: tuple(
            other.name for other in design.groups if other is not group and _inside(group, other)
        )
        for group in design.groups
    }


def _inside(group: GroupDesign, other: GroupDesign) -> bool:
    if set(other.factors) < set(group.factors):
        return True
    # Rows decide; without them, see need_nesting.
    if not len(group.index) or len(group.labels) <= len(other.labels):
        return False
    pairs = np.unique(group.index * len(other.labels) + other.index)
    return len(pairs) == len(group.labels)


def need_nesting(fit: Fit, *, inner: str | None = None, outer: str | None = None) -> None:
    """Refuse what turns on whether factors lie in one another, where no row says so.

    Parameters
    ----------
    fit
        The fit; one with rows is never refused.
    inner, outer
        Ask only whether groups of ``inner`` lie in those of ``outer``; any of them if left out.

    Raises
    ------
    SamplingError
        If the fit has no rows, and neither formula nor numbers of groups tell.
    """
    unknown = [
        (group.name, other.name)
        for group, other in permutations(fit.model.design.groups, 2)
        if inner in (None, group.name) and outer in (None, other.name)
        if not len(group.index) and not _told_by_formula(group, other)
        if len(group.labels) > len(other.labels)
    ]
    if unknown:
        pairs = listed(f"{group} in those of {other}" for group, other in unknown)
        fit.need_data(f"Telling whether groups lie in one another ({pairs})")


def _told_by_formula(group: GroupDesign, other: GroupDesign) -> bool:
    return set(other.factors) < set(group.factors) or set(group.factors) < set(other.factors)


def lowest(inside: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the factors that hold no other one; more than one of them are crossed."""
    holding = {name for above in inside.values() for name in above}
    return tuple(name for name in inside if name not in holding)


def is_chain(inside: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether the factors lie each in the next, so that none are crossed."""
    return sorted(len(above) for above in inside.values()) == list(range(len(inside)))


def together(factors: tuple[str, ...]) -> str:
    """Name what clients have in common who share groups of several crossed factors."""
    return " and ".join(factors)
