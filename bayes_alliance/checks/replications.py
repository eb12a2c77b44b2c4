"""Outcomes of the same rows as the posterior or the prior makes them, and their statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import chunks, precision_weights
from bayes_alliance.sampling.prior_draws import with_prior
from bayes_alliance.sampling.thinning import thinned
from bayes_alliance.sampling.written_out import WrittenOut

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Kind = Literal["posterior", "prior"]
# As with_predictive and with_prior_predictive have them, so that the outcomes are the same.
_STREAMS = {"posterior": Stream.REPLICATED_OUTCOMES, "prior": Stream.PRIOR_OUTCOMES}
_KEPT = {"posterior": names.POSTERIOR_PREDICTIVE, "prior": names.PRIOR_PREDICTIVE}
_NUMBERS = 8e6
_DRAWS_OF_EXPECTED = 200
# From outcomes, (draw, row), to one number a draw by the statistic's name.
Statistics = Callable[[Array], dict[str, Array]]
# What of the data statistics are about: where the rows lie and how they are distributed, the
# groups' means, how rows differ within groups, how slopes differ between groups.
Aspect = Literal["level", "distribution", "means", "sds", "slopes"]
_FEWEST_FOR_SLOPE = 3
KURTOSIS = "kurtosis of the residuals"
# In at most so many studies whose model is right one of the statistics is objected to.
FALSE_ALARM = 0.05
_SMALL_SHAPE = 0.5  # a small difference of skewness and kurtosis


def replications(
    fit: Fit, written: WrittenOut, *, kind: Kind, draws: int | None, seed: int | None
) -> tuple[int, Iterator[Array]]:
    """Return how many data sets there will be, and make them some at a time, (draw, row).

    Those the fit holds already are taken, unless rows stand for several clients each, who have
    one outcome there; else they are drawn and none is kept.

    Raises
    ------
    SamplingError
        For another kind than posterior or prior.
    """
    if kind not in _KEPT:
        raise SamplingError(
            f'A predictive check of kind="{kind}" was asked for.',
            "Outcomes are replicated from the posterior or from the prior.",
            'Write kind="posterior" or kind="prior".',
        )
    if _KEPT[kind] in fit.idata.children and written.model is fit.model:
        held = fit.idata[_KEPT[kind]].to_dataset()[fit.model.outcome].to_numpy()
        flat = held.reshape(-1, held.shape[-1])
        return len(flat), _slices(flat)
    own = fit.settings.seed if seed is None else seed
    parameters = _parameters(fit, kind, draws, own)
    count = parameters.sizes[names.CHAIN] * parameters.sizes[names.DRAW]
    return count, _simulated(written.model, parameters, generator(own, _STREAMS[kind]))


def _parameters(fit: Fit, kind: Kind, draws: int | None, seed: int) -> xr.Dataset:
    if kind == "posterior":
        return thinned(fit.posterior, draws)
    wanted = fit.draws_in_all if draws is None else draws
    return with_prior(fit, draws=wanted, seed=seed).idata[names.PRIOR].to_dataset()


def expected_outcomes(model: Model, posterior: xr.Dataset) -> Array:
    """Return what the model expects of each row, on the scale of its linear predictor."""
    total, count = np.zeros(len(model.frame.y)), 0
    for chunk in chunks(model, thinned(posterior, _DRAWS_OF_EXPECTED)):
        total += chunk.eta.sum(axis=0)
        count += len(chunk.eta)
    return total / count


def _slices(outcomes: Array) -> Iterator[Array]:
    step = max(1, int(_NUMBERS / max(1, outcomes.shape[1])))
    for start in range(0, len(outcomes), step):
        yield outcomes[start : start + step]


def _simulated(model: Model, parameters: xr.Dataset, rng: np.random.Generator) -> Iterator[Array]:
    for chunk in chunks(model, parameters):
        yield model.family.simulate(rng, chunk.eta, chunk.parameters, precision_weights(model))


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Statistics about one aspect of the data.

    Parameters
    ----------
    aspect
        What they are about.
    of
        The statistics of data sets.
    group, slope
        The grouping factor and the coefficient they are about; empty for none.
    small
        A difference between data and model up to this is small, in the unit of the statistics.
    """

    aspect: Aspect
    of: Statistics
    group: str = ""
    slope: str = ""
    small: float = 0.0


def merged(looked: Iterable[Looked]) -> Statistics:
    """Return the statistics of several aspects as one."""
    every = list(looked)
    return lambda y: {label: v for each in every for label, v in each.of(y).items()}


def row_aspects(
    model: Model, counts: Array | None = None, expected: Array | None = None
) -> list[Looked]:
    """Return the statistics of the rows that suit the outcome.

    Parameters
    ----------
    model
        The model of these rows.
    counts
        How much each row counts, where that is not one.
    expected
        What the model expects of each row, for the statistics of residuals of numbers; without it
        there are none of these.
    """
    found = [
        Looked(aspect=own.aspect, of=own.counted(counts), small=own.small)
        for own in model.family.row_statistics(model.frame.y, model.frame.levels)
    ]
    enough = expected is not None and len(expected) > _FEWEST_FOR_SLOPE
    if expected is not None and enough and model.family.has_residual:
        shape = partial(_of_residuals, expected=expected, counts=counts)
        found.append(Looked(aspect="distribution", of=shape, small=_SMALL_SHAPE))
    return found


def row_statistics(
    model: Model, counts: Array | None = None, expected: Array | None = None
) -> Statistics:
    """Return the statistics of :func:`row_aspects` as one."""
    return merged(row_aspects(model, counts, expected))


def on_scores(model: Model, looked: Looked) -> Looked:
    """Return the same statistics of what ordered categories count as, not of their places."""
    family, levels = model.family, model.frame.levels
    return replace(looked, of=lambda y: looked.of(family.scores(levels, y)))


def _of_residuals(y: Array, expected: Array, counts: Array | None) -> dict[str, Array]:
    """Return skewness and kurtosis of what lies beside the expected outcomes; 0 and 3 if normal."""
    rest = y - expected
    rest -= np.average(rest, axis=1, weights=counts)[:, None]
    variance, third, fourth = (np.average(rest**k, axis=1, weights=counts) for k in (2, 3, 4))
    variance = np.maximum(variance, np.finfo(float).tiny)
    return {
        "skewness of the residuals": third / variance**1.5,
        KURTOSIS: fourth / variance**2,
    }


def means_by_group(group: GroupDesign, counts: Array | float = 1.0) -> Any:
    """Return the sparse matrix, (group, row), that averages outcomes by group."""
    return _by_group(group, counts / group.caseloads[group.index])


def sd_of_means(group: GroupDesign, counts: Array | float = 1.0) -> Looked:
    """Return the one statistic that says most about a factor: how far its groups' means lie."""
    average = means_by_group(group, counts)
    label = f"sd of the means of {group.name}"
    return Looked(
        aspect="means",
        of=lambda y: {label: (average @ y.T).std(axis=0, ddof=1)},
        group=group.name,
    )


def group_aspects(model: Model, group: GroupDesign, counts: Array | float = 1.0) -> list[Looked]:
    """Return the statistics of one factor's groups: their means, their sds, their slopes.

    The sd of the slopes weighs each group by how far the predictor varies in it; slopes are those
    that vary in the model or, where none does, those of every predictor.
    """
    average, name = means_by_group(group, counts), group.name

    def of_means(y: Array) -> dict[str, Array]:
        means = average @ y.T
        return {
            f"sd of the means of {name}": means.std(axis=0, ddof=1),
            f"smallest mean of {name}": means.min(axis=0),
            f"largest mean of {name}": means.max(axis=0),
        }

    small = model.family.small_difference(model.frame.y)
    found = [Looked(aspect="means", of=of_means, group=name, small=small)]
    within = _sds_within(group, average) if model.family.has_residual else None
    if within is not None:
        found.append(Looked(aspect="sds", of=within, group=name, small=small))
    for label, slope, weight in _slopes(model, group, counts):
        own = partial(_of_slopes, name=f"sd of the slopes of {label} by {name}", slope=slope,
                      weight=weight)  # fmt: skip
        found.append(Looked(aspect="slopes", of=own, group=name, slope=label))
    return found


def group_statistics(model: Model, group: GroupDesign, counts: Array | float = 1.0) -> Statistics:
    """Return the statistics of :func:`group_aspects` as one."""
    return merged(group_aspects(model, group, counts))


def _of_slopes(y: Array, name: str, slope: Any, weight: Array) -> dict[str, Array]:
    values = slope @ y.T
    return {name: np.sqrt(weight @ (values - weight @ values) ** 2)}


def _by_group(group: GroupDesign, weights: Array) -> Any:
    from scipy.sparse import csr_array

    rows = np.arange(len(group.index))
    shape = (len(group.labels), len(rows))
    return csr_array((weights, (group.index, rows)), shape=shape)


def _sds_within(group: GroupDesign, average: Any) -> Statistics | None:
    """Return mean and sd of the sds within groups of two rows or more; None without two such."""
    counts = group.caseloads
    several = counts > 1
    if several.sum() <= 1:
        return None

    def of(y: Array) -> dict[str, Array]:
        centred = y - y.mean(axis=1, keepdims=True)  # squares of far-off outcomes lose digits
        variance = average @ (centred**2).T - (average @ centred.T) ** 2
        factor = (counts / np.maximum(counts - 1, 1))[several, None]
        sds = np.sqrt(np.maximum(variance[several] * factor, 0))
        return {
            f"mean of the sds within {group.name}": sds.mean(axis=0),
            f"variation of the sds between groups of {group.name}": sds.std(axis=0, ddof=1),
        }

    return of


def _slopes(
    model: Model, group: GroupDesign, counts: Array | float
) -> list[tuple[str, Any, Array]]:
    """Return, a predictor: label, the matrix that gives each group's slope, and group weights."""
    columns = {
        label: group.Z[:, k] for k, label in enumerate(group.effects) if label != names.INTERCEPT
    } or {
        label: model.design.X[:, k]
        for k, label in enumerate(model.design.coefficients)
        if label != names.INTERCEPT
    }
    average = means_by_group(group, counts)
    found: list[tuple[str, Any, Array]] = []
    for label, x in columns.items():
        centred = x - (average @ x)[group.index]
        squares = np.bincount(group.index, counts * centred**2, minlength=len(group.labels))
        enough = (group.caseloads >= _FEWEST_FOR_SLOPE) & (squares > 1e-12 * (counts * x**2).sum())
        if enough.sum() > 1:
            divided = np.divide(1.0, squares, out=np.zeros_like(squares), where=enough)
            matrix = _by_group(group, counts * centred * divided[group.index])[enough]
            found.append((label, matrix, squares[enough] / squares[enough].sum()))
    return found
