"""A number with a Student-t residual: outliers weigh less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import special

from bayes_alliance import names
from bayes_alliance.model.families.family import Array, Parameters
from bayes_alliance.model.families.measured import Measured
from bayes_alliance.model.families.parameter import NU, Parameter


@dataclass(frozen=True, kw_only=True)
class Student(Measured):
    """Student-t around the linear predictor, with scale sigma and nu degrees of freedom."""

    name = "student"
    description = "Student-t outcome, robust to outliers"
    other_names: ClassVar[Mapping[str, str | None]] = dict.fromkeys(
        ("t", "studentt", "tdist", "scat", "robust"), None
    )

    @property
    def shape_parameters(self) -> tuple[Parameter, ...]:
        """The degrees of freedom."""
        return (NU,)

    def variance_ratio(self, own: Parameters) -> Any:
        """Return nu / (nu - 2), NaN where nu is 2 or less."""
        nu = own[names.NU]
        exists = nu > 2
        return np.where(exists, nu / np.where(exists, nu - 2, 1.0), np.nan)

    def log_density(self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0) -> Array:
        """Return the Student-t log density."""
        nu, scale = own[names.NU], self.sigma(own) / np.sqrt(weight)
        constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2)
        constant = constant - 0.5 * np.log(nu * np.pi)
        tail = (nu + 1) / 2 * np.log1p(((y - eta) / scale) ** 2 / nu)
        return np.asarray(constant - np.log(scale) - tail)

    def slopes(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the derivatives; the second is positive far out."""
        nu, scale = own[names.NU], self.sigma(own) / np.sqrt(weight)
        z = (y - eta) / scale
        room = nu + z**2
        first = (nu + 1) * z / (room * scale)
        second = -(nu + 1) * (nu - z**2) / (room * scale) ** 2
        return np.asarray(first), np.asarray(second)

    def up_to(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the t distribution function, twice."""
        below = np.asarray(special.stdtr(own[names.NU], self.standardised(y, eta, own, weight)))
        return below, below

    def simulate(
        self, rng: np.random.Generator, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> Array:
        """Draw Student-t outcomes."""
        noise = rng.standard_t(np.broadcast_to(own[names.NU], eta.shape))
        return np.asarray(eta + self.sigma(own) / np.sqrt(weight) * noise)

    def pymc(self, eta: Any, own: Mapping[str, Any], weight: Any) -> tuple[Any, dict[str, Any]]:
        """Return PyMC's StudentT."""
        import pymc as pm
        import pytensor.tensor as pt

        scale = self.sigma(own) / pt.sqrt(weight)
        return pm.StudentT, {"nu": own[names.NU], "mu": eta, "sigma": scale}

    def residual_latex(self, scale: str) -> str:
        """Write the t distribution."""
        return rf"\operatorname{{Student}}(\nu, 0, {scale})"

    def residual_words(self) -> tuple[str, str]:
        """Say that sigma is a scale, not the standard deviation."""
        return "Student-t distributed with nu degrees of freedom", "scale sigma"
