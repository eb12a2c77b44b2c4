"""How strongly a claim may be put: probability, its error, odds, evidence, and the words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Least probability, and how the claim is then spoken of; below a half its opposite is.
_STRENGTHS = (
    (0.99, "there is little doubt that {}"),
    (0.95, "it is very probable that {}"),
    (0.8, "it is probable that {}"),
    (0.6, "it is more probable than not that {}"),
    (0.4, "the data do not say whether {}"),
    (0.2, "it is less probable than not that {}"),
    (0.05, "it is improbable that {}"),
    (0.01, "it is very improbable that {}"),
    (-1.0, "there is little doubt that {} is wrong"),
)


def strength_in_words(claim: str, probability: float) -> str:
    """Say how far a claim is borne out; the words follow the number."""
    words = next(words for least, words in _STRENGTHS if probability >= least)
    text = words.format(claim)
    return f"{text[0].upper()}{text[1:]} (probability {probability_in_words(probability)})."


def weigh_claim(holds: NDArray[np.bool_], prior: NDArray[np.bool_] | None) -> dict[str, float]:
    """Return the numbers of one claim, by the names of the record's columns."""
    probability, mcse = probability_and_error(holds)
    odds = _odds(probability)
    evidence = mcse_evidence = before = np.nan
    if prior is not None:
        before, before_mcse = probability_and_error(prior)
        if 0 < before < 1:
            evidence = odds / _odds(before)
            relative = _relative_error(probability, mcse), _relative_error(before, before_mcse)
            mcse_evidence = evidence * float(np.hypot(*relative)) if 0 < odds < np.inf else np.nan
    return {
        "probability": probability,
        "mcse": mcse,
        "odds": odds,
        "prior": before,
        "evidence": evidence,
        "mcse_evidence": mcse_evidence,
    }


def probability_and_error(holds: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the share of draws for which something holds, and its Monte Carlo standard error.

    Parameters
    ----------
    holds
        Shape (chain, draw). Where all draws agree, the error is that of half a draw more.
    """
    import arviz as az

    probability, count = float(holds.mean()), holds.size
    if 0 < probability < 1:
        effective = float(az.ess(holds.astype(float), method="mean"))
        return probability, float(np.sqrt(probability * (1 - probability) / effective))
    return probability, float(np.sqrt(0.5 * (count + 0.5)) / (count + 1) / np.sqrt(count))


def _odds(probability: float) -> float:
    return probability / (1 - probability) if probability < 1 else np.inf


def _relative_error(probability: float, mcse: float) -> float:
    """Monte Carlo error of the log odds."""
    return mcse / (probability * (1 - probability)) if 0 < probability < 1 else np.nan


def probability_in_words(probability: float) -> str:
    """Write a probability; what the draws cannot tell from 0 or 1 is not rounded to it."""
    if probability > 0.999:
        return "over 0.999"
    if probability < 0.001:
        return "under 0.001"
    return (
        f"{probability:.3f}" if probability > 0.99 or probability < 0.01 else f"{probability:.2f}"
    )
