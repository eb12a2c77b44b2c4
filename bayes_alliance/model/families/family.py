"""What a family of outcomes is: everything that model, engines, verbs and report ask of it.

No other file asks which family it has. A family that leaves out what is abstract here cannot be
made, and one contract test runs over all that are registered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.kernels.link_mean import shared_covariance
from bayes_alliance.model.families.link import Link
from bayes_alliance.model.families.parameter import Parameter
from bayes_alliance.model.families.row_statistics import RowStatistic

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Parameters = Mapping[str, Array]
Coded = tuple[Array, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Family(ABC):
    """A distribution of the outcome given the linear predictor, with one of its links.

    ``eta`` has shape (..., row), own parameters (..., 1) or, where they are predicted, (..., row),
    thresholds (..., 1, threshold); all methods on draws broadcast them. ``weight`` is a precision
    weight a row: where the family takes them, the residual variance is divided by it.

    Parameters
    ----------
    link
        One of :attr:`links`.
    predicted
        Names of the parameters that a formula of their own predicts, so that they differ from row
        to row.
    """

    link: Link
    predicted: tuple[str, ...] = ()

    #: As the user writes it.
    name: ClassVar[str]
    #: One phrase for people, such as "yes-or-no outcome".
    description: ClassVar[str]
    #: Links it may have; the first is the default.
    links: ClassVar[tuple[Link, ...]]
    #: Names in other programs, with the link they mean, or None for the default.
    other_names: ClassVar[Mapping[str, str | None]] = {}
    #: What it is for, where a name of another program leads to it; empty if the name says it.
    purpose: ClassVar[str] = ""
    #: Whether the design has an intercept; thresholds may take its place.
    intercept: ClassVar[bool] = True
    #: The family for the same outcomes whose tails are heavier; empty if there is none.
    heavier_tails: ClassVar[str] = ""
    #: Whether an outcome is its linear predictor plus a residual on the same scale.
    has_residual: ClassVar[bool] = False
    #: Whether that residual is normal with one variance: what can be integrated out exactly.
    is_normal: ClassVar[bool] = False
    #: Whether the expected outcome is the probability of a 1.
    is_probability: ClassVar[bool] = False
    #: Whether its residual variance on the scale of the link depends on the expected outcome.
    residual_needs_mean: ClassVar[bool] = False
    #: What varies on the scale of the linear predictor, as a format string of the outcome's name.
    varies: ClassVar[str] = "{}"
    #: What the residual variance on the scale of the link is, behind "is".
    residual_is: ClassVar[str] = ""
    #: Whose residual variance it is.
    residual_of: ClassVar[str] = ""
    #: Whether the outcome has a mean and a variance that its own units give a meaning.
    has_moments: ClassVar[bool] = True
    #: Whether its density is a probability of single values.
    is_discrete: ClassVar[bool] = False

    @property
    @abstractmethod
    def beside_location(self) -> tuple[Parameter, ...]:
        """Its parameters beside the location, in the container's order."""

    @property
    def own(self) -> tuple[Parameter, ...]:
        """Those of them that are the same for every row, and so stand in the container."""
        return tuple(own for own in self.beside_location if own.name not in self.predicted)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of its own parameters, in the container's words."""
        return tuple(parameter.name for parameter in self.own)

    @property
    def has_closed_form(self) -> bool:
        """Whether coefficients and group effects can be integrated out exactly."""
        return self.is_normal and not self.predicted

    def parameter(self, name: str) -> Parameter:
        """Return the parameter of a name, predicted or not."""
        return next(own for own in self.beside_location if own.name == name)

    def with_known_error(self) -> Family:
        """Return the family of outcomes whose standard errors are known.

        Raises
        ------
        ModelError
            If its outcomes have none.
        """
        raise ModelError(
            f"Known standard errors were given for the family {self.name}.",
            "Only a numeric outcome has a standard error.",
            "Take se() out, or choose gaussian or student.",
        )

    @property
    def group_may_be_row(self) -> bool:
        """Whether an effect of every row is identified beside the variance of its outcome."""
        return False

    @property
    def level(self) -> Parameter | None:
        """The parameter that takes the intercept's place, if there is one."""
        return next((parameter for parameter in self.own if parameter.is_level), None)

    @property
    def on_link_scale(self) -> bool:
        """Whether the linear predictor is on another scale than the outcome."""
        return self.link.transforms

    # The column

    def coded(self, column: pd.Series[Any]) -> Coded:
        """Return the outcome as numbers, and its categories in order, if it has any.

        Raises
        ------
        DataError
            If the column is constant, or holds what the family has no probability for.
        """
        if column.nunique() < 2:
            raise DataError(
                f"The outcome is {column.name}.",
                f"It is constant: all {len(column)} used rows have the value {column.iloc[0]}.",
                "A model needs an outcome that varies; check the column and the filter.",
                outcome=column.name,
            )
        return self.code(column)

    @abstractmethod
    def code(self, column: pd.Series[Any]) -> Coded:
        """Return :meth:`coded` of a column that varies."""

    def categories(self, levels: Sequence[str]) -> tuple[str, ...]:
        """Return the values an outcome can have, by name; none where these are numbers."""
        return tuple(str(level) for level in levels)

    def scores(self, levels: Sequence[str], codes: Array) -> Array:
        """Return coded outcomes as the numbers that means are taken of."""
        return codes

    def score_note(self, levels: Sequence[str]) -> str:
        """Say what categories count as in means; empty where outcomes are numbers."""
        return ""

    @property
    @abstractmethod
    def measure(self) -> str:
        """What its density is a density of: only those of one kind can be compared."""

    # Where the outcome lies

    @abstractmethod
    def location_and_scale(
        self, y: Array, offset: Array, weights: Array | None
    ) -> tuple[float, float]:
        """Return where the linear predictor lies and how far outcomes lie apart, on its scale.

        Parameters
        ----------
        y, offset
            The outcome as numbers, and the known part of the linear predictor, shape (row,).
        weights
            How often each row counts, or None.
        """

    def empirical_level(self, y: Array, levels: Sequence[str], counts: Array) -> Array:
        """Return the level parameter of a model of nothing else; empty where there is none."""
        return np.zeros(0)

    @abstractmethod
    def small_difference(self, y: Array) -> float:
        """Return what is a small difference between two means of the outcome."""

    @abstractmethod
    def residual_variance(self, own: Parameters, mean: Any = None) -> Array:
        """Return the variance within groups, a number a draw, on the scale of the predictor.

        It is NaN where it does not exist. ``mean`` is the expected outcome of each draw, for those
        families whose variance needs it.
        """

    def mean_residual_variance(self, own: Parameters, squares: Mapping[str, Array]) -> Array:
        """Return the mean residual variance of rows whose parameters are predicted.

        Parameters
        ----------
        own
            Parameters that are one number a draw.
        squares
            The expected square of each that is predicted, over what groups add to it.
        """
        raise NotImplementedError(self.name)

    # Densities and what follows from them

    @abstractmethod
    def log_density(self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0) -> Array:
        """Return the log density of each outcome."""

    @abstractmethod
    def slopes(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return the first and second derivative of the log density in ``eta``, for quadrature."""

    @abstractmethod
    def up_to(
        self, y: Array, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> tuple[Array, Array]:
        """Return P(outcome < y) and P(outcome <= y); the same where single values have none."""

    @abstractmethod
    def simulate(
        self, rng: np.random.Generator, eta: Array, own: Parameters, weight: Any = 1.0
    ) -> Array:
        """Draw outcomes, coded as those of the table."""

    @abstractmethod
    def expected(
        self, eta: Array, own: Parameters, levels: Sequence[str] = (), variance: Any = None
    ) -> Array:
        """Return the expected outcome, as scores.

        Parameters
        ----------
        eta, own
            In one shape: own parameters stand along the axis of the draws, wherever that is.
        levels
            The categories of the outcome.
        variance
            Of the linear predictor around ``eta``, to average over; None for none.
        """

    @abstractmethod
    def outcome_variance(
        self, eta: Array, own: Parameters, levels: Sequence[str] = (), variance: Any = None
    ) -> Array:
        """Return the variance of the outcome, as scores; arguments as of :meth:`expected`."""

    def shared_covariance(
        self, eta: Array, shared: Array, rest: Array, own: Parameters, levels: Sequence[str] = ()
    ) -> Array:
        """Return the covariance of the outcomes of two rows that share an effect.

        Parameters
        ----------
        eta
            Linear predictor of both without their effects, shape (element,).
        shared, rest
            Variances of the effects they share, and of those they do not, shape (element,).
        own
            Of shape (element, 1, ...).
        levels
            The categories of the outcome.
        """

        def expected(at: Array, places: Any) -> Array:
            chosen = {name: values[places] for name, values in own.items()}
            return self.expected(at, chosen, levels, rest[places, None])

        return shared_covariance(expected, eta, shared)

    def chances(self, eta: Array, own: Parameters, variance: Any = None) -> list[Array]:
        """Return the probability of lying above each category but the last; none of numbers."""
        return []

    @abstractmethod
    def row_statistics(self, y: Array, levels: Sequence[str]) -> tuple[RowStatistic, ...]:
        """Return the statistics by which simulated outcomes are held against observed ones."""

    @abstractmethod
    def pymc(self, eta: Any, own: Mapping[str, Any], weight: Any) -> tuple[Any, dict[str, Any]]:
        """Return PyMC's distribution of the outcome and its arguments."""

    def as_observed(self, y: Array) -> Any:
        """Return outcomes as PyMC takes them."""
        return y.astype("int64") if self.is_discrete else y

    # Words

    @property
    @abstractmethod
    def value_words(self) -> str:
        """Name what is expected of an outcome, as a format string of its name."""

    def target(self, outcome: str) -> str:
        """Name what a coefficient makes more or less probable, or larger."""
        return outcome

    @abstractmethod
    def left_side(self, outcome: str) -> str:
        """Write what the linear predictor stands for in LaTeX, from the outcome's symbol."""

    @abstractmethod
    def left_words(self, outcome: str) -> str:
        """Say what the linear predictor stands for."""

    def outcome_latex(self, outcome: str) -> str:
        """Write the distribution of the outcome where the left side does not say it."""
        return ""

    def outcome_words(self, outcome: str) -> str:
        """Say the distribution of the outcome where the left side does not."""
        return ""

    @abstractmethod
    def misfit_remedy(self, outcome: str, *, more: bool, of_rows: bool) -> str:
        """Say what to do where simulated outcomes are distributed otherwise, as a sentence.

        It is empty where outcomes have a residual: then their values tell.

        Parameters
        ----------
        outcome
            Its name.
        more
            Whether the statistic that is farthest off is larger in the data than simulated.
        of_rows
            Whether the model gives each row an effect of its own.
        """

    def residual_latex(self, scale: str) -> str:
        """Write the distribution of the residual; empty where there is none."""
        return ""

    def residual_words(self) -> tuple[str, str]:
        """Say how the residual is distributed, and what its scale is; empty where there is none."""
        return "", ""
