"""Log likelihood by row and posterior predictive outcomes, added to a new fit."""

from __future__ import annotations

import numpy as np

from bayes_alliance import names
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.container import rows_dataset
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import (
    MEMORY_GIGABYTES,
    check_memory,
    chunks,
    frequency_weights,
    precision_weights,
)
from bayes_alliance.sampling.thinning import thinned

_SAMPLE = (names.CHAIN, names.DRAW)


def with_log_likelihood(fit: Fit, *, memory: float = MEMORY_GIGABYTES) -> Fit:
    """Add the log likelihood of every row, given the group effects.

    Parameters
    ----------
    fit : Fit
        A fit with its rows.
    memory : float
        Refuse what would take more gigabytes.

    Returns
    -------
    Fit
        A new fit with the group ``log_likelihood``, one variable named as the outcome, dims
        (chain, draw, row). Rows with frequency weights count as often as their weight.

    Raises
    ------
    SamplingError
        If it would not fit, or the fit has no rows.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> fit = ba.with_log_likelihood(fit)  # doctest: +SKIP
    >>> az.loo(fit.idata)  # doctest: +SKIP
    """
    check_fit(fit, "with_log_likelihood", by_row=True)
    fit.need_data("The log likelihood")
    model, posterior = fit.model, fit.posterior
    rows, total = len(model.frame.y), fit.draws_in_all
    check_memory("The log likelihood by row", total, rows, memory)
    values = np.empty((total, rows))
    for chunk in chunks(model, posterior):
        values[chunk.places] = frequency_weights(model) * model.family.log_density(
            model.frame.y, chunk.eta, chunk.parameters, precision_weights(model)
        )
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW], rows)
    return fit.with_group(names.LOG_LIKELIHOOD, rows_dataset(model, values.reshape(shape), _SAMPLE))


def with_predictive(
    fit: Fit,
    *,
    seed: int | None = None,
    draws: int | None = None,
    memory: float = MEMORY_GIGABYTES,
) -> Fit:
    """Add replicated outcomes of the same clients, drawn from the posterior.

    Parameters
    ----------
    fit : Fit
        A fit with its rows.
    seed : int, optional
        Seed of the replications; the fit's own if left out.
    draws : int, optional
        Use this many draws in all, evenly spaced over the chains; all of them if left out.
    memory : float
        Refuse what would take more gigabytes.

    Returns
    -------
    Fit
        A new fit with the group ``posterior_predictive``, one variable named as the outcome,
        dims (chain, draw, row). Ordinal outcomes count their categories from 0.

    Raises
    ------
    SamplingError
        If it would not fit, or the fit has no rows.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> fit = ba.with_predictive(fit, draws=500)  # doctest: +SKIP
    """
    check_fit(fit, "with_predictive", by_row=True)
    fit.need_data("Replicating the outcomes")
    model, posterior = fit.model, thinned(fit.posterior, draws)
    rows = len(model.frame.y)
    chains, kept = posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW]
    check_memory("Replicating the outcomes", chains * kept, rows, memory)
    own = fit.settings.seed if seed is None else seed
    rng = generator(own, Stream.REPLICATED_OUTCOMES)
    values = np.empty((chains * kept, rows))
    for chunk in chunks(model, posterior):
        values[chunk.places] = model.family.simulate(
            rng, chunk.eta, chunk.parameters, precision_weights(model)
        )
    dataset = rows_dataset(model, values.reshape(chains, kept, rows), _SAMPLE)
    return fit.with_group(
        names.POSTERIOR_PREDICTIVE, dataset.assign_coords({names.DRAW: posterior[names.DRAW]})
    )
