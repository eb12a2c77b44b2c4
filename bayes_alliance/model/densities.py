"""Log densities and simulators of the families, in numpy, broadcasting draws against rows.

``eta`` has shape (..., row); parameters have shape (..., 1), thresholds (..., 1, threshold).
``weight`` is a precision weight a row: the residual variance is divided by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Parameters = Mapping[str, Array]
_LOG_2PI = float(np.log(2 * np.pi))


def _sigma(parameters: Parameters) -> Any:
    """Return sigma, or 1 where standard errors are known and stand in the weights."""
    return parameters.get("sigma", 1.0)


def gaussian(y: Array, eta: Array, parameters: Parameters, link: str, weight: Any = 1.0) -> Array:
    """Return the normal log density."""
    variance = _sigma(parameters) ** 2 / weight
    return np.asarray(-0.5 * (_LOG_2PI + np.log(variance) + (y - eta) ** 2 / variance))


def simulate_gaussian(
    rng: np.random.Generator, eta: Array, parameters: Parameters, link: str, weight: Any = 1.0
) -> Array:
    """Draw normal outcomes."""
    return np.asarray(eta + _sigma(parameters) / np.sqrt(weight) * rng.standard_normal(eta.shape))


def student(y: Array, eta: Array, parameters: Parameters, link: str, weight: Any = 1.0) -> Array:
    """Student-t log density with scale sigma and nu degrees of freedom."""
    nu, scale = parameters["nu"], _sigma(parameters) / np.sqrt(weight)
    constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
    tail = (nu + 1) / 2 * np.log1p(((y - eta) / scale) ** 2 / nu)
    return np.asarray(constant - np.log(scale) - tail)


def simulate_student(
    rng: np.random.Generator, eta: Array, parameters: Parameters, link: str, weight: Any = 1.0
) -> Array:
    """Draw Student-t outcomes."""
    noise = rng.standard_t(np.broadcast_to(parameters["nu"], eta.shape))
    return np.asarray(eta + _sigma(parameters) / np.sqrt(weight) * noise)


def log_cdf(eta: Array, link: str) -> Array:
    """Log of the inverse link at ``eta``: the log probability of a one."""
    if link == "logit":
        return np.asarray(special.log_expit(eta))
    if link == "probit":
        return np.asarray(special.log_ndtr(eta))
    hazard = np.exp(np.clip(eta, -700, 700))
    return np.where(np.less(eta, -37), eta, np.log(-np.expm1(-hazard)))  # there exp(eta) < 1e-16


def log_survival(eta: Array, link: str) -> Array:
    """Log of one minus the inverse link at ``eta``."""
    if link == "cloglog":
        return np.asarray(-np.exp(np.clip(eta, -700, 700)))
    return log_cdf(-eta, link)


def bernoulli(y: Array, eta: Array, parameters: Parameters, link: str, weight: Any = 1.0) -> Array:
    """Bernoulli log probability."""
    return np.where(y == 1, log_cdf(eta, link), log_survival(eta, link))


def simulate_bernoulli(
    rng: np.random.Generator, eta: Array, parameters: Parameters, link: str, weight: Any = 1.0
) -> Array:
    """Draw zeros and ones."""
    return (np.log(rng.random(eta.shape)) < log_cdf(eta, link)).astype(float)


def cumulative(y: Array, eta: Array, parameters: Parameters, link: str, weight: Any = 1.0) -> Array:
    """Cumulative log probability of category ``y`` (0 for the lowest).

    ``P(y <= k) = F(threshold_k - eta)``; differences of nearby values are taken on the log scale
    from whichever tail loses no digits.
    """
    cutpoint = parameters["cutpoint"]
    category = np.asarray(y, dtype=int)
    edge = np.full((*cutpoint.shape[:-1], 1), np.inf)
    edges = np.concatenate([-edge, cutpoint, edge], axis=-1)
    shape = np.broadcast_shapes(eta.shape, edges.shape[:-1])
    edges = np.broadcast_to(edges, (*shape, edges.shape[-1]))
    at = np.broadcast_to(category, shape)[..., None]
    low = np.take_along_axis(edges, at, axis=-1)[..., 0] - eta
    high = np.take_along_axis(edges, at + 1, axis=-1)[..., 0] - eta
    flip = low > 0
    upper, lower = np.where(flip, -low, high), np.where(flip, -high, low)
    log_upper, log_lower = log_cdf(upper, link), log_cdf(lower, link)
    return np.asarray(log_upper + _log_one_minus_exp(np.minimum(log_lower - log_upper, -1e-300)))


def _log_one_minus_exp(x: Array) -> Array:
    """Log of one minus the exponential of a negative number, to all digits near 0 and far off."""
    near = x > -np.log(2)
    close, far = np.where(near, x, -1.0), np.where(near, -1.0, x)
    return np.where(near, np.log(-np.expm1(close)), np.log1p(-np.exp(far)))


def simulate_cumulative(
    rng: np.random.Generator, eta: Array, parameters: Parameters, link: str, weight: Any = 1.0
) -> Array:
    """Draw categories, 0 for the lowest."""
    noise = rng.random(eta.shape)
    latent = special.logit(noise) if link == "logit" else special.ndtri(noise)
    return np.asarray((eta + latent)[..., None] > parameters["cutpoint"], dtype=float).sum(-1)
