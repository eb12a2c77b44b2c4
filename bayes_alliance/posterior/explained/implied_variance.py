"""The variance of the outcome that a fitted model implies, by source and level, per draw.

How the design's columns vary at each level is all that it needs of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import ModelError, listed
from bayes_alliance.kernels.r_squared import (
    explained_by_coefficients,
    explained_by_means,
    explained_by_slopes,
    level_covariances,
    level_of_each,
    weighted_means,
)
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.model.expression import has_offset
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.shared_groups import containers, is_chain
from bayes_alliance.posterior.shares.share_words import measure_words
from bayes_alliance.posterior.shares.variance_parts import (
    is_weighted,
    residual_note,
    residual_variance,
)
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import frequency_weights
from bayes_alliance.sampling.parameter_view import location_of
from bayes_alliance.sampling.stand_in import (
    cell_mean_model,
    cells_count_alike,
    counted_sums,
    stand_in_model,
)

Array = NDArray[np.float64]
# A column counts as lying at one level when at most this share of its variance lies elsewhere:
# centring on rows that were dropped later leaves such traces.
_ELSEWHERE = 0.01
_SEVERAL = -2
_OFFSET = "the offset"
Index = NDArray[np.int64]
_NOT_BY_GROUP = (
    "Of streamed rows with precision weights, covariances are kept over all rows, not by group: "
    "there are the measures of the total only."
)


@dataclass(frozen=True, kw_only=True)
class ImpliedVariance:
    """What each source contributes to the variance of the outcome.

    Levels count from 0, the rows; factors from 1, the lowest, as the levels they make.

    Parameters
    ----------
    fixed
        Of the coefficients by the level at which their columns vary, shape (chain, draw, level);
        one level, all of it, where the factors are crossed.
    slopes
        Of effects that vary between the groups of a factor, by (level at which their columns
        vary, factor), each shape (chain, draw). Traces at or above the factor's own level are
        counted at the level below it.
    means
        Of each factor at the means of its columns, shape (chain, draw, factor).
    residual
        Within the groups, shape (chain, draw).
    factors
        Names of the factors, the lowest first.
    crossed
        Whether the factors are crossed, so that there is no order of levels.
    obstacle
        Why the measures of single levels do not exist; empty if they do.
    """

    fixed: Array
    slopes: Mapping[tuple[int, int], Array]
    means: Array
    residual: Array
    factors: tuple[str, ...]
    crossed: bool
    obstacle: str

    @property
    def all_fixed(self) -> Array:
        """All that coefficients explain."""
        return np.asarray(self.fixed.sum(axis=-1))

    @property
    def all_slopes(self) -> Array:
        """All that varying slopes explain."""
        return np.asarray(sum(self.slopes.values(), np.zeros_like(self.residual)))

    @property
    def all_means(self) -> Array:
        """All that differences between groups at the means of their columns explain."""
        return np.asarray(self.means.sum(axis=-1))

    @property
    def total(self) -> Array:
        """The variance the model implies."""
        return np.asarray(self.all_fixed + self.all_slopes + self.all_means + self.residual)


def implied_variance(fit: Fit, asked: str, *, split: bool = False) -> ImpliedVariance:
    """Take the implied variance apart; see :func:`r2_measures` for what the parts are.

    Raises
    ------
    ModelError
        If there are no groups, or rows have known standard errors.
    SamplingError
        If the rows are not there.
    """
    whole, fit = fit, location_of(fit)
    _check_exists(fit, asked)
    spread = column_spread(fit.model)
    ordered, fixed, varying = spread.factors, spread.population, spread.effects
    effects = [_effects(fit, group) for group in ordered]
    residual = residual_variance(whole, fit.posterior)[..., 0]
    means = [explained_by_means(T, own) for T, own in zip(effects, spread.means, strict=True)]
    return ImpliedVariance(
        fixed=_of_coefficients(fit, fixed, residual),
        slopes={
            place: explained_by_slopes(T, covariance)
            for factor, (T, own) in enumerate(zip(effects, varying, strict=True), start=1)
            for place, covariance in _material(own, factor).items()
        },
        means=np.stack(means, axis=-1),
        residual=residual,
        factors=tuple(group.name for group in ordered),
        crossed=bool(spread.one_level),
        obstacle=spread.one_level
        or ("" if split else _mixture((*fit.model.design.coefficients, _OFFSET), spread)),
    )


def _of_coefficients(fit: Fit, covariances: Array, residual: Array) -> Array:
    coefficients = fit.model.design.coefficients
    b = fit.posterior[names.B].to_numpy() if coefficients else np.zeros((*residual.shape, 0))
    b = np.concatenate([b, np.ones((*residual.shape, 1))], axis=-1)  # the offset counts once
    return np.stack([explained_by_coefficients(b, own) for own in covariances], axis=-1)


def _material(covariances: Array, factor: int) -> dict[tuple[int, int], Array]:
    """Return the columns' covariance by (level, factor); traces join the level below the factor."""
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    kept = {(level, factor): own for level, own in enumerate(covariances[:factor])}
    for level in range(factor, len(covariances)):
        if (variances[level] > _ELSEWHERE * variances.sum(axis=0)).any():
            kept[level, factor] = covariances[level]
        else:
            below = min(factor, len(covariances)) - 1
            kept[below, factor] = kept[below, factor] + covariances[level]
    return kept


def _effects(fit: Fit, group: GroupDesign) -> Array:
    sd = fit.posterior[names.sd(group.name)].to_numpy()
    cor = fit.posterior[names.cor(group.name)].to_numpy() if group.pairs else None
    return effect_covariance(sd, cor, group.pairs)


def _mixture(coefficients: Sequence[str], spread: ColumnSpread) -> str:
    """Say which columns stand in the way of the measures of single levels, if any does."""
    mixed = _at_several_levels(coefficients, spread.population)
    upward: list[str] = []
    ordered = spread.factors
    for factor, (group, own) in enumerate(zip(ordered, spread.effects, strict=True), start=1):
        mixed += _at_several_levels(group.effects, own)
        levels = level_of_each(own, _ELSEWHERE)
        upward += [e for e, level in zip(group.effects, levels, strict=True) if level >= factor]
    if mixed:
        return (
            "Not all measures of single levels exist. These columns vary at several levels: "
            f"{listed(dict.fromkeys(mixed))}. {_remedy(mixed, len(ordered))}"
        )
    if upward:
        return (
            "Not all measures of single levels exist. These slopes vary between groups, but their "
            f"columns do not vary within them: {listed(dict.fromkeys(upward))}. "
            "r2_measures(fit, split=True) counts them at the level of the groups."
        )
    return ""


def _remedy(mixed: Sequence[str], factors: int) -> str:
    """Say what parts the levels; with several factors group means themselves vary at several."""
    split = "r2_measures(fit, split=True) parts them by their group means, one slope for all parts"
    if factors > 1 or set(mixed) == {_OFFSET}:
        return f"{split}."
    return f"{split}; within(x, group) + between(x, group) in the formula gives a number two."


def _at_several_levels(labels: Sequence[str], covariances: Array) -> list[str]:
    levels = level_of_each(covariances, _ELSEWHERE)
    return [label for label, level in zip(labels, levels, strict=True) if level == _SEVERAL]


def _check_exists(fit: Fit, asked: str) -> None:
    fit.need_data(asked, sums_suffice=True)
    model = fit.model
    if has_offset(model.design.part):
        fit.need_data(f"{asked} with the variance of the offset")
    if not model.groups:
        raise ModelError(
            f"{asked} was asked for.",
            "The model has no groups, so there is one level only.",
            "Use bayes_r2(fit), or add a group term such as (1 | case_manager).",
        )
    if model.formula.response.weight_kind == "known_error":
        raise ModelError(
            f"{asked} was asked for.",
            "The model has known standard errors, so every row has a residual variance of its own.",
            "Look at the standard deviation between the groups itself, with summarize(fit).",
        )


def scale_words(fit: Fit) -> str:
    """Say on which scale the variances are, for a sentence, unless it is the outcome's own."""
    return measure_words(fit.model.link.name if fit.model.family.on_link_scale else "outcome")


def implied_variance_notes(fit: Fit, parts: ImpliedVariance) -> list[str]:
    """Say on which scale the variances are, and where the residual variance does not exist."""
    model = fit.model
    notes = ["Scale: outcome."]
    if model.family.on_link_scale:
        notes = [
            f"Scale: link ({model.link}), with the residual variance of {model.family.residual_of}."
        ]
    if model.predicted:
        notes.append(residual_note(model, average=True))
    if is_weighted(model):
        notes.append("The residual variance is averaged over the precision weights.")
    missing = int(np.isnan(parts.residual).sum())
    if missing:
        notes.append(
            f"In {missing:,} of the {parts.residual.size:,} draws nu is 2 or less: the residual "
            "variance does not exist there. Measures that need it are those of the other draws, "
            "as under a prior that keeps nu above 2."
        )
    return notes


@dataclass(frozen=True, kw_only=True)
class ColumnSpread:
    """Covariances of the columns by level, the rows being the first, over rows with n - 1.

    Parameters
    ----------
    factors
        The grouping factors, the lowest first.
    population
        Of the predictors' columns and the offset, which is the last one, shape (level, column,
        column).
    effects
        The same of each factor's columns.
    means
        Mean of each factor's columns.
    one_level
        Why there is one level only, all of it; empty if there are those of the factors.
    """

    factors: tuple[GroupDesign, ...]
    population: Array
    effects: tuple[Array, ...]
    means: tuple[Array, ...]
    one_level: str


def column_spread(model: Model) -> ColumnSpread:
    """Take the covariances of all columns apart, from the rows or from sums of streamed ones."""
    inside = containers((model if model.stream is None else stand_in_model(model)).design)
    rows, weights = _rows(model)
    factors = tuple(sorted(rows.design.groups, key=lambda group: -len(inside[group.name])))
    one_level = ""
    if not is_chain(inside):
        crossed = listed(group.name for group in factors)
        one_level = f"The factors {crossed} are crossed: there are the measures of the total only."
    elif model.stream is not None and not cells_count_alike(model):
        one_level = _NOT_BY_GROUP
    index = [] if one_level else [group.index for group in factors]
    within = _within(model)
    places = [rows.design.groups.index(group) for group in factors]
    columns = np.column_stack([rows.design.X, rows.design.offset])
    return ColumnSpread(
        factors=factors,
        population=_by_level(columns, index, weights, within[0]),
        effects=tuple(
            _by_level(group.Z, index, weights, within[1 + place])
            for group, place in zip(factors, places, strict=True)
        ),
        means=tuple(weighted_means(group.Z, weights) for group in factors),
        one_level=one_level,
    )


def _rows(model: Model) -> tuple[Model, Array]:
    """Return a model with rows and how often each counts; of streamed ones, a row a cell."""
    if model.stream is not None:
        return cell_mean_model(model)
    return model, np.broadcast_to(frequency_weights(model), len(model.frame.y)).astype(float)


def _within(model: Model) -> list[Array | float]:
    """Return products of deviations that a row a cell leaves out; nothing where rows are held.

    The offset, which streamed rows do not hold apart, does not vary: as the constant.
    """
    if model.stream is None:
        return [0.0] * (1 + len(model.design.groups))
    products = np.pad(counted_sums(model).products.sum(axis=0), (0, 1))
    population, *effects = model.stream.places
    wanted = [[*population, -1], *(list(own) for own in effects)]
    return [products[np.ix_(own, own)] for own in wanted]


def _by_level(
    columns: Array, index: Sequence[Index], weights: Array, within: Array | float
) -> Array:
    found = level_covariances(columns, index, weights)
    found[0] += within / (weights.sum() - 1)
    return found
