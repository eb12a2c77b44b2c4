"""Bayes factors between fits, never without the priors they depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.posterior.evidence.bayes_factor_record import BayesFactors
from bayes_alliance.posterior.evidence.differing_priors import differing_priors
from bayes_alliance.posterior.evidence.evidence import Evidence, check_evidence_exists, log_evidence
from bayes_alliance.posterior.evidence.evidence_words import DECIDING
from bayes_alliance.posterior.evidence.same_rows import have_same_rows
from bayes_alliance.posterior.evidence.scaled_evidence import ScaledEvidence
from bayes_alliance.posterior.evidence.small_effect import small_effect
from bayes_alliance.posterior.evidence.term import Term, at_scale, term_between
from bayes_alliance.posterior.evidence.term_evidence import (
    CURVE,
    ERROR,
    LOG,
    TermEvidence,
    factor_table,
)
from bayes_alliance.posterior.fits_by_name import named_fits
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

PRIOR_SCALES = DECIDING
_ASKED = "Bayes factors were asked for."


def bayes_factors(
    fits: Mapping[str, Fit] | Sequence[Fit],
    *,
    against: str | None = None,
    prior_scales: Sequence[float] = PRIOR_SCALES,
    seed: int | None = None,
    repeats: int = 2,
    refits: bool = True,
) -> BayesFactors:
    """Weigh models of the same data against one another by their evidence.

    A Bayes factor is the ratio of two models' evidence. However many the data, it depends on the
    prior of what one model has and the other lacks, and a prior that is good for estimating is a
    bad one for that: it expects effects of many standard deviations, beside which a real one
    counts as absent. Such a term is therefore weighed under a prior of its own, which the
    sentence names: coefficients ``Normal(0, 0.5 s / scale)``, half a standard deviation s of the
    outcome for one of the column; standard deviations of group effects ``HalfStudentT(3, s / 2)``;
    your own prior of it as you wrote it. What both models share keeps its prior.

    Words follow three scales of that prior, half, one and two times. Evidence *for* a term is
    that of the weakest of the three, if all three are at least 3. Evidence *against* it is that
    at the named scale, against effects of the size that it expects, with the smallest scale
    at which it holds. Else the answer depends on the prior, and there is no word where the
    Monte Carlo error leaves more than one.

    Models of which neither has all that the other has are weighed under the priors of the fits.

    The factors at other scales come from the draws; only where these would rest on a few of them
    is a model fitted again.

    Parameters
    ----------
    fits : mapping or sequence of Fit
        Two or more fits to the same rows, by the names to show; by their formulas if there are
        none.
    against : str, optional
        The model the others are held against; the first if left out.
    prior_scales : sequence of float
        Multiples of the scale of the priors in question. 1 is always among them; without half and
        two there are no words. ``(1,)`` never fits again but for the named prior.
    seed : int, optional
        Of the bridges and new fits; each fit's own if left out.
    repeats : int
        As in :func:`log_evidence`.
    refits : bool
        Whether a model may be fitted again where its draws tell too little of the evidence under
        another prior. Without, that is refused.

    Returns
    -------
    BayesFactors
        Log evidence under the priors of the fits; Bayes factors with their errors, words, and
        posterior model probabilities when all models are equally probable beforehand, at
        each scale.

    Raises
    ------
    ModelError
        For fewer than two fits, an unknown name, or fits to different rows or outcomes.
    SamplingError
        As :func:`log_evidence`; or if a new fit is needed and ``refits`` is false.

    References
    ----------
    .. [1] kass1995
    .. [2] gronau2017

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.bayes_factors({"fixed": fixed, "varying": varying})  # doctest: +SKIP
    """
    fits = named_fits(fits, "bayes_factors")
    chosen = _checked(fits, against, prior_scales)
    for fit in fits.values():
        check_evidence_exists(fit, repeats)
    scales = sorted({1.0, *map(float, prior_scales)})
    weighed = {
        name: ScaledEvidence(
            fit=fit,
            fitted=log_evidence(fit, seed=seed, repeats=repeats),
            seed=seed,
            repeats=repeats,
            refits=refits,
        )
        for name, fit in fits.items()
    }
    pairs = {name: _pair(weighed, name, chosen, scales) for name in fits if name != chosen}
    return BayesFactors(
        evidence=_evidence_table({name: own.fitted for name, own in weighed.items()}),
        factors={name: table for name, (table, _, _) in pairs.items()},
        terms={name: term for name, (_, term, _) in pairs.items() if term is not None},
        scaled={name: keys for name, (_, _, keys) in pairs.items()},
        draws=_bridges(weighed),
        against=chosen,
        priors=differing_priors({name: fit.model for name, fit in fits.items()}).table,
        notes=_notes(weighed, pairs),
    )


Pair = tuple["pd.DataFrame", TermEvidence | None, tuple[str, ...]]


def _pair(
    weighed: Mapping[str, ScaledEvidence], name: str, against: str, scales: Sequence[float]
) -> Pair:
    """Weigh one model against another: factors, what they say of a term, and what was scaled."""
    one, other = weighed[name], weighed[against]
    for larger, smaller, sign in ((name, against, 1.0), (against, name, -1.0)):
        term = term_between(weighed[smaller].fit.model, weighed[larger].fit.model)
        if term is not None:
            found = _term_evidence(weighed, larger, smaller, term, scales)
            table = factor_table(
                scales, sign * found.table[LOG].to_numpy(), found.table[ERROR].to_numpy()
            )
            return table, found, tuple(entry.key for entry in term.scaled)
    keys = differing_priors({against: other.fit.model, name: one.fit.model}).scaled
    scales = list(scales) if keys else [1.0]
    logs, errors = [], []
    for scale in scales:
        values = [own.under(at_scale(own.entries(keys), scale)) for own in (one, other)]
        logs.append(values[0].value - values[1].value)
        errors.append(float(np.hypot(values[0].mcse, values[1].mcse)))
    return factor_table(scales, logs, errors), None, keys


def _term_evidence(
    weighed: Mapping[str, ScaledEvidence],
    larger: str,
    smaller: str,
    term: Term,
    scales: Sequence[float],
) -> TermEvidence:
    """Weigh a term under its prior in a test, at every scale."""
    whole, less = weighed[larger], weighed[smaller].fitted
    found = [whole.under(term.at_scale(scale)) for scale in scales]
    table = factor_table(
        scales,
        [own.value - less.log_evidence for own in found],
        [float(np.hypot(own.mcse, less.mcse)) for own in found],
    )
    curve = {s: own for s in CURVE if (own := whole.from_draws(term.at_scale(s))) is not None}
    small = small_effect(whole.fit.model, term.scaled, whole.draws)
    return TermEvidence(
        free=larger,
        fixed=smaller,
        table=table,
        curve=factor_table(
            list(curve),
            [own.value - less.log_evidence for own in curve.values()],
            [float(np.hypot(own.mcse, less.mcse)) for own in curve.values()],
        ),
        priors=term.in_words,
        own=term.own,
        unlike=term.unlike,
        small="" if small is None else small.words,
        small_probability=float("nan") if small is None else small.probability,
    )


def _evidence_table(evidence: Mapping[str, Evidence]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "log_evidence": [e.log_evidence for e in evidence.values()],
            "mcse": [e.mcse for e in evidence.values()],
        },
        index=pd.Index(list(evidence), name="model"),
    )


def _bridges(weighed: Mapping[str, ScaledEvidence]) -> xr.Dataset:
    import xarray as xr

    estimates = np.stack([own.fitted.estimates for own in weighed.values()])
    return xr.Dataset(
        {"log_evidence": (("model", "repeat", "half"), estimates)},
        coords={"model": np.asarray(list(weighed), dtype=object)},
    )


def _checked(fits: Mapping[str, Fit], against: str | None, scales: Sequence[float]) -> str:
    if len(fits) < 2:
        raise ModelError(
            _ASKED,
            "One fit was given.",
            'Give two or more: {"null": null, "full": full}.',
        )
    first = next(iter(fits))
    chosen = first if against is None else against
    if chosen not in fits:
        raise ModelError(
            f"Bayes factors against {chosen!r} were asked for.",
            f"There is no such fit. {did_you_mean(chosen, fits)}".rstrip(),
            f"The fits are {listed(fits)}.",
            against=chosen,
        )
    if not all(np.isfinite(scale) and scale > 0 for scale in scales):
        raise ModelError(
            _ASKED,
            f"Among the prior scales {listed(scales)} one is not greater than zero.",
            "Leave prior_scales= out for half, one and double.",
        )
    other = [name for name, fit in fits.items() if not have_same_rows(fit.model, fits[first].model)]
    if other:
        raise ModelError(
            _ASKED,
            f"{listed(other)} was not fitted to the outcome and rows of {first}.",
            "Fit all models to the same rows: drop those with a missing value in any used column "
            "first.",
            other=other,
        )
    return chosen


def _notes(weighed: Mapping[str, ScaledEvidence], pairs: Mapping[str, Pair]) -> tuple[str, ...]:
    notes = [
        f"The default prior of {listed(term.unlike)} is not the same in {term.free} and "
        f"{term.fixed}, and the factor rests on that too."
        for _, term, _ in pairs.values()
        if term is not None and term.unlike
    ]
    scaled = {key for own in weighed.values() for key in own.fitted.scaled_priors}
    if scaled:
        notes.append(f"Default priors of the fits, scaled to the data: {listed(sorted(scaled))}.")
    return tuple(notes)
