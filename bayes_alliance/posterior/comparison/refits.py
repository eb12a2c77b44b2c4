"""The model fitted again without a row or a group, where weighting the draws cannot be trusted.

Priors and transforms are those of the whole table, so that nothing but the rows differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.model.subset import keep_cells, keep_rows, leave_one_client_out
from bayes_alliance.posterior.comparison.leave_one_out import LeftOutDensity
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.batch import sample_many
from bayes_alliance.sampling.covariance_root import effect_roots
from bayes_alliance.sampling.engines.registry import engine_of
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.group_likelihood import log_likelihood_of
from bayes_alliance.sampling.group_sums import density_given_coefficients
from bayes_alliance.sampling.left_out import (
    LeftOut,
    Split,
    on_rows,
    one_client_a_row,
    only_group,
    split_effects,
)
from bayes_alliance.sampling.linear_predictor import (
    evaluate,
    frequency_weights,
    precision_weights,
)
from bayes_alliance.sampling.row_sums import row_density_blocks

# A refit by the collapsed engine takes about a second, by others most of a minute.
_MOST_QUICK, _MOST_SLOW = 20, 5


def refit_without[T](
    fit: Fit, left_out: LeftOut, places: Sequence[int], keep: Callable[[int, Fit], T], *, seed: int
) -> dict[int, T]:
    """Fit the model again without each of some rows or groups.

    Parameters
    ----------
    fit
        The fit to all rows; engine and settings are taken from it.
    left_out
        The rows or groups.
    places
        Which of them, counted from 0.
    keep
        What to keep of a refit: a function of the place and the refit.
    seed
        Each refit gets a seed of its own from it.
    """
    models = [_without(fit.model, left_out, place) for place in places]
    place_of = {id(model): place for model, place in zip(models, places, strict=True)}
    settings = fit.settings
    kept = sample_many(
        models,
        seed=seed,
        engine=settings.engine,
        **settings.length_and_tuning,
        keep=lambda refit: keep(place_of[id(refit.model)], refit),
    )
    return dict(zip(places, kept, strict=True))


def _without(model: Model, left_out: LeftOut, place: int) -> Model:
    """Return the model without one of the rows or groups; of a stream, without its sums."""
    if left_out.name == names.ROW:
        return leave_one_client_out(model, place)
    if model.stream is None:
        return keep_rows(model, left_out.index != place)
    return keep_cells(model, model.stream.group_of_cell[0] != place)


def streamed_density_after_refit(fit: Fit, place: int, refit: Fit) -> tuple[float, float]:
    """Return the same as :func:`density_after_refit` where rows were streamed."""
    stream = fit.model.stream
    assert stream is not None
    alone = keep_cells(fit.model, stream.group_of_cell[0] == place)
    return _mean_density(density_given_coefficients(alone, refit.posterior)[:, 0], refit)


def density_after_refit(split: Split, fit: Fit, place: int, refit: Fit) -> tuple[float, float]:
    """Return a group's log density under a refit without it, and its Monte Carlo error."""
    values = log_likelihood_of(fit.model, refit.posterior, only_group(split, place))[:, 0]
    return _mean_density(values, refit)


def row_density_after_refit(fit: Fit, place: int, refit: Fit) -> tuple[float, float]:
    """Return a row's log density, in closed form given the variances of a refit without it."""
    rows = np.array([place])
    blocks = row_density_blocks(fit.model, refit.posterior, rows, numbers=refit.draws_in_all)
    ((_, values),) = blocks
    return _mean_density(values[:, 0], refit)


def row_density_by_drawn_effects(
    fit: Fit, place: int, refit: Fit, seed: int
) -> tuple[float, float]:
    """Return a row's log density where parameters are predicted.

    Effects of a group that only this row was in are drawn from the population in each draw.
    """
    row = on_rows(one_client_a_row(fit.model), np.array([place]))
    flat = {
        str(name): values.to_numpy().reshape(refit.draws_in_all, *values.shape[2:])
        for name, values in refit.posterior.data_vars.items()
    }
    rng, groups = generator(seed, Stream.NEW_GROUPS, place), []
    for group in row.design.groups:
        label = group.labels[int(group.index[0])]
        known = refit.model.design.group(group.name).labels
        effects = flat[names.u(group.name)]
        if label in known:
            own = effects[:, [known.index(label)]]
        else:
            root = effect_roots(row, refit.posterior, group.name)
            own = (root @ rng.standard_normal((*root.shape[:2], 1)))[:, None, :, 0]
        flat[names.u(group.name)] = own
        groups.append(replace(group, index=np.zeros(1, dtype=np.int64)))
    row = changed_model(row, design=replace(row.design, groups=tuple(groups)))
    found = evaluate(row, flat)
    eta = found.pop(names.MEAN_PARAMETER)
    values = row.family.log_density(row.frame.y, eta, found, precision_weights(row))
    return _mean_density((frequency_weights(row) * values)[:, 0], refit)


def _mean_density(values: NDArray[np.float64], refit: Fit) -> tuple[float, float]:
    """Return the logarithm of a mean density and its Monte Carlo error."""
    import arviz as az

    relative = np.exp(values - values.max())
    chains = relative.reshape(refit.posterior.sizes[names.CHAIN], -1)
    error = float(az.mcse(chains, method="mean")) / relative.mean()
    return float(values.max() + np.log(relative.mean())), float(error)


def with_refits(
    density: LeftOutDensity,
    fit: Fit,
    left_out: LeftOut,
    *,
    most: int | Literal["all"] | None,
    seed: int,
) -> LeftOutDensity:
    """Replace what cannot be trusted by refits, the worst first, at most so many.

    Parameters
    ----------
    density
        From :func:`density_by_row` or :func:`density_by_group`.
    fit, left_out
        What it was made of.
    most
        Largest number of refits; None for 20 where they are quick, else 5. With ``"all"`` every row
        or group is left out by a refit, whether it can be trusted or not, and no weights are left.
    seed
        Of the refits.
    """
    chosen = density.bad | (most == "all")
    if most == "all":
        most = len(chosen)
    elif most is None:
        most = _MOST_QUICK if engine_of(fit.settings).is_quick else _MOST_SLOW
    badness = np.where(chosen, np.nan_to_num(density.shape, nan=np.inf), -np.inf)
    places = [int(place) for place in np.argsort(-badness, kind="stable")[: int(chosen.sum())]]
    if not places[:most]:
        return density
    judge = _judge(density, fit, left_out, seed)
    found = refit_without(fit, left_out, places[:most], judge, seed=seed)
    log_density, error = density.log_density.copy(), density.mcse.copy()
    shape, refitted = density.shape.copy(), density.refitted.copy()
    for place, (value, its_error) in found.items():
        log_density[place], error[place] = value, its_error
        shape[place], refitted[place] = np.nan, True
    return replace(density, log_density=log_density, mcse=error, shape=shape, refitted=refitted)


def _judge(
    density: LeftOutDensity, fit: Fit, left_out: LeftOut, seed: int
) -> Callable[[int, Fit], tuple[float, float]]:
    """Return what is asked of a refit: the log density of what it has not seen."""
    if density.unit == names.ROW and density.exact:
        return lambda place, refit: row_density_after_refit(fit, place, refit)
    if fit.model.predicted:
        return lambda place, refit: row_density_by_drawn_effects(fit, place, refit, seed)
    if fit.has_sums:
        return lambda place, refit: streamed_density_after_refit(fit, place, refit)
    model = one_client_a_row(fit.model) if density.unit == names.ROW else fit.model
    split = split_effects(model, left_out)
    return lambda place, refit: density_after_refit(split, fit, place, refit)
