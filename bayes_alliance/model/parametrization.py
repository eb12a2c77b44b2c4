"""Centred or non-centred group effects: which of the two samples better for how much data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from bayes_alliance.model.design import Design

Centring = Literal["centred", "non-centred"]

# Measured on the reference sets: below about this many rows an effect the prior dominates.
ROWS_PER_EFFECT = 25


def chosen_centring(design: Design, centred: bool | None) -> Mapping[str, Centring]:
    """Return the parametrisation of each grouping factor.

    Parameters
    ----------
    design
        The design; the median caseload an effect decides.
    centred
        The user's word; it wins for all groups.
    """
    chosen: dict[str, Centring] = {}
    for group in design.groups:
        rows = float(np.median(group.caseloads)) / len(group.effects)
        enough = rows >= ROWS_PER_EFFECT if centred is None else centred
        chosen[group.name] = "centred" if enough else "non-centred"
    return chosen
