"""Sufficient statistics as plain sums of products, the form a database can add up.

The sums are of columns centred at the anchor. They lose digits that
:func:`bayes_alliance.kernels.moments.moments` keeps: about half of them where a predictor hardly
varies within a group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.anchor import Anchor
from bayes_alliance.kernels.compiled import Floats
from bayes_alliance.kernels.moments import Moments

_ROUNDING = 64.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Sums over rows of centred columns, each row weighted.

    Parameters
    ----------
    effects
        ``Z_j'Z_j``, shape (J, q, q).
    cross
        ``Z_j'[X_j, y_j]``, shape (J, q, p + 1).
    total
        ``[X, y]'[X, y]`` over all rows, (p + 1) square.
    n
        Rows of each group, shape (J,).
    log_weight
        Sum of the logarithms of the precision weights.
    """

    effects: Floats
    cross: Floats
    total: Floats
    n: Floats
    log_weight: float = 0.0


def sums_of(moments: Moments) -> Sums:
    """Write statistics as sums of products."""
    turned = moments.root.transpose(0, 2, 1)
    along = np.einsum("jak,jal->kl", moments.rotated, moments.rotated)
    return Sums(
        effects=turned @ moments.root,
        cross=turned @ moments.rotated,
        total=moments.residual + along,
        n=moments.n,
        log_weight=moments.log_weight,
    )


def moments_of(sums: Sums, anchor: Anchor) -> Moments:
    """Reduce sums of products to the statistics every kernel reads."""
    root = np.zeros_like(sums.effects)
    rotated = np.zeros_like(sums.cross)
    q = root.shape[1]
    for a in range(q):
        above = root[:, :a, a]
        whole = sums.effects[:, a, a]
        pivot = whole - (above**2).sum(axis=1)
        # A pivot within rounding of zero is a column that the earlier ones already span.
        free = pivot > _ROUNDING * whole
        root[:, a, a] = np.sqrt(np.where(free, pivot, 0.0))
        scale = np.divide(1.0, root[:, a, a], out=np.zeros_like(pivot), where=free)
        right = sums.effects[:, a, a + 1 :] - np.einsum("jk,jkb->jb", above, root[:, :a, a + 1 :])
        root[:, a, a + 1 :] = right * scale[:, None]
        along = sums.cross[:, a] - np.einsum("jk,jkb->jb", above, rotated[:, :a])
        rotated[:, a] = along * scale[:, None]
    residual = sums.total - np.einsum("jak,jal->kl", rotated, rotated)
    return Moments(
        anchor=anchor,
        root=root,
        rotated=rotated,
        residual=residual,
        residual_by_group=None,
        n=sums.n,
        log_weight=sums.log_weight,
    )
