"""From theta to standard deviations, correlations and a root of G, for all draws at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.collapsed_posterior import VariancePriors
from bayes_alliance.kernels.unconstrained import constrain

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scales:
    """Variance parameters of every draw, chains one behind the other.

    Parameters
    ----------
    sigma
        Shape (draw,).
    sd
        Shape (draw, effect).
    correlation
        Shape (draw, effect, effect).
    factor
        A root of G, shape (draw, effect, effect).
    sampled
        Coefficients that were not integrated out, shape (draw, s).
    """

    sigma: Array
    sd: Array
    correlation: Array
    factor: Array
    sampled: Array


def scales_of(theta: Array, priors: VariancePriors) -> Scales:
    """Transform draws of theta, shape (chain, draw, k)."""
    flat = theta.reshape(-1, theta.shape[-1])
    if priors.known_sigma:
        flat = np.column_stack([np.zeros(len(flat)), flat])
    q = int(priors.blocks.sum())
    sd = np.empty((len(flat), q))
    root = np.empty((len(flat), q, q))
    for k in range(len(flat)):
        constrain(flat[k], 1, priors.blocks, sd[k], root[k])
    pairs = sum(int(n * (n - 1) // 2) for n in priors.blocks)
    return Scales(
        sigma=np.exp(flat[:, 0]),
        sd=sd,
        correlation=root @ root.transpose(0, 2, 1),
        factor=sd[:, :, None] * root,
        sampled=np.ascontiguousarray(flat[:, 1 + q + pairs :]),
    )
