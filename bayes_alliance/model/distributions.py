"""The distributions a prior may have: PyMC's names and argument order, with their support."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Support = Literal["real", "positive", "interval", "correlation"]


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One distribution of the prior language.

    Parameters
    ----------
    arguments
        Names in PyMC's order. None has a default: a scale that nobody wrote is nobody's belief.
    positive
        Arguments that must be greater than zero.
    support
        Where it has mass.
    frozen
        The same distribution in scipy, from the arguments in order; None if improper.
    """

    arguments: tuple[str, ...]
    support: Support
    positive: tuple[str, ...] = ()
    frozen: Callable[..., Any] | None = None


def _stats() -> Any:
    from scipy import stats

    return stats


DISTRIBUTIONS: dict[str, Distribution] = {
    "Normal": Distribution(
        arguments=("mu", "sigma"),
        positive=("sigma",),
        support="real",
        frozen=lambda mu, sigma: _stats().norm(mu, sigma),
    ),
    "StudentT": Distribution(
        arguments=("nu", "mu", "sigma"),
        positive=("nu", "sigma"),
        support="real",
        frozen=lambda nu, mu, sigma: _stats().t(nu, mu, sigma),
    ),
    "Cauchy": Distribution(
        arguments=("alpha", "beta"),
        positive=("beta",),
        support="real",
        frozen=lambda alpha, beta: _stats().cauchy(alpha, beta),
    ),
    "Laplace": Distribution(
        arguments=("mu", "b"),
        positive=("b",),
        support="real",
        frozen=lambda mu, b: _stats().laplace(mu, b),
    ),
    "Logistic": Distribution(
        arguments=("mu", "s"),
        positive=("s",),
        support="real",
        frozen=lambda mu, s: _stats().logistic(mu, s),
    ),
    "Flat": Distribution(arguments=(), support="real"),
    "Uniform": Distribution(
        arguments=("lower", "upper"),
        support="interval",
        frozen=lambda lower, upper: _stats().uniform(lower, upper - lower),
    ),
    "HalfNormal": Distribution(
        arguments=("sigma",),
        positive=("sigma",),
        support="positive",
        frozen=lambda sigma: _stats().halfnorm(0, sigma),
    ),
    "HalfStudentT": Distribution(
        arguments=("nu", "sigma"),
        positive=("nu", "sigma"),
        support="positive",
        frozen=lambda nu, sigma: _FoldedT(nu, sigma),
    ),
    "HalfCauchy": Distribution(
        arguments=("beta",),
        positive=("beta",),
        support="positive",
        frozen=lambda beta: _stats().halfcauchy(0, beta),
    ),
    "HalfFlat": Distribution(arguments=(), support="positive"),
    "Exponential": Distribution(
        arguments=("lam",),
        positive=("lam",),
        support="positive",
        frozen=lambda lam: _stats().expon(0, 1 / lam),
    ),
    "Gamma": Distribution(
        arguments=("alpha", "beta"),
        positive=("alpha", "beta"),
        support="positive",
        frozen=lambda alpha, beta: _stats().gamma(alpha, scale=1 / beta),
    ),
    "InverseGamma": Distribution(
        arguments=("alpha", "beta"),
        positive=("alpha", "beta"),
        support="positive",
        frozen=lambda alpha, beta: _stats().invgamma(alpha, scale=beta),
    ),
    "LogNormal": Distribution(
        arguments=("mu", "sigma"),
        positive=("sigma",),
        support="positive",
        frozen=lambda mu, sigma: _stats().lognorm(sigma, scale=_exp(mu)),
    ),
    "Weibull": Distribution(
        arguments=("alpha", "beta"),
        positive=("alpha", "beta"),
        support="positive",
        frozen=lambda alpha, beta: _stats().weibull_min(alpha, scale=beta),
    ),
    "LKJ": Distribution(arguments=("eta",), positive=("eta",), support="correlation"),
}


def _exp(value: float) -> float:
    from math import exp

    return exp(value)


class _FoldedT:
    """Student's t folded at zero, in the part of scipy's interface that priors use."""

    def __init__(self, nu: float, sigma: float) -> None:
        self._t = _stats().t(nu, 0.0, sigma)

    def logpdf(self, x: Any) -> Any:
        import numpy as np

        return np.where(np.asarray(x) >= 0, np.log(2.0) + self._t.logpdf(x), -np.inf)

    def ppf(self, q: Any) -> Any:
        import numpy as np

        return self._t.ppf(0.5 + np.asarray(q) / 2)

    def cdf(self, x: Any) -> Any:
        import numpy as np

        return np.clip(2 * self._t.cdf(x) - 1, 0, None)

    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        import numpy as np

        return np.abs(self._t.rvs(size=size, random_state=random_state))
