"""Exact draws of what was integrated out: coefficients and group effects.

Given residual variance and G, ``b ~ N(bhat, P^-1)`` and then every ``u_j`` from its conditional
normal. A draw is a linear map of standard normals, and the seeded form takes those from a
counter keyed by (seed, draw), so that any chunk of draws can be made again bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled, compiled_inside
from bayes_alliance.kernels.one_factor.coefficients import (
    fold_sampled,
    solve_coefficients,
    whiten_problem,
)
from bayes_alliance.kernels.one_factor.problem import Arrays, CoefficientPrior, Problem
from bayes_alliance.kernels.triangular import rotate_row_in
from bayes_alliance.kernels.whitening import factor_groups


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """Draws of the coefficients (S, p), in the user's order and scale, and effects (S, J, q)."""

    coefficients: Floats
    effects: Floats


def recover(
    problem: Problem,
    s2: Floats,
    factor: Floats,
    normals_coefficients: Floats,
    normals_effects: Floats | None,
    sampled: Floats | None = None,
) -> Recovered:
    """Turn standard normals into draws of coefficients and group effects.

    Parameters
    ----------
    problem
        From :func:`bayes_alliance.kernels.one_factor.problem.prepare`.
    s2, factor
        Residual variance (S,) and a root of G (S, q, q) of each draw.
    normals_coefficients, normals_effects
        Standard normals: (S, integrated coefficients) and (S, J, q), or None for the coefficients
        alone: the effects are (0, J, q) then.
    sampled
        The coefficients that were not integrated out, shape (S, s).
    """
    s2 = np.ascontiguousarray(s2, dtype=np.float64)
    n_draws = len(s2)
    prior = problem.prior
    given = given_coefficients(prior, n_draws, sampled)
    centred = np.empty((n_draws, prior.kept.size))
    if normals_effects is None:
        normals_effects = np.empty((0, problem.n_groups, problem.n_effects))
    effects = np.empty(normals_effects.shape)
    _recover_draws(
        problem.arrays(),
        s2,
        np.ascontiguousarray(factor, dtype=np.float64),
        given,
        np.ascontiguousarray(normals_coefficients, dtype=np.float64),
        np.ascontiguousarray(normals_effects, dtype=np.float64),
        centred,
        effects,
    )
    coefficients = user_coefficients(prior, centred, given)
    return Recovered(coefficients=coefficients, effects=effects)


def recover_seeded(
    problem: Problem,
    s2: Floats,
    factor: Floats,
    *,
    seed: int,
    draws: Integers,
    sampled: Floats | None = None,
    with_effects: bool = True,
) -> Recovered:
    """Draw coefficients and group effects; the same (seed, draw) always gives the same draw.

    Parameters
    ----------
    seed
        Between 0 and 2^64 - 1.
    draws
        Number of each draw, shape (S,): its place in the whole run, whatever the chunk.
    with_effects
        Whether the effects are wanted; coefficients come first in the counter, and are the same.
    """
    p = problem.prior.kept.size
    if not with_effects:
        return recover(problem, s2, factor, standard_normals(seed, draws, p), None, sampled)
    normals = standard_normals(seed, draws, p + problem.n_groups * problem.n_effects)
    shape = (len(normals), problem.n_groups, problem.n_effects)
    effects = normals[:, p:].reshape(shape)
    return recover(problem, s2, factor, normals[:, :p], effects, sampled)


def given_coefficients(prior: CoefficientPrior, n_draws: int, sampled: Floats | None) -> Floats:
    """Check the coefficients that were sampled, shape (S, s)."""
    empty = np.zeros((n_draws, 0))
    given = empty if sampled is None else np.ascontiguousarray(sampled, dtype=np.float64)
    if given.shape != (n_draws, prior.sampled.size):
        raise ValueError(f"{prior.sampled.size} sampled coefficients a draw are needed")
    return given


def user_coefficients(prior: CoefficientPrior, centred: Floats, given: Floats) -> Floats:
    """Put integrated and sampled coefficients back on the scale and in the order of the design."""
    coefficients = np.empty((len(given), prior.kept.size + prior.sampled.size))
    pushed = (given - prior.origin[prior.sampled]) @ prior.cross.T
    back = (centred - pushed) @ prior.inverse_transform.T
    coefficients[:, prior.kept] = back + prior.origin[prior.kept]
    coefficients[:, prior.sampled] = given
    return coefficients


def standard_normals(seed: int, draws: Integers, size: int) -> Floats:
    """Make standard normals for numbered draws, shape (S, size), from a counter.

    The key is (seed, draw): a generator of its own, apart from every stream of the package.
    Saved fits make their effects again from it, so it stays as it is.
    """
    out = np.empty((len(draws), size))
    philox = np.random.Philox(key=np.array([seed, 0], dtype=np.uint64))
    generator = np.random.Generator(philox)
    # Setting the key of one generator takes a quarter of the time of making another.
    fresh = philox.state
    for row, draw in enumerate(draws):
        fresh["state"]["key"][1] = int(draw)
        philox.state = fresh
        generator.standard_normal(out=out[row])
    return out


@compiled
def _recover_draws(
    arrays: Arrays,
    s2: Floats,
    factor: Floats,
    sampled: Floats,
    normals_coefficients: Floats,
    normals_effects: Floats,
    centred: Floats,
    effects: Floats,
) -> None:
    """Recover every draw, one after the other."""
    q, width, n_groups = arrays.columns.shape
    p = width - 1
    inverse = np.empty((q, q, n_groups))
    white = np.empty((q, width, n_groups))
    root = np.empty((p, p))
    for s in range(s2.shape[0]):
        factor_groups(arrays.root, arrays.root_determinant, factor[s], s2[s], inverse)
        mean = whiten_problem(arrays, sampled[s], inverse, white)
        residual = fold_sampled(arrays.residual, sampled[s] - arrays.sampled_origin)
        solve_coefficients(white, residual, arrays.prior_precision, mean, s2[s], root, centred[s])
        for c in range(p):
            for d in range(c, p):
                centred[s, c] += root[d, c] * normals_coefficients[s, d]
        if effects.shape[0] > 0:
            _recover_groups(
                arrays, s2[s], factor[s], sampled[s], centred[s], normals_effects[s], effects[s]
            )


@compiled_inside
def _recover_groups(
    arrays: Arrays,
    s2: float,
    factor: Floats,
    sampled: Floats,
    centred: Floats,
    normals: Floats,
    effects: Floats,
) -> None:
    """Recover the effects of all groups for one draw of everything else."""
    q, width, n_groups = arrays.columns.shape
    rest = np.empty((q, n_groups))
    for a in range(q):
        for j in range(n_groups):
            entry = arrays.columns[a, width - 1, j]
            for c in range(width - 1):
                entry -= arrays.columns[a, c, j] * centred[c]
            for k in range(sampled.shape[0]):
                value = sampled[k] - arrays.sampled_origin[k]
                entry -= arrays.sampled_columns[a, k, j] * value
            rest[a, j] = entry
    recover_effects(arrays.root, rest, s2, factor, normals, effects)


@compiled_inside
def recover_effects(
    root: Floats, rest: Floats, s2: float, factor: Floats, normals: Floats, effects: Floats
) -> None:
    """Draw ``u_j = factor v_j``, v_j standard normal a priori, given residuals along the root.

    ``v_j`` solves a least squares problem with ``H = root factor / sigma`` over the identity,
    so G is never inverted.
    """
    q = root.shape[0]
    sigma = np.sqrt(s2)
    upper = np.empty((1, q, q))
    right = np.empty((1, q, 1))
    row = np.empty(q)
    partner = np.empty(1)
    for j in range(root.shape[2]):
        upper[:] = 0.0
        right[:] = 0.0
        for a in range(q):
            upper[0, a, a] = 1.0
        for a in range(q):
            for b in range(q):
                row[b] = 0.0
                for k in range(q):
                    row[b] += root[a, k, j] * factor[k, b] / sigma
            partner[0] = rest[a, j] / sigma
            rotate_row_in(upper, right, 0, row, partner)
        for a in range(q - 1, -1, -1):
            entry = right[0, a, 0] + normals[j, a]
            for b in range(a + 1, q):
                entry -= upper[0, a, b] * row[b]
            row[a] = entry / upper[0, a, a]
        for a in range(q):
            entry = 0.0
            for b in range(q):
                entry += factor[a, b] * row[b]
            effects[j, a] = entry
