"""The posterior draws a prediction needs, laid out for work by rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import FEWER_DRAWS, SamplingError
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.posterior.prediction.matrices import PredictionRows
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
_WORK = 1e8  # numbers, draws times rows, that are worth making without being asked to
_FEWEST_DRAWS = 400


@dataclass(frozen=True, kw_only=True)
class PredictionDraws:
    """Draws with the chains one behind the other, the draws last.

    Parameters
    ----------
    chains, draws
        How many there are, and how many in each.
    coefficients
        Shape (coefficient, draw).
    seen
        Effects of the groups that occur, shape (effect, group that occurs, draw).
    covariance
        Covariance of the effects of the factors whose groups are new, (draw, effect, effect).
    parameters
        The family's own, shape (draw,) or (draw, threshold).
    """

    chains: int
    draws: int
    coefficients: Array
    seen: Mapping[str, Array]
    covariance: Mapping[str, Array]
    parameters: Mapping[str, Array]

    @property
    def total(self) -> int:
        """Draws over all chains."""
        return self.chains * self.draws


def enough_draws(fit: Fit, rows: int, asked: int | None) -> int | None:
    """Return how many draws to use: as many as asked for, else all unless that is wasteful."""
    if asked is not None or rows * fit.draws_in_all <= _WORK:
        return asked
    return max(_FEWEST_DRAWS, int(_WORK / rows))


def prediction_draws(
    fit: Fit, rows: PredictionRows, count: int | None, memory: float
) -> PredictionDraws:
    """Take the draws the rows need, some of them if ``count`` says so.

    Raises
    ------
    SamplingError
        If the effects of the groups that occur would take more than ``memory`` gigabytes.
    """
    kept = thinned(fit.posterior, count)
    model = fit.model
    chains, draws = kept.sizes[names.CHAIN], kept.sizes[names.DRAW]
    _check_effects(rows, chains * draws, memory)
    coefficients = np.zeros((0, chains * draws))
    if model.design.coefficients:
        coefficients = np.ascontiguousarray(_flat(kept[names.B]).T)
    return PredictionDraws(
        chains=chains,
        draws=draws,
        coefficients=coefficients,
        seen={
            group: np.ascontiguousarray(
                _flat(kept[names.u(group)].isel({group: places})).transpose(2, 1, 0)
            )
            for group, (places, _) in rows.seen.items()
        },
        covariance={group: _covariance(fit, kept, group) for group in rows.drawn},
        parameters={name: _flat(kept[name]) for name in model.family.parameters},
    )


def _flat(values: xr.DataArray) -> Any:
    array = values.to_numpy()
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])


def _covariance(fit: Fit, kept: xr.Dataset, group: str) -> Array:
    pairs = fit.model.design.group(group).pairs
    cor = _flat(kept[names.cor(group)]) if pairs else None
    return effect_covariance(_flat(kept[names.sd(group)]), cor, pairs)


def _check_effects(rows: PredictionRows, draws: int, memory: float) -> None:
    numbers = sum(len(places) * len(Ws) for places, Ws in rows.seen.values())
    size = 8.0 * numbers * draws / 1e9
    if size > memory:
        raise SamplingError(
            f"Predicting for these groups takes {numbers} effects in each of {draws} draws.",
            f"That is {size:.1f} GB; the limit is {memory:g} GB.",
            FEWER_DRAWS,
            gigabytes=size,
        )
