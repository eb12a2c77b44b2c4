"""Where the priors of a model stand: the working basis, with what the user wrote as written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.column_order import ColumnOrder
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.working_basis import (
    MeasuredColumns,
    WorkingBasis,
    unchanged,
    working_basis,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PriorBasis:
    """In which bases the priors stand that a model lists element by element.

    Parameters
    ----------
    coefficients
        Of the population coefficients: independent priors on ``to_working b``.
    predicted
        Of those of other parameters, by the variable of their coefficients.
    effects
        Of each grouping factor's effects: standard deviations and correlations are those of
        ``to_working u``.
    """

    coefficients: WorkingBasis
    effects: Mapping[str, WorkingBasis] = field(default_factory=dict)
    predicted: Mapping[str, WorkingBasis] = field(default_factory=dict)

    @property
    def populations(self) -> dict[str, WorkingBasis]:
        """The bases of the coefficients of every predictor, by their variable."""
        return {names.B: self.coefficients, **self.predicted}


def standing_as_written(coefficients: int, effects: Mapping[str, int]) -> PriorBasis:
    """Return the basis of a design in which every prior stands as written, from its sizes."""
    return PriorBasis(
        coefficients=unchanged(coefficients),
        effects={name: unchanged(size) for name, size in effects.items()},
    )


def coefficient_basis(
    measured: MeasuredColumns,
    priors: Sequence[Prior],
    as_written: Sequence[bool],
    *,
    thresholds_as_written: bool,
) -> WorkingBasis:
    """Return the basis of the population coefficients.

    Parameters
    ----------
    measured
        The columns.
    priors
        One a coefficient. Levels of a category with one prior depend on one another, so that any
        two levels differ alike, the reference level included.
    as_written
        Which coefficients have a prior of their own on the design as written.
    thresholds_as_written
        Whether the thresholds have.
    """
    rows = measured.to_working.copy()
    written = np.asarray(as_written, dtype=bool)
    rows[written] = np.eye(len(rows))[written]
    for places, root in tied_levels(measured.orders, priors, written):
        rows[places] = np.linalg.solve(root, rows[places])
    constant = np.zeros(len(rows)) if thresholds_as_written else measured.constant
    return working_basis(rows, measured.orders, constant)


def effect_basis(
    blocks: Sequence[tuple[tuple[int, ...], MeasuredColumns]], as_written: Sequence[bool], size: int
) -> WorkingBasis:
    """Return the basis of a factor's effects, block by block."""
    rows, orders = np.eye(size), [ColumnOrder()] * size
    for (places, measured), written in zip(blocks, as_written, strict=True):
        for place, order in zip(places, measured.orders, strict=True):
            orders[place] = order
        if not written:
            rows[np.ix_(places, places)] = measured.to_working
    return working_basis(rows, orders)


def is_moved(to_working: Floats) -> NDArray[np.bool_]:
    """Tell which working coefficients are not the design's own, shape (k,)."""
    ones = np.diagonal(to_working) == 1.0
    return np.asarray(~ones | (np.count_nonzero(to_working, axis=1) > 1))


def is_tied(orders: Sequence[ColumnOrder]) -> NDArray[np.bool_]:
    """Tell which columns are levels of a category that depend on one another."""
    several = Counter(order.term for order in orders if order.factors)
    return np.array(
        [
            bool(order.factors)
            and several[order.term] > 1
            and any(size > 1 and kind in ("treatment", "sum") for size, kind in order.coding)
            for order in orders
        ],
        dtype=bool,
    )


def tied_levels(
    orders: Sequence[ColumnOrder], priors: Sequence[Prior], written: NDArray[np.bool_]
) -> list[tuple[NDArray[np.int64], Floats]]:
    """Return places and the root of the correlation of levels with one prior, term by term.

    Parameters
    ----------
    orders
        Of the columns.
    priors
        One a coefficient.
    written
        Which have a prior of their own on the design as written: those are tied to none.
    """
    found = []
    tied = is_tied(orders)
    for term in dict.fromkeys(o.term for o, own in zip(orders, tied, strict=True) if own):
        places = np.array([k for k, o in enumerate(orders) if tied[k] and o.term == term])
        # A column that is not there, of levels that never meet, leaves the others as they are.
        columns = [orders[k].column for k in places]
        correlation = _level_correlation(orders[places[0]])[np.ix_(columns, columns)]
        for prior in dict.fromkeys(priors[k] for k in places):
            same = np.array([priors[k] == prior and not written[k] for k in places])
            if prior.distribution == "Normal" and prior.arguments[0] == 0.0 and same.sum() > 1:
                own = correlation[np.ix_(same, same)]
                found.append((places[same], np.linalg.cholesky(own)))
    return found


def _level_correlation(order: ColumnOrder) -> Floats:
    """Return the correlation of all columns of a term under which any two levels differ alike."""
    whole: Floats = np.eye(1)
    for size, kind in order.coding:
        own = np.eye(size)
        if kind == "treatment":
            own = (np.eye(size) + 1.0) / 2
        elif kind == "sum":
            own = (np.eye(size) - 1.0 / (size + 1)) * (size + 1) / size
        whole = np.asarray(np.kron(whole, own), dtype=np.float64)
    return whole
