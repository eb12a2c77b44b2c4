"""Outcomes of the same rows as the posterior or the prior makes them, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import chunks, precision_weights
from bayes_alliance.sampling.prior_draws import with_prior
from bayes_alliance.sampling.thinning import thinned
from bayes_alliance.sampling.written_out import WrittenOut

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Kind = Literal["posterior", "prior"]
# As with_predictive and with_prior_predictive have them, so that the outcomes are the same.
_STREAMS = {"posterior": Stream.REPLICATED_OUTCOMES, "prior": Stream.PRIOR_OUTCOMES}
_KEPT = {"posterior": names.POSTERIOR_PREDICTIVE, "prior": names.PRIOR_PREDICTIVE}
_NUMBERS = 8e6
_DRAWS_OF_EXPECTED = 200


def replications(
    fit: Fit, written: WrittenOut, *, kind: Kind, draws: int | None, seed: int | None
) -> tuple[int, Iterator[Array]]:
    """Return how many data sets there will be, and make them some at a time, (draw, row).

    Those the fit holds already are taken, unless rows stand for several clients each, who have
    one outcome there; else they are drawn and none is kept.

    Raises
    ------
    SamplingError
        For another kind than posterior or prior.
    """
    if kind not in _KEPT:
        raise SamplingError(
            f'A predictive check of kind="{kind}" was asked for.',
            "Outcomes are replicated from the posterior or from the prior.",
            'Write kind="posterior" or kind="prior".',
        )
    if _KEPT[kind] in fit.idata.children and written.model is fit.model:
        held = fit.idata[_KEPT[kind]].to_dataset()[fit.model.outcome].to_numpy()
        flat = held.reshape(-1, held.shape[-1])
        return len(flat), _slices(flat)
    own = fit.settings.seed if seed is None else seed
    parameters = _parameters(fit, kind, draws, own)
    count = parameters.sizes[names.CHAIN] * parameters.sizes[names.DRAW]
    return count, _simulated(written.model, parameters, generator(own, _STREAMS[kind]))


def _parameters(fit: Fit, kind: Kind, draws: int | None, seed: int) -> xr.Dataset:
    if kind == "posterior":
        return thinned(fit.posterior, draws)
    wanted = fit.draws_in_all if draws is None else draws
    return with_prior(fit, draws=wanted, seed=seed).idata[names.PRIOR].to_dataset()


def expected_outcomes(model: Model, posterior: xr.Dataset) -> Array:
    """Return what the model expects of each row, on the scale of its linear predictor."""
    total, count = np.zeros(len(model.frame.y)), 0
    for chunk in chunks(model, thinned(posterior, _DRAWS_OF_EXPECTED)):
        total += chunk.eta.sum(axis=0)
        count += len(chunk.eta)
    return total / count


def _slices(outcomes: Array) -> Iterator[Array]:
    step = max(1, int(_NUMBERS / max(1, outcomes.shape[1])))
    for start in range(0, len(outcomes), step):
        yield outcomes[start : start + step]


def _simulated(model: Model, parameters: xr.Dataset, rng: np.random.Generator) -> Iterator[Array]:
    for chunk in chunks(model, parameters):
        yield model.family.simulate(rng, chunk.eta, chunk.parameters, precision_weights(model))
