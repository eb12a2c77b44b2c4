"""The links: how the linear predictor and the mean of an outcome belong together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance.kernels.link_mean import FARTHEST, logistic_normal_mean, normal_mean

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Link(ABC):
    """How the linear predictor and the mean of an outcome belong together.

    Every link is a class with one value, and is written by its name.
    """

    name: ClassVar[str]
    #: Whether the linear predictor is on another scale than the outcome.
    transforms: ClassVar[bool] = True
    #: Whether the linear predictor is the logarithm of odds.
    has_odds: ClassVar[bool] = False
    #: What the exponential of a coefficient is: ``odds ratio``, ``rate ratio``; empty for nothing.
    ratio: ClassVar[str] = ""
    #: What a coefficient makes higher or lower, as a format string.
    raises: ClassVar[str] = "{direction} {target}"
    #: The link of a mean in LaTeX, as a format string.
    latex: ClassVar[str] = "{}"
    #: The link of a mean in words, as a format string.
    words: ClassVar[str] = "{}"

    def __str__(self) -> str:
        return self.name

    @property
    def scale(self) -> str:
        """The scale of the linear predictor, as tables name it."""
        return f"link ({self.name})" if self.transforms else "outcome"

    @property
    def note(self) -> str:
        """The scale as words behind what stands on it; empty where it is the outcome's own."""
        return f" ({self.name} scale)" if self.transforms else ""

    @abstractmethod
    def forward(self, mean: Any) -> Any:
        """Return the linear predictor that belongs to a mean."""

    @abstractmethod
    def inverse(self, eta: Any) -> Any:
        """Return the mean that belongs to a linear predictor."""

    def in_pymc(self, eta: Any) -> Any:
        """Return :meth:`inverse` of a linear predictor in PyTensor."""
        raise NotImplementedError(self.name)

    @abstractmethod
    def mean(self, eta: Array, variance: Array) -> Array:
        """Return the mean where the linear predictor is normal around ``eta``.

        Parameters
        ----------
        eta
            Centre of the linear predictor, shape (row, draw).
        variance
            Its variance, shape (row, draw) or (1, draw).
        """

    def averaged(self, eta: Array, variance: Array | None) -> Any:
        """Return :meth:`mean`, or :meth:`inverse` where nothing varies around ``eta``."""
        return self.inverse(eta) if variance is None else self.mean(eta, variance)


class Identity(Link):
    """The linear predictor is the mean."""

    name = "identity"
    transforms = False

    def forward(self, mean: Any) -> Any:
        """Return the mean itself."""
        return mean

    def inverse(self, eta: Any) -> Any:
        """Return the linear predictor itself."""
        return eta

    def mean(self, eta: Array, variance: Array) -> Array:
        """Return the centre."""
        return np.broadcast_to(eta, np.broadcast_shapes(eta.shape, variance.shape))


class Log(Link):
    """The logarithm of a mean above 0."""

    name = "log"
    ratio = "rate ratio"
    raises = "a {direction} expected value of {target}"
    latex = r"\log {}"
    words = "the logarithm of {}"

    def forward(self, mean: Any) -> Any:
        """Return the logarithm."""
        return np.log(mean)

    def inverse(self, eta: Any) -> Any:
        """Return the exponential; beyond any count it has no end."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def in_pymc(self, eta: Any) -> Any:
        """Return the exponential."""
        import pytensor.tensor as pt

        return pt.exp(eta)

    def mean(self, eta: Array, variance: Array) -> Array:
        """Return the mean of a lognormal variable."""
        return np.asarray(self.inverse(eta + variance / 2))


class ProbabilityLink(Link):
    """A link of a probability: the distribution function of a latent variable."""

    #: Variance of the latent variable: the residual variance on the scale of the link.
    latent_variance: ClassVar[float]
    raises = "a {direction} probability of {target}"

    @abstractmethod
    def log_one(self, eta: Any) -> Array:
        """Return the log probability of a one."""

    def log_zero(self, eta: Any) -> Array:
        """Return the log probability of a zero; by symmetry, unless a link knows better."""
        return self.log_one(-np.asarray(eta))

    def slopes_of_one(self, eta: Array) -> tuple[Array, Array]:
        """Return the derivatives of :meth:`log_one`.

        The ratio is taken on the log scale, where tails keep digits.
        """
        log_latent, score = self.latent(eta)
        first = np.exp(log_latent - self.log_one(eta))
        return np.asarray(first), np.asarray(first * score - first**2)

    def slopes_of_zero(self, eta: Array) -> tuple[Array, Array]:
        """Return the derivatives of :meth:`log_zero`."""
        log_latent, score = self.latent(eta)
        first = -np.exp(log_latent - self.log_zero(eta))
        return np.asarray(first), np.asarray(first * score - first**2)

    @abstractmethod
    def log_odds(self, eta: Any) -> Any:
        """Return the log odds as an expression of PyTensor, with digits left next to 0 and 1."""

    @abstractmethod
    def latent(self, eta: Array) -> tuple[Array, Array]:
        """Return the latent variable's log density and the derivative of that."""


class Logit(ProbabilityLink):
    """The logarithm of the odds."""

    name = "logit"
    has_odds = True
    ratio = "odds ratio"
    raises = "{direction} odds of {target}"
    latex = r"\operatorname{{logit}}\,{}"
    words = "the log odds {}"
    latent_variance = float(np.pi**2 / 3)

    def forward(self, mean: Any) -> Any:
        """Return the log odds."""
        return special.logit(mean)

    def inverse(self, eta: Any) -> Any:
        """Return the probability."""
        return special.expit(eta)

    def mean(self, eta: Array, variance: Array) -> Array:
        """Return the mean probability, to nine digits."""
        return logistic_normal_mean(eta, variance, self.inverse)

    def log_one(self, eta: Any) -> Array:
        """Return the log probability of a one."""
        return np.asarray(special.log_expit(eta))

    def log_odds(self, eta: Any) -> Any:
        """Return the linear predictor."""
        return eta

    def latent(self, eta: Array) -> tuple[Array, Array]:
        """Return those of the logistic distribution."""
        log_density = special.log_expit(eta) + special.log_expit(-eta)
        return np.asarray(log_density), np.asarray(1.0 - 2.0 * special.expit(eta))


class Probit(ProbabilityLink):
    """The quantile of the standard normal distribution."""

    name = "probit"
    latex = r"\Phi^{{-1}}({})"
    words = "the probit of the probability {}"
    latent_variance = 1.0

    def forward(self, mean: Any) -> Any:
        """Return the normal quantile."""
        return special.ndtri(mean)

    def inverse(self, eta: Any) -> Any:
        """Return the probability."""
        return special.ndtr(eta)

    def mean(self, eta: Array, variance: Array) -> Array:
        """Return the mean probability, which is known."""
        return np.asarray(special.ndtr(eta / np.sqrt(1.0 + variance)))

    def log_one(self, eta: Any) -> Array:
        """Return the log probability of a one."""
        return np.asarray(special.log_ndtr(eta))

    def log_odds(self, eta: Any) -> Any:
        """Return the log odds, each tail from its own logarithm."""
        from pymc.distributions.dist_math import normal_lcdf

        return normal_lcdf(0, 1, eta) - normal_lcdf(0, 1, -eta)

    def latent(self, eta: Array) -> tuple[Array, Array]:
        """Return those of the normal distribution."""
        return np.asarray(-0.5 * (eta**2 + np.log(2 * np.pi))), np.asarray(-eta)


class Cloglog(ProbabilityLink):
    """The complementary log-log: a yes is at least one event of a Poisson variable."""

    name = "cloglog"
    latex = r"\operatorname{{cloglog}}\,{}"
    words = "the complementary log-log of the probability {}"
    latent_variance = float(np.pi**2 / 6)

    def forward(self, mean: Any) -> Any:
        """Return the logarithm of the expected number of events."""
        return np.log(-np.log1p(-np.asarray(mean)))

    def inverse(self, eta: Any) -> Any:
        """Return the probability."""
        return np.asarray(-np.expm1(-np.exp(np.minimum(eta, FARTHEST))))

    def mean(self, eta: Array, variance: Array) -> Array:
        """Return the mean probability, to nine digits."""
        return normal_mean(eta, variance, self.inverse, strip=float(np.pi / 2))

    def log_one(self, eta: Any) -> Array:
        """Return the log probability of a one."""
        hazard = np.exp(np.clip(eta, -700, 700))
        # Below -37 exp(eta) < 1e-16.
        return np.asarray(np.where(np.less(eta, -37), eta, np.log(-np.expm1(-hazard))))

    def log_zero(self, eta: Any) -> Array:
        """Return the log probability of a zero."""
        return np.asarray(-np.exp(np.clip(eta, -700, 700)))

    def slopes_of_zero(self, eta: Array) -> tuple[Array, Array]:
        """Return minus the hazard twice; differences of its exponential would have no digits."""
        slope = self.log_zero(eta)
        return slope, slope

    def log_odds(self, eta: Any) -> Any:
        """Return the log odds from the hazard."""
        import pytensor.tensor as pt

        hazard = pt.exp(eta)
        return hazard + pt.log(-pt.expm1(-hazard))

    def latent(self, eta: Array) -> tuple[Array, Array]:
        """Return those of the distribution of the smallest extreme value."""
        near = np.clip(eta, -700, 700)
        return np.asarray(near - np.exp(near)), np.asarray(1.0 - np.exp(near))


IDENTITY, LOG = Identity(), Log()
LOGIT, PROBIT, CLOGLOG = Logit(), Probit(), Cloglog()
