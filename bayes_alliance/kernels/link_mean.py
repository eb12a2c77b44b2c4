"""The inverse of a link, and its mean where the linear predictor itself varies normally."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
# Half the width of the strip around the real line in which the function is tame.
_STRIP = {"logit": np.pi, "cloglog": np.pi / 2}
_REACH = 6.5  # a normal variable is farther out with probability 1e-10
_DIGITS = 27.0  # minus the logarithm of the error of the rule, up to a factor
_WIDEST_STEP, _NARROWEST_STEP = 0.7, 0.005
_FARTHEST = 300.0  # two exponentials of it can still be multiplied
_BLOCK = 2**15  # numbers at a time, so that they stay in the processor's cache


def inverse_link(eta: Array, link: str) -> Array:
    """Return the probability that belongs to a linear predictor."""
    if link == "logit":
        return np.asarray(special.expit(eta))
    if link == "probit":
        return np.asarray(special.ndtr(eta))
    return np.asarray(-np.expm1(-np.exp(np.minimum(eta, _FARTHEST))))


def mean_inverse_link(eta: Array, variance: Array, link: str) -> Array:
    """Return the mean probability where the linear predictor is normal around ``eta``.

    Contributions of several groups add up to one normal variable, so that one integral is enough.
    For probit it is known. Elsewhere it is the trapezoidal rule, whose error falls like
    exp(-2 pi d / h) for a function that is analytic at a distance d from the real line: the step
    h is chosen from the largest variance, for an error below 1e-9.

    Parameters
    ----------
    eta
        Centre of the linear predictor, shape (row, draw).
    variance
        Its variance, shape (row, draw) or (1, draw).
    link
        ``"logit"``, ``"probit"`` or ``"cloglog"``.

    Returns
    -------
    Array
        Probabilities, shape (row, draw).
    """
    if link == "probit":
        return inverse_link(eta / np.sqrt(1.0 + variance), link)
    spread = np.sqrt(variance)
    nodes, weights = _rule(float(spread.max(initial=0.0)), link)
    mean = np.empty(eta.shape)
    step = max(1, _BLOCK // max(1, eta.shape[1]))
    for start in range(0, len(eta), step):
        rows = slice(start, start + step)
        here = spread if len(spread) == 1 else spread[rows]
        if link == "logit" and _multiplies(eta[rows], here):
            mean[rows] = _mean_logistic(eta[rows], here, nodes, weights)
        else:
            mean[rows] = _mean_any(eta[rows], here, nodes, weights, link)
    return mean


def _rule(widest: float, link: str) -> tuple[Array, Array]:
    """Return the nodes from 0 outwards, and the weight of each; what is not at 0 counts twice."""
    if widest == 0.0:
        return np.zeros(1), np.ones(1)
    step = 2 * np.pi * _STRIP[link] / (_DIGITS * widest)
    step = float(np.clip(step, _NARROWEST_STEP, _WIDEST_STEP))
    nodes = np.arange(0.0, _REACH + step, step)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, weights / (2 * weights.sum() - weights[0])


def _multiplies(eta: Array, spread: Array) -> bool:
    """Whether the exponentials of both parts of the linear predictor have a product."""
    farthest = max(-eta.min(initial=0.0), eta.max(initial=0.0))
    return bool(max(farthest, (_REACH + _WIDEST_STEP) * spread.max(initial=0.0)) < _FARTHEST)


def _mean_logistic(eta: Array, spread: Array, nodes: Array, weights: Array) -> Array:
    """Add up the rule; both nodes of a pair make one fraction, without a further exponential."""
    odds = np.exp(-eta)
    squared = 1.0 + odds**2
    mean = weights[0] / (1.0 + odds)
    below, pair = np.empty_like(odds), np.empty_like(odds)
    for node, weight in zip(nodes[1:], weights[1:], strict=True):
        np.multiply(odds, 2.0 * np.cosh(node * spread), out=below)
        np.add(below, 2.0, out=pair)
        below += squared
        pair /= below
        pair *= weight
        mean += pair
    return np.asarray(mean)


def _mean_any(eta: Array, spread: Array, nodes: Array, weights: Array, link: str) -> Array:
    """Add up the rule as it stands."""
    mean = weights[0] * inverse_link(eta, link)
    for node, weight in zip(nodes[1:], weights[1:], strict=True):
        shift = node * spread
        mean += weight * (inverse_link(eta + shift, link) + inverse_link(eta - shift, link))
    return np.asarray(mean)
