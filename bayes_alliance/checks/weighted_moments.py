"""Moments of weighted draws with their Monte Carlo error, and the tails that decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.pareto_smoothing import smooth_weights

Array = NDArray[np.float64]
_BATCHES = 20  # in all chains: the error is then known to a sixth of itself
_BLOCK = 4_000_000  # numbers of a block of tails


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Consecutive draws of one chain.

    Parameters
    ----------
    chain, draws
        Where they are.
    rows
        Where they are with all chains behind one another.
    """

    chain: int
    draws: slice
    rows: slice


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Weighted sums of quantities about a centre; the weights of a column sum to one.

    Parameters
    ----------
    centre
        Shape (quantity,).
    weight
        Of each batch, shape (batch, column).
    first
        Sums by batch, shape (batch, column, quantity).
    second, above
        Sums of squares and of what is above zero, shape (column, quantity).
    """

    centre: Array
    weight: Array
    first: Array
    second: Array
    above: Array


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mean, its Monte Carlo error, standard deviation and probability of being positive.

    Parameters
    ----------
    mean, mcse, sd, above_zero
        Shape (..., quantity).
    """

    mean: Array
    mcse: Array
    sd: Array
    above_zero: Array

    def at(self, place: int | slice) -> Moments:
        """Return those of one column of weights, or of several."""
        return Moments(
            mean=self.mean[place],
            mcse=self.mcse[place],
            sd=self.sd[place],
            above_zero=self.above_zero[place],
        )

    def put(self, found: Mapping[int, Moments]) -> Moments:
        """Return a copy with other numbers for some columns of weights."""
        copies = {name: array.copy() for name, array in vars(self).items()}
        for place, other in found.items():
            for name, array in copies.items():
                array[place] = getattr(other, name)
        return Moments(**copies)


def batches_of(chains: int, draws: int) -> list[Batch]:
    """Cut the chains into about twenty batches, each of consecutive draws of one chain."""
    pieces = min(max(1, -(-_BATCHES // chains)), draws)
    edges = np.linspace(0, draws, pieces + 1).astype(int).tolist()
    return [
        Batch(
            chain=chain,
            draws=slice(start, stop),
            rows=slice(chain * draws + start, chain * draws + stop),
        )
        for chain in range(chains)
        for start, stop in pairwise(edges)
    ]


def weighted_sums(values: Array, weights: Array, batches: list[Batch]) -> Sums:
    """Sum draws, shape (draw, quantity), under each column of weights, shape (draw, column)."""
    # About the plain mean: the variance is then no difference of large numbers.
    centre = values.mean(axis=0)
    about = values - centre
    return Sums(
        centre=centre,
        weight=np.stack([weights[b.rows].sum(axis=0) for b in batches]),
        first=np.stack([weights[b.rows].T @ about[b.rows] for b in batches]),
        second=weights.T @ about**2,
        above=weights.T @ (values > 0).astype(float),
    )


def errors_by_batch(sums: Sums) -> Array:
    """Return what each batch adds to the error of the mean, shape (batch, column, quantity).

    Of a ratio of sums: the batches that weigh more than others do not count as error by that.
    """
    mean = sums.first.sum(axis=0)
    return sums.first - mean * sums.weight[:, :, None]


def standard_error(errors: Array) -> Array:
    """Return the Monte Carlo error of a sum over batches; draws of a batch may depend."""
    many = len(errors)
    if many < 2:
        return np.full(errors.shape[1:], np.nan)
    found: Array = np.sqrt(many / (many - 1) * (errors**2).sum(axis=0))
    return found


def moments_from(sums: Sums) -> Moments:
    """Turn sums into moments, shape (column, quantity)."""
    mean = sums.first.sum(axis=0)
    return Moments(
        mean=sums.centre + mean,
        mcse=standard_error(errors_by_batch(sums)),
        sd=np.sqrt(np.maximum(sums.second - mean**2, 0.0)),
        above_zero=sums.above,
    )


def tail_shapes(values: Array, weights: Array, mean: Array, efficiency: float) -> Array:
    """Return Pareto k of weight times distance from the weighted mean, shape (column, quantity).

    The error of a weighted mean is a sum of such terms. Where few of them decide it, it has no
    use, however well the weights alone behave (vehtari2024).

    Parameters
    ----------
    values, weights
        Shapes (draw, quantity) and (draw, column).
    mean
        Shape (column, quantity).
    efficiency
        Effective draws over draws.
    """
    shapes = np.empty(mean.shape)
    size = max(1, _BLOCK // len(values))
    for start in range(0, len(mean), size):
        here = slice(start, start + size)
        for k in range(values.shape[1]):
            term = weights[:, here] * np.abs(values[:, k, None] - mean[here, k])
            logarithm = np.log(np.maximum(term, np.finfo(float).tiny))
            shapes[here, k] = smooth_weights(logarithm, efficiency).shape
    return shapes
