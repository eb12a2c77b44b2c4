"""The probability of an outcome as small as the observed one, given the linear predictor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance import names
from bayes_alliance.model.densities import log_cdf
from bayes_alliance.model.spec import Model

Array = NDArray[np.float64]


def probability_up_to(
    model: Model, y: Array, eta: Array, parameters: Mapping[str, Array], weight: Any
) -> tuple[Array, Array]:
    """Return P(outcome < y) and P(outcome <= y), which are the same for numeric outcomes.

    Parameters
    ----------
    model
        Gives family and link.
    y, weight
        Outcomes and precision weights, shape (row,) or a number.
    eta, parameters
        Of the same rows, as :func:`chunks` gives them: (draw, row) and (draw, 1).
    """
    if model.family.outcome == "numeric":
        scale = parameters.get(names.SIGMA, 1.0) / np.sqrt(weight)
        z = (y - eta) / scale
        found = special.stdtr(parameters[names.NU], z) if names.NU in parameters else None
        below = np.asarray(special.ndtr(z) if found is None else found)
        return below, below
    if model.family.outcome == "binary":
        one = np.exp(log_cdf(eta, model.link))
        return np.where(y == 1, 1 - one, 0.0), np.where(y == 1, 1.0, 1 - one)
    cutpoint = parameters[names.CUTPOINT]
    steps = np.exp(log_cdf(cutpoint - eta[..., None], model.link))
    ends = np.zeros((*steps.shape[:-1], 1))
    edges = np.concatenate([ends, steps, ends + 1], axis=-1)
    at = np.broadcast_to(np.asarray(y, dtype=int), eta.shape)[..., None]
    low = np.take_along_axis(edges, at, axis=-1)[..., 0]
    return low, np.take_along_axis(edges, at + 1, axis=-1)[..., 0]
