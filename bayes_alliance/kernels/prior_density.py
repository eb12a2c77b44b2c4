"""Log densities of the priors on single numbers, with slopes, for compiled code.

A prior is a code and up to three arguments in PyMC's order. Every normalising constant is kept;
improper priors count 0.
"""

from __future__ import annotations

from math import lgamma

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled

CODES: dict[str, int] = {
    name: code
    for code, name in enumerate(
        (
            "Normal",
            "StudentT",
            "Cauchy",
            "Laplace",
            "Logistic",
            "Flat",
            "HalfNormal",
            "HalfStudentT",
            "HalfCauchy",
            "HalfFlat",
            "Exponential",
            "Gamma",
            "InverseGamma",
            "LogNormal",
            "Weibull",
        )
    )
}
_HALF_LOG_TWO_PI = 0.5 * float(np.log(2.0 * np.pi))
_LOG_TWO = float(np.log(2.0))


@compiled
def prior_density(code: int, arguments: Floats, x: float) -> tuple[float, float]:
    """Return the log density at ``x`` and its slope.

    Parameters
    ----------
    code
        From :data:`CODES`.
    arguments
        In PyMC's order, at least as many as the distribution has.
    x
        A point of the support: positive for the half and positive distributions.
    """
    a, b = arguments[0], arguments[1]
    if code == 0:
        return _normal(x, a, b)
    if code == 1:
        return _student(x, a, b, arguments[2])
    if code == 2:
        return _student(x, 1.0, a, b)
    if code == 3:
        return -_LOG_TWO - np.log(b) - abs(x - a) / b, -np.sign(x - a) / b
    if code == 4:
        z = (x - a) / b
        log_sum = abs(z) + 2.0 * np.log1p(np.exp(-abs(z)))
        return -log_sum - np.log(b), -np.tanh(0.5 * z) / b
    if code in (5, 9):
        return 0.0, 0.0
    if code == 6:
        value, slope = _normal(x, 0.0, a)
        return value + _LOG_TWO, slope
    if code == 7:
        value, slope = _student(x, a, 0.0, b)
        return value + _LOG_TWO, slope
    if code == 8:
        value, slope = _student(x, 1.0, 0.0, a)
        return value + _LOG_TWO, slope
    return _positive(code, a, b, x)


@compiled
def _normal(x: float, mu: float, sigma: float) -> tuple[float, float]:
    z = (x - mu) / sigma
    return -0.5 * z * z - np.log(sigma) - _HALF_LOG_TWO_PI, -z / sigma


@compiled
def _student(x: float, nu: float, mu: float, sigma: float) -> tuple[float, float]:
    z = (x - mu) / sigma
    constant = lgamma(0.5 * (nu + 1.0)) - lgamma(0.5 * nu) - 0.5 * np.log(nu * np.pi)
    value = constant - np.log(sigma) - 0.5 * (nu + 1.0) * np.log1p(z * z / nu)
    return value, -(nu + 1.0) * z / (nu + z * z) / sigma


@compiled
def _positive(code: int, a: float, b: float, x: float) -> tuple[float, float]:
    log_x = np.log(x)
    if code == 10:
        return np.log(a) - a * x, -a
    if code == 11:
        return a * np.log(b) - lgamma(a) + (a - 1.0) * log_x - b * x, (a - 1.0) / x - b
    if code == 12:
        value = a * np.log(b) - lgamma(a) - (a + 1.0) * log_x - b / x
        return value, (b / x - a - 1.0) / x
    if code == 13:
        value, slope = _normal(log_x, a, b)
        return value - log_x, (slope - 1.0) / x
    ratio = (x / b) ** a
    return np.log(a) - log_x + a * np.log(x / b) - ratio, (a - 1.0 - a * ratio) / x
