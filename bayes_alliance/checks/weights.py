"""A finding about frequency weights that are hardly counts of clients."""

from __future__ import annotations

from bayes_alliance.checks.finding import Finding
from bayes_alliance.model.spec import Model
from bayes_alliance.model.weight_checks import (
    FrequencyWeights,
    advice_in_words,
    frequency_weights_of,
    looks_in_words,
    streamed_frequency_weights,
)
from bayes_alliance.sampling.fit import Fit


def check_weights(fit: Fit) -> list[Finding]:
    """Say where frequency weights look like population sizes or survey weights."""
    found = _in_numbers(fit.model)
    if found is None or not found.like_population:
        return []
    return [
        Finding(
            level="caution",
            code=found.code,
            where=f"weights({found.column})",
            value=found.effective,
            threshold=float(found.rows),
            message=looks_in_words(found),
            remedy=advice_in_words(found),
        )
    ]


def _in_numbers(model: Model) -> FrequencyWeights | None:
    response = model.formula.response
    if model.stream is not None:
        return streamed_frequency_weights(response, model.stream.sums, model.frame.rows_used)
    return frequency_weights_of(response, model.frame)
