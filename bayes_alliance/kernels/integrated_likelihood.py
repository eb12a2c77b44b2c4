"""Log likelihood of whole groups of rows, their effects integrated out: normal outcomes.

Effects may lie in layers: those of the group itself, and those of smaller groups nested in it.
The finest layer is eliminated first, every unit for itself; what it leaves is added up over the
units of the next one. Plain numpy, all draws of a chunk at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers

_LOG_TWO_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, kw_only=True)
class EffectLayer:
    """The effects of one grouping factor that are integrated out.

    Parameters
    ----------
    columns
        Columns of the effects, shape (N, q); zero in rows whose effects are given.
    unit
        Unit of each row, shape (N,), numbered from 0 and never decreasing: a unit has one
        draw of the effects, and lies within one unit of the layer above.
    """

    columns: Floats
    unit: Integers


def integrated_normal(
    rest: Floats,
    s2: Floats,
    layers: Sequence[EffectLayer],
    roots: Sequence[Floats],
    group: Integers,
    weight: Floats,
    repeats: Floats,
) -> Floats:
    """Return the log density of every group's rows, shape (S, J).

    Parameters
    ----------
    rest
        Outcome less everything that is given, shape (S, N), rows in the order of ``group``.
    s2
        Residual variance, shape (S,).
    layers
        From the group's own effects to the finest.
    roots
        For each layer a root of the effects' covariance, shape (S, q, q).
    group
        Group of each row, shape (N,), numbered from 0 and never decreasing.
    weight, repeats
        Precision weight of each row and how often it counts, shape (N,).
    """
    starts = [first_rows(group), *(first_rows(layer.unit) for layer in layers)]
    columns = np.column_stack([np.zeros((len(group), 0)), *(y.columns for y in reversed(layers))])
    length = weight * repeats
    finest = starts[-1]
    scaled = rest * (length / s2[:, None])
    square = _summed(scaled * rest, finest)
    cross = np.zeros((*square.shape, columns.shape[1]))
    for k, column in enumerate(columns.T):
        cross[..., k] = _summed(scaled * column, finest)
    outer = (columns[:, :, None] * columns[:, None, :]) * length[:, None, None]
    whole = np.add.reduceat(outer, finest)[None] / s2[:, None, None, None]
    for k in range(len(layers) - 1, -1, -1):
        square, cross, whole = _eliminate(square, cross, whole, roots[k])
        above = np.searchsorted(finest, starts[k])
        square = _summed(square, above)
        cross, whole = (np.add.reduceat(part, above, axis=1) for part in (cross, whole))
        finest = starts[k]
    count = np.add.reduceat(repeats, starts[0])
    constant = np.add.reduceat(repeats * np.log(weight), starts[0]) - count * _LOG_TWO_PI
    total: Floats = 0.5 * (constant - count * np.log(s2)[:, None] - square)
    return total


def first_rows(unit: Integers) -> Integers:
    """Return where each unit begins."""
    return np.flatnonzero(np.diff(unit, prepend=-1)).astype(np.int64)


def _summed(values: Floats, starts: Integers) -> Floats:
    """Sum along the last axis from each start to the next."""
    total: Floats = np.add.reduceat(values, starts, axis=-1)
    return total


def _eliminate(
    square: Floats, cross: Floats, whole: Floats, root: Floats
) -> tuple[Floats, Floats, Floats]:
    """Integrate one layer out; its columns are the first of ``cross`` and ``whole``.

    ``square`` takes the log determinant along, so that half of it is all that is left.
    """
    q = root.shape[1]
    turned = root[:, None].swapaxes(-1, -2)
    joined = np.concatenate([whole[..., :q, :], cross[..., :q, None]], axis=-1)
    along = turned @ joined
    inner = along[..., :q] @ root[:, None] + np.eye(q)
    factor = np.linalg.cholesky(inner)
    white = np.linalg.solve(factor, along[..., q:])
    log_determinant = 2.0 * np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)
    outcome = white[..., -1]
    columns = white[..., :-1]
    square = square + log_determinant - (outcome**2).sum(axis=-1)
    cross = cross[..., q:] - (columns * outcome[..., None]).sum(axis=-2)
    return square, cross, whole[..., q:, q:] - columns.swapaxes(-1, -2) @ columns
