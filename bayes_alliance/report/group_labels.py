"""The labels a report shows for groups: the user's own, or numbers that tell nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bayes_alliance.posterior.groups.group_effect import GroupEffects
from bayes_alliance.report.results import Results
from bayes_alliance.sampling.fit import Fit


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


def shown_labels(results: Results, *, anonymise: bool) -> ShownLabels:
    """Choose the labels; anonymous ones are numbers in an order that tells nothing.

    The numbers follow no result, and no list of names traces them back: their order is drawn by
    a digest of the rows, which the report does not hold. The same rows give the same numbers.
    """
    by_group = {}
    key = _key(results.fit) if anonymise else b""
    for effects in results.groups:
        labels = [str(label) for label in effects.design.labels]
        if anonymise:
            places = {label: _digest(key, effects.group, label) for label in labels}
            ordered = sorted(labels, key=lambda label: places[label])
            by_group[effects.group] = {label: f"#{k}" for k, label in enumerate(ordered, start=1)}
        else:
            by_group[effects.group] = {label: label for label in labels}
    return ShownLabels(by_group=by_group, anonymous=anonymise)


def _key(fit: Fit) -> bytes:
    """Return a digest of the rows; of the draws where the rows are not there."""
    model = fit.model
    arrays = [model.frame.y, *(group.index for group in model.design.groups)]
    if not len(model.frame.y):
        kept = set(map(str, fit.posterior.data_vars)) - set(fit.redrawn_effects)
        arrays = [fit.posterior[name].to_numpy() for name in sorted(kept)]
    return _digest(*(np.ascontiguousarray(array).tobytes() for array in arrays))


def _digest(*parts: str | bytes) -> bytes:
    digest = hashlib.sha256(b"numbers of anonymous groups")
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.digest()
