"""The sums of a model's rows, read once, for one grouping factor or for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import SamplingError
from bayes_alliance.kernels.anchor import find_centring
from bayes_alliance.kernels.crossed.moments import CrossedMoments, Term, crossed_moments
from bayes_alliance.kernels.crossed.problem import CrossedProblem, prepare_crossed
from bayes_alliance.kernels.crossed.recover import count_normals, recover_crossed_seeded
from bayes_alliance.kernels.one_factor.moments import Moments, moments
from bayes_alliance.kernels.one_factor.problem import Problem, prepare
from bayes_alliance.kernels.one_factor.recover import recover_seeded
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.streamed_moments import (
    streamed_crossed_moments,
    streamed_moments,
)
from bayes_alliance.sampling.working_scale import normal_coefficients

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FactorSize:
    """How large a grouping factor is.

    Parameters
    ----------
    lengths
        Length of the column of each of its effects, over all rows, shape (q,); from its mean
        where a constant is among the columns, so that it does not depend on where years begin,
        and a constant's own less its part along those it may be correlated with.
    products
        Cross products of the columns, shape (q, q).
    groups
        Number of its groups.
    members
        Number of smaller groups it is made of, those directly below it; of rows if there are none.
    holds_groups
        Whether its members are groups.
    """

    lengths: Array
    products: Array
    groups: int
    members: float
    holds_groups: bool


def one_size(model: Model, problem: Problem) -> list[FactorSize]:
    """Return the size of a model's only grouping factor."""
    products = _products_along(problem)
    lengths = _lengths(products, _constant(model, 0), model.design.groups[0].blocks)
    return [
        FactorSize(
            lengths=lengths,
            products=products,
            groups=problem.n_groups,
            members=problem.rows,
            holds_groups=False,
        )
    ]


def several_sizes(model: Model, problem: Problem, sums: CrossedMoments) -> list[FactorSize]:
    """Return the size of each grouping factor, in the model's order."""
    found = []
    for f, groups in enumerate(sums.groups):
        largest = f == sums.eliminated
        products = _products_along(problem) if largest else _dense_products(sums, f)
        below = sums.groups[sums.holders == f]
        size = FactorSize(
            lengths=_lengths(products, _constant(model, f), model.design.groups[f].blocks),
            products=products,
            groups=int(groups),
            members=float(below.min()) if below.size else problem.rows,
            holds_groups=bool(below.size),
        )
        found.append(size)
    return found


def _constant(model: Model, factor: int) -> Array:
    """Return the combination of a factor's columns that is one in every row, zeros if none is."""
    group = model.design.groups[factor]
    if model.stream is not None:
        constant = model.stream.constants[factor + 1]
    else:
        constant = find_centring(group.Z).constant
    return np.asarray(model.priors.basis.effects[group.name].to_working @ constant)


def _products_along(problem: Problem) -> Array:
    """Cross products of the columns of the factor that is eliminated, (q, q)."""
    return np.asarray(np.einsum("abj,acj->bc", problem.root, problem.root))


def _dense_products(sums: CrossedMoments, factor: int) -> Array:
    """Cross products of the columns of another factor, (q, q): off the root, and along it."""
    q = int(sums.effects[factor])
    own = sums.places[factor][:, None] + np.arange(q)
    products = sums.residual[own[:, :, None], own[:, None, :]].sum(axis=0)
    along = sums.along[:, np.isin(sums.active, own)].reshape(len(sums.along), -1, q)
    return np.asarray(products + np.einsum("atb,atc->bc", along, along))


def _lengths(products: Array, constant: Array, blocks: Sequence[Sequence[int]]) -> Array:
    """Return the length of each column, less its part along the constant if there is one."""
    squares = np.diagonal(products).copy()
    if constant.any():
        onto = products @ constant
        centred = squares - onto**2 / (onto @ constant)
        # What is left of a column that does not vary is rounding.
        varies = (constant == 0.0) & (centred > 1e-12 * squares)
        squares[varies] = centred[varies]
        for block in blocks:
            _take_off_the_others(squares, products, constant, list(block))
    return np.asarray(np.sqrt(squares))


def _take_off_the_others(
    squares: Array, products: Array, constant: Array, block: Sequence[int]
) -> None:
    """Leave of a constant what the columns of its block cannot stand for.

    Intercepts of year 0, far before all rows, are known as badly as that.
    """
    own = [k for k in block if constant[k] != 0.0 and squares[k] > 0.0]
    others = [k for k in block if constant[k] == 0.0 and squares[k] > 0.0]
    if not (own and others):
        return
    both = products[np.ix_(own, others)]
    scale = np.sqrt(np.diagonal(products)[others])
    inner = products[np.ix_(others, others)] / np.outer(scale, scale)
    along, *_ = np.linalg.lstsq(inner, (both / scale).T, rcond=1e-12)
    left = squares[own] - ((both / scale) * along.T).sum(axis=1)
    kept = left > 1e-12 * squares[own]
    squares[np.asarray(own)[kept]] = left[kept]


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
        self,
        *,
        s2: Array,
        factors: Sequence[Array],
        seed: int,
        draws: Any,
        sampled: Array,
        with_effects: bool = True,
    ) -> Recovered:
        """Draw coefficients and the effects of every factor given the variance parameters.

        Without effects those of the largest factor are not made, which takes most of the time.
        """
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
        from bayes_alliance.kernels.one_factor.posterior import log_posterior

        arrays = self.inner.arrays()
        return lambda *rest: log_posterior(arrays, *rest)

    def callback(self, priors: VariancePriors, units: Array) -> tuple[int, list[Any]]:
        """Return the address of the C function and the arrays it reads."""
        from bayes_alliance.kernels.one_factor.callback import c_log_posterior, posterior_arrays

        return c_log_posterior.address, posterior_arrays(self.inner, priors, units)

    def recover(self, *, factors: Sequence[Array], **rest: Any) -> Recovered:
        """Draw coefficients and group effects."""
        drawn = recover_seeded(self.inner, factor=factors[0], **rest)
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
        from bayes_alliance.kernels.crossed.posterior import log_crossed_posterior

        arrays = self.problem.arrays()
        return lambda *rest: log_crossed_posterior(arrays, *rest)

    def callback(self, priors: VariancePriors, units: Array) -> tuple[int, list[Any]]:
        """Return the address of the C function and the arrays it reads."""
        from bayes_alliance.kernels.crossed.callback import (
            c_log_crossed_posterior,
            crossed_posterior_arrays,
        )

        arrays = crossed_posterior_arrays(self.problem, priors, units)
        return c_log_crossed_posterior.address, arrays

    def recover(self, *, factors: Sequence[Array], **rest: Any) -> Recovered:
        """Draw coefficients and the effects of every factor."""
        drawn = recover_crossed_seeded(self.problem, factors=factors, **rest)
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
