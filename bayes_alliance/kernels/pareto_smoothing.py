"""Pareto smoothed importance sampling for many quantities at once.

The largest weights of each quantity are replaced by the quantiles of a generalised Pareto
distribution fitted to them; its shape k says how far the weights can be trusted (vehtari2024). The
same numbers as ArviZ's, which takes the quantities one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers

_CHUNK = 32  # small enough for the processor's cache: more is slower
_LEAST_TAIL = 5
_PRIOR_WEIGHT = 10.0  # the shape is drawn towards one half with the weight of so many draws
_NEGLIGIBLE = 10.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True)
class Smoothed:
    """Importance weights of the draws.

    Parameters
    ----------
    log_weights
        Normalised, shape (S, J): each column's weights sum to one.
    shape
        Pareto k, shape (J,). 0 where all large weights are the same, NaN where too many are.
    """

    log_weights: Floats
    shape: Floats


def tail_length(draws: int, relative_efficiency: float) -> int:
    """Return how many of the largest weights are smoothed."""
    if draws * relative_efficiency > 225:
        return int(3 * (draws / relative_efficiency) ** 0.5)
    return draws // 5


def largest_good_shape(draws: int) -> float:
    """Return the Pareto k up to which this many draws give a trustworthy answer."""
    return float(min(1 - 1 / np.log10(max(draws, 11)), 0.7))


def smooth_weights(log_ratios: Floats, relative_efficiency: float = 1.0) -> Smoothed:
    """Smooth and normalise the importance ratios of every column.

    Parameters
    ----------
    log_ratios
        Log importance ratios, up to a constant a column, shape (S, J).
    relative_efficiency
        Effective draws over draws.

    Raises
    ------
    ValueError
        With fewer than 25 draws there is no tail to smooth.
    """
    draws = len(log_ratios)
    tail = min(tail_length(draws, relative_efficiency), draws - 1)
    if tail < _LEAST_TAIL:
        raise ValueError(f"{draws} draws are too few to smooth importance weights")
    weights = np.empty_like(log_ratios)
    shape = np.empty(log_ratios.shape[1])
    for start in range(0, len(shape), _CHUNK):
        here = slice(start, start + _CHUNK)
        ratios = np.ascontiguousarray(log_ratios[:, here].T)
        shape[here] = _smooth_rows(ratios, tail)
        weights[:, here] = ratios.T
    return Smoothed(log_weights=weights, shape=shape)


def _smooth_rows(ratios: Floats, tail: int) -> Floats:
    """Smooth each row in place and normalise it; return the shapes."""
    ratios -= ratios.max(axis=1, keepdims=True)
    places = np.argpartition(ratios, [-tail - 1], axis=1)[:, -tail - 1 :]
    places[:, 1:] = _sorted_by(ratios, places[:, 1:])
    ordered = np.take_along_axis(ratios, places, axis=1)
    cut = np.exp(ordered[:, :1])
    excess = np.exp(ordered[:, 1:]) - cut
    shape, scale = _fit_pareto(excess)
    constant = ordered[:, -1] - ordered[:, 1] < np.finfo(np.float64).tiny
    usable = np.isfinite(shape) & (scale > 0) & ~constant
    quantile = np.arange(0.5, tail) / tail
    with np.errstate(all="ignore"):
        steps = np.expm1(-shape[:, None] * np.log1p(-quantile)) / shape[:, None]
        smooth = np.minimum(np.log(cut + scale[:, None] * steps), 0.0)
    smooth = np.where(usable[:, None], smooth, ordered[:, 1:])
    np.put_along_axis(ratios, places[:, 1:], smooth, axis=1)
    ratios -= np.log(np.exp(ratios).sum(axis=1, keepdims=True))
    return np.where(constant, 0.0, shape)


def _sorted_by(values: Floats, places: Integers) -> Integers:
    """Order each row's places by the values there."""
    order = np.argsort(np.take_along_axis(values, places, axis=1), axis=1)
    return np.take_along_axis(places, order, axis=1)


def _fit_pareto(excess: Floats) -> tuple[Floats, Floats]:
    """Fit a generalised Pareto distribution to each row of sorted excesses: shape and scale.

    The estimator of Zhang and Stephens: an average over a grid of one parameter, weighted by the
    profile likelihood.
    """
    n = excess.shape[1]
    grid = 30 + int(n**0.5)
    quartile = excess[:, int(n / 4 + 0.5) - 1, None]
    steps = 1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
    with np.errstate(all="ignore"):
        candidates = steps / (3 * quartile) + 1 / excess[:, -1:]
        means = np.log1p(-candidates[:, :, None] * excess[:, None, :]).mean(axis=2)
        profile = n * (np.log(-candidates / means) - means - 1)
        weight = np.exp(profile - profile.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        weight = np.where(weight >= _NEGLIGIBLE, weight, 0.0)
        chosen = (candidates * weight).sum(axis=1) / weight.sum(axis=1)
        raw = np.log1p(-chosen[:, None] * excess).mean(axis=1)
        scale = -raw / chosen
        shape = (n * raw + 0.5 * _PRIOR_WEIGHT) / (n + _PRIOR_WEIGHT)
    degenerate = quartile[:, 0] <= excess[:, 0]
    return np.where(degenerate, np.nan, shape), np.where(degenerate, np.nan, scale)
