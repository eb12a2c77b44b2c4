"""The outcomes that a simulated study can have: a record each, independent of the models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Positions = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
type Own = Mapping[str, Any]
type Problem = tuple[str, str, str]

_LOGISTIC_VARIANCE = math.pi**2 / 3
# NumPy draws counts up to 9e18.
_LARGEST_LOG_RATE = 41.0


def _no_problems(own: Own) -> list[Problem]:
    return []


@dataclass(frozen=True, kw_only=True)
class StudyOutcome:
    """What an outcome needs to be drawn from a linear predictor.

    Parameters
    ----------
    defaults
        Typical values of the coefficients, of the groups' standard deviations and of the
        outcome's own parameters.
    own
        Names of its own parameters.
    deviations
        Those of them that are standard deviations.
    draw
        Makes the outcomes from the linear predictor, shape (client,), and its own parameters.
    residual_variance
        Variance of a client around the linear predictor, on its scale, from its own parameters
        and the log of the outcome's mean, should that be the exponential of a normal variable.
    problems
        What is impossible about its own parameters: what was told, why not, what to do.
    """

    defaults: Mapping[str, object]
    own: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    draw: Callable[[Generator, Array, Own], Array | Positions]
    residual_variance: Callable[[Own, float], float]
    problems: Callable[[Own], list[Problem]] = _no_problems


def _gaussian(rng: Generator, eta: Array, own: Own) -> Array:
    return np.asarray(eta + own["sigma"] * rng.standard_normal(len(eta)))


def _student(rng: Generator, eta: Array, own: Own) -> Array:
    return np.asarray(eta + own["sigma"] * rng.standard_t(own["nu"], size=len(eta)))


def _student_variance(own: Own, log_mean: float) -> float:
    nu = own["nu"]
    return float(own["sigma"] ** 2 * nu / (nu - 2)) if nu > 2 else math.nan


def _student_problems(own: Own) -> list[Problem]:
    nu = own["nu"]
    fine = math.isfinite(nu) and nu > 0
    return [(f"nu={nu}", "" if fine else "It must be above 0.", "Give 3 or more.")]


# A yes and an ordered answer are a latent logistic value, cut at one threshold or at several.


def _bernoulli(rng: Generator, eta: Array, own: Own) -> Positions:
    return (eta + rng.logistic(size=len(eta)) > 0).astype(np.int64)


def _cumulative(rng: Generator, eta: Array, own: Own) -> Positions:
    latent = eta + rng.logistic(size=len(eta))
    return 1 + np.searchsorted(np.asarray(own["cutpoints"]), latent).astype(np.int64)


def _cumulative_problems(own: Own) -> list[Problem]:
    points = own["cutpoints"]
    rising = all(low < high for low, high in pairwise(points))
    fine = bool(points) and rising and all(map(math.isfinite, points))
    remedy = "Give one number or more, from the lowest to the highest."
    return [(f"cutpoints={points}", "" if fine else "They must rise.", remedy)]


def _poisson(rng: Generator, eta: Array, own: Own) -> Positions:
    return rng.poisson(np.exp(np.minimum(eta, _LARGEST_LOG_RATE))).astype(np.int64)


def _lognormal_variance(own: Own, log_mean: float) -> float:
    """Return the variance of the log of a lognormal variable with a count's mean and variance."""
    return float(np.logaddexp(0.0, -log_mean))


_POINTS = {"intercept": 60.0, "slope": -2.0, "sd_intercept": 3.4, "sd_slope": 4.2}
_LOGITS = {"intercept": 0.0, "slope": -0.4, "sd_intercept": 0.65, "sd_slope": 0.4}
_LOG_RATES = {"intercept": 1.2, "slope": -0.2, "sd_intercept": 0.4, "sd_slope": 0.2}

OUTCOMES: Mapping[str, StudyOutcome] = MappingProxyType(
    {
        "gaussian": StudyOutcome(
            defaults=_POINTS | {"sigma": 9.0},
            own=("sigma",),
            deviations=("sigma",),
            draw=_gaussian,
            residual_variance=lambda own, log_mean: float(own["sigma"] ** 2),
        ),
        "student": StudyOutcome(
            defaults=_POINTS | {"sigma": 6.5, "nu": 4.0},
            own=("sigma", "nu"),
            deviations=("sigma",),
            draw=_student,
            residual_variance=_student_variance,
            problems=_student_problems,
        ),
        "bernoulli": StudyOutcome(
            defaults=_LOGITS,
            draw=_bernoulli,
            residual_variance=lambda own, log_mean: _LOGISTIC_VARIANCE,
        ),
        "cumulative": StudyOutcome(
            defaults=_LOGITS | {"cutpoints": (-2.0, -0.7, 0.7, 2.0)},
            own=("cutpoints",),
            draw=_cumulative,
            residual_variance=lambda own, log_mean: _LOGISTIC_VARIANCE,
            problems=_cumulative_problems,
        ),
        "poisson": StudyOutcome(
            defaults=_LOG_RATES, draw=_poisson, residual_variance=_lognormal_variance
        ),
    }
)
