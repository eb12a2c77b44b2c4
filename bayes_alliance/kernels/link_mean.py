"""What a link makes of a linear predictor that varies normally: means, and what two clients share.

The trapezoidal rule under a normal curve converges as fast as Gauss-Hermite and, unlike it, stays
exact where the effects are much wider than the link: its step follows the spread (trefethen2014).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Inverse = Callable[[Array], Array]
# From rows and their standard deviations, by nodes and weights, to means.
Rule = Callable[[Array, Array, Array, Array], Array]
_REACH = 6.5  # a normal variable is farther out with probability 1e-10
_DIGITS = 27.0  # minus the logarithm of the error of the rule, up to a factor
_WIDEST_STEP, _NARROWEST_STEP = 0.7, 0.005
FARTHEST = 300.0  # two exponentials of it can still be multiplied
_BLOCK = 2**15  # numbers at a time, so that they stay in the processor's cache
Places = NDArray[np.int64]
# Expected outcome at linear predictors, shape (some, node), of the elements in those places.
ExpectedOutcome = Callable[[Array, Places], Array]
_WIDEST_SHARED_STEP = 0.6  # in standard deviations: sums the normal curve itself to 1e-12
_LINK_STEP = 0.5  # in units of the linear predictor: sums logit, probit and cloglog to 1e-8
_MOST_NODES = 1601
_CHUNK = 1_000_000


def normal_mean(eta: Array, variance: Array, inverse: Inverse, *, strip: float) -> Array:
    """Return the mean of a function where its argument is normal around ``eta``.

    Contributions of several groups add up to one normal variable, so that one integral is enough.
    It is the trapezoidal rule, whose error falls like exp(-2 pi d / h) for a function that is
    analytic at a distance d from the real line: the step h is chosen from the largest variance,
    for an error below 1e-9.

    Parameters
    ----------
    eta
        Centre of the linear predictor, shape (row, draw), or one that broadcasts to it.
    variance
        Its variance, as well.
    inverse
        The inverse link, between 0 and 1.
    strip
        The distance d up to which it is analytic around the real line.

    Returns
    -------
    Array
        Means, shape (row, draw).
    """
    return _by_blocks(eta, variance, strip, _rule_of(inverse))


def logistic_normal_mean(eta: Array, variance: Array, inverse: Inverse) -> Array:
    """Return :func:`normal_mean` of the logistic function, with fewer exponentials."""
    plain = _rule_of(inverse)

    def added_up(rows: Array, sd: Array, nodes: Array, weights: Array) -> Array:
        rule = _mean_logistic if _multiplies(rows, sd) else plain
        return rule(rows, sd, nodes, weights)

    return _by_blocks(eta, variance, float(np.pi), added_up)


def _rule_of(inverse: Inverse) -> Rule:
    """Return the rule for a function as it stands."""

    def added_up(rows: Array, sd: Array, nodes: Array, weights: Array) -> Array:
        mean = weights[0] * inverse(rows)
        for node, weight in zip(nodes[1:], weights[1:], strict=True):
            shift = node * sd
            mean += weight * (inverse(rows + shift) + inverse(rows - shift))
        return np.asarray(mean)

    return added_up


def _by_blocks(eta: Array, variance: Array, strip: float, added_up: Rule) -> Array:
    """Take some rows at a time, by a rule for the largest variance of all."""
    eta, sd = (
        np.broadcast_to(eta, np.broadcast_shapes(eta.shape, variance.shape)),
        np.sqrt(variance),
    )
    nodes, weights = _rule(float(sd.max(initial=0.0)), strip)
    mean = np.empty(eta.shape)
    step = max(1, _BLOCK // max(1, eta.shape[1]))
    for start in range(0, len(eta), step):
        rows = slice(start, start + step)
        here = sd if len(sd) == 1 else sd[rows]
        mean[rows] = added_up(eta[rows], here, nodes, weights)
    return mean


def _rule(widest: float, strip: float) -> tuple[Array, Array]:
    """Return the nodes from 0 outwards, and the weight of each; what is not at 0 counts twice."""
    if widest == 0.0:
        return np.zeros(1), np.ones(1)
    step = 2 * np.pi * strip / (_DIGITS * widest)
    step = float(np.clip(step, _NARROWEST_STEP, _WIDEST_STEP))
    nodes = np.arange(0.0, _REACH + step, step)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, weights / (2 * weights.sum() - weights[0])


def _multiplies(eta: Array, sd: Array) -> bool:
    """Whether the exponentials of both parts of the linear predictor have a product."""
    farthest = max(-eta.min(initial=0.0), eta.max(initial=0.0))
    return bool(max(farthest, (_REACH + _WIDEST_STEP) * sd.max(initial=0.0)) < FARTHEST)


def _mean_logistic(eta: Array, sd: Array, nodes: Array, weights: Array) -> Array:
    """Add up the rule; both nodes of a pair make one fraction, without a further exponential."""
    odds = np.exp(-eta)
    squared = 1.0 + odds**2
    mean = weights[0] / (1.0 + odds)
    below, pair = np.empty_like(odds), np.empty_like(odds)
    for node, weight in zip(nodes[1:], weights[1:], strict=True):
        np.multiply(odds, 2.0 * np.cosh(node * sd), out=below)
        np.add(below, 2.0, out=pair)
        below += squared
        pair /= below
        pair *= weight
        mean += pair
    return np.asarray(mean)


def shared_covariance(expected: ExpectedOutcome, eta: Array, shared: Array) -> Array:
    """Return the covariance of the outcomes of two clients who share an effect, shape (element,).

    Given the shared effect the two are independent, so that it is the variance of the expected
    outcome over that effect.

    Parameters
    ----------
    expected
        Expected outcome given the shared effect, everything else averaged out.
    eta
        Linear predictor of both without the effect, shape (element,).
    shared
        Variance of the shared effect, shape (element,).

    Returns
    -------
    Array
        NaN where the variance is.
    """
    spread = np.sqrt(shared)
    covariance = np.full(eta.shape, np.nan)
    for places in _alike(spread):
        nodes, weights = _normal_nodes(float(spread[places].max()))
        step = max(1, _CHUNK // len(nodes))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            outcome = expected(eta[some, None] + spread[some, None] * nodes, some)
            departure = outcome - (outcome @ weights)[:, None]
            covariance[some] = departure**2 @ weights
    return covariance


def _normal_nodes(spread: float) -> tuple[Array, Array]:
    """Return nodes, in standard deviations, and weights for normal effects of that spread."""
    step = min(_WIDEST_SHARED_STEP, _LINK_STEP / max(spread, 1e-12))
    half = min(int(np.ceil(_REACH / step)), _MOST_NODES // 2)
    nodes = np.linspace(-_REACH, _REACH, 2 * half + 1)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, weights / weights.sum()


def _alike(spread: Array) -> Iterator[Places]:
    """Yield the places of elements of similar spread, so that few of them need many nodes."""
    finite = np.isfinite(spread)
    classes = np.ceil(np.log2(np.maximum(np.where(finite, spread, 1.0), 0.5)))
    for which in np.unique(classes[finite]):
        yield np.flatnonzero(finite & (classes == which))
