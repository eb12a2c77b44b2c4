"""From theta to standard deviations, correlations and roots of G, for all draws at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.unconstrained import constrain
from bayes_alliance.kernels.variance_priors import VariancePriors

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scales:
    """Variance parameters of every draw, chains one behind the other.

    Parameters
    ----------
    sigma
        Shape (draw,).
    sd, correlation, factor
        For each grouping factor: shapes (draw, effect), and twice (draw, effect, effect); factor
        is a root of G.
    sampled
        Coefficients that were not integrated out, shape (draw, s).
    """

    sigma: Array
    sd: tuple[Array, ...]
    correlation: tuple[Array, ...]
    factor: tuple[Array, ...]
    sampled: Array


def scales_of(theta: Array, priors: VariancePriors) -> Scales:
    """Transform draws of theta, shape (chain, draw, k)."""
    flat = np.ascontiguousarray(theta.reshape(-1, theta.shape[-1]))
    if priors.known_sigma:
        flat = np.column_stack([np.zeros(len(flat)), flat])
    starts = [0, *priors.block_ends[:-1]]
    place = 1
    sds: list[Array] = []
    roots: list[Array] = []
    for first, last in zip(starts, priors.block_ends, strict=True):
        blocks = np.ascontiguousarray(priors.blocks[first:last])
        sd, root = _stretch(flat, place, blocks)
        sds.append(sd)
        roots.append(root)
        place += sum(int(n + n * (n - 1) // 2) for n in blocks)
    return Scales(
        sigma=np.exp(flat[:, 0]),
        sd=tuple(sds),
        correlation=tuple(root @ root.transpose(0, 2, 1) for root in roots),
        factor=tuple(sd[:, :, None] * root for sd, root in zip(sds, roots, strict=True)),
        sampled=np.ascontiguousarray(flat[:, place:]),
    )


def _stretch(flat: Array, place: int, blocks: NDArray[np.int64]) -> tuple[Array, Array]:
    q = int(blocks.sum())
    sd = np.empty((len(flat), q))
    root = np.empty((len(flat), q, q))
    for k in range(len(flat)):
        constrain(flat[k], place, blocks, sd[k], root[k])
    return sd, root
