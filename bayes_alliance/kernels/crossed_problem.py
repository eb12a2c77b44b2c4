"""Several grouping factors made ready for evaluation: statistics and coefficient prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers
from bayes_alliance.kernels.crossed_moments import CrossedMoments
from bayes_alliance.kernels.envelope import first_entries, inverse_entries, row_offsets
from bayes_alliance.kernels.problem import Arrays, Problem, coefficient_prior, groups_last

_LOG_TWO_PI = float(np.log(2.0 * np.pi))


class CrossedArrays(NamedTuple):
    """A problem with several factors as compiled code reads it.

    ``arrays`` describes the eliminated factor; its residual starts with the dense effects.
    ``first``, ``reach`` and ``at`` are those of :mod:`bayes_alliance.kernels.envelope`. The other
    fields are those of :class:`bayes_alliance.kernels.crossed_moments.CrossedMoments`.
    """

    arrays: Arrays
    eliminated: int
    effects: Integers
    groups: Integers
    base: Integers
    start: Integers
    active: Integers
    along: Floats
    first: Integers
    reach: Integers
    at: Integers


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
        size = self.n_dense + self.eliminated_problem.prior.kept.size
        moments = self.moments
        block = block_starts(moments.effects, moments.groups, moments.base)
        first = first_entries(moments.start, moments.active, block, size)
        reach = inverse_entries(first)
        return CrossedArrays(
            arrays=self.eliminated_problem.arrays(),
            eliminated=self.moments.eliminated,
            effects=self.moments.effects,
            groups=self.moments.groups,
            base=self.moments.base,
            start=self.moments.start,
            active=self.moments.active,
            along=self.moments.along,
            first=first,
            reach=reach,
            at=row_offsets(reach, block_stops(block, size)),
        )


def block_starts(effects: Integers, groups: Integers, base: Integers) -> Integers:
    """Return for each dense effect the first effect of its group.

    The arguments are those of :class:`bayes_alliance.kernels.crossed_moments.CrossedMoments`.
    """
    dense = np.flatnonzero(base >= 0)
    ordered = dense[np.argsort(base[dense])]
    starts = [base[f] + effects[f] * np.repeat(np.arange(groups[f]), effects[f]) for f in ordered]
    return np.concatenate([np.zeros(0, dtype=np.int64), *starts])


def block_stops(block: Integers, size: int) -> Integers:
    """Return for each row the end of its block: of its group, or the row's own diagonal.

    Parameters
    ----------
    block
        From :func:`block_starts`.
    size
        Number of rows; those after the dense effects are blocks of one.
    """
    starts = np.concatenate([block, np.arange(len(block), size)])
    new = np.append(np.diff(starts) > 0, True)
    ends = np.flatnonzero(new) + 1
    return ends[np.searchsorted(ends, np.arange(size), side="right")]


def prepare_crossed(
    moments: CrossedMoments,
    prior_mean: Floats,
    prior_covariance: Floats,
    *,
    integrated: Integers | None = None,
) -> CrossedProblem:
    """Make a problem of statistics and a normal coefficient prior.

    The arguments are those of :func:`bayes_alliance.kernels.problem.prepare`.
    """
    prior, basis = coefficient_prior(moments.anchor, prior_mean, prior_covariance, integrated)
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
