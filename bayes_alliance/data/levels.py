"""How two group columns lie to each other: nested, crossed, or something to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import pandas as pd

from bayes_alliance.data.labels import group_labels, sorted_labels

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
    pairs = pd.DataFrame(
        {"lower": group_labels(lower).to_numpy(), "upper": group_labels(upper).to_numpy()}
    )
    pairs = pairs.dropna().drop_duplicates()
    uppers = pairs.groupby("lower")["upper"]
    several = {str(label): tuple(sorted_labels(found)) for label, found in uppers if len(found) > 1}
    return Nesting(
        lower=str(lower.name),
        upper=str(upper.name),
        lower_groups=pairs["lower"].nunique(),
        upper_groups=pairs["upper"].nunique(),
        combinations=len(pairs),
        several=MappingProxyType({label: several[label] for label in sorted_labels(several)}),
        upper_in_one=not pairs["upper"].duplicated().any(),
        most_in_one=int(pairs["upper"].value_counts().max()) if len(pairs) else 0,
    )
