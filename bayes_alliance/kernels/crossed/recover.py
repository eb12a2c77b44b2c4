"""Exact draws of coefficients and of the effects of several grouping factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled, compiled_inside
from bayes_alliance.kernels.crossed.information import (
    eliminated_factor,
    information,
    off_less_sampled,
    scale_vector,
    solve_dense,
    whiten_along,
)
from bayes_alliance.kernels.crossed.problem import CrossedArrays, CrossedProblem
from bayes_alliance.kernels.envelope import add_transposed
from bayes_alliance.kernels.one_factor.coefficients import whiten_problem
from bayes_alliance.kernels.one_factor.recover import (
    given_coefficients,
    recover_effects,
    standard_normals,
    user_coefficients,
)
from bayes_alliance.kernels.whitening import factor_groups


@dataclass(frozen=True, kw_only=True)
class CrossedRecovered:
    """Draws of the coefficients (S, p) and, for each factor, of its effects (S, J, q)."""

    coefficients: Floats
    effects: tuple[Floats, ...]


def count_normals(problem: CrossedProblem) -> int:
    """Count the standard normals one draw is made of."""
    inner = problem.eliminated_problem
    return problem.n_dense + inner.prior.kept.size + inner.n_groups * inner.n_effects


def recover_crossed(
    problem: CrossedProblem,
    s2: Floats,
    factors: Sequence[Floats],
    normals: Floats,
    sampled: Floats | None = None,
) -> CrossedRecovered:
    """Turn standard normals into draws of coefficients and group effects.

    Parameters
    ----------
    problem
        From :func:`bayes_alliance.kernels.crossed.problem.prepare_crossed`.
    s2, factors
        Residual variance (S,), and for each grouping factor a root of G (S, q, q).
    normals
        Standard normals, shape (S, :func:`count_normals`). Those of the eliminated factor, which
        come last, may be left out: its effects are (0, J, q) then.
    sampled
        The coefficients that were not integrated out, shape (S, s).
    """
    inner, moments = problem.eliminated_problem, problem.moments
    variances = np.ascontiguousarray(s2, dtype=np.float64)
    n_draws = len(variances)
    given = given_coefficients(inner.prior, n_draws, sampled)
    largest = problem.largest_effects
    stacked = np.zeros((n_draws, len(moments.effects), largest, largest))
    for f, q in enumerate(moments.effects):
        stacked[:, f, :q, :q] = factors[f]
    dense = np.empty((n_draws, problem.n_dense + inner.prior.kept.size))
    eliminated = n_draws if normals.shape[1] > dense.shape[1] else 0
    own = np.empty((eliminated, inner.n_groups, inner.n_effects))
    standard = np.ascontiguousarray(normals, dtype=np.float64)
    _recover_draws(problem.arrays(), variances, stacked, given, standard, dense, own)
    effects = []
    for f, q in enumerate(moments.effects):
        if f == moments.eliminated:
            effects.append(own)
            continue
        effects.append(np.take(dense, moments.places[f][:, None] + np.arange(q), axis=1))
    return CrossedRecovered(
        coefficients=user_coefficients(inner.prior, dense[:, problem.n_dense :], given),
        effects=tuple(effects),
    )


def recover_crossed_seeded(
    problem: CrossedProblem,
    s2: Floats,
    factors: Sequence[Floats],
    *,
    seed: int,
    draws: Integers,
    sampled: Floats | None = None,
    with_effects: bool = True,
) -> CrossedRecovered:
    """Draw coefficients and group effects; the same (seed, draw) always gives the same draw.

    Without effects, those of the eliminated factor are not made.
    """
    first = problem.n_dense + problem.eliminated_problem.prior.kept.size
    normals = standard_normals(seed, draws, count_normals(problem) if with_effects else first)
    return recover_crossed(problem, s2, factors, normals, sampled)


@compiled
def _recover_draws(
    crossed: CrossedArrays,
    s2: Floats,
    factors: Floats,
    sampled: Floats,
    normals: Floats,
    dense: Floats,
    own: Floats,
) -> None:
    """Recover every draw: dense effects and coefficients, then the eliminated factor."""
    arrays = crossed.arrays
    q, width, n_groups = arrays.columns.shape
    size = dense.shape[1]
    inverse = np.empty((q, q, n_groups))
    white = np.empty((q, width, n_groups))
    root = np.empty(crossed.at[size] + size + 1)
    for s in range(s2.shape[0]):
        factor = eliminated_factor(crossed, factors[s])
        factor_groups(arrays.root, arrays.root_determinant, factor, s2[s], inverse)
        mean = whiten_problem(arrays, sampled[s], inverse, white)
        along = whiten_along(crossed, inverse)
        off = off_less_sampled(crossed, sampled[s])
        total = information(crossed, off, along, white, s2[s])
        solve_dense(crossed, factors[s], total, mean, root, dense[s])
        add_transposed(root, crossed.reach, crossed.at, normals[s, :size], dense[s])
        scale_vector(crossed, factors[s], dense[s])
        if own.shape[0] == 0:
            continue
        rest = _rest_along_root(crossed, sampled[s], dense[s])
        for j in range(n_groups):
            for a in range(q):
                own[s, j, a] = normals[s, size + j * q + a]
        recover_effects(arrays.root, rest, s2[s], factor, own[s], own[s])


@compiled_inside
def _rest_along_root(crossed: CrossedArrays, sampled: Floats, dense: Floats) -> Floats:
    """Outcome along the root less everything but the eliminated effects, shape (q, J)."""
    arrays = crossed.arrays
    q, width, n_groups = arrays.columns.shape
    first = dense.shape[0] - width + 1
    rest = np.empty((q, n_groups))
    for a in range(q):
        for j in range(n_groups):
            entry = arrays.columns[a, width - 1, j]
            for c in range(width - 1):
                entry -= arrays.columns[a, c, j] * dense[first + c]
            for k in range(sampled.shape[0]):
                value = sampled[k] - arrays.sampled_origin[k]
                entry -= arrays.sampled_columns[a, k, j] * value
            for t in range(crossed.start[j], crossed.start[j + 1]):
                entry -= crossed.along[a, t] * dense[crossed.active[t]]
            rest[a, j] = entry
    return rest
