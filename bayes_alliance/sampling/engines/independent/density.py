"""The collapsed density where it is proposed to: standard deviations positive, many at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.places_many import crossed_values_at_places, values_at_places
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.sampling.engines.collapsed.problem import CollapsedProblem, SeveralFactors

Array = NDArray[np.float64]
# Places a thread is given at a time: few enough for Ctrl-C to be heard soon.
_STRETCH = 250


class PositiveDensity:
    """The collapsed log posterior at places whose standard deviations are positive.

    Parameters
    ----------
    problem, priors, units
        What the density is made of: sums, priors, units of the sds that have a sign.
    cores
        Threads that share the places; a value does not depend on them.
    """

    def __init__(
        self, problem: CollapsedProblem, priors: VariancePriors, units: Array, cores: int
    ) -> None:
        known = int(priors.known_sigma)
        several = isinstance(problem, SeveralFactors)
        values: Callable[..., Array] = crossed_values_at_places if several else values_at_places
        whole: Any = problem.problem if isinstance(problem, SeveralFactors) else problem.inner
        self._values = partial(values, whole.arrays(), priors.arrays(), known, units)
        self._cores = cores
        self.signed = np.flatnonzero(units[known:] > 0.0)

    def __call__(self, places: Array) -> Array:
        """Return the log density at each place, shape (n, k) to (n,)."""
        cuts = np.arange(_STRETCH, len(places), _STRETCH)
        stretches = np.split(np.ascontiguousarray(places), cuts)
        if self._cores == 1:
            return np.concatenate([self._values(own) for own in stretches])
        with ThreadPoolExecutor(self._cores) as pool:
            return np.concatenate(list(pool.map(self._values, stretches)))
