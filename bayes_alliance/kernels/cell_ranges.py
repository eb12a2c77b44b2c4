"""The lowest and the highest value in each cell of a stream of rows."""

from __future__ import annotations

from bayes_alliance.kernels.compiled import Floats, Integers, compiled


@compiled
def widen_ranges(values: Floats, cell: Integers, lowest: Floats, highest: Floats) -> None:
    """Take some rows into the ranges of their cells.

    Parameters
    ----------
    values, cell
        Shape (n,).
    lowest, highest
        Of each cell, changed in place; infinities of either sign before the first rows.
    """
    for i in range(values.shape[0]):
        value, own = values[i], cell[i]
        if value < lowest[own]:
            lowest[own] = value
        if value > highest[own]:
            highest[own] = value
