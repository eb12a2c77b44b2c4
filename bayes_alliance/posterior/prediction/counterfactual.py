"""The same rows with one predictor set to something else, in pairs that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance.errors import DataError, ModelError, did_you_mean, listed
from bayes_alliance.model.predictor_checks import is_finite_number
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.predictor import (
    grouping_factors,
    is_categorical,
    levels_of,
    means_by_group,
    predictor_columns,
)
from bayes_alliance.posterior.prediction.target import LOOKED_AT, Target, target_with_new

if TYPE_CHECKING:
    import pandas as pd

_BINARY = (0.0, 1.0)
_NUMBER: Mapping[str, Any] = {"numbers": [0.0]}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One predictor at two values.

    Parameters
    ----------
    variable
        Its column.
    first, second
        The values; None as ``first`` leaves the rows as they are, and ``second`` is added then.
    """

    variable: str
    first: Any
    second: Any

    def tables(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows at the first value and at the second."""
        if self.first is None:
            moved = rows[self.variable].astype(float) + self.second
            return rows, rows.assign(**{self.variable: moved})
        return (
            rows.assign(**{self.variable: self.first}),
            rows.assign(**{self.variable: self.second}),
        )

    def label(self, sign: str) -> str:
        """Name the pair, such as ``home − ward``; a step is named by its size."""
        if self.first is None:
            return f"{self.second:+g}"
        return f"{_shown(self.second)} {sign} {_shown(self.first)}"

    @property
    def words(self) -> str:
        """The pair in words: ``home against ward``, ``higher by 1``."""
        if self.first is None:
            return f"{'higher' if self.second > 0 else 'lower'} by {abs(self.second):g}"
        return f"{_shown(self.second)} against {_shown(self.first)}"


def wanted_pairs(model: Model, variables: Any, rows: pd.DataFrame) -> list[Pair]:
    """Read which predictors are to be compared at which values.

    Parameters
    ----------
    model
        The model.
    variables
        A column, several of them, or a mapping from columns to values.
    rows
        The rows to compare on.

    Raises
    ------
    DataError
        For a column that is no predictor, or a level never seen.
    ModelError
        For values that make no pair.
    """
    if isinstance(variables, str):
        variables = {variables: None}
    elif not isinstance(variables, Mapping):
        variables = dict.fromkeys(variables)
    return [
        pair for name, values in variables.items() for pair in _pairs(model, name, values, rows)
    ]


def check_variable(
    model: Model, name: str, what: str, *, groups: bool = False
) -> Mapping[str, Any]:
    """Return what a predictor is like.

    Raises
    ------
    DataError
        If it is none; with ``groups``, a column that names groups will do.
    """
    predictors = {**predictor_columns(model), **dict.fromkeys(means_by_group(model), _NUMBER)}
    valid = [*predictors, *(grouping_factors(model) if groups else ())]
    if name not in valid:
        raise DataError(
            f"{what} of {name} was asked for.",
            f"The model has no such predictor. {did_you_mean(name, valid)}".rstrip(),
            f"It has {listed(predictors, shown=20) or 'none'}.",
            variable=name,
        )
    return predictors.get(name, {"levels": []})


def check_groups_matter(model: Model, pairs: Sequence[Pair], targets: Mapping[str, Target]) -> None:
    """Refuse to compare two groups where their effects are not looked at.

    Raises
    ------
    ModelError
        If so.
    """
    looked_at = {
        factor
        for group in model.design.groups
        if targets[group.name] in LOOKED_AT
        for factor in group.factors
    }
    for pair in pairs:
        if (
            pair.variable
            in set(grouping_factors(model)) - set(predictor_columns(model)) - looked_at
        ):
            raise ModelError(
                f"Two groups of {pair.variable} were to be compared.",
                "For a new or an average group it makes no difference which one is named.",
                f"Ask for {_target_that_tells(model, pair.variable)}.",
                variable=pair.variable,
            )


def _target_that_tells(model: Model, factor: str) -> str:
    """Return the argument that looks at the groups one column names, and new ones within them."""
    every: dict[str, Target] = {group.name: "same" for group in model.design.groups}
    naming = [group for group in model.design.groups if factor in group.factors]
    others = [group.name for group in naming if group.factors != (factor,)]
    # A factor that names groups only together with others has to be looked at as it is.
    split = 0 < len(others) < len(naming)
    return target_with_new(model, every, others) if split else "target='same'"


def _pairs(model: Model, name: str, values: Any, rows: pd.DataFrame) -> list[Pair]:
    state = check_variable(model, name, "A contrast", groups=True)
    if name in grouping_factors(model) and name not in predictor_columns(model):
        return _against_first(name, _several(name, values, "the two groups"))
    if is_categorical(state):
        chosen = levels_of(state) if values is None else _several(name, values, "two levels")
        _check_levels(name, chosen, levels_of(state))
        return _against_first(name, chosen)
    if values is None:
        binary = name in rows and set(rows[name].astype(float)) <= set(_BINARY)
        return [Pair(variable=name, first=0.0, second=1.0)] if binary else [_step(name, 1.0)]
    if isinstance(values, int | float | np.number):
        return [_step(name, float(values))]
    several = _several(name, values, "a step, or two numbers")
    _check_numbers(name, several)
    return _against_first(name, several)


def _check_numbers(name: str, values: Sequence[Any]) -> None:
    wrong = [value for value in values if not is_finite_number(value)]
    if wrong:
        raise ModelError(
            f"A contrast of {name} was asked for at {listed(map(repr, values))}.",
            f"The model takes {name} as numbers, and {wrong[0]!r} is no finite one.",
            f"State a step, or two numbers: {{{name!r}: (first, second)}}.",
            variable=name,
        )


def _step(name: str, size: float) -> Pair:
    if not np.isfinite(size) or size == 0.0:
        raise ModelError(
            f"A contrast of {name} was asked for with a step of {size}.",
            "That compares nothing.",
            f"State another, such as {{{name!r}: 1}}.",
        )
    return Pair(variable=name, first=None, second=size)


def _several(name: str, values: Any, what: str) -> Sequence[Any]:
    several = None if values is None or isinstance(values, str) else list(np.atleast_1d(values))
    if several is None or len(several) < 2:
        raise ModelError(
            f"A contrast of {name} was asked for {_given(values)}.",
            "Two values are needed at least: the second and further are compared with the first.",
            f"State {what}: {{{name!r}: (first, second)}}.",
            variable=name,
        )
    return [v.item() if isinstance(v, np.generic) else v for v in values]


def _given(values: Any) -> str:
    return "without values" if values is None else f"with {values!r}"


def _check_levels(name: str, chosen: Sequence[Any], valid: Sequence[Any]) -> None:
    unseen = [value for value in chosen if value not in valid]
    if unseen:
        hint = did_you_mean(str(unseen[0]), valid)
        raise DataError(
            f"A contrast of {name} was asked for at {listed(chosen)}.",
            f"The model has not seen {listed(unseen)}. {hint}".rstrip(),
            f"It has seen {listed(valid, shown=20)}.",
            unseen=unseen,
        )


def _against_first(name: str, values: Sequence[Any]) -> list[Pair]:
    return [Pair(variable=name, first=values[0], second=value) for value in values[1:]]


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
