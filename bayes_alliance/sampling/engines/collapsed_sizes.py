"""How large each grouping factor is: how long its columns are, and what its groups are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.anchor import find_centring
from bayes_alliance.kernels.crossed_moments import CrossedMoments
from bayes_alliance.kernels.problem import Problem
from bayes_alliance.model.spec import Model

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
