"""Rows to predict for, as matrices: what multiplies coefficients, seen effects and new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.errors import DataError, SamplingError, counted, listed
from bayes_alliance.model.design import rebuild_design
from bayes_alliance.model.frame import row_weights
from bayes_alliance.model.group_design import GroupDesign, combined_labels
from bayes_alliance.model.predictor_checks import as_numbers, holds_numbers
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.predictor import grouping_factors, predictor_columns
from bayes_alliance.posterior.prediction.target import Target, target_with_new
from bayes_alliance.posterior.prediction.typical_group import TYPICAL, with_typical_group
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PredictionRows:
    """What the linear predictor of some rows is made of.

    Parameters
    ----------
    X, offset
        Shapes (row, coefficient) and (row,).
    seen
        For the factors with the target ``same``: the groups that occur, as places among the
        model's, and one sparse matrix an effect, shape (row, group that occurs).
    drawn
        For those with the target ``new``: the columns of the effects, shape (row, effect).
    draw_codes
        For the same factors: rows with one code are in one new group.
    precision
        What the residual variance of each row is divided by, or 1.
    """

    X: Array
    offset: Array
    seen: Mapping[str, tuple[Codes, tuple[csr_array, ...]]]
    drawn: Mapping[str, Array]
    draw_codes: Mapping[str, Codes]
    precision: Array | float

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
        )


def given_rows(fit: Fit, data: pd.DataFrame | Mapping[str, Any] | None, what: str) -> pd.DataFrame:
    """Return the rows to predict for, numbered from 0: those given, or the model's own.

    Raises
    ------
    SamplingError
        If none are given and the fit does not hold its own.
    DataError
        If there is none, or one lacks the value of a predictor.
    """
    if data is None:
        if not fit.has_data:
            raise SamplingError(
                f"{what} for the model's own rows was asked for.",
                "The fit does not hold them: they were left out when it was saved, or streamed.",
                "Give rows with data=, such as those of grid(fit, ...) or the table itself.",
            )
        return fit.model.frame.rows
    data = _as_table(data, what)
    if len(data) == 0:
        raise DataError(f"{what} was asked for.", "The table has no rows.", "Give some.")
    needed = list(predictor_columns(fit.model))
    absent = [name for name in needed if name not in data.columns]
    if absent:
        raise DataError(
            f"{what} needs the columns {listed(needed, shown=20)}.",
            f"The table lacks {listed(absent)}.",
            "Add them, under the names they had when the model was built, or make rows with "
            "grid(fit, ...).",
            missing=absent,
        )
    empty = {name: int(count) for name in needed if (count := data[name].isna().sum())}
    if empty:
        raise DataError(
            f"{what} needs every predictor in every row.",
            f"Missing values: {listed(f'{n} in {counted(c, "row")}' for n, c in empty.items())}.",
            "Drop or fill those rows first.",
            missing=empty,
        )
    numeric = [n for n, state in predictor_columns(fit.model).items() if holds_numbers(state)]
    return data.assign(**{name: as_numbers(data[name]) for name in numeric}).reset_index(drop=True)


def _as_table(data: Any, what: str) -> pd.DataFrame:
    """Return a table, or make one of a mapping from columns to a value or several."""
    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, Mapping):
        raise DataError(
            f"{what} was asked for.",
            f"The rows were given as {type(data).__name__}, which is no table.",
            "Give a pandas table, or a mapping from columns to values: {'stigma': [1, 2]}.",
        )
    single = [name for name, v in data.items() if isinstance(v, str) or not np.iterable(v)]
    try:
        return pd.DataFrame(dict(data), index=range(1) if len(single) == len(data) else None)
    except ValueError as error:
        lengths = {name: len(list(v)) for name, v in data.items() if name not in single}
        raise DataError(
            f"{what} was asked for.",
            f"The columns are not equally long: {listed(f'{n}: {k}' for n, k in lengths.items())}.",
            "Give every column as many values, or a single one.",
            lengths=lengths,
        ) from error


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
    filled = data.assign(**dict.fromkeys(missing, TYPICAL))
    new = rebuild_design(with_typical_group(model.design), filled)
    seen, drawn, codes = {}, {}, {}
    for group in model.design.groups:
        if targets[group.name] == "same":
            _check_seen(model, targets, group, new.index[group.name], data)
            seen[group.name] = _sparse_effects(new.index[group.name], new.Z[group.name])
        elif targets[group.name] == "new":
            drawn[group.name] = new.Z[group.name]
            codes[group.name] = _codes(data, group.factors)
    return PredictionRows(
        X=np.ascontiguousarray(new.X),
        offset=new.offset,
        seen=seen,
        drawn=drawn,
        draw_codes=codes,
        precision=_precision(model, data) if residual else 1.0,
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

    occurring, places = np.unique(index, return_inverse=True)
    shape = (len(index), len(occurring))
    rows = np.arange(len(index) + 1)
    matrices = tuple(
        csr_array((np.ascontiguousarray(Z[:, k]), places, rows), shape=shape)
        for k in range(Z.shape[1])
    )
    return occurring, matrices


def _codes(data: pd.DataFrame, factors: tuple[str, ...]) -> Codes:
    """Give every new group a number; rows that name none are each in one of their own."""
    if any(factor not in data.columns for factor in factors):
        return np.arange(len(data))
    return np.asarray(pd.factorize(combined_labels(data, factors))[0], dtype=np.int64)


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
        f"Leave those rows out, or ask for groups of {group.name} drawn from the population with "
        f"{target_with_new(model, targets, [group.name])}.",
        group=group.name,
        unseen=labels,
    )
