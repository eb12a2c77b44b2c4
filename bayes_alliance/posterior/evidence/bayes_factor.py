"""Bayes factors between fits, never without the priors they depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.posterior.evidence.bayes_factor_record import BayesFactors
from bayes_alliance.posterior.evidence.differing_priors import differing_priors
from bayes_alliance.posterior.evidence.evidence import Evidence, check_evidence_exists, log_evidence
from bayes_alliance.posterior.evidence.rescaled_priors import rescaled_model
from bayes_alliance.posterior.evidence.same_rows import have_same_rows
from bayes_alliance.posterior.fits_by_name import named_fits
from bayes_alliance.sampling.engines.collapsed_priors import reasons_against
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.run import compile_model, sample

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayes_alliance.sampling.engines.contract import Compiled

PRIOR_SCALES = (0.5, 1.0, 2.0)
_ASKED = "Bayes factors were asked for."


def bayes_factors(
    fits: Mapping[str, Fit] | Sequence[Fit],
    *,
    against: str | None = None,
    prior_scales: Sequence[float] = PRIOR_SCALES,
    seed: int | None = None,
    repeats: int = 2,
) -> BayesFactors:
    """Weigh models of the same data against one another by their evidence.

    A Bayes factor is the ratio of two models' evidence. It depends on the priors of what the
    models do not share, however many the data, so it is given with those priors at half and at
    double their scale too. For that the models are fitted again: half a second each where the
    model is gaussian; elsewhere a model is compiled once for all scales.

    Parameters
    ----------
    fits : mapping or sequence of Fit
        Two or more fits to the same rows, by the names to show; by their formulas if there are
        none.
    against : str, optional
        The model the others are held against; the first if left out.
    prior_scales : sequence of float
        What the scales of the differing priors are multiplied by, all at once. 1 is always among
        them; ``(1,)`` skips the new fits.
    seed : int, optional
        Of the bridges and the new fits; each fit's own if left out.
    repeats : int
        As in :func:`log_evidence`.

    Returns
    -------
    BayesFactors
        Log evidence, Bayes factors with their errors, and posterior model probabilities when all
        models are equally probable beforehand, at each scale.

    Raises
    ------
    ModelError
        For fewer than two fits, an unknown name, or fits to different rows or outcomes.
    SamplingError
        As :func:`log_evidence`.

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
    differing = differing_priors({name: fit.model for name, fit in fits.items()})
    scales = sorted({1.0, *map(float, prior_scales)}) if differing.scaled else [1.0]
    found: dict[str, dict[float, Evidence]] = {}
    for name, fit in fits.items():
        own = [k for k in differing.scaled if k in {e.key for e in fit.model.priors.entries}]
        found[name] = _by_scale(fit, own, scales, seed, repeats)
    tables = {
        scale: _table({name: by_scale[scale] for name, by_scale in found.items()}, chosen)
        for scale in scales
    }
    return BayesFactors(
        tables=tables,
        draws=_bridges(found, scales),
        against=chosen,
        priors=differing.table,
        scaled=differing.scaled,
        notes=_notes(found),
    )


def _by_scale(
    fit: Fit, keys: Sequence[str], scales: Sequence[float], seed: int | None, repeats: int
) -> dict[float, Evidence]:
    """Return the evidence at each scale; a model without scaled priors is the same at all."""
    original = log_evidence(fit, seed=seed, repeats=repeats)
    if not keys or len(scales) == 1:
        return dict.fromkeys(scales, original)
    ready: Compiled | None = None
    found = {}
    for scale in scales:
        if scale == 1:
            found[scale] = original
            continue
        model = rescaled_model(fit.model, keys, scale)
        engine = fit.settings.engine if reasons_against(model) else "collapsed"
        ready = compile_model(model, engine=engine) if ready is None else ready
        settings = fit.settings
        new = sample(
            model,
            seed=settings.seed if seed is None else seed,
            compiled=ready,
            **settings.length_and_tuning,
            cores=settings.cores,
            progress=False,
        )
        found[scale] = log_evidence(new, seed=seed, repeats=repeats)
    return found


def _table(evidence: Mapping[str, Evidence], against: str) -> pd.DataFrame:
    import pandas as pd

    values = np.asarray([e.log_evidence for e in evidence.values()])
    errors = np.asarray([e.mcse for e in evidence.values()])
    place = list(evidence).index(against)
    difference = values - values[place]
    # The model held against itself is no estimate: its difference has no error.
    error = np.where(np.arange(len(values)) == place, 0.0, np.hypot(errors, errors[place]))
    with np.errstate(over="ignore"):
        factor = np.exp(difference)
    weight = np.exp(values - values.max())
    return pd.DataFrame(
        {
            "log_evidence": values,
            "mcse": errors,
            "log_bayes_factor": difference,
            "mcse_log_bayes_factor": error,
            "bayes_factor": factor,
            "probability": weight / weight.sum(),
        },
        index=pd.Index(list(evidence), name="model"),
    )


def _bridges(found: Mapping[str, Mapping[float, Evidence]], scales: list[float]) -> xr.Dataset:
    import xarray as xr

    estimates = np.stack([[found[name][scale].estimates for name in found] for scale in scales])
    return xr.Dataset(
        {"log_evidence": (("prior_scale", "model", "repeat", "half"), estimates)},
        coords={"prior_scale": scales, "model": np.asarray(list(found), dtype=object)},
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


def _notes(found: Mapping[str, Mapping[float, Evidence]]) -> tuple[str, ...]:
    scaled = {
        key for by_scale in found.values() for e in by_scale.values() for key in e.scaled_priors
    }
    if not scaled:
        return ()
    return (f"Default priors, scaled to the data: {listed(sorted(scaled))}.",)
