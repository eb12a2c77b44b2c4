"""The basis in which default priors stand: each column freed from those that stand below it.

``X = W T`` with T unit triangular: in W a slope is no longer tied to the place of its predictor's
zero, so a prior on the coefficients of W says the same wherever that zero is. Engines sample in
this basis; what is reported is always of the design as the user wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.model.column_order import ColumnOrder

Floats = NDArray[np.float64]
# An indicator of a category counts as half its range, whatever the share of the category.
_HALF_RANGE = 0.5
# Of a column this little is left where it is a combination of lower ones: rounding.
ALIASED = 1e-7
_ROUNDING, _NOTHING = 1e-13, 1e-11


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkingBasis:
    """How coefficients of a design turn into those of its working basis, and back.

    Parameters
    ----------
    to_working
        T, shape (k, k): working coefficients are ``T b``.
    to_user
        Its inverse: ``b = to_user z``, and the working columns are ``X to_user``.
    log_determinant
        Of the absolute determinant of T.
    constant
        What the coefficients add to the constant of the working basis where the design has none
        of its own (the thresholds of ordered outcomes take its place), shape (k,).
    """

    to_working: Floats
    to_user: Floats
    log_determinant: float
    constant: Floats

    @property
    def is_trivial(self) -> bool:
        """Whether the coefficients are the design's own."""
        return bool(np.array_equal(self.to_working, np.eye(len(self.to_working))))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkingBasis) and all(
            np.array_equal(own, its)
            for own, its in (
                (self.to_working, other.to_working),
                (self.to_user, other.to_user),
                (self.constant, other.constant),
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def columns(self, design: Floats) -> Floats:
        """Return the working columns of rows (row, k) of the design."""
        if self.is_trivial and not self.constant.any():
            return design
        return np.ascontiguousarray((design - self.constant) @ self.to_user)


@dataclass(frozen=True, kw_only=True)
class MeasuredColumns:
    """A design taken apart: its working basis before any prior was chosen, and its scales.

    Parameters
    ----------
    orders
        Of the columns.
    to_working
        T, shape (k, k).
    constant
        As in :class:`WorkingBasis`, shape (k,).
    scales
        How much each working column varies, shape (k,); 1 for a constant.
    origin
        The coefficients under which every row has the linear predictor 1, zeros if there are none.
    aliased
        Which columns are combinations of those below them, shape (k,).
    """

    orders: tuple[ColumnOrder, ...]
    to_working: Floats
    constant: Floats
    scales: Floats
    origin: Floats
    aliased: NDArray[np.bool_]

    @property
    def constant_of_working(self) -> Floats:
        """What each working coefficient adds to a constant that is no column, shape (k,)."""
        back = _inverse(self.to_working, [order.degree for order in self.orders])
        return np.asarray(self.constant @ back)

    @property
    def as_written(self) -> Floats:
        """Scales of the columns as written: their coefficients have this much room, shape (k,)."""
        back = _inverse(self.to_working, [order.degree for order in self.orders])
        return np.asarray(1.0 / np.sqrt(((back / self.scales) ** 2).sum(axis=1)))


def unchanged(size: int) -> WorkingBasis:
    """Return the basis of a design as it is written."""
    same = np.eye(size)
    return WorkingBasis(to_working=same, to_user=same, log_determinant=0.0, constant=np.zeros(size))


def working_basis(
    to_working: Floats, orders: Sequence[ColumnOrder], constant: Floats | None = None
) -> WorkingBasis:
    """Return a basis from its T, whose columns have these orders."""
    size = len(to_working)
    return WorkingBasis(
        to_working=to_working,
        to_user=_inverse(to_working, [order.degree for order in orders]),
        log_determinant=float(np.linalg.slogdet(to_working)[1]) if size else 0.0,
        constant=np.zeros(size) if constant is None else constant,
    )


def measure_columns(
    columns: Floats,
    orders: Sequence[ColumnOrder],
    *,
    weights: Floats | None = None,
    half_ranges: Sequence[float] | None = None,
    constant_beside: bool = False,
    cells: bool = False,
) -> MeasuredColumns:
    """Free every column from those below it, and measure what is left.

    Parameters
    ----------
    columns
        Shape (row, k).
    orders
        One a column.
    weights
        How often each row counts.
    half_ranges
        Half the distance of the two values of each column that has just two, 0 for the others;
        where rows are made up they cannot show it.
    constant_beside
        The model has a constant that is no column: thresholds.
    cells
        Where the columns of a category add up to the constant, compare its levels with the first
        and let the constant stand for the mean; else its columns stay as they are.
    """
    k = columns.shape[1]
    orders = tuple(orders)
    origin = np.zeros(k) if constant_beside else constant_direction(columns, orders)
    change, used = _with_constant(columns, orders, origin, constant_beside, cells=cells)
    pinned = (origin != 0.0) & (not cells)
    same = bool((change == np.eye(k)).all())
    matrix = columns if same else columns @ change
    if len(used) > k:
        matrix = np.column_stack([matrix, np.ones(len(matrix))])
    known = _half_ranges(columns) if half_ranges is None else np.asarray(half_ranges, dtype=float)
    known = np.append(
        np.where((change == np.eye(k)).all(axis=0), known, 0.0), [0.0] * (len(used) - k)
    )
    found = _freed(matrix, used, weights, known, pinned)
    whole = _inverse(np.eye(len(used)) - found.on_lower, [order.degree for order in used])
    to_working = whole[:k, :k] @ (2.0 * np.eye(k) - change)  # that undoes the change, exactly
    beside = whole[k, :k] if len(used) > k else np.zeros(k)
    if pinned.any():
        to_working, beside = to_working + np.outer(origin, beside), np.zeros(k)
    return MeasuredColumns(
        orders=tuple(used[:k]) if cells else orders,
        to_working=to_working,
        constant=beside,
        scales=found.scales[:k],
        origin=origin,
        aliased=found.aliased[:k],
    )


def side_by_side(
    measured: Sequence[MeasuredColumns], places: Sequence[Sequence[int]]
) -> MeasuredColumns:
    """Join columns that were measured apart, as the columns of several linear predictors are.

    Parameters
    ----------
    measured
        One entry a set of columns.
    places
        Where the columns of each set stand among all.
    """
    k = sum(len(own) for own in places)
    orders, to_working = [ColumnOrder()] * k, np.eye(k)
    joined = {name: np.zeros(k) for name in ("constant", "scales", "origin")}
    aliased = np.zeros(k, dtype=bool)
    for own, where in zip(measured, places, strict=True):
        for place, order in zip(where, own.orders, strict=True):
            orders[place] = order
        to_working[np.ix_(where, where)] = own.to_working
        for name, values in joined.items():
            values[where] = getattr(own, name)
        aliased[where] = own.aliased
    return MeasuredColumns(orders=tuple(orders), to_working=to_working, aliased=aliased, **joined)


def _inverse(matrix: Floats, degrees: Sequence[int]) -> Floats:
    """Invert a matrix of columns in any order, those of lower order first: that keeps digits."""
    order = np.argsort(degrees, kind="stable")
    sorted_ = np.ix_(order, order)
    inverse = np.empty_like(matrix)
    inverse[sorted_] = np.linalg.inv(matrix[sorted_])
    return inverse


def constant_direction(columns: Floats, orders: Sequence[ColumnOrder]) -> Floats:
    """Return the coefficients under which every row has 1: the constant, or a category's levels."""
    direction = np.zeros(len(orders))
    for place, order in enumerate(orders):
        if order.is_constant:
            direction[place] = 1.0
            return direction
    for term in dict.fromkeys(order.term for order in orders if not order.powers):
        own = np.array([order.term == term for order in orders])
        if len(columns) and np.allclose(columns[:, own].sum(axis=1), 1.0, atol=1e-8):
            direction[own] = 1.0
            return direction
    return direction


def _with_constant(
    columns: Floats,
    orders: tuple[ColumnOrder, ...],
    origin: Floats,
    constant_beside: bool,
    *,
    cells: bool,
) -> tuple[Floats, list[ColumnOrder]]:
    """Return the change of columns that brings a constant in, and the orders then."""
    change, used = np.eye(len(orders)), list(orders)
    if constant_beside:
        return change, [*used, ColumnOrder()]
    if not origin.any() or any(order.is_constant for order in orders):
        return change, used
    if not cells:
        return change, [*used, ColumnOrder()]
    first, *rest = np.flatnonzero(origin)
    levels: list[int] = []
    change[:, first] = origin
    used[first] = ColumnOrder()
    for place in rest:
        used[place] = ColumnOrder(
            factors=orders[place].factors,
            term=orders[place].term,
            column=len(levels),
            coding=((len(rest), "treatment"),),
        )
        levels.append(int(place))
    return change, used


@dataclass(frozen=True, kw_only=True)
class _Freed:
    """Least squares of every column on those below it: shapes (k, k), (k,) and (k,)."""

    on_lower: Floats
    scales: Floats
    aliased: NDArray[np.bool_]


def _freed(
    matrix: Floats,
    orders: Sequence[ColumnOrder],
    weights: Floats | None,
    half_ranges: Floats,
    pinned: NDArray[np.bool_],
) -> _Freed:
    k = len(orders)
    constant = next((place for place, order in enumerate(orders) if order.is_constant), None)
    root, mean = _root(matrix, weights, centred=constant is not None)
    on_lower, rest = np.zeros((k, k)), root.copy()
    by_lower: dict[tuple[int, ...], list[int]] = {}
    for place, order in enumerate(orders):
        below = _below(orders, order, constant)
        if below and not (place < len(pinned) and pinned[place]):
            by_lower.setdefault(tuple(below), []).append(place)
    for lower, places in by_lower.items():
        numbers = [j for j in lower if j != constant]
        slopes = _least_squares(root[:, numbers], root[:, places])
        on_lower[np.ix_(numbers, places)] = slopes
        rest[:, places] -= root[:, numbers] @ slopes
        if constant is not None and constant in lower:
            on_lower[constant, places] = mean[places] - mean[numbers] @ slopes
    kept = np.zeros(k, dtype=bool)
    kept[: len(pinned)] = pinned
    sizes = np.sqrt((rest**2).sum(axis=0))
    own, by_own = _own_scales(orders, root, half_ranges, sizes)
    lengths = np.sqrt(np.average(matrix**2, axis=0, weights=weights)) if matrix.size else sizes
    alone = (sizes < ALIASED * own) | (sizes <= _ROUNDING * lengths)
    alone &= ~kept & (np.arange(k) != constant)
    # Of such a column nothing is left to measure: it stands as it is written.
    on_lower[:, alone] = 0.0
    sizes = np.where(alone, lengths, sizes)
    scales = np.where(by_own & (own > 0) & ~alone, own, np.maximum(sizes, own))
    scales[(scales <= 0.0) | kept | (np.arange(k) == constant)] = 1.0
    # What is this small is the rounding of a mean that is zero.
    on_lower[np.abs(on_lower) * scales[:, None] < _NOTHING * scales] = 0.0
    return _Freed(on_lower=on_lower, scales=scales, aliased=alone)


def _below(orders: Sequence[ColumnOrder], order: ColumnOrder, constant: int | None) -> list[int]:
    """Return the places of the columns below an order; below a single predictor is the constant."""
    if order.degree <= 1:
        return [] if constant is None or order.is_constant else [constant]
    return [place for place, own in enumerate(orders) if own.below(order)]


def _root(matrix: Floats, weights: Floats | None, *, centred: bool) -> tuple[Floats, Floats]:
    """Return a few rows whose cross products are the columns' covariances, and the means.

    Where there is no constant the cross products are those around zero.
    """
    if not matrix.size:
        return matrix, np.zeros(matrix.shape[1])
    count = float(len(matrix)) if weights is None else float(weights.sum())
    mean = np.average(matrix, axis=0, weights=weights)
    rows = matrix - mean
    if weights is not None:
        rows = rows * np.sqrt(weights)[:, None]
    rows /= np.sqrt(max(count - 1.0, 1.0))
    if not centred:
        rows = np.vstack([rows, mean])
    return (np.linalg.qr(rows, mode="r") if len(rows) > rows.shape[1] else rows), mean


def _least_squares(left: Floats, right: Floats) -> Floats:
    """Solve on columns of length one, so that no unit counts more than another."""
    lengths = np.sqrt((left**2).sum(axis=0))
    lengths[lengths == 0.0] = 1.0
    found = np.linalg.lstsq(left / lengths, right, rcond=ALIASED / 10)[0]
    return np.asarray(found / lengths[:, None])


def _own_scales(
    orders: Sequence[ColumnOrder],
    root: Floats,
    half_ranges: Floats,
    left: Floats,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the product of the own scales of what each column is made of, shape (k,).

    Also which columns take no other scale: those with a category in them, or a number with two
    values, which counts like one.
    """
    alone = np.where(half_ranges > 0.0, half_ranges, np.sqrt((root**2).sum(axis=0)))
    numbers = _Numbers.of(orders, alone, half_ranges)
    found, by_own = alone.copy(), np.zeros(len(orders), dtype=bool)
    for place, order in enumerate(orders):
        if order.is_constant:
            continue
        own = numbers.scale(order)
        if own is None and order.factors:
            own = _over_levels(orders, order, root, half_ranges)
        by_own[place] = bool(order.factors) or numbers.has_two(order)
        if own is None:
            found[place] = left[place] if order.factors else alone[place]
        else:
            found[place] = own * _level_scale(order)
    return found, by_own


class _Numbers(NamedTuple):
    """Own scales of the numbers that are columns: single ones by part, others by all their parts.

    ``two`` are the parts with two values.
    """

    single: dict[str, float]
    whole: dict[tuple[frozenset[tuple[str, int]], tuple[int, ...]], float]
    two: frozenset[str]

    @classmethod
    def of(cls, orders: Sequence[ColumnOrder], alone: Floats, half_ranges: Floats) -> _Numbers:
        """Read them off the columns without a category."""
        single: dict[str, float] = {}
        whole: dict[tuple[frozenset[tuple[str, int]], tuple[int, ...]], float] = {}
        two: set[str] = set()
        for place, order in enumerate(orders):
            if order.is_constant or order.factors or not order.factor:
                continue
            unit = float(alone[place]) / order.factor
            whole.setdefault((frozenset(order.parts.items()), order.number_columns), unit)
            if list(order.parts.values()) == [1] and not order.number_columns:
                (part,) = order.parts
                single.setdefault(part, unit)
                if half_ranges[place] > 0.0:
                    two.add(part)
        return cls(single, whole, frozenset(two))

    def scale(self, order: ColumnOrder) -> float | None:
        """Return the scale of the product of an order's numbers, None if it is not known."""
        if not order.number_columns and all(part in self.single for part in order.parts):
            return order.factor * prod(self.single[n] ** p for n, p in order.parts.items())
        known = self.whole.get((frozenset(order.parts.items()), order.number_columns))
        return None if known is None else order.factor * known

    def has_two(self, order: ColumnOrder) -> bool:
        """Tell whether a number with two values is among an order's parts."""
        return any(part in self.two for part in order.parts)


def _over_levels(
    orders: Sequence[ColumnOrder], order: ColumnOrder, root: Floats, half_ranges: Floats
) -> float | None:
    """Return the scale of a number that has one column a level: added up they are the number."""
    if not all(kind in ("full", "number") for _, kind in order.coding):
        return None
    beside = [
        place
        for place, other in enumerate(orders)
        if other.term == order.term
        and other.factors
        and other.number_columns == order.number_columns
    ]
    if (half_ranges[beside] > 0.0).all():
        return float(half_ranges[beside].max())
    return float(np.sqrt((root[:, beside].sum(axis=1) ** 2).sum()))


def _level_scale(order: ColumnOrder) -> float:
    """Return half the range of each category in a column, as its coding has it."""
    scale = 1.0
    for size, kind in order.coding:
        if kind == "sum":  # levels that differ alike lie closer to their mean than to each other
            scale *= _HALF_RANGE / np.sqrt((1.0 - 1.0 / (size + 1)) / 2.0)
        elif kind != "number":
            scale *= _HALF_RANGE
    return float(scale)


def _half_ranges(columns: Floats) -> Floats:
    """Return half the distance of the two values of each column that has just two, else 0."""
    if not columns.size:
        return np.zeros(columns.shape[1])
    low, high = columns.min(axis=0), columns.max(axis=0)
    two = ((columns == low) | (columns == high)).all(axis=0)
    return np.asarray(np.where(two, (high - low) / 2, 0.0))
