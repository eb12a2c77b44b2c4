"""The collapsed log posterior, without slopes, at many places in one compiled loop.

A place is a parameter vector with signed standard deviations
(:mod:`bayes_alliance.kernels.signed_scales`). Here all of them are positive: elsewhere there is no
density, so that the integral over all places is the evidence itself.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled, compiled_inside
from bayes_alliance.kernels.crossed.problem import CrossedArrays
from bayes_alliance.kernels.crossed.value import crossed_posterior_value
from bayes_alliance.kernels.one_factor.problem import Arrays
from bayes_alliance.kernels.one_factor.value import posterior_value
from bayes_alliance.kernels.signed_scales import theta_at
from bayes_alliance.kernels.unconstrained import constrain, count_parameters
from bayes_alliance.kernels.variance_priors import PriorArrays, add_priors


@compiled
def values_at_places(
    arrays: Arrays, priors: PriorArrays, known_sigma: int, units: Floats, places: Floats
) -> Floats:
    """Return the log density of one grouping factor at each place, shape (place,).

    Parameters
    ----------
    arrays, priors, known_sigma
        As :func:`bayes_alliance.kernels.one_factor.posterior.log_posterior` takes them.
    units
        From :func:`bayes_alliance.kernels.signed_scales.signed_units`.
    places
        Shape (place, k).
    """
    values = np.empty(places.shape[0])
    theta = np.empty(places.shape[1])
    for n in range(places.shape[0]):
        values[n] = -np.inf
        if _is_positive(places[n], units, known_sigma):
            log_jacobian = theta_at(places[n], units, known_sigma, priors, theta)
            value = log_jacobian + posterior_value(arrays, priors, known_sigma, theta)
            values[n] = value if np.isfinite(value) else -np.inf
    return values


@compiled
def crossed_values_at_places(
    crossed: CrossedArrays, priors: PriorArrays, known_sigma: int, units: Floats, places: Floats
) -> Floats:
    """Return the log density of several grouping factors at each place, shape (place,)."""
    values = np.empty(places.shape[0])
    theta = np.empty(places.shape[1])
    for n in range(places.shape[0]):
        values[n] = -np.inf
        if _is_positive(places[n], units, known_sigma):
            log_jacobian = theta_at(places[n], units, known_sigma, priors, theta)
            value = log_jacobian + crossed_posterior_value(crossed, priors, known_sigma, theta)
            values[n] = value if np.isfinite(value) else -np.inf
    return values


@compiled_inside
def _is_positive(place: Floats, units: Floats, known_sigma: int) -> bool:
    """Tell whether all standard deviations with a sign are positive."""
    for k in range(place.shape[0]):
        if units[k + known_sigma] > 0.0 and not place[k] > 0.0:
            return False
    return True


@compiled
def priors_at_places(
    priors: PriorArrays, known_sigma: int, units: Floats, places: Floats
) -> Floats:
    """Return the log prior density at each place, shape (place,), normalised if proper."""
    values = np.empty(places.shape[0])
    theta = np.empty(places.shape[1])
    full = np.zeros(places.shape[1] + known_sigma)
    slope = np.empty_like(full)
    for n in range(places.shape[0]):
        values[n] = -np.inf
        if _is_positive(places[n], units, known_sigma):
            total = theta_at(places[n], units, known_sigma, priors, theta)
            full[known_sigma:] = theta
            slope[:] = 0.0
            total += full[0] + add_priors(priors, full, slope) + _log_jacobian(priors, full)
            values[n] = total if np.isfinite(total) else -np.inf
    return values


@compiled_inside
def _log_jacobian(priors: PriorArrays, full: Floats) -> float:
    """Return the log Jacobian of standard deviations and correlations of all factors."""
    total, position = 0.0, 1
    for f in range(priors.block_ends.shape[0]):
        mine = priors.blocks[priors.block_ends[f - 1] if f > 0 else 0 : priors.block_ends[f]]
        q = mine.sum()
        total += constrain(full, position, mine, np.empty(q), np.empty((q, q)))
        position += count_parameters(mine)
    return total
