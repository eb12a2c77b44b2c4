"""Draws from the prior, and outcomes the prior alone would predict, added to a new fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError, listed
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.container import draws_dataset, rows_dataset
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import (
    MEMORY_GIGABYTES,
    check_memory,
    chunks,
    precision_weights,
)
from bayes_alliance.sampling.working_scale import (
    thresholds_moved,
    user_coefficients,
    user_effects,
    user_scales,
)

Array = NDArray[np.float64]
_SAMPLE = (names.CHAIN, names.DRAW)
_MOST_TRIES = 10_000


def with_prior(fit: Fit, *, draws: int = 1000, seed: int | None = None) -> Fit:
    """Add draws from the prior of every parameter and group effect.

    Parameters
    ----------
    fit : Fit
        Any fit.
    draws : int
        Number of draws; they are independent, in one chain.
    seed : int, optional
        The fit's own if left out.

    Returns
    -------
    Fit
        A new fit with the group ``prior``, in the posterior's variables and dims.

    Raises
    ------
    ModelError, SamplingError
        If a prior is improper (it cannot be drawn from).

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> fit = ba.with_prior(fit)  # doctest: +SKIP
    """
    check_fit(fit, "with_prior", by_row=True)
    rng = generator(fit.settings.seed if seed is None else seed, Stream.PRIOR_DRAWS)
    arrays = draw_prior(fit.model, draws, rng)
    return fit.with_group(names.PRIOR, draws_dataset(fit.model, arrays))


def with_prior_predictive(
    fit: Fit, *, draws: int = 500, seed: int | None = None, memory: float = MEMORY_GIGABYTES
) -> Fit:
    """Add outcomes of the same clients as the prior alone predicts them.

    Parameters
    ----------
    fit : Fit
        A fit with its rows.
    draws : int
        Number of replicated data sets.
    seed : int, optional
        The fit's own if left out.
    memory : float
        Refuse what would take more gigabytes.

    Returns
    -------
    Fit
        A new fit with the groups ``prior`` and ``prior_predictive``.

    Raises
    ------
    ModelError, SamplingError
        If a prior is improper, or the result would not fit.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> fit = ba.with_prior_predictive(fit)  # doctest: +SKIP
    """
    check_fit(fit, "with_prior_predictive", by_row=True)
    fit.need_data("Prior prediction")
    model = fit.model
    rows = len(model.frame.y)
    check_memory("Prior prediction", draws, rows, memory)
    fit = with_prior(fit, draws=draws, seed=seed)
    rng = generator(fit.settings.seed if seed is None else seed, Stream.PRIOR_OUTCOMES)
    values = np.empty((draws, rows))
    for chunk in chunks(model, fit.idata[names.PRIOR].to_dataset()):
        values[chunk.places] = model.family.simulate(
            rng, chunk.eta, chunk.parameters, precision_weights(model)
        )
    return fit.with_group(names.PRIOR_PREDICTIVE, rows_dataset(model, values[None], _SAMPLE))


def draw_prior(model: Model, draws: int, rng: np.random.Generator) -> dict[str, Array]:
    """Draw every container variable from its prior, shape (1, draw, ...)."""
    _check_proper(model)
    arrays: dict[str, Array] = {}
    for variable in model.priors.variables:
        priors = model.priors.of(variable)
        if priors[0].kind.support == "correlation":
            continue
        values = np.stack([p.frozen.rvs(size=draws, random_state=rng) for p in priors], axis=-1)
        arrays[variable] = values
    for own in model.family.own:
        values = arrays[own.name]
        if own.support.is_ordered:
            values = _in_order(model.priors.of(own.name), values, rng)
        arrays[own.name] = values if own.dim else values[:, 0]
    if names.B in arrays:
        arrays[names.B] = user_coefficients(model, arrays[names.B])
        level = model.family.level
        if level is not None:
            arrays[level.name] += thresholds_moved(model, arrays[names.B])
    for variable, basis in model.priors.basis.predicted.items():
        if variable in arrays:
            arrays[variable] = np.asarray(arrays[variable] @ basis.to_user.T)
    for group in model.design.groups:
        arrays |= _draw_group(model, group, arrays[names.sd(group.name)], rng)
    return {name: values[None] for name, values in arrays.items()}


def _check_proper(model: Model) -> None:
    improper = [e.key for e in model.priors.entries if not e.prior.proper]
    if improper:
        raise SamplingError(
            "Draws from the prior were asked for.",
            f"The prior of {listed(improper)} is improper: it has no draws.",
            "Give it a proper prior, for example Normal(0, 10) or HalfNormal(10).",
            improper=improper,
        )


def _in_order(priors: Sequence[Prior], values: Array, rng: np.random.Generator) -> Array:
    """Condition the thresholds on being in order: by sorting if alike, else by trying again."""
    if len(set(priors)) == 1:
        return np.sort(values, axis=-1)
    frozen = [prior.frozen for prior in priors]
    for _ in range(_MOST_TRIES):
        wrong = (np.diff(values, axis=-1) <= 0).any(axis=-1)
        if not wrong.any():
            return values
        fresh = [f.rvs(size=int(wrong.sum()), random_state=rng) for f in frozen]
        values[wrong] = np.stack(fresh, axis=-1)
    raise SamplingError(
        "Thresholds in order were to be drawn from their priors.",
        f"After {_MOST_TRIES} tries some were still out of order.",
        "Give the cutpoints priors whose locations rise with the categories.",
    )


def _draw_group(
    model: Model, group: GroupDesign, sd: Array, rng: np.random.Generator
) -> dict[str, Array]:
    draws, q = len(sd), len(group.effects)
    root = np.broadcast_to(np.eye(q), (draws, q, q)).copy()
    for block in group.blocks:
        if len(block) > 1:
            (prior,) = model.priors.of(names.cor(group.name))
            own = draw_lkj(len(block), prior.arguments[0], draws, rng)
            root[:, block[0] : block[-1] + 1, block[0] : block[-1] + 1] = own
    root *= sd[:, :, None]
    standard = rng.standard_normal((draws, len(group.labels), q))
    scales = user_scales(model, group, root)
    effects = user_effects(model, group, standard @ root.transpose(0, 2, 1))
    arrays: dict[str, Any] = {names.sd(group.name): scales.sd, names.u(group.name): effects}
    return arrays | ({names.cor(group.name): scales.cor} if group.pairs else {})


def draw_lkj(size: int, eta: float, draws: int, rng: np.random.Generator) -> Array:
    """Draw Cholesky factors of LKJ(eta) correlation matrices by the onion method.

    References
    ----------
    .. [1] lewandowski2009
    """
    factor = np.zeros((draws, size, size))
    factor[:, 0, 0] = 1.0
    for k in range(1, size):
        radius = np.sqrt(rng.beta(k / 2, eta + (size - 1 - k) / 2, size=draws))
        direction = rng.standard_normal((draws, k))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        factor[:, k, :k] = radius[:, None] * direction
        factor[:, k, k] = np.sqrt(1 - radius**2)
    return factor
