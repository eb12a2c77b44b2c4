"""What each prior of a model is about, as a sum of the parameters of the design as written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.column_order import Coding, ColumnOrder
from bayes_alliance.model.design import Design
from bayes_alliance.model.prior_basis import tied_levels
from bayes_alliance.model.prior_table import DIFFERENCE_FROM, MEAN_OF_ALL, PriorTable

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class PriorTargets(NamedTuple):
    """What the priors of the population coefficients are about.

    Parameters
    ----------
    rows
        Shape (k, k): the prior of entry k is that of ``rows[k] @ b``.
    ties
        Places whose priors depend on one another, with the root of their correlation.
    """

    rows: Floats
    ties: tuple[tuple[Places, Floats], ...]


def coefficient_targets(priors: PriorTable, design: Design) -> PriorTargets:
    """Return what the prior of each coefficient is about; levels that are tied as they are listed.

    Engines sample tied levels in a basis in which they are independent; each entry's own
    distribution is that of the level itself.
    """
    entries = [entry for entry in priors.entries if entry.variable == names.B]
    written = np.array([not entry.at_means for entry in entries], dtype=bool)
    orders = _orders(design.orders, [entry.stands for entry in entries])
    ties = tuple(tied_levels(orders, [entry.prior for entry in entries], written))
    rows = priors.basis.coefficients.to_working.copy()
    for places, root in ties:
        rows[places] = root @ rows[places]
    # What ties leave of an entry that is exactly one or zero is rounding.
    near = np.round(rows)
    rows = np.where(np.abs(rows - near) < 1e-12 * np.maximum(np.abs(near), 1.0), near, rows)
    return PriorTargets(rows=rows + 0.0, ties=ties)


def _orders(orders: Sequence[ColumnOrder], stands: Sequence[str]) -> list[ColumnOrder]:
    """Return the orders; of a category that takes the place of a constant, as it has priors."""
    found = list(orders)
    moved = [k for k, where in enumerate(stands) if _of_cells(where)]
    if not moved:
        return found
    term = orders[moved[0]].term
    first, *rest = [k for k, order in enumerate(orders) if order.term == term]
    found[first] = ColumnOrder()
    for column, place in enumerate(rest):
        coding: tuple[tuple[int, Coding], ...] = ((len(rest), "treatment"),)
        found[place] = replace(orders[place], column=column, coding=coding)
    return found


def _of_cells(stands: str) -> bool:
    return stands == MEAN_OF_ALL or stands.startswith(DIFFERENCE_FROM)
