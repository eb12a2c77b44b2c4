"""What two clients' outcomes have in common behind a link, by integrating over what they share.

The trapezoidal rule under a normal curve converges as fast as Gauss-Hermite and, unlike it, stays
exact where the effects are much wider than the link: its step follows the spread (trefethen2014).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]
# Expected outcome at linear predictors, shape (some, node), of the elements in those places.
ExpectedOutcome = Callable[[Array, Places], Array]
_REACH = 6.5  # standard deviations: what lies outside has probability 1e-10
_WIDEST_STEP = 0.6  # in standard deviations: sums the normal curve itself to 1e-12
_LINK_STEP = 0.5  # in units of the linear predictor: sums logit, probit and cloglog to 1e-8
_MOST_NODES = 1601
_CHUNK = 1_000_000


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
    step = min(_WIDEST_STEP, _LINK_STEP / max(spread, 1e-12))
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
