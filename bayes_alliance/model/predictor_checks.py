"""Predictors that would give no number, or a wrong one: refused before anything is fitted."""

from __future__ import annotations

import contextlib
import numbers
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.columns import numbers_of, ordinary_column
from bayes_alliance.data.notes.predictor_uses import TOO_MANY_LEVELS
from bayes_alliance.data.notes.text_checks import days_since, holds_dates
from bayes_alliance.errors import DataError, counted, listed, shortened


@contextlib.contextmanager
def quiet_arithmetic() -> Iterator[None]:
    """Leave out warnings of logs and roots that fail: :func:`check_finite` says it better."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def check_finite(expression: str, labels: Iterable[str], matrix: NDArray[np.float64]) -> None:
    """Refuse columns of a design that are not finite in every row.

    Raises
    ------
    DataError
        Naming the columns and how many rows fail.
    """
    bad = ~np.isfinite(matrix)
    if not bad.any():
        return
    named = list(labels)
    failing = [named[k] if k < len(named) else "offset" for k in np.flatnonzero(bad.any(axis=0))]
    raise DataError(
        f"The expression '{shortened(expression)}' was to be evaluated.",
        f"{listed(failing)} has no finite value in {counted(int(bad.any(axis=1).sum()), 'row')}.",
        "Look for missing values, logs or roots of numbers below 0, and predictors that are "
        "scaled but constant.",
        columns=failing,
    )


def check_predictor(column: pd.Series[Any], *, chosen: bool = False) -> None:
    """Refuse a predictor that is neither numbers nor categories, or whose categories are none.

    Parameters
    ----------
    column
        As the model uses it.
    chosen
        Whether it stands in ``C()``, so that its categories are wanted however many they are.

    Raises
    ------
    DataError
        If so.
    """
    kind = column.dtype
    if pd.api.types.is_complex_dtype(kind):
        raise DataError(
            f"The formula uses the column {column.name}.",
            "It holds complex numbers, which are no predictor.",
            "Make a column of their real parts or sizes first.",
            column=column.name,
        )
    if pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
        raise DataError(
            f"The formula uses the column {column.name}.",
            "It holds dates or times, which are no predictor as they stand.",
            days_since(column),
            column=column.name,
        )
    text = not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
    if text and column.nunique() == 1:
        raise DataError(
            f"The formula uses {column.name} as a predictor.",
            f"It has one value only in the rows used: {column.iloc[0]!r}, so it explains nothing.",
            "Take it out of the formula, or check the filter.",
            column=column.name,
        )
    if text and not chosen:
        _check_levels(column)


def _check_levels(column: pd.Series[Any]) -> None:
    """Refuse categories that are dates, or so many that nobody can have meant them."""
    levels = column.nunique()
    asked = f"The formula uses {column.name} as a predictor."
    if holds_dates(column):
        raise DataError(
            asked,
            f"It holds {levels} dates as text, such as {column.dropna().iloc[0]}, and each would "
            "be a category with a coefficient of its own.",
            days_since(column),
            column=column.name,
            levels=levels,
        )
    if levels > TOO_MANY_LEVELS:
        raise DataError(
            asked,
            f"It is text with {levels} different values, such as "
            f"{listed(map(repr, column.unique()[:2]))}, and would make {levels - 1} coefficients.",
            f"If they are groups, write (1 | {column.name}); if they are numbers with words among "
            "them, correct those; if you want a coefficient for each, write "
            f"C({column.name}).",
            column=column.name,
            levels=levels,
        )


def is_finite_number(value: object) -> bool:
    """Tell whether something is one finite number, numpy's and truth values included."""
    if isinstance(value, np.bool_):
        return True
    return isinstance(value, numbers.Real) and bool(np.isfinite(float(value)))


def holds_numbers(state: Mapping[str, Any]) -> bool:
    """Tell whether a learnt column is numeric: it has no levels, in words or as numbers."""
    return "levels" not in state and len(state["numbers"]) <= 1


def as_numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column that the model takes as numbers; missing values are left to others.

    Raises
    ------
    DataError
        If it holds text, or anything else that is no number.
    """
    column = ordinary_column(numbers_of(column))
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or (
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    ):
        return column
    values = column.astype(object)
    known = values[values.notna()]
    wrong = known[[not isinstance(value, numbers.Real | np.bool_) for value in known]]
    if len(wrong):
        raise DataError(
            f"The model takes {column.name} as numbers.",
            f"It is no number in {counted(len(wrong), 'row')}: "
            f"{listed(repr(v) for v in wrong.unique())}.",
            f"Give {column.name} as numbers, as in the data the model was built on.",
            column=column.name,
        )
    return values.astype(float)
