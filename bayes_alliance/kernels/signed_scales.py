"""Standard deviations with a sign, for a sampler that would walk far down their logarithm.

Where a group sd may be near zero, its logarithm has a long left tail, and its posterior a funnel.
With a sign it has neither: if its prior, mirrored at zero, is smooth, so is the density on the
whole line, and each sign tells the same story. A place is a parameter vector as the sampler sees
it: ``asinh(t / unit)`` for such an sd t, which is t itself near zero and its logarithm far out,
where few groups leave a long right tail; and the atanh of a partial correlation times both its
sds' signs.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled, compiled_inside
from bayes_alliance.kernels.variance_priors import CODES, PriorArrays, VariancePriors

# Closer to zero an sd over its unit is not told from this: far below what any data can show.
_SMALLEST = 1e-8
_LOG_TWO = float(np.log(2.0))
_SMOOTH_WHEN_MIRRORED = tuple(
    CODES[name] for name in ("HalfNormal", "HalfStudentT", "HalfCauchy", "HalfFlat")
)


def signed_units(priors: VariancePriors, resolution: Floats) -> Floats:
    """Return the unit of each sd that gets a sign, and 0 for everything else.

    Parameters
    ----------
    priors
        Those of the full theta.
    resolution
        For each sd, at its place in the full theta, what data can just tell from zero, shape
        (k,); other entries are not read.

    Returns
    -------
    ndarray
        Shape (k,), for the full theta.
    """
    units = np.zeros(len(resolution))
    smooth = np.isin(priors.codes, _SMOOTH_WHEN_MIRRORED)
    group_sds = priors.places[smooth & (priors.positive == 1) & (priors.places > 0)]
    units[group_sds] = resolution[group_sds]
    return units


@compiled
def theta_at(
    place: Floats, units: Floats, known_sigma: int, priors: PriorArrays, theta: Floats
) -> float:
    """Write the theta that a place stands for; return its log Jacobian.

    Parameters
    ----------
    place, theta
        Read and written, shape (k,), without ``log sigma`` if that is known.
    units
        From :func:`signed_units`.
    known_sigma
        1 if theta has no ``log sigma``.
    priors
        From ``VariancePriors.arrays()``.
    """
    log_jacobian = 0.0
    for k in range(place.shape[0]):
        theta[k] = place[k]
        if units[k + known_sigma] > 0.0:
            size = max(abs(place[k]), _SMALLEST)
            log_sinh = size + np.log(-np.expm1(-2.0 * size)) - _LOG_TWO
            theta[k] = np.log(units[k + known_sigma]) + log_sinh
            log_jacobian -= np.log(np.tanh(size))
    _flip_correlations(place, units, known_sigma, priors, theta)
    return log_jacobian


@compiled
def slope_at(
    place: Floats, units: Floats, known_sigma: int, priors: PriorArrays, gradient: Floats
) -> None:
    """Turn a slope in theta into the slope in the place, the log Jacobian's included.

    The arguments are those of :func:`theta_at`; ``gradient`` is read and written.
    """
    for k in range(place.shape[0]):
        if units[k + known_sigma] > 0.0:
            size = max(abs(place[k]), _SMALLEST)
            slope = np.tanh(size)
            # What log sinh and -log tanh gain; both change their sign with the place.
            gain = gradient[k] / slope - (1.0 - slope * slope) / slope
            gradient[k] = gain if place[k] > 0.0 else -gain
    _flip_correlations(place, units, known_sigma, priors, gradient)


@compiled
def thetas_at(places: Floats, units: Floats, known_sigma: int, priors: PriorArrays) -> Floats:
    """Return the theta of each place, shape (n, k)."""
    thetas = np.empty_like(places)
    for n in range(places.shape[0]):
        theta_at(places[n], units, known_sigma, priors, thetas[n])
    return thetas


@compiled_inside
def _flip_correlations(
    place: Floats, units: Floats, known_sigma: int, priors: PriorArrays, values: Floats
) -> None:
    """Multiply the entry of each partial correlation by the signs of its two sds."""
    block, first = 0, 1
    for factor in range(priors.block_ends.shape[0]):
        pairs = 0
        while block < priors.block_ends[factor]:
            size = priors.blocks[block]
            position = priors.block_places[block] - known_sigma
            for i in range(size):
                for k in range(i):
                    values[position] *= _sign(place, units, known_sigma, first + i)
                    values[position] *= _sign(place, units, known_sigma, first + k)
                    position += 1
                    pairs += 1
            first += size
            block += 1
        first += pairs


@compiled_inside
def _sign(place: Floats, units: Floats, known_sigma: int, full: int) -> float:
    """Return the sign of an entry of the full theta: 1 if it has none."""
    return -1.0 if units[full] > 0.0 and place[full - known_sigma] <= 0.0 else 1.0
