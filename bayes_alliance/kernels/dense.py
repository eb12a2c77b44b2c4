"""The oracle: the same model with every covariance matrix written out, in plain numpy.

No algebra is shared with the fast kernels. It needs memory for N x N numbers and time for N^3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One grouping factor: its columns, the group of each row, the effects' covariance."""

    columns: Floats
    group: Integers
    covariance: Floats


def group_covariance(factors: Sequence[Factor], s2: float, weights: Floats) -> Floats:
    """Covariance of the outcome given the coefficients, shape (N, N)."""
    total = np.diag(s2 / weights)
    for factor in factors:
        same = factor.group[:, None] == factor.group[None, :]
        total = total + np.where(same, factor.columns @ factor.covariance @ factor.columns.T, 0.0)
    return total


def log_density(
    y: Floats,
    X: Floats,
    factors: Sequence[Factor],
    s2: float,
    prior_mean: Floats,
    prior_covariance: Floats,
    *,
    weights: Floats | None = None,
) -> float:
    """Log density of the outcome with coefficients and group effects integrated out.

    A coefficient with prior variance zero is given: its value is its prior mean.
    """
    weight = np.ones(len(y)) if weights is None else weights
    total = group_covariance(factors, s2, weight) + X @ prior_covariance @ X.T
    deviation = y - X @ prior_mean
    factor = np.linalg.cholesky(total)
    white = np.linalg.solve(factor, deviation)
    log_determinant = 2.0 * np.log(np.diagonal(factor)).sum()
    return float(-0.5 * (len(y) * np.log(2.0 * np.pi) + log_determinant + white @ white))


def conditional(
    y: Floats,
    X: Floats,
    factors: Sequence[Factor],
    s2: float,
    prior_mean: Floats,
    prior_covariance: Floats,
    *,
    weights: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Mean and covariance of all coefficients and effects given outcome and variances.

    The order is: coefficients, then for each factor its groups, each with its effects.
    """
    weight = np.ones(len(y)) if weights is None else weights
    design = [X]
    blocks = [prior_covariance]
    for factor in factors:
        n_groups = int(factor.group.max()) + 1
        for j in range(n_groups):
            design.append(np.where((factor.group == j)[:, None], factor.columns, 0.0))
            blocks.append(factor.covariance)
    whole = np.hstack(design)
    prior = _block_diagonal(blocks)
    center = np.concatenate([prior_mean, np.zeros(len(prior) - len(prior_mean))])
    total = whole @ prior @ whole.T + np.diag(s2 / weight)
    gain = np.linalg.solve(total, whole @ prior).T
    mean = center + gain @ (y - whole @ center)
    return mean, prior - gain @ whole @ prior


def _block_diagonal(blocks: Sequence[Floats]) -> Floats:
    """Put square blocks along a diagonal."""
    size = sum(len(block) for block in blocks)
    whole = np.zeros((size, size))
    start = 0
    for block in blocks:
        stop = start + len(block)
        whole[start:stop, start:stop] = block
        start = stop
    return whole
