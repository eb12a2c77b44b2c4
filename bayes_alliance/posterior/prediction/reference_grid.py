"""Made-up rows to predict for: stated values crossed, everything else at a typical value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance.errors import DataError, ModelError, SamplingError, did_you_mean, listed
from bayes_alliance.model.expression import without_blanks
from bayes_alliance.model.group_mean_terms import GroupMean
from bayes_alliance.model.predictor_checks import holds_numbers, is_finite_number
from bayes_alliance.posterior.prediction.predictor import (
    grouping_factors,
    is_categorical,
    levels_of,
    means_by_group,
    predictor_columns,
    typical_value,
)
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd

_POINTS = 25
_MOST_ROWS = 1_000_000
_NUMBER: Mapping[str, Any] = {"numbers": [0.0]}


def grid(
    fit: Fit, *spread: str, values: Mapping[str, Any] | None = None, **named: Any
) -> pd.DataFrame:
    """Make rows to predict for: every combination of the stated values.

    What is not stated stands at its mean over the model's rows, or at its reference level if it
    is categorical. Groups stand in the grid only if they are stated. The mean that a group has of
    a predictor in ``within(x, g)`` or ``between(x, g)`` is stated as a column of the name
    ``between(x, g)``; x itself, unless it is stated too, then stands at that mean. Unstated, the
    mean is that of the group the row names or, without one the model has seen, the average
    group's: that of x over all rows it was learnt from.

    Parameters
    ----------
    fit : Fit
        Any fit; without its rows, every value must be stated that is to vary.
    *spread : str
        Predictors that are to vary without stating how: numbers over 25 evenly spaced values from
        the smallest to the largest of the model's rows, categories over all their levels.
    values : Mapping, optional
        Values of columns whose names are no Python names: ``{"months in care": [6, 12]}``,
        ``{"between(stigma, case_manager)": [1, 2]}``.
    **named
        Values of the other columns, one or several: ``stigma=[-1, 0, 1], setting="home"``.

    Returns
    -------
    pandas.DataFrame
        One row a combination, the first column varying slowest. For the predictors, and the
        groups that were stated.

    Raises
    ------
    DataError
        For a column the model does not use, or a level it has not seen.
    ModelError
        If there would be more than a million rows.
    SamplingError
        If a range is asked for and the fit does not hold its rows.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.predict(fit, ba.grid(fit, "stigma", setting=["home", "ward"]))  # doctest: +SKIP
    """
    import pandas as pd

    check_fit(fit, "grid", by_row=True)
    predictors = predictor_columns(fit.model)
    means = means_by_group(fit.model)
    known = {without_blanks(name): name for name in means}
    stated: dict[str, Any] = {
        known.get(without_blanks(name), name): value
        for name, value in {**dict.fromkeys(spread), **(values or {}), **named}.items()
    }
    _check_names(fit, stated, predictors)
    listed_values = _listed_values(fit, stated, predictors, means)
    _check_size(listed_values)
    frame = pd.MultiIndex.from_product(
        [_places(chosen) for chosen in listed_values.values()], names=list(listed_values)
    ).to_frame(index=False)
    columns = {
        name: pd.Series(chosen).take(frame[name].to_numpy()).reset_index(drop=True)
        for name, chosen in listed_values.items()
    }
    columns |= _at_their_means(columns, stated, means)
    return pd.DataFrame(columns, index=frame.index)


def _listed_values(
    fit: Fit,
    stated: Mapping[str, Any],
    predictors: Mapping[str, Any],
    means: Mapping[str, GroupMean],
) -> dict[str, list[Any]]:
    """Return the values of every column, those stated first."""
    found: dict[str, list[Any]] = {}
    for name in [*stated, *(p for p in predictors if p not in stated)]:
        if name not in stated:
            found[name] = [typical_value(predictors[name])]
        elif stated[name] is not None:
            found[name] = _as_list(stated[name])
        elif name in means:
            found[name] = _over_groups(means[name])
        else:
            found[name] = _spread_values(fit, name, predictors)
        _check_values(name, found[name], _NUMBER if name in means else predictors.get(name))
    return found


def _at_their_means(
    columns: Mapping[str, Any], stated: Mapping[str, Any], means: Mapping[str, GroupMean]
) -> dict[str, Any]:
    """Let a predictor that is not stated stand at the one mean of it that is."""
    moved: dict[str, list[str]] = {}
    for name in stated:
        column = means[name].column if name in means else None
        if column is not None and column not in stated:
            moved.setdefault(column, []).append(name)
    return {column: columns[names[0]] for column, names in moved.items() if len(names) == 1}


def _over_groups(mean: GroupMean) -> list[float]:
    return list(np.linspace(min(mean.means.values()), max(mean.means.values()), _POINTS))


def _places(values: Sequence[Any]) -> range:
    """Stand for the values by their places, so that pandas keeps each column's own type."""
    return range(len(values))


def _as_list(value: Any) -> list[Any]:
    """Return one value or several as a list, numpy's scalars as Python's."""
    if isinstance(value, str) or not np.iterable(value):
        return [value]
    return [v.item() if isinstance(v, np.generic) else v for v in value]


def _spread_values(fit: Fit, name: str, predictors: Mapping[str, Any]) -> list[Any]:
    state = predictors.get(name)
    if state is None:
        return list(fit.model.frame.rows[name].drop_duplicates()) if fit.has_data else []
    if is_categorical(state):
        return levels_of(state)
    if not fit.has_data:
        raise SamplingError(
            f"A grid over the range of {name} was asked for.",
            "The fit does not hold the rows that would tell it.",
            f"State the values: {name}=[...].",
        )
    column = fit.model.frame.rows[name].astype(float)
    if column.nunique() <= 2:
        return sorted(column.unique().tolist())
    return list(np.linspace(column.min(), column.max(), _POINTS))


def _check_names(fit: Fit, stated: Mapping[str, Any], predictors: Mapping[str, Any]) -> None:
    weights = fit.model.formula.response.weights
    valid = [
        *predictors,
        *grouping_factors(fit.model),
        *means_by_group(fit.model),
        *([weights] if weights else []),
    ]
    unknown = [name for name in stated if name not in valid]
    if unknown:
        raise DataError(
            f"A grid was asked for over {listed(stated)}.",
            f"The model does not use {listed(unknown)}. {did_you_mean(unknown[0], valid)}".rstrip(),
            f"It uses {listed(valid, shown=20) or 'no column'}.",
            unknown=unknown,
        )


def _check_values(name: str, values: list[Any], state: Mapping[str, Any] | None) -> None:
    asked = f"A grid was asked for with values of {name}."
    if not values:
        raise DataError(asked, "There is none.", f"State one or several: {name}=[...].")
    if state is None:
        return
    if holds_numbers(state):
        _check_numbers(name, values)
        return
    valid = levels_of(state)
    unseen = [value for value in values if value not in valid]
    if unseen:
        hint = did_you_mean(str(unseen[0]), valid)
        raise DataError(
            asked,
            f"The model has not seen {listed(unseen)}. {hint}".rstrip(),
            f"It has seen {listed(valid, shown=20)}.",
            column=name,
            unseen=unseen,
        )


def _check_numbers(name: str, values: list[Any]) -> None:
    wrong = [value for value in values if not is_finite_number(value)]
    if wrong:
        raise DataError(
            f"A grid was asked for with values of {name}.",
            f"The model takes {name} as numbers, and among the values is {wrong[0]!r}.",
            "State finite numbers.",
            column=name,
        )


def _check_size(values: Mapping[str, list[Any]]) -> None:
    rows = int(np.prod([len(chosen) for chosen in values.values()], dtype=np.int64))
    if rows > _MOST_ROWS:
        raise ModelError(
            f"A grid was asked for over {listed(values)}.",
            f"It would have {rows} rows.",
            "State fewer values for each.",
            rows=rows,
        )
