"""Rows to predict for as matrices, and the draws of what multiplies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import FEWER_DRAWS, DataError, SamplingError, listed
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.model.design import rebuild_design
from bayes_alliance.model.frame import row_weights
from bayes_alliance.model.group_design import GroupDesign, combined_labels
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.predictor import grouping_factors
from bayes_alliance.posterior.prediction.target import (
    DRAWN_FROM,
    LOOKED_AT,
    Target,
    target_with_new,
)
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import xarray as xr
    from scipy.sparse import csr_array

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
_UNNAMED = "(a group the rows do not name)"
_WORK = 1e8  # numbers, draws times rows, that are worth making without being asked to
_FEWEST_DRAWS = 400


@dataclass(frozen=True, kw_only=True)
class PredictionRows:
    """What the linear predictor of some rows is made of.

    Parameters
    ----------
    X, offset
        Shapes (row, coefficient) and (row,).
    seen
        For the factors with the target ``same`` or ``either``: the groups that occur, as places
        among the model's, and one sparse matrix an effect, shape (row, group that occurs).
    drawn
        For those with the target ``new`` or ``either``: the columns of the effects, shape (row,
        effect); zero where the row's group was seen and the target is ``either``.
    draw_codes
        For the same factors: rows with one code are in one new group.
    precision
        What the residual variance of each row is divided by, or 1.
    predicted
        For each parameter beside the location that is predicted, X and offset of its own.
    places
        For each parameter, the location among them, the places of its effects by factor.
    """

    X: Array
    offset: Array
    seen: Mapping[str, tuple[Codes, tuple[csr_array, ...]]]
    drawn: Mapping[str, Array]
    draw_codes: Mapping[str, Codes]
    precision: Array | float
    predicted: Mapping[str, tuple[Array, Array]]
    places: Mapping[str, Mapping[str, list[int]]]

    def part(self, rows: slice) -> PredictionRows:
        """Return some of the rows."""
        return replace(
            self,
            X=self.X[rows],
            offset=self.offset[rows],
            seen={g: (at, tuple(W[rows] for W in Ws)) for g, (at, Ws) in self.seen.items()},
            drawn={g: Z[rows] for g, Z in self.drawn.items()},
            draw_codes={g: codes[rows] for g, codes in self.draw_codes.items()},
            precision=self.precision if np.isscalar(self.precision) else self.precision[rows],
            predicted={name: (X[rows], own[rows]) for name, (X, own) in self.predicted.items()},
        )

    def averaged(self, weights: csr_array) -> PredictionRows:
        """Return weighted sums of rows, for what is linear in them; weights (cell, row)."""
        return replace(
            self,
            X=weights @ self.X,
            offset=weights @ self.offset,
            seen={
                g: (at, tuple((weights @ W).tocsr() for W in Ws))
                for g, (at, Ws) in self.seen.items()
            },
            drawn={g: weights @ Z for g, Z in self.drawn.items()},
            draw_codes={},
            precision=1.0,
            predicted={},
        )


def prediction_rows(
    model: Model, data: pd.DataFrame, targets: Mapping[str, Target], *, residual: bool = False
) -> PredictionRows:
    """Make the matrices of the rows.

    Parameters
    ----------
    model
        The model.
    data
        The rows, as :func:`given_rows` gives them.
    targets
        One for each factor.
    residual
        Whether outcomes with residuals are wanted, which may need a column of weights.

    Raises
    ------
    DataError
        If a factor with the target ``same`` has no column or groups not seen; for unseen levels.
    """
    _check_factors(model, targets, data)
    missing = [name for name in grouping_factors(model) if name not in data.columns]
    new = rebuild_design(model.design, data.assign(**dict.fromkeys(missing, _UNNAMED)))
    seen, drawn, codes = {}, {}, {}
    for group in model.design.groups:
        kind, index, Z = targets[group.name], new.index[group.name], new.Z[group.name]
        if kind == "same":
            _check_seen(model, targets, group, index, data)
        if kind in LOOKED_AT:
            seen[group.name] = _sparse_effects(index, Z)
        if kind in DRAWN_FROM:
            known = (index >= 0) & (kind == "either")
            drawn[group.name] = np.where(known[:, None], 0.0, Z)
            codes[group.name] = _codes(data, group.factors)
    return PredictionRows(
        X=np.ascontiguousarray(new.X),
        offset=new.offset,
        seen=seen,
        drawn=drawn,
        draw_codes=codes,
        precision=_precision(model, data) if residual else 1.0,
        predicted=new.predicted,
        places={
            own.parameter: {g.name: g.places_of(own.parameter) for g in model.design.groups}
            for own in model.design.predictors
        },
    )


def with_shared_groups(cases: Sequence[PredictionRows]) -> list[PredictionRows]:
    """Let all cases number the groups that occur alike, so that one set of draws serves them."""
    return [replace(case, seen=_shared(case, cases)) for case in cases]


def _shared(
    case: PredictionRows, cases: Sequence[PredictionRows]
) -> dict[str, tuple[Codes, tuple[csr_array, ...]]]:
    from scipy.sparse import csr_array

    seen = {}
    for group, (places, matrices) in case.seen.items():
        union = np.unique(np.concatenate([other.seen[group][0] for other in cases]))
        new = np.searchsorted(union, places)
        wider = tuple(
            csr_array((W.data, new[W.indices], W.indptr), shape=(W.shape[0], len(union)))
            for W in matrices
        )
        seen[group] = (union, wider)
    return seen


def _sparse_effects(index: Codes, Z: Array) -> tuple[Codes, tuple[csr_array, ...]]:
    from scipy.sparse import csr_array

    known = index >= 0  # a row of a new group has no entry
    occurring, places = np.unique(index[known], return_inverse=True)
    shape = (len(index), len(occurring))
    rows = np.concatenate([[0], np.cumsum(known)])
    matrices = tuple(
        csr_array((np.ascontiguousarray(Z[known, k]), places, rows), shape=shape)
        for k in range(Z.shape[1])
    )
    return occurring, matrices


def _codes(data: pd.DataFrame, factors: tuple[str, ...]) -> Codes:
    """Give every new group a number; rows that name none are each in one of their own."""
    if any(factor not in data.columns for factor in factors):
        return np.arange(len(data))
    codes = np.asarray(pd.factorize(combined_labels(data, factors))[0], dtype=np.int64)
    unnamed = codes < 0
    codes[unnamed] = codes.max() + 1 + np.arange(int(unnamed.sum()))
    return codes


def _precision(model: Model, data: pd.DataFrame) -> Array | float:
    """Return the precision weights of rows that are to have residuals."""
    response = model.formula.response
    if response.weights is None or response.weight_kind == "frequency":
        return 1.0
    if response.weights not in data.columns:
        raise DataError(
            "Outcomes with their residuals were asked for.",
            f"How large those are depends on {response.weights}, which the table lacks.",
            "Add that column, or ask for expected outcomes with kind='mean'.",
            missing=[response.weights],
        )
    weights = row_weights(data, model.formula)
    return 1.0 if weights is None else weights


def _check_factors(model: Model, targets: Mapping[str, Target], data: pd.DataFrame) -> None:
    unknown = [
        group
        for group in model.design.groups
        if targets[group.name] == "same" and set(group.factors) - set(data.columns)
    ]
    if not unknown:
        return
    groups = [group.name for group in unknown]
    factors = dict.fromkeys(factor for group in unknown for factor in group.factors)
    absent = [factor for factor in factors if factor not in data.columns]
    raise DataError(
        f"Predictions for the groups of {listed(groups)} that were seen were asked for.",
        f"The rows do not say which group they are in: they lack {listed(absent)}.",
        f"Add {'the columns' if len(absent) > 1 else 'that column'}, or ask for groups of "
        f"{listed(groups)} drawn from the population with "
        f"{target_with_new(model, targets, groups)}.",
        missing=absent,
    )


def _check_seen(
    model: Model,
    targets: Mapping[str, Target],
    group: GroupDesign,
    index: Codes,
    data: pd.DataFrame,
) -> None:
    if (index >= 0).all():
        return
    labels = combined_labels(data[index < 0], group.factors).unique().tolist()
    raise DataError(
        f"Predictions for the groups of {group.name} that were seen were asked for.",
        f"The model has not seen {listed(labels)}.",
        f"Leave those rows out, ask for groups of {group.name} drawn from the population with "
        f"{target_with_new(model, targets, [group.name])}, or have only those of the new groups "
        'drawn with target="either".',
        group=group.name,
        unseen=labels,
    )


@dataclass(frozen=True, kw_only=True)
class PredictionDraws:
    """Draws with the chains one behind the other, the draws last.

    Parameters
    ----------
    chains, draws
        How many there are, and how many in each.
    coefficients
        Shape (coefficient, draw).
    predicted
        Coefficients of every other parameter that is predicted, likewise.
    seen
        Effects of the groups that occur, shape (effect, group that occurs, draw).
    covariance
        Covariance of the effects of the factors whose groups are new, (draw, effect, effect).
    parameters
        The family's own, shape (draw,) or (draw, threshold).
    """

    chains: int
    draws: int
    coefficients: Array
    predicted: Mapping[str, Array]
    seen: Mapping[str, Array]
    covariance: Mapping[str, Array]
    parameters: Mapping[str, Array]

    @property
    def total(self) -> int:
        """Draws over all chains."""
        return self.chains * self.draws


def enough_draws(fit: Fit, rows: int, asked: int | None) -> int | None:
    """Return how many draws to use: as many as asked for, else all unless that is wasteful."""
    if asked is not None or rows * fit.draws_in_all <= _WORK:
        return asked
    return max(_FEWEST_DRAWS, int(_WORK / rows))


def prediction_draws(
    fit: Fit, rows: PredictionRows, count: int | None, memory: float
) -> PredictionDraws:
    """Take the draws the rows need, some of them if ``count`` says so.

    Raises
    ------
    SamplingError
        If the effects of the groups that occur would take more than ``memory`` gigabytes.
    """
    kept = thinned(fit.posterior, count)
    model = fit.model
    chains, draws = kept.sizes[names.CHAIN], kept.sizes[names.DRAW]
    _check_effects(rows, chains * draws, memory)
    found = {
        own.parameter: np.ascontiguousarray(_flat(kept[own.variable]).T)
        if own.coefficients
        else np.zeros((0, chains * draws))
        for own in model.design.predictors
    }
    return PredictionDraws(
        chains=chains,
        draws=draws,
        coefficients=found.pop(model.design.location.parameter),
        predicted=found,
        seen={
            group: np.ascontiguousarray(
                _flat(kept[names.u(group)].isel({group: places})).transpose(2, 1, 0)
            )
            for group, (places, _) in rows.seen.items()
        },
        covariance={group: _covariance(fit, kept, group) for group in rows.drawn},
        parameters={name: _flat(kept[name]) for name in model.family.parameters},
    )


def _flat(values: xr.DataArray) -> Any:
    array = values.to_numpy()
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])


def _covariance(fit: Fit, kept: xr.Dataset, group: str) -> Array:
    pairs = fit.model.design.group(group).pairs
    cor = _flat(kept[names.cor(group)]) if pairs else None
    return effect_covariance(_flat(kept[names.sd(group)]), cor, pairs)


def _check_effects(rows: PredictionRows, draws: int, memory: float) -> None:
    numbers = sum(len(places) * len(Ws) for places, Ws in rows.seen.values())
    size = 8.0 * numbers * draws / 1e9
    if size > memory:
        raise SamplingError(
            f"Predicting for these groups takes {numbers} effects in each of {draws} draws.",
            f"That is {size:.1f} GB; the limit is {memory:g} GB.",
            FEWER_DRAWS,
            gigabytes=size,
        )
