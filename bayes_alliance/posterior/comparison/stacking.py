"""Stacking: the weights under which several models together predict best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_STEPS = 20_000
_CLOSE = 1e-10


def stacking_weights(log_density: Array, copies: NDArray[np.int64] | None = None) -> Array:
    """Return the weights of a mixture that maximise the sum of log densities (yao2018).

    The objective is concave; each step of the EM algorithm raises it, and no density underflows
    because each unit's best model counts one.

    Parameters
    ----------
    log_density
        Of every unit left out under every model, shape (unit, model).
    copies
        How often each unit counts, shape (unit,); once if left out.
    """
    each = np.ones(len(log_density)) if copies is None else copies
    often = each / each.sum()
    relative = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    weights = np.full(relative.shape[1], 1.0 / relative.shape[1])
    for _ in range(_STEPS):
        ratio = often @ (relative / (relative @ weights)[:, None])
        weights = weights * ratio
        # At the optimum no model's ratio exceeds one: the gap bounds what is left to gain.
        if ratio.max() - 1.0 < _CLOSE:
            break
    return np.asarray(weights / weights.sum())
