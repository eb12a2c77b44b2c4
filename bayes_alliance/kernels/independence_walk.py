"""A Metropolis-Hastings sequence whose proposals do not depend on where it stands."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled


@compiled
def walk(log_weights: Floats, log_uniform: Floats, first: float) -> Integers:
    """Return where an independence Metropolis-Hastings sequence stands after each proposal.

    Parameters
    ----------
    log_weights
        Log target less log proposal density of each proposal, shape (n,).
    log_uniform
        Logs of uniform numbers, shape (n,).
    first
        The log weight of the state before.

    Returns
    -------
    ndarray
        Number of the proposal it stands at, -1 for the state before, shape (n,).
    """
    places = np.empty(log_weights.shape[0], dtype=np.int64)
    here, place = first, -1
    for k in range(log_weights.shape[0]):
        if log_uniform[k] < log_weights[k] - here:
            here, place = log_weights[k], k
        places[k] = place
    return places
