"""Several grouping factors made ready for evaluation: statistics and coefficient prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers
from bayes_alliance.kernels.crossed.moments import CrossedMoments
from bayes_alliance.kernels.envelope import (
    compact,
    first_entries,
    inverse_entries,
    row_offsets,
)
from bayes_alliance.kernels.group_order import order_groups
from bayes_alliance.kernels.one_factor.problem import (
    Arrays,
    Problem,
    coefficient_prior,
    groups_last,
)

_LOG_TWO_PI = float(np.log(2.0 * np.pi))


class CrossedArrays(NamedTuple):
    """A problem with several factors as compiled code reads it.

    ``arrays`` describes the eliminated factor; its residual starts with the dense effects.
    Blocks are the groups of all other factors in the order of their dense effects: block k is a
    group of factor ``block_factor[k]``, its effects ``block_start[k]`` to ``block_start[k + 1]``;
    row r lies in block ``block_of[r]``, a coefficient's behind the last. ``first``, ``reach`` and
    ``at`` are those of :mod:`bayes_alliance.kernels.envelope`, ``off`` the residual cross products
    of dense effects, integrated coefficients and outcome, so stored. The other fields are those
    of :class:`bayes_alliance.kernels.crossed.moments.CrossedMoments`.
    """

    arrays: Arrays
    eliminated: int
    effects: Integers
    block_factor: Integers
    block_start: Integers
    block_of: Integers
    start: Integers
    active: Integers
    along: Floats
    first: Integers
    reach: Integers
    at: Integers
    off: Floats


@dataclass(frozen=True, kw_only=True)
class CrossedProblem:
    """The collapsed density of several grouping factors.

    Parameters
    ----------
    eliminated_problem
        The eliminated factor, with the dense effects leading its residual.
    moments
        The statistics it was made of.
    """

    eliminated_problem: Problem
    moments: CrossedMoments

    @property
    def n_dense(self) -> int:
        """Number of effects in the dense matrix."""
        prior = self.eliminated_problem.prior
        width = prior.kept.size + prior.sampled.size + 1
        return int(self.moments.residual.shape[0]) - width

    @property
    def largest_effects(self) -> int:
        """Number of effects of the factor that has the most."""
        return int(self.moments.effects.max())

    def arrays(self) -> CrossedArrays:
        """Flatten for compiled code."""
        return self._arrays

    @cached_property
    def _arrays(self) -> CrossedArrays:
        moments = self.moments
        dense, p = self.n_dense, self.eliminated_problem.prior.kept.size
        block_factor, block_start = _blocks(moments.places, dense)
        block_of = np.repeat(np.arange(len(block_factor)), np.diff(block_start))
        first = first_entries(moments.start, moments.active, block_start[block_of], dense + p)
        reach = inverse_entries(first)
        stop = np.concatenate([block_start[block_of + 1], np.arange(dense, dense + p) + 1])
        at = row_offsets(reach, stop)
        residual = self.eliminated_problem.residual
        integrated = np.append(np.arange(dense + p), len(residual) - 1)
        return CrossedArrays(
            arrays=self.eliminated_problem.arrays(),
            eliminated=moments.eliminated,
            effects=moments.effects,
            block_factor=block_factor,
            block_start=block_start,
            block_of=np.append(block_of, np.full(p, len(block_factor))),
            start=moments.start,
            active=moments.active,
            along=moments.along,
            first=first,
            reach=reach,
            at=at,
            off=compact(residual, integrated, reach, stop, at),
        )


def _blocks(places: Sequence[Integers], dense: int) -> tuple[Integers, Integers]:
    """Return the factor of each block, in order, and where blocks begin; their end comes last."""
    factor = np.repeat(np.arange(len(places)), [len(own) for own in places])
    start = np.concatenate(places)
    order = np.argsort(start)
    return factor[order], np.append(start[order], dense)


def prepare_crossed(
    moments: CrossedMoments,
    prior_mean: Floats,
    prior_covariance: Floats,
    *,
    integrated: Integers | None = None,
    to_working: Floats | None = None,
) -> CrossedProblem:
    """Make a problem of statistics and a normal coefficient prior.

    The arguments are those of :func:`bayes_alliance.kernels.one_factor.problem.prepare`.
    """
    prior, basis = coefficient_prior(
        moments.anchor, prior_mean, prior_covariance, integrated, to_working
    )
    p = len(prior.kept)
    rotated = moments.rotated @ basis
    dense = len(moments.residual) - len(basis)
    residual = moments.residual.copy()
    residual[dense:, dense:] = basis.T @ residual[dense:, dense:] @ basis
    residual[:dense, dense:] = residual[:dense, dense:] @ basis
    residual[dense:, :dense] = residual[:dense, dense:].T
    constant = -0.5 * (moments.rows * _LOG_TWO_PI + prior.log_determinant - moments.log_weight)
    diagonals = np.diagonal(moments.root, axis1=1, axis2=2)
    problem = Problem(
        root=groups_last(moments.root @ moments.anchor.group.map()),
        root_determinant=np.ascontiguousarray(np.prod(diagonals, axis=1)),
        columns=groups_last(rotated[:, :, [*range(p), -1]]),
        sampled_columns=groups_last(rotated[:, :, p:-1]),
        residual=residual,
        prior=prior,
        constant=constant,
        rows=moments.rows,
    )
    return CrossedProblem(eliminated_problem=problem, moments=moments)


def elimination_steps(
    group: Sequence[Integers], n_groups: Sequence[int], effects: Sequence[int]
) -> int:
    """Count the multiplications that the matrix of the dense effects costs an evaluation.

    What each row or eliminated group costs beside it is not counted: every engine pays for those.

    Parameters
    ----------
    group
        For each factor the group of every row, shape (N,).
    n_groups, effects
        For each factor its number of groups, and of effects a group has.
    """
    first = _first_entries(group, n_groups, effects)
    return count_steps(first, inverse_entries(first))


def count_steps(first: Integers, reach: Integers) -> int:
    """Count the inner steps of factor, inverse and product of :mod:`.envelope`.

    Parameters
    ----------
    first, reach
        First column of each row of the factor and of its inverse, shape (k,).
    """
    places = np.arange(len(first))
    inverted = np.concatenate([[0], np.cumsum(places + 1 - reach)])
    steps = int((inverted[places] - inverted[first]).sum())
    for r in places:
        row = places[first[r] : r]
        steps += int(np.maximum(row - np.maximum(first[row], first[r]), 0).sum())
        row = places[reach[r] : r + 1]
        steps += int((row + 1 - np.maximum(reach[row], reach[r])).sum())
    return steps


def steps_if_all_meet(effects: int) -> int:
    """Return the count for effects that all meet one another."""
    return effects * (effects**2 + 1) // 2


def _first_entries(
    group: Sequence[Integers], n_groups: Sequence[int], effects: Sequence[int]
) -> Integers:
    """Find where each dense effect's row begins, from who meets whom alone."""
    order = order_groups(group, n_groups, effects)
    first = np.arange(order.dense)
    met = group[order.eliminated]
    lowest = np.full(n_groups[order.eliminated], order.dense)
    dense = [f for f in range(len(group)) if f != order.eliminated]
    for f in dense:
        np.minimum.at(lowest, met, order.places[f][group[f]])
    for f in dense:
        places = order.places[f]
        np.minimum.at(first, places[group[f]], lowest[met])
        first[places[:, None] + np.arange(effects[f])] = first[places][:, None]
    return first
