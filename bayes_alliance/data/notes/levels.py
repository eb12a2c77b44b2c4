"""How two group columns lie to each other: nested, crossed, or something to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels, sorted_labels
from bayes_alliance.data.report import Note
from bayes_alliance.errors import listed

type Kind = Literal["one_to_one", "nested", "swapped", "crossed", "partially_crossed"]


@dataclass(frozen=True, kw_only=True)
class Nesting:
    """How the groups of one column lie in the groups of another.

    Attributes
    ----------
    lower, upper : str
        Names of the two columns.
    lower_groups, upper_groups : int
        Numbers of groups among the rows that have both.
    combinations : int
        Number of pairs of groups that occur together.
    several : Mapping[str, tuple[str, ...]]
        Each lower group found in more than one upper group, with those upper groups.
    upper_in_one : bool
        Whether each upper group lies in exactly one lower group.
    most_in_one : int
        The most lower groups that one upper group has.
    """

    lower: str
    upper: str
    lower_groups: int
    upper_groups: int
    combinations: int
    several: Mapping[str, tuple[str, ...]]
    upper_in_one: bool
    most_in_one: int

    @property
    def nested(self) -> bool:
        """Whether each lower group lies in exactly one upper group."""
        return not self.several

    @property
    def one_to_one(self) -> bool:
        """Whether the two columns name the same groups."""
        return self.nested and self.upper_in_one

    @property
    def swapped(self) -> bool:
        """Whether the column given as the upper level is in truth the lower one."""
        return self.upper_in_one and not self.nested

    @property
    def fully_crossed(self) -> bool:
        """Whether every lower group occurs with every upper group."""
        return self.combinations == self.lower_groups * self.upper_groups

    @property
    def kind(self) -> Kind:
        """The relation in one word; ``crossed`` once half of the lower groups are in several."""
        if self.one_to_one:
            return "one_to_one"
        if self.nested:
            return "nested"
        if self.swapped:
            return "swapped"
        return "crossed" if 2 * len(self.several) >= self.lower_groups else "partially_crossed"


@dataclass(frozen=True, kw_only=True)
class Ids:
    """The ids of a column, each row's as a number: read once, however many columns it meets.

    Parameters
    ----------
    name
        Of the column.
    labels
        Its groups, as text.
    codes
        The place of each row's group among them; -1 for none.
    """

    name: str
    labels: NDArray[np.object_]
    codes: NDArray[np.int64]


def ids_of(column: pd.Series) -> Ids:
    """Read the ids of a column."""
    codes, labels = pd.factorize(group_labels(column))
    return Ids(name=str(column.name), labels=np.asarray(labels, dtype=object), codes=codes)


def nesting(lower: pd.Series, upper: pd.Series) -> Nesting:
    """Tell how the groups of ``lower`` lie in the groups of ``upper``.

    Parameters
    ----------
    lower, upper : pandas.Series
        The ids of each row, in the same order; a row without one of them does not count.

    Returns
    -------
    Nesting
    """
    return nesting_of(ids_of(lower), ids_of(upper))


def nesting_of(lower: Ids, upper: Ids) -> Nesting:
    """Tell the same of ids that were read before."""
    both = (lower.codes >= 0) & (upper.codes >= 0)
    places = max(1, len(upper.labels))
    low, up = np.divmod(np.unique(lower.codes[both] * places + upper.codes[both]), places)
    in_lower, in_upper = np.bincount(low), np.bincount(up)
    return Nesting(
        lower=lower.name,
        upper=upper.name,
        lower_groups=int((in_lower > 0).sum()),
        upper_groups=int((in_upper > 0).sum()),
        combinations=len(low),
        several=MappingProxyType(_several(lower, upper, up[in_lower[low] > 1], in_lower)),
        upper_in_one=bool((in_upper <= 1).all()),
        most_in_one=int(in_upper.max(initial=0)),
    )


def _several(
    lower: Ids,
    upper: Ids,
    up: NDArray[np.int64],
    in_lower: NDArray[np.int64],
) -> dict[str, tuple[str, ...]]:
    """Return each lower group in more than one upper group, with those."""
    found = np.flatnonzero(in_lower > 1)
    parts = np.split(upper.labels[up], np.cumsum(in_lower[found])[:-1]) if len(found) else []
    by_label = {
        str(lower.labels[k]): tuple(sorted_labels(part.tolist()))
        for k, part in zip(found, parts, strict=True)
    }
    return {label: by_label[label] for label in sorted_labels(by_label)}


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
