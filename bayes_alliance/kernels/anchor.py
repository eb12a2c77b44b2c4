"""Where the columns are centred, and the exact way back.

A constant is taken off every column by a subtraction that rounds once, and only when the design
itself can express a constant, so that the change is a linear map of the coefficients and the
model stays the same one. All chunks of one data set share one anchor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats


@dataclass(frozen=True, kw_only=True)
class Centring:
    """Centring of one design, ``X = Xc L`` with ``L = I + constant shift'``.

    Parameters
    ----------
    constant
        Combination of columns that is one in every row, shape (k,); zeros if there is none.
    shift
        What is taken off each column, shape (k,); zero wherever ``constant`` is not.
    """

    constant: Floats
    shift: Floats

    def map(self) -> Floats:
        """Return ``L``, which turns coefficients of ``X`` into coefficients of ``Xc``."""
        return np.eye(len(self.shift)) + np.outer(self.constant, self.shift)

    def inverse_map(self) -> Floats:
        """Return the inverse of ``L``, exact because ``shift'constant`` is zero."""
        return np.eye(len(self.shift)) - np.outer(self.constant, self.shift)

    def holds_for(self, columns: Floats) -> bool:
        """Tell whether the constant is one in every row of these columns too."""
        if not self.constant.any():
            return True
        return bool(np.array_equal(columns @ self.constant, np.ones(len(columns))))


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """Centring of the outcome, of the population columns and of the group columns."""

    outcome_shift: float
    population: Centring
    group: Centring


def find_anchor(y: Floats, X: Floats, Z: Floats) -> Anchor:
    """Choose the anchor from rows: a whole table, or the first chunk of a stream."""
    population = find_centring(X)
    has_constant = population.constant.any() and y.size > 0
    return Anchor(
        outcome_shift=float(np.mean(y)) if has_constant else 0.0,
        population=population,
        group=find_centring(Z),
    )


def find_centring(columns: Floats) -> Centring:
    """Centre at the column means if the columns can express a constant, else not at all."""
    constant = _constant_direction(columns)
    if not constant.any():
        return Centring(constant=constant, shift=np.zeros_like(constant))
    shift = np.where(constant == 0.0, columns.mean(axis=0), 0.0)
    return Centring(constant=constant, shift=shift)


def _constant_direction(columns: Floats) -> Floats:
    """Find whole-number weights under which the columns add up to one in every row."""
    k = columns.shape[1]
    nothing = np.zeros(k)
    if k == 0 or len(columns) == 0:
        return nothing
    ones = np.flatnonzero((columns == 1.0).all(axis=0))
    if ones.size:
        nothing[ones[0]] = 1.0
        return nothing
    # Only columns of 0 and 1 can be the dummies of a design without an intercept.
    dummies = np.flatnonzero(((columns == 0.0) | (columns == 1.0)).all(axis=0))
    if dummies.size == 0:
        return nothing
    weights = np.linalg.lstsq(columns[:, dummies], np.ones(len(columns)), rcond=None)[0]
    direction = nothing.copy()
    direction[dummies] = np.round(weights)
    exact = np.array_equal(columns @ direction, np.ones(len(columns)))
    return direction if exact else nothing
