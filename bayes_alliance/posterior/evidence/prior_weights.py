"""The evidence under other priors, from the draws under the model's own.

The ratio of the two is the mean over the posterior of the ratio of the priors, so that neither
a likelihood nor a new fit is needed where the priors overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.pareto_smoothing import largest_good_shape, smooth_weights
from bayes_alliance.model.prior_table import PriorEntry
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.log_prior import values_with_priors

Array = NDArray[np.float64]
# Weights up to this many times their mean have no tail that could hide anything.
_TAME, _LEAST_DRAWS = 10.0, 25
# Rougher than this a word of evidence could hardly stand on it.
_ROUGH = 0.1


@dataclass(frozen=True, kw_only=True)
class PriorWeights:
    """Weights that turn posterior draws into those under other priors.

    Parameters
    ----------
    logs
        Log weights, shape (chain, draw): log other prior less log own.
    """

    logs: Array

    @property
    def relative(self) -> Array:
        """The weights over the largest."""
        return np.asarray(np.exp(self.logs - self.logs.max()))

    @property
    def log_ratio(self) -> float:
        """Log evidence under the other priors less that under the own."""
        return float(self.logs.max() + np.log(self.relative.mean()))

    @property
    def mcse(self) -> float:
        """Its Monte Carlo standard error."""
        import arviz as az

        weights = self.relative
        if weights.min() == weights.max():
            return 0.0
        return float(az.mcse(weights, method="mean")) / float(weights.mean())

    @property
    def reliable(self) -> bool:
        """Whether the answer rests on more than a few of the draws."""
        if not np.isfinite(self.logs).all():
            return False
        weights = self.relative
        if self.mcse > _ROUGH:
            return False
        if weights.max() <= _TAME * weights.mean():
            return True
        if weights.size < _LEAST_DRAWS:
            return False
        shape = float(smooth_weights(self.logs.reshape(-1, 1).copy()).shape[0])
        return shape <= largest_good_shape(weights.size)


@dataclass(frozen=True, kw_only=True)
class DrawsOfPriors:
    """Posterior draws of what has the priors, at the means where these stand.

    Parameters
    ----------
    values
        By variable and element, shape (chain, draw).
    entries
        The priors they were drawn under.
    """

    values: Mapping[tuple[str, str | None], Array]
    entries: Mapping[tuple[str, str | None], PriorEntry]

    @classmethod
    def of(cls, fit: Fit) -> DrawsOfPriors:
        """Take them out of a fit; correlations have no scale and are left out."""
        by_variable = values_with_priors(fit)
        values: dict[tuple[str, str | None], Array] = {}
        for variable, draws in by_variable.items():
            own = [e for e in fit.model.priors.entries if e.variable == variable]
            elements = draws[..., None] if draws.ndim == 2 else draws
            if elements.shape[-1] == len(own):
                values |= {e.place: elements[..., k] for k, e in enumerate(own)}
        return cls(values=values, entries={e.place: e for e in fit.model.priors.entries})

    def weights(self, entries: Sequence[PriorEntry]) -> PriorWeights:
        """Return the weights under which the draws are those under these priors."""
        first = next(iter(self.values.values()))
        logs = np.zeros(first.shape)
        for entry in entries:
            own, draws = self.entries[entry.place].prior, self.values[entry.place]
            if own != entry.prior:
                logs = logs + entry.prior.frozen.logpdf(draws) - own.frozen.logpdf(draws)
        return PriorWeights(logs=logs)

    def are_under(self, entries: Sequence[PriorEntry]) -> bool:
        """Tell whether the draws are under these priors already."""
        return all(self.entries[entry.place].prior == entry.prior for entry in entries)
