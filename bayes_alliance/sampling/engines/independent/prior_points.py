"""Points of the prior: the batch before the first, for what lies far from every optimum found.

A prior that puts much of its mass in a place no climb leads to has its own draws there. They are
one proposal among the others, so that mass which the optima miss shows in their weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.places_many import priors_at_places
from bayes_alliance.kernels.variance_priors import CODES, VariancePriors
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.collapsed.start import Measure, draw_theta, place_of
from bayes_alliance.sampling.engines.independent.adaptation import Seen, Values, nothing_seen

Array = NDArray[np.float64]
_POINTS = 200
_IMPROPER = tuple(CODES[name] for name in ("Flat", "HalfFlat"))


@dataclass(frozen=True, kw_only=True)
class PriorProposal:
    """The prior as what points were drawn from."""

    priors: VariancePriors
    units: Array

    def log_density(self, points: Array) -> Array:
        """Return the log prior density at each place, shape (n,)."""
        known = int(self.priors.known_sigma)
        return priors_at_places(
            self.priors.arrays(), known, self.units, np.ascontiguousarray(points)
        )


def points_of_the_prior(
    density: Values, priors: VariancePriors, units: Array, size: Measure, seed: int
) -> Seen:
    """Return draws of the prior with their density; nothing if a prior is improper.

    Parameters
    ----------
    density
        Returns the log density at places, shape (n, k) to (n,).
    priors, units, size
        What the places are drawn from, and the scale of the data.
    seed
        The fit's.
    """
    if np.isin(priors.codes, _IMPROPER).any():
        return nothing_seen(priors.size)
    places = np.stack(list(_drawn(priors, units, size, seed)))
    proposal = PriorProposal(priors=priors, units=units)
    possible = np.isfinite(proposal.log_density(places)) & np.isfinite(places).all(axis=1)
    if not possible.any():
        return nothing_seen(priors.size)
    kept = places[possible]
    return nothing_seen(priors.size).joined(proposal, kept, density(kept))


def _drawn(priors: VariancePriors, units: Array, size: Measure, seed: int) -> Iterator[Array]:
    rng = generator(seed, Stream.PROPOSALS, 0, 0)
    for _ in range(_POINTS):
        yield place_of(draw_theta(priors, size.typical, rng), priors, units)
