"""The sums of a model's rows, read once, for one grouping factor or for several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import SamplingError
from bayes_alliance.kernels.crossed_moments import CrossedMoments, Term, crossed_moments
from bayes_alliance.kernels.crossed_problem import CrossedProblem, prepare_crossed
from bayes_alliance.kernels.crossed_recover import count_normals, recover_crossed_seeded
from bayes_alliance.kernels.moments import Moments, moments
from bayes_alliance.kernels.problem import Problem, prepare
from bayes_alliance.kernels.recover import recover_seeded
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed_sizes import (
    FactorSize,
    one_size,
    several_sizes,
)
from bayes_alliance.sampling.engines.streamed_moments import (
    streamed_crossed_moments,
    streamed_moments,
)
from bayes_alliance.sampling.working_scale import normal_coefficients

Array = NDArray[np.float64]
Recovered = tuple[Array, Sequence[Array]]


class CollapsedProblem(Protocol):
    """A model's sums with its coefficient prior, ready to be evaluated and recovered from."""

    @property
    def numbers_a_draw(self) -> int:
        """Numbers one recovered draw is made of."""
        ...

    @property
    def inner(self) -> Problem:
        """The problem of the factor that is eliminated group by group."""
        ...

    @property
    def parts(self) -> list[FactorSize]:
        """The size of each grouping factor, in the model's order."""
        ...

    def density(self) -> Any:
        """Return the log posterior as a compiled Python function of (priors, known, theta, out)."""
        ...

    def callback(self, priors: VariancePriors, units: Array) -> tuple[int, list[Any]]:
        """Return the address of the C function and the arrays it reads."""
        ...

    def recover(
        self, *, s2: Array, factors: Sequence[Array], seed: int, draws: Any, sampled: Array
    ) -> Recovered:
        """Draw coefficients and the effects of every factor given the variance parameters."""
        ...


class OneFactor:
    """One grouping factor."""

    def __init__(self, problem: Problem, parts: list[FactorSize], to_user: Array | None) -> None:
        self.inner = problem
        self.parts = parts
        self.to_user = to_user
        self.numbers_a_draw = problem.n_groups * problem.n_effects + problem.prior.kept.size

    def density(self) -> Any:
        """Return the log posterior as a compiled Python function."""
        from bayes_alliance.kernels.collapsed_posterior import log_posterior

        arrays = self.inner.arrays()
        return lambda *rest: log_posterior(arrays, *rest)

    def callback(self, priors: VariancePriors, units: Array) -> tuple[int, list[Any]]:
        """Return the address of the C function and the arrays it reads."""
        from bayes_alliance.kernels.collapsed_callback import c_log_posterior, posterior_arrays

        return c_log_posterior.address, posterior_arrays(self.inner, priors, units)

    def recover(
        self, *, s2: Array, factors: Sequence[Array], seed: int, draws: Any, sampled: Array
    ) -> Recovered:
        """Draw coefficients and group effects."""
        drawn = recover_seeded(self.inner, s2, factors[0], seed=seed, draws=draws, sampled=sampled)
        return _of_design(drawn.coefficients, self.to_user), [drawn.effects]


class SeveralFactors:
    """Several grouping factors, nested or crossed."""

    def __init__(
        self, problem: CrossedProblem, parts: list[FactorSize], to_user: Array | None
    ) -> None:
        self.problem = problem
        self.to_user = to_user
        self.inner = problem.eliminated_problem
        self.parts = parts
        self.numbers_a_draw = count_normals(problem)

    def density(self) -> Any:
        """Return the log posterior as a compiled Python function."""
        from bayes_alliance.kernels.crossed_posterior import log_crossed_posterior

        arrays = self.problem.arrays()
        return lambda *rest: log_crossed_posterior(arrays, *rest)

    def callback(self, priors: VariancePriors, units: Array) -> tuple[int, list[Any]]:
        """Return the address of the C function and the arrays it reads."""
        from bayes_alliance.kernels.crossed_callback import (
            c_log_crossed_posterior,
            crossed_posterior_arrays,
        )

        arrays = crossed_posterior_arrays(self.problem, priors, units)
        return c_log_crossed_posterior.address, arrays

    def recover(
        self, *, s2: Array, factors: Sequence[Array], seed: int, draws: Any, sampled: Array
    ) -> Recovered:
        """Draw coefficients and the effects of every factor."""
        drawn = recover_crossed_seeded(
            self.problem, s2, factors, seed=seed, draws=draws, sampled=sampled
        )
        return _of_design(drawn.coefficients, self.to_user), drawn.effects


def _of_design(coefficients: Array, to_user: Array | None) -> Array:
    """Turn coefficients of the columns that were summed into those of the design."""
    return coefficients if to_user is None else np.asarray(coefficients @ to_user.T)


def collapsed_problem(model: Model) -> CollapsedProblem:
    """Read the sums of a model's rows, once, and join them with the coefficients' prior.

    Held rows are summed in the columns that have the priors: sums of powers far from zero would
    lose their digits twice. A stream is read before its means are known.
    """
    prior = normal_coefficients(model)
    normal = prior.mean, prior.variance
    basis = model.priors.basis.coefficients
    as_written = model.stream is not None or basis.is_trivial
    to_working, to_user = (prior.to_working, None) if as_written else (None, basis.to_user)
    if len(model.design.groups) == 1:
        problem = prepare(_moments(model), *normal, integrated=prior.places, to_working=to_working)
        return OneFactor(problem, one_size(model, problem), to_user)
    sums = _crossed_moments(model)
    crossed = prepare_crossed(sums, *normal, integrated=prior.places, to_working=to_working)
    return SeveralFactors(crossed, several_sizes(model, crossed.eliminated_problem, sums), to_user)


def population_columns(model: Model) -> Array:
    """Return the population's columns that have the priors, shape (row, coefficient)."""
    return model.priors.basis.coefficients.columns(model.design.X)


def _moments(model: Model) -> Moments:
    """Reduce the rows for one grouping factor."""
    if model.stream is not None:
        return streamed_moments(model.stream, model.priors.basis.effects)
    y, weights, repeats = _outcome(model)
    (group,) = model.design.groups
    return moments(
        y,
        population_columns(model),
        model.priors.basis.effects[group.name].columns(group.Z),
        group.index,
        len(group.labels),
        weights=weights,
        repeats=repeats,
    )


def _crossed_moments(model: Model) -> CrossedMoments:
    """Reduce the rows for several grouping factors."""
    if model.stream is not None:
        return streamed_crossed_moments(model.stream, model.priors.basis.effects)
    y, weights, repeats = _outcome(model)
    bases = model.priors.basis.effects
    terms = [
        Term(columns=bases[g.name].columns(g.Z), group=g.index, n_groups=len(g.labels))
        for g in model.design.groups
    ]
    return crossed_moments(y, population_columns(model), terms, weights=weights, repeats=repeats)


def _outcome(model: Model) -> tuple[Array, Array | None, Array | None]:
    """Return the outcome less its offset, its precision weights and its frequency weights."""
    frame = model.frame
    if not len(frame.y):
        raise SamplingError(
            "The model was to be sampled.",
            f"It holds none of its {frame.rows_used} rows: its fit was saved without them.",
            "Load the fit with load_fit(path, data=your_table); if its rows were streamed, build "
            "the model again with scan_table.",
        )
    y = frame.y - model.design.offset
    frequency = model.formula.response.weight_kind == "frequency"
    return y, None if frequency else frame.weights, frame.weights if frequency else None
