"""The evidence of one model under other priors of some of its parameters.

The ratio of the two evidences is the mean over the posterior of the ratio of the priors, so that
neither a likelihood nor a new fit is needed where the priors overlap.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import Advice, SamplingError
from bayes_alliance.kernels.pareto_smoothing import largest_good_shape, smooth_weights
from bayes_alliance.model.prior_table import PriorEntry
from bayes_alliance.posterior.evidence.evidence import Evidence, log_evidence
from bayes_alliance.posterior.evidence.term import with_entries
from bayes_alliance.sampling.engines.collapsed.priors import reasons_against
from bayes_alliance.sampling.engines.contract import Compiled
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.log_prior import values_with_priors
from bayes_alliance.sampling.run import compile_model, sample

_HOW = Advice(
    python="Give bayes_factors the fits with refits=True, which fits again where needed and may "
    "take long, or sample more draws.",
    command_line="Fit the models with more draws (--draws).",
)
Array = NDArray[np.float64]
# Weights up to this many times their mean have no tail that could hide anything.
_TAME, _LEAST_DRAWS = 10.0, 25
# Rougher than this a word of evidence could hardly stand on it.
_ROUGH = 0.1


class LogEvidence(NamedTuple):
    """A log evidence and its Monte Carlo standard error."""

    value: float
    mcse: float


@dataclass(frozen=True, kw_only=True)
class ScaledEvidence:
    """A fit, the evidence of its model, and that under other priors.

    Parameters
    ----------
    fit
        The fit.
    fitted
        The evidence under its own priors.
    seed, repeats
        As in :func:`log_evidence`, should the model have to be fitted again.
    refits
        Whether it may be fitted again.
    """

    fit: Fit
    fitted: Evidence
    seed: int | None
    repeats: int
    refits: bool = True

    @cached_property
    def draws(self) -> DrawsOfPriors:
        """The draws of what has priors."""
        return DrawsOfPriors.of(self.fit)

    def entries(self, keys: Collection[str]) -> tuple[PriorEntry, ...]:
        """Return the model's own priors among these."""
        return tuple(entry for entry in self.fit.model.priors.entries if entry.key in keys)

    def under(self, entries: Sequence[PriorEntry]) -> LogEvidence:
        """Return the evidence under these priors: from the draws, or from a new fit.

        Raises
        ------
        SamplingError
            If the draws do not tell and the model may not be fitted again.
        """
        found = self.from_draws(entries)
        if found is not None:
            return found
        if not self.refits:
            raise SamplingError(
                f"The evidence of {self.fit.model.formula.text} was asked for under other priors, "
                "without a new fit.",
                "Its draws were made under other priors, and too few of them tell.",
                _HOW,
            )
        return self._fitted_again(entries)

    def from_draws(self, entries: Sequence[PriorEntry]) -> LogEvidence | None:
        """Return the evidence under these priors from the draws; None if they cannot tell."""
        own = self.fitted
        if self.draws.are_under(entries):
            return LogEvidence(own.log_evidence, own.mcse)
        weights = self.draws.weights(entries)
        if not weights.reliable:
            return None
        error = float(np.hypot(own.mcse, weights.mcse))
        return LogEvidence(own.log_evidence + weights.log_ratio, error)

    @cached_property
    def _compiled(self) -> Compiled:
        """The model ready to be fitted under any priors of the same kinds."""
        model = self.fit.model
        engine = self.fit.settings.engine if reasons_against(model) else "collapsed"
        return compile_model(model, engine=engine)

    def _fitted_again(self, entries: Sequence[PriorEntry]) -> LogEvidence:
        settings = self.fit.settings
        new = sample(
            with_entries(self.fit.model, entries),
            seed=settings.seed if self.seed is None else self.seed,
            compiled=self._compiled,
            **settings.length_and_tuning,
            cores=settings.cores,
            progress=False,
        )
        found = log_evidence(new, seed=self.seed, repeats=self.repeats)
        return LogEvidence(found.log_evidence, found.mcse)


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
