"""Draws of theta from its priors, by the codes that the kernels read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.prior_density import CODES
from bayes_alliance.kernels.variance_priors import VariancePriors

Array = NDArray[np.float64]
type _Maker = Callable[[np.random.Generator, float, float, float], float]

# Improper priors have no draws, and are not here.
_MAKERS: dict[str, _Maker] = {
    "Normal": lambda g, a, b, c: g.normal(a, b),
    "StudentT": lambda g, a, b, c: b + c * g.standard_t(a),
    "Cauchy": lambda g, a, b, c: a + b * g.standard_cauchy(),
    "Laplace": lambda g, a, b, c: g.laplace(a, b),
    "Logistic": lambda g, a, b, c: g.logistic(a, b),
    "HalfNormal": lambda g, a, b, c: abs(g.normal(0.0, a)),
    "HalfStudentT": lambda g, a, b, c: abs(b * g.standard_t(a)),
    "HalfCauchy": lambda g, a, b, c: abs(a * g.standard_cauchy()),
    "Exponential": lambda g, a, b, c: g.exponential(1.0 / a),
    "Gamma": lambda g, a, b, c: g.gamma(a, 1.0 / b),
    "InverseGamma": lambda g, a, b, c: b / g.gamma(a),
    "LogNormal": lambda g, a, b, c: g.lognormal(a, b),
    "Weibull": lambda g, a, b, c: b * g.weibull(a),
}
_BY_CODE = {CODES[name]: maker for name, maker in _MAKERS.items()}
# How far from a typical value one without a proper prior is drawn.
_WIDE = 2.0
_SMALLEST = 1e-300


def draw_theta(priors: VariancePriors, typical: Array, rng: np.random.Generator) -> Array:
    """Draw one full theta.

    Parameters
    ----------
    priors
        Those of the full theta.
    typical
        Where entries with improper priors are drawn about, shape (k,).
    rng
        The random numbers.
    """
    theta = typical + rng.uniform(-_WIDE, _WIDE, size=len(typical))
    entries = zip(priors.codes, priors.arguments, priors.places, priors.positive, strict=True)
    for code, arguments, place, positive in entries:
        maker = _BY_CODE.get(int(code))
        if maker is not None:
            value = float(maker(rng, *arguments))
            theta[place] = np.log(max(value, _SMALLEST)) if positive else value
    for size, start, eta in zip(priors.blocks, priors.block_places, priors.etas, strict=True):
        position = int(start)
        for i in range(int(size)):
            for k in range(i):
                alpha = eta + 0.5 * (size - 2 - k)
                theta[position] = 0.5 * np.log(rng.gamma(alpha) / rng.gamma(alpha))
                position += 1
    if priors.known_sigma:
        theta[0] = 0.0
    return theta
