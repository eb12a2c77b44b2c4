"""Where each row's outcome lies in its prediction from all other rows, without fitting again."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import (
    copy_weights,
    draw_blocks,
    linear_predictor,
    precision_weights,
)

Array = NDArray[np.float64]
_CHUNK_NUMBERS = 4e6


@dataclass(frozen=True, kw_only=True)
class LeftOutRows:
    """Rows, each judged by what the others predict for it.

    Parameters
    ----------
    rows
        Their places among the model's rows.
    position
        Probability, by the other rows, of an outcome as small as the row's own; for outcomes in
        steps a random place within the step. Uniform for a model that predicts as it should.
    pareto_k
        Tail of each row's importance weights; above 0.7 its position is not to be relied on.
    counts
        How much each counts, shape (row,): one, or less where frequency weights are no counts.
    """

    rows: NDArray[np.int64]
    position: Array
    pareto_k: Array
    counts: Array


def leave_rows_out(fit: Fit, rows: NDArray[np.int64], seed: int) -> LeftOutRows:
    """Weight the draws by one over each row's density, smoothed, and place its outcome.

    A row that is named several times stands for several clients, of which one leaves at a time.
    """
    import xarray as xr
    from arviz_stats.accessors import AzStatsDaAccessor

    smoothed: Any = AzStatsDaAccessor
    sizes = fit.idata[names.POSTERIOR].sizes
    shape = (sizes[names.CHAIN], sizes[names.DRAW])
    rng = generator(seed, Stream.LEFT_OUT_POSITIONS)
    position, pareto_k = np.empty(len(rows)), np.empty(len(rows))
    step = max(1, int(_CHUNK_NUMBERS / fit.draws_in_all))
    for start in range(0, len(rows), step):
        places = slice(start, start + step)
        density, low, high = _judged(fit, rows[places])
        logs = xr.DataArray(density.reshape(*shape, -1), dims=(names.CHAIN, names.DRAW, names.ROW))
        with warnings.catch_warnings():  # a bad tail is told by its k
            warnings.filterwarnings("ignore", message="Estimated shape parameter of Pareto")
            log_weights, k = smoothed(logs).psislw()  # of one over the density: it turns the sign
        weights = np.exp(log_weights.transpose(..., names.ROW).to_numpy().reshape(low.shape))
        weights /= weights.sum(axis=0)
        share = rng.random(low.shape[1])
        position[places] = (weights * (low + share * (high - low))).sum(axis=0)
        pareto_k[places] = k.to_numpy()
    counts = np.broadcast_to(copy_weights(fit.model), len(fit.model.frame.y))[rows]
    return LeftOutRows(rows=rows, position=position, pareto_k=pareto_k, counts=counts)


def _judged(fit: Fit, rows: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Return, by draw and row, the log density of the outcome and the probability up to it."""
    model, y = fit.model, fit.model.frame.y[rows]
    precision, one = (
        np.broadcast_to(weights(model), len(model.frame.y))[rows]
        for weights in (precision_weights, copy_weights)
    )
    density, low, high = (np.empty((fit.draws_in_all, len(rows))) for _ in range(3))
    step = max(1, int(_CHUNK_NUMBERS / len(rows)))
    for places, arrays in draw_blocks(fit.posterior, step):
        eta = linear_predictor(model, arrays, rows)
        own = {name: arrays[name][:, None] for name in model.family.parameters}
        density[places] = one * model.family.log_density(y, eta, own, precision)
        low[places], high[places] = model.family.up_to(y, eta, own, precision)
    return density, low, high
