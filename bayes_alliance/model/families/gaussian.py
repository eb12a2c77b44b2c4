"""A number with a normal residual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import special

from bayes_alliance.model.families.family import Array, Parameters
from bayes_alliance.model.families.measured import Measured

_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, kw_only=True)
class Gaussian(Measured):
    """Normal around the linear predictor."""

    name = "gaussian"
    description = "normal outcome"
    other_names: ClassVar[Mapping[str, str | None]] = dict.fromkeys(
        (
            *("normal", "norm", "linear", "continuous", "identity"),
            *("lm", "lmer", "ols", "regress", "gaussianidentity"),
        ),
        None,
    )
    heavier_tails = "student"
    is_normal = True

    def variance_ratio(self, own: Parameters) -> Any:
        """Return one: sigma is the standard deviation."""
        return 1.0

    def log_density(self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0) -> Array:
        """Return the normal log density."""
        variance = self.sigma(own) ** 2 / weight
        return np.asarray(-0.5 * (_LOG_2PI + np.log(variance) + (y - eta) ** 2 / variance))

    def slopes(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the residual and minus one, over the variance."""
        precision = weight / np.asarray(self.sigma(own)) ** 2
        first = np.asarray((y - eta) * precision)
        return first, np.broadcast_to(-precision, first.shape)

    def up_to(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the normal distribution function, twice."""
        below = np.asarray(special.ndtr(self.standardised(y, eta, own, weight)))
        return below, below

    def simulate(
        self, rng: np.random.Generator, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> Array:
        """Draw normal outcomes."""
        return np.asarray(eta + self.sigma(own) / np.sqrt(weight) * rng.standard_normal(eta.shape))

    def pymc(self, eta: Any, own: Mapping[str, Any], weight: Any) -> tuple[Any, dict[str, Any]]:
        """Return PyMC's Normal."""
        import pymc as pm
        import pytensor.tensor as pt

        return pm.Normal, {"mu": eta, "sigma": self.sigma(own) / pt.sqrt(weight)}

    def residual_latex(self, scale: str) -> str:
        """Write the normal distribution."""
        return rf"\operatorname{{Normal}}(0, {scale})"

    def residual_words(self) -> tuple[str, str]:
        """Say that sigma is the standard deviation."""
        return "normal", "standard deviation sigma"
