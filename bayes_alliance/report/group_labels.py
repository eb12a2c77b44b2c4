"""The labels a report shows for groups: the user's own, or numbers that tell nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bayes_alliance.posterior.groups.group_effect import GroupEffects


@dataclass(frozen=True, kw_only=True)
class ShownLabels:
    """From the user's group labels to those shown.

    Parameters
    ----------
    by_group
        For each grouping factor, from a label to the one shown.
    anonymous
        Whether they differ.
    """

    by_group: Mapping[str, dict[str, str]]
    anonymous: bool

    def guarded(self, text: str) -> str:
        """Return a sentence unless it names a group that is not to be named."""
        if not self.anonymous:
            return text
        for labels in self.by_group.values():
            for label in labels:
                if not label.isdigit() and re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text):
                    return "(This sentence names groups and is left out of an anonymised report.)"
        return text


def shown_effects(effects: GroupEffects, labels: ShownLabels) -> GroupEffects:
    """Return a record whose table, ranks and sentences name groups as the report shows them."""
    if not labels.anonymous:
        return effects
    shown = labels.by_group[effects.group]
    design = replace(effects.design, labels=tuple(shown[label] for label in effects.design.labels))
    table = effects.table.assign(group=[shown[str(label)] for label in effects.table["group"]])
    return replace(effects, design=design, table=table)


def shown_labels(groups: tuple[GroupEffects, ...], *, anonymise: bool) -> ShownLabels:
    """Choose the labels; anonymous ones count the groups from the highest effect down.

    The order by effect is what the pictures show anyway; an order by name or by chance with a
    printed seed could be traced back by whoever has the list of names.
    """
    by_group = {}
    for effects in groups:
        table = effects.table
        first = table[table["effect"] == table["effect"].iloc[0]]
        if anonymise:
            ordered = first.sort_values("mean", ascending=False, kind="stable")["group"]
            by_group[effects.group] = {str(g): f"#{k}" for k, g in enumerate(ordered, start=1)}
        else:
            by_group[effects.group] = {str(label): str(label) for label in first["group"]}
    return ShownLabels(by_group=by_group, anonymous=anonymise)
