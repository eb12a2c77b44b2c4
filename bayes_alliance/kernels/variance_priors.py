"""Priors of everything that stays unknown when coefficients and group effects are integrated out.

``theta = (log sigma, stretch of each factor, sampled coefficients)``; a stretch is ``log tau``
of the factor's effects, then the atanh of its partial correlations, block by block. The first
entry is missing where the standard errors of the rows are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled
from bayes_alliance.kernels.prior_density import prior_density
from bayes_alliance.kernels.unconstrained import lkj


class PriorArrays(NamedTuple):
    """Priors as compiled code reads them: the arrays of :class:`VariancePriors`."""

    codes: Integers
    arguments: Floats
    places: Integers
    positive: Integers
    blocks: Integers
    block_ends: Integers
    block_places: Integers
    etas: Floats


@dataclass(frozen=True, kw_only=True)
class VariancePriors:
    """Priors with the places in the full theta (log sigma included) they are about.

    Parameters
    ----------
    codes, arguments
        From :data:`bayes_alliance.kernels.prior_density.CODES`, shape (k,), and (k, 3) in PyMC's
        order: sigma unless it is known, the sds of each factor, the sampled coefficients.
    places, positive
        Where each stands in theta, and whether there by its logarithm (1) or as it is (0).
    blocks, block_ends
        Sizes of all blocks of correlated effects, and where each factor's blocks end.
    block_places, etas
        Where the partial correlations of each block begin, and its LKJ shape.
    known_sigma
        Whether sigma is 1 and no unknown.
    """

    codes: Integers
    arguments: Floats
    places: Integers
    positive: Integers
    blocks: Integers
    block_ends: Integers
    block_places: Integers
    etas: Floats
    known_sigma: bool

    @property
    def size(self) -> int:
        """Length of theta as the sampler sees it."""
        return len(self.codes) + sum(int(k * (k - 1) // 2) for k in self.blocks)

    def arrays(self) -> PriorArrays:
        """Flatten for compiled code."""
        return PriorArrays(
            codes=self.codes,
            arguments=self.arguments,
            places=self.places,
            positive=self.positive,
            blocks=self.blocks,
            block_ends=self.block_ends,
            block_places=self.block_places,
            etas=self.etas,
        )


def arrange_priors(
    sigma: tuple[int, Sequence[float]] | None,
    factors: Sequence[tuple[Sequence[tuple[int, Sequence[float]]], Sequence[int], float]],
    sampled: Sequence[tuple[int, Sequence[float]]],
) -> VariancePriors:
    """Put priors in the order of theta.

    Parameters
    ----------
    sigma
        Code and arguments; None where sigma is known.
    factors
        For each grouping factor the priors of its sds, its block sizes and its LKJ shape.
    sampled
        Priors of the coefficients that stay unknown.
    """
    priors = [] if sigma is None else [(*sigma, 0, 1)]
    sizes: list[int] = []
    ends: list[int] = []
    starts: list[int] = []
    etas: list[float] = []
    place = 1
    for sds, blocks, eta in factors:
        priors += [(*prior, place + k, 1) for k, prior in enumerate(sds)]
        place += len(sds)
        for size in blocks:
            starts.append(place)
            place += size * (size - 1) // 2
        sizes += blocks
        ends.append(len(sizes))
        etas += [eta] * len(blocks)
    priors += [(*prior, place + k, 0) for k, prior in enumerate(sampled)]
    three = [[*arguments, *[0.0] * (3 - len(arguments))] for _, arguments, _, _ in priors]
    return VariancePriors(
        codes=np.asarray([code for code, _, _, _ in priors], dtype=np.int64),
        arguments=np.asarray(three, dtype=np.float64).reshape(len(priors), 3),
        places=np.asarray([place for _, _, place, _ in priors], dtype=np.int64),
        positive=np.asarray([positive for _, _, _, positive in priors], dtype=np.int64),
        blocks=np.asarray(sizes, dtype=np.int64),
        block_ends=np.asarray(ends, dtype=np.int64),
        block_places=np.asarray(starts, dtype=np.int64),
        etas=np.asarray(etas, dtype=np.float64),
        known_sigma=sigma is None,
    )


@compiled
def add_priors(priors: PriorArrays, theta: Floats, gradient: Floats) -> float:
    """Return the log density of all priors at the full theta, and add its slope."""
    total = 0.0
    for k in range(priors.codes.shape[0]):
        at = priors.places[k]
        value = np.exp(theta[at]) if priors.positive[k] else theta[at]
        log_density, slope = prior_density(priors.codes[k], priors.arguments[k], value)
        total += log_density
        gradient[at] += slope * value if priors.positive[k] else slope
    for block in range(priors.blocks.shape[0]):
        if priors.blocks[block] > 1:
            start = priors.block_places[block]
            total += lkj(theta, start, priors.blocks[block], priors.etas[block], gradient)
    return total
