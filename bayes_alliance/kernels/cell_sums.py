"""Sums of products by cell, centred at each cell's first row: what a stream of rows leaves.

A cell is a group, or a combination of groups that occurs. Its rows matter to a Gaussian model
only through their number, means and cross products, so a few made-up rows that have the same
ones can stand in for them: :func:`stand_in_rows`. Every kernel for rows then serves streams too.

Centring at a row of the cell itself keeps the digits that centring at the table's mean would
lose where groups differ much more than their rows do. What is lost against
:func:`bayes_alliance.kernels.one_factor.moments.moments` is half the digits of columns that nearly
determine one another within a cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled

# A pivot this small beside its column is rounding of a column the earlier ones determine.
_ROUNDING = 1e-13


def cell_width(k: int) -> int:
    """Return how many numbers a cell of ``k`` columns takes."""
    return 1 + 2 * k + k * (k + 1) // 2


@compiled
def add_rows(values: Floats, cell: Integers, weight: Floats, state: Floats) -> None:
    """Add some rows to the sums of their cells.

    Parameters
    ----------
    values
        One column after the other, shape (k, n).
    cell
        Cell of each row, shape (n,).
    weight
        One positive number a row, shape (n,); of length 0 if all are 1.
    state
        Shape (cell, ``cell_width(k)``), changed in place; zeros before the first rows. For each
        cell the sum of weights, the first row, the sums of deviations from it and, a triangle
        row by row mixed with these, the sums of their products.
    """
    k = values.shape[0]
    deviation = np.empty(k)
    weighted = weight.size > 0
    for i in range(values.shape[1]):
        sums = state[cell[i]]
        w = weight[i] if weighted else 1.0
        if sums[0] == 0.0:
            for a in range(k):
                sums[1 + a] = values[a, i]
        sums[0] += w
        place = 1 + k
        for a in range(k):
            deviation[a] = values[a, i] - sums[1 + a]
            part = w * deviation[a]
            sums[place] += part
            place += 1
            for b in range(a + 1):
                sums[place] += part * deviation[b]
                place += 1


@dataclass(frozen=True, kw_only=True)
class CellSums:
    """The sums of :func:`add_rows`, taken apart.

    Parameters
    ----------
    weight
        Sum of weights of each cell, shape (cell,).
    mean
        Weighted mean of each column, shape (cell, k).
    products
        Weighted sums of products of deviations from the mean, shape (cell, k, k).
    """

    weight: Floats
    mean: Floats
    products: Floats

    @property
    def total_mean(self) -> Floats:
        """Weighted mean over all cells, shape (k,)."""
        origin = self.mean[0]
        return np.asarray(origin + self.weight @ (self.mean - origin) / self.weight.sum())


def cell_sums(state: Floats, k: int) -> CellSums:
    """Take the numbers of :func:`add_rows` apart; every cell must have a row."""
    weight = state[:, 0]
    first = state[:, 1 : 1 + k]
    # Behind them: for each column its sum, then its products with the columns up to itself.
    starts = 1 + k + np.array([a * (a + 3) // 2 for a in range(k)], dtype=np.int64)
    sums = state[:, starts]
    products = np.empty((len(state), k, k))
    for a in range(k):
        for b in range(a + 1):
            part = state[:, starts[a] + 1 + b] - sums[:, a] * sums[:, b] / weight
            products[:, a, b] = part
            products[:, b, a] = part
    mean = first + sums / weight[:, None]
    return CellSums(weight=weight, mean=mean, products=products)


def stand_in_rows(sums: CellSums, origin: Floats) -> Floats:
    """Return k + 1 rows a cell that have its sum of weights, means and cross products.

    Parameters
    ----------
    sums
        The cells.
    origin
        What is taken off every column, shape (k,).

    Returns
    -------
    numpy.ndarray
        Shape (cell, k + 1, k + 1): rows, then columns, the first column standing for the constant
        1. For each cell ``rows' rows`` is what the cell's own rows ``[1, x - origin]`` give.
    """
    cells, k = sums.mean.shape
    rows = np.zeros((cells, k + 1, k + 1))
    length = np.sqrt(sums.weight)
    rows[:, 0, 0] = length
    rows[:, 0, 1:] = (sums.mean - origin) * length[:, None]
    rows[:, 1:, 1:] = _upper_root(sums.products)
    return rows


def _upper_root(products: Floats) -> Floats:
    """Return upper triangular roots; columns that the earlier ones determine get no pivot."""
    k = products.shape[1]
    root = np.zeros_like(products)
    for a in range(k):
        above = root[:, :a, a]
        whole = products[:, a, a]
        pivot = whole - (above**2).sum(axis=1)
        free = pivot > _ROUNDING * whole
        root[:, a, a] = np.sqrt(np.where(free, pivot, 0.0))
        scale = np.divide(1.0, root[:, a, a], out=np.zeros_like(pivot), where=free)
        rest = products[:, a, a + 1 :] - np.einsum("jc,jcb->jb", above, root[:, :a, a + 1 :])
        root[:, a, a + 1 :] = rest * scale[:, None]
    return root


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
