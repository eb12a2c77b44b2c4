"""Outcomes that are numbers: the linear predictor and a residual on the same scale."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.families.family import Array, Coded, Family, Parameters
from bayes_alliance.model.families.link import IDENTITY
from bayes_alliance.model.families.outcome_columns import as_number
from bayes_alliance.model.families.parameter import SIGMA, Parameter
from bayes_alliance.model.families.row_statistics import (
    RowStatistic,
    mean_and_sd,
    smallest_and_largest,
    tenth_of_sd,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Measured(Family):
    """A number whose residual has the scale sigma, or a standard error that is known.

    Parameters
    ----------
    known_error
        Whether each row has a known standard error, which stands in the weights; there is no sigma
        then.
    """

    known_error: bool = False

    links = (IDENTITY,)
    has_residual: ClassVar[bool] = True
    measure: ClassVar[str] = "numeric"
    value_words: ClassVar[str] = "expected {}"

    @property
    def beside_location(self) -> tuple[Parameter, ...]:
        """Sigma, unless standard errors are known, and what its shape needs."""
        return (*(() if self.known_error else (SIGMA,)), *self.shape_parameters)

    @property
    def group_may_be_row(self) -> bool:
        """Whether standard errors are known, as in a meta-analysis."""
        return self.known_error

    @property
    def shape_parameters(self) -> tuple[Parameter, ...]:
        """Parameters of the residual beside its scale."""
        return ()

    def with_known_error(self) -> Family:
        """Return the same family without sigma."""
        return replace(self, known_error=True)

    def sigma(self, own: Mapping[str, Any]) -> Any:
        """Return sigma, or 1 where standard errors are known and stand in the weights."""
        return 1.0 if self.known_error else own[names.SIGMA]

    def standardised(self, y: Array, eta: Array, own: Parameters, weight: Any) -> Array:
        """Return residuals over their scale."""
        return np.asarray((y - eta) / (self.sigma(own) / np.sqrt(weight)))

    @abstractmethod
    def variance_ratio(self, own: Parameters) -> Any:
        """Return the residual variance over the square of sigma; NaN where there is none."""

    def code(self, column: pd.Series[Any]) -> Coded:
        """Return the column's numbers."""
        return as_number(column, self.name), ()

    def location_and_scale(
        self, y: Array, offset: Array, weights: Array | None
    ) -> tuple[float, float]:
        """Return mean and standard deviation of what the known part leaves."""
        rest = y - offset
        centre = float(np.average(rest, weights=weights))
        count = float(len(y)) if weights is None else float(weights.sum())
        squares = float(np.average((rest - centre) ** 2, weights=weights))
        scale = float(np.sqrt(squares * count / max(count - 1.0, 1.0)))
        return centre, scale if scale > 0.0 else 1.0

    def small_difference(self, y: Array) -> float:
        """Return a tenth of the outcome's standard deviation."""
        return tenth_of_sd(y)

    def residual_variance(self, own: Parameters, mean: Any = None) -> Array:
        """Return the residual's variance; rows with known errors have one each, so NaN."""
        if self.known_error:
            return np.full(1, np.nan)
        return np.asarray(own[names.SIGMA] ** 2 * self.variance_ratio(own))

    def mean_residual_variance(self, own: Parameters, squares: Mapping[str, Array]) -> Array:
        """Return the expected square of sigma, times what its shape makes of it."""
        given = {**own, **{name: np.sqrt(square) for name, square in squares.items()}}
        return self.residual_variance(given)

    def expected(
        self, eta: Array, own: Parameters, levels: Sequence[str] = (), variance: Any = None
    ) -> Array:
        """Return the linear predictor."""
        return eta

    def outcome_variance(
        self, eta: Array, own: Parameters, levels: Sequence[str] = (), variance: Any = None
    ) -> Array:
        """Return the variance of groups and residual together."""
        between = 0.0 if variance is None else variance
        return np.broadcast_to(between + self.residual_variance(own), eta.shape)

    def row_statistics(self, y: Array, levels: Sequence[str]) -> tuple[RowStatistic, ...]:
        """Return mean and sd, and the ends."""
        small = self.small_difference(y)
        return (
            RowStatistic(aspect="level", of=mean_and_sd, small=small),
            RowStatistic(aspect="distribution", of=smallest_and_largest, small=small),
        )

    def misfit_remedy(self, outcome: str, *, more: bool, of_rows: bool) -> str:
        """Return nothing: which form a number has, its values tell."""
        return ""

    def left_side(self, outcome: str) -> str:
        """Write the outcome itself."""
        return outcome

    def left_words(self, outcome: str) -> str:
        """Name the outcome itself."""
        return outcome
