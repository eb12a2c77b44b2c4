"""Log likelihood by row for all draws, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.left_out import on_rows
from bayes_alliance.sampling.linear_predictor import (
    MEMORY_GIGABYTES,
    chunks,
    copy_weights,
    precision_weights,
)

if TYPE_CHECKING:
    import xarray as xr

# Of the memory that is allowed, what one block may take: work on it needs several times as much.
_PART = 0.1
_BLOCK_BYTES = 32e6  # larger ones are slower: they leave the processor's cache


def log_likelihood_blocks(
    fit: Fit, posterior: xr.Dataset, *, memory: float = MEMORY_GIGABYTES
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield places of rows and their log likelihood given the group effects, (draw, row).

    A row that stands for several clients has the log likelihood of one of them. ``posterior``
    holds the draws of the fit, or some of them.
    """
    fit.need_data("The log likelihood")
    total = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
    populations = [own.variable for own in fit.model.design.predictors]
    wanted = [*populations, *fit.model.family.parameters, *map(names.u, fit.model.groups)]
    draws = posterior[[name for name in wanted if name in posterior]]
    step = max(1, int(min(_PART * memory * 1e9, _BLOCK_BYTES) / (8 * total)))
    for start in range(0, len(fit.model.frame.y), step):
        places = slice(start, min(start + step, len(fit.model.frame.y)))
        model = on_rows(fit.model, places)
        values = np.empty((total, places.stop - start))
        for chunk in chunks(model, draws):
            values[chunk.places] = copy_weights(model) * model.family.log_density(
                model.frame.y, chunk.eta, chunk.parameters, precision_weights(model)
            )
        yield places, values
