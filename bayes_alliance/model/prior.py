"""One prior: read from a string such as ``Normal(0, 5)``, checked, and said in words.

Distributions have PyMC's names and argument order.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bayes_alliance.display import number
from bayes_alliance.errors import ModelError, did_you_mean, listed, shortened

Support = Literal["real", "positive", "interval", "correlation"]
AT_THE_MEANS = "at the means"
_LONGEST = 500
_LARGEST = 1e100  # its square still is a number
_STANDING = re.compile(
    r"(?P<prior>.*\S)\s+(?P<place>at\s+the\s+means?|as\s+written)\s*", re.IGNORECASE | re.DOTALL
)


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


@dataclass(frozen=True)
class Prior:
    """A distribution with its arguments, in PyMC's names and order.

    Parameters
    ----------
    distribution
        A key of :data:`DISTRIBUTIONS`.
    arguments
        One number an argument.
    """

    distribution: str
    arguments: tuple[float, ...]

    def __str__(self) -> str:
        """Write the prior as the user would."""
        return f"{self.distribution}({', '.join(f'{a:g}' for a in self.arguments)})"

    @property
    def rounded(self) -> str:
        """The prior with three digits of its numbers, as a default is shown."""
        return f"{self.distribution}({', '.join(f'{a:.3g}' for a in self.arguments)})"

    @property
    def written(self) -> str:
        """The prior with all digits of its numbers, so that reading it gives the same prior."""
        return f"{self.distribution}({', '.join(map(repr, self.arguments))})"

    @property
    def kind(self) -> Distribution:
        """The distribution's entry in the language."""
        return DISTRIBUTIONS[self.distribution]

    @property
    def proper(self) -> bool:
        """Whether the prior integrates to one (Flat and HalfFlat do not)."""
        return self.distribution not in ("Flat", "HalfFlat")

    @property
    def frozen(self) -> Any:
        """The same distribution in scipy's interface; only for proper priors on numbers."""
        if self.kind.frozen is None:
            raise ModelError(
                f"The density of {self} was asked for.",
                "An improper prior has none that integrates to one."
                if not self.proper
                else "It is a distribution of correlation matrices, not of a number.",
                "Give a proper prior, for example Normal(0, 5) or HalfNormal(5).",
            )
        return self.kind.frozen(*self.arguments)

    def in_words(self) -> str:
        """Say where the prior puts its mass."""
        if not self.proper:
            return "every value alike (improper)"
        if self.kind.support == "correlation":
            return _lkj_in_words(self.arguments[0])
        low, high = (number(float(v)) for v in self.frozen.ppf([0.025, 0.975]))
        return f"95% between {low} and {high}"


def _lkj_in_words(eta: float) -> str:
    if eta == 1:
        return "every correlation matrix alike"
    return "correlations near 0 " + ("favoured" if eta > 1 else "disfavoured")


def parse_standing(text: str, *, key: str) -> tuple[Prior, bool]:
    """Read a prior and whether it stands at the means, as in ``"Normal(50, 10) at the means"``.

    Raises
    ------
    ModelError
        See :func:`parse_prior`.
    """
    stated = _STANDING.fullmatch(text)
    if stated is None:
        return parse_prior(text, key=key), False
    return parse_prior(stated["prior"], key=key), stated["place"].lower().startswith("at")


def parse_prior(text: str, *, key: str) -> Prior:
    """Read a prior from a string.

    Parameters
    ----------
    text
        For example ``"Normal(0, 5)"`` or ``"HalfStudentT(nu=3, sigma=2)"``.
    key
        The parameter it is for; used in errors.

    Raises
    ------
    ModelError
        For a string that is no such call, an unknown distribution or argument, or an argument
        outside its range.
    """
    asked = f"The prior of {shortened(key)} was given as {shortened(text)!r}."
    if len(text) > _LONGEST:
        raise ModelError(
            asked,
            f"It has {len(text):,} characters; the most there may be is {_LONGEST}.",
            "Write it as in 'Normal(0, 5)' or 'HalfNormal(sigma=2)'.",
        )
    call = _as_call(text, asked)
    name = call.func.id  # type: ignore[attr-defined]
    if name not in DISTRIBUTIONS:
        raise ModelError(
            asked,
            f"There is no distribution {name}. {did_you_mean(name, DISTRIBUTIONS)}".rstrip(),
            f"The distributions are {listed(DISTRIBUTIONS, shown=len(DISTRIBUTIONS))}.",
            distribution=name,
        )
    arguments = _arguments(call, name, asked)
    _check_ranges(arguments, name, asked)
    return Prior(name, tuple(arguments.values()))


def _as_call(text: str, asked: str) -> ast.Call:
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        node = None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise ModelError(
            asked,
            "That is not a distribution with its arguments.",
            "Write it as in 'Normal(0, 5)' or 'HalfNormal(sigma=2)', where wanted with "
            f"'{AT_THE_MEANS}' behind it.",
        )
    return node


def _arguments(call: ast.Call, name: str, asked: str) -> dict[str, float]:
    names = DISTRIBUTIONS[name].arguments
    signature = f"{name} takes ({', '.join(names)})."
    if len(call.args) > len(names):
        raise ModelError(asked, f"It has {len(call.args)} arguments.", signature)
    given = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg not in names:
            raise ModelError(asked, f"{name} has no argument {keyword.arg}.", signature)
        if keyword.arg in given:
            raise ModelError(asked, f"It gives {keyword.arg} twice.", signature)
        given[keyword.arg] = keyword.value
    values = {arg: _number(node, arg, asked) for arg, node in given.items()}
    missing = [arg for arg in names if arg not in values]
    if missing:
        raise ModelError(
            asked,
            f"It lacks {listed(missing)}. {signature}",
            f"Write {_completed(name, values)} with a number for {' and '.join(missing)}: no scale "
            "or place is assumed.",
            missing=missing,
        )
    return {arg: values[arg] for arg in names}


def _completed(name: str, values: Mapping[str, float]) -> str:
    """Write a prior with dots for the arguments that were not given."""
    shown = [
        f"{arg}={values[arg]:g}" if arg in values else f"{arg}=..."
        for arg in DISTRIBUTIONS[name].arguments
    ]
    return f"{name}({', '.join(shown)})"


def _number(node: ast.expr, argument: str, asked: str) -> float:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelError(
            asked, f"Its {argument} is not a number.", "Write plain numbers, such as 2.5 or -1."
        )
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _check_ranges(arguments: dict[str, float], name: str, asked: str) -> None:
    for argument, value in arguments.items():
        positive = argument in DISTRIBUTIONS[name].positive
        if math.isfinite(value) and abs(value) > _LARGEST:
            must = f"{argument} must be no larger than {_LARGEST:g}."
        elif positive and not (math.isfinite(value) and value > 0):
            must = f"{argument} must be a number greater than 0."
        elif not math.isfinite(value):
            must = f"{argument} must be finite."
        else:
            continue
        raise ModelError(
            asked,
            f"Its {argument} is {value:g}, which is impossible.",
            must,
            argument=argument,
            value=value,
        )
    if name == "Uniform" and arguments["lower"] >= arguments["upper"]:
        raise ModelError(
            asked, "Its lower end is not below its upper end.", "Write Uniform(lower, upper)."
        )
