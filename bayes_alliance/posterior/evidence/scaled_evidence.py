"""The evidence of one model under other priors of some of its parameters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bayes_alliance.errors import Advice, SamplingError
from bayes_alliance.model.prior_table import PriorEntry
from bayes_alliance.posterior.evidence.evidence import Evidence, log_evidence
from bayes_alliance.posterior.evidence.prior_weights import DrawsOfPriors
from bayes_alliance.posterior.evidence.term import with_entries
from bayes_alliance.sampling.engines.collapsed.priors import reasons_against
from bayes_alliance.sampling.engines.contract import Compiled
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.run import compile_model, sample

_HOW = Advice(
    python="Give bayes_factors the fits with refits=True, which fits again where needed and may "
    "take long, or sample more draws.",
    command_line="Fit the models with more draws (--draws).",
)


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
