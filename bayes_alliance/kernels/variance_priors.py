"""Priors of everything that stays unknown when coefficients and group effects are integrated out.

A prior is a code and up to three arguments in PyMC's order. Every normalising constant is kept;
improper priors count 0.

``theta = (log sigma, stretch of each factor, sampled coefficients)``; a stretch is ``log tau``
of the factor's effects, then the atanh of its partial correlations, block by block. The first
entry is missing where the standard errors of the rows are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma
from typing import NamedTuple

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled
from bayes_alliance.kernels.unconstrained import lkj

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


class PriorArrays(NamedTuple):
    """Priors as compiled code reads them: the arrays of :class:`VariancePriors`."""

    codes: Integers
    arguments: Floats
    places: Integers
    positive: Integers
    blocks: Integers
    block_ends: Integers
    block_places: Integers
    etas: Floats


@dataclass(frozen=True, kw_only=True)
class VariancePriors:
    """Priors with the places in the full theta (log sigma included) they are about.

    Parameters
    ----------
    codes, arguments
        From :data:`bayes_alliance.kernels.variance_priors.CODES`, shape (k,), and (k, 3) in PyMC's
        order: sigma unless it is known, the sds of each factor, the sampled coefficients.
    places, positive
        Where each stands in theta, and whether there by its logarithm (1) or as it is (0).
    blocks, block_ends
        Sizes of all blocks of correlated effects, and where each factor's blocks end.
    block_places, etas
        Where the partial correlations of each block begin, and its LKJ shape.
    known_sigma
        Whether sigma is 1 and no unknown.
    """

    codes: Integers
    arguments: Floats
    places: Integers
    positive: Integers
    blocks: Integers
    block_ends: Integers
    block_places: Integers
    etas: Floats
    known_sigma: bool

    @property
    def size(self) -> int:
        """Length of theta as the sampler sees it."""
        return len(self.codes) + sum(int(k * (k - 1) // 2) for k in self.blocks)

    def arrays(self) -> PriorArrays:
        """Flatten for compiled code."""
        return PriorArrays(
            codes=self.codes,
            arguments=self.arguments,
            places=self.places,
            positive=self.positive,
            blocks=self.blocks,
            block_ends=self.block_ends,
            block_places=self.block_places,
            etas=self.etas,
        )


def arrange_priors(
    sigma: tuple[int, Sequence[float]] | None,
    factors: Sequence[tuple[Sequence[tuple[int, Sequence[float]]], Sequence[int], float]],
    sampled: Sequence[tuple[int, Sequence[float]]],
) -> VariancePriors:
    """Put priors in the order of theta.

    Parameters
    ----------
    sigma
        Code and arguments; None where sigma is known.
    factors
        For each grouping factor the priors of its sds, its block sizes and its LKJ shape.
    sampled
        Priors of the coefficients that stay unknown.
    """
    priors = [] if sigma is None else [(*sigma, 0, 1)]
    sizes: list[int] = []
    ends: list[int] = []
    starts: list[int] = []
    etas: list[float] = []
    place = 1
    for sds, blocks, eta in factors:
        priors += [(*prior, place + k, 1) for k, prior in enumerate(sds)]
        place += len(sds)
        for size in blocks:
            starts.append(place)
            place += size * (size - 1) // 2
        sizes += blocks
        ends.append(len(sizes))
        etas += [eta] * len(blocks)
    priors += [(*prior, place + k, 0) for k, prior in enumerate(sampled)]
    three = [[*arguments, *[0.0] * (3 - len(arguments))] for _, arguments, _, _ in priors]
    return VariancePriors(
        codes=np.asarray([code for code, _, _, _ in priors], dtype=np.int64),
        arguments=np.asarray(three, dtype=np.float64).reshape(len(priors), 3),
        places=np.asarray([place for _, _, place, _ in priors], dtype=np.int64),
        positive=np.asarray([positive for _, _, _, positive in priors], dtype=np.int64),
        blocks=np.asarray(sizes, dtype=np.int64),
        block_ends=np.asarray(ends, dtype=np.int64),
        block_places=np.asarray(starts, dtype=np.int64),
        etas=np.asarray(etas, dtype=np.float64),
        known_sigma=sigma is None,
    )


@compiled
def add_priors(priors: PriorArrays, theta: Floats, gradient: Floats) -> float:
    """Return the log density of all priors at the full theta, and add its slope."""
    total = 0.0
    for k in range(priors.codes.shape[0]):
        at = priors.places[k]
        value = np.exp(theta[at]) if priors.positive[k] else theta[at]
        log_density, slope = prior_density(priors.codes[k], priors.arguments[k], value)
        total += log_density
        gradient[at] += slope * value if priors.positive[k] else slope
    for block in range(priors.blocks.shape[0]):
        if priors.blocks[block] > 1:
            start = priors.block_places[block]
            total += lkj(theta, start, priors.blocks[block], priors.etas[block], gradient)
    return total
