"""The rows to predict for, as they were given: checked, and numbered from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.errors import DataError, SamplingError, counted, did_you_mean, listed
from bayes_alliance.model.group_mean_terms import GroupMean
from bayes_alliance.model.predictor_checks import as_numbers, holds_numbers
from bayes_alliance.model.transforms import GROUP_MEANS
from bayes_alliance.posterior.prediction.predictor import means_by_group, predictor_columns
from bayes_alliance.sampling.fit import Fit


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
    means = means_by_group(fit.model)
    data = data.rename(columns=_stated_means(means, data, what))
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
    numeric += [name for name in means if name in data.columns]
    return data.assign(**{name: as_numbers(data[name]) for name in numeric}).reset_index(drop=True)


def _stated_means(means: Mapping[str, GroupMean], data: pd.DataFrame, what: str) -> dict[Any, str]:
    """Find the columns that state group means, and give them their names.

    Raises
    ------
    DataError
        For a column that would state a mean the model does not use.
    """
    found = {mean.column_of(data): name for name, mean in means.items()}
    for column in data.columns:
        if column not in found and str(column).startswith(tuple(f"{n}(" for n in GROUP_MEANS)):
            raise DataError(
                f"{what} was asked for with a column {column}.",
                f"The model uses no such group mean. {did_you_mean(str(column), means)}".rstrip(),
                f"It uses {listed(means) or 'none'}.",
                column=column,
            )
    return {column: name for column, name in found.items() if column is not None}


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
