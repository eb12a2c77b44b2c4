"""The columns a model uses as it computes with them: numbers, truth values, text or levels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from bayes_alliance.data.columns import numbers_of, ordinary_column
from bayes_alliance.data.labels import group_labels, texts_of
from bayes_alliance.data.provenance import AS_WRITTEN, NUMBERS_AS_TEXT
from bayes_alliance.errors import DataError, in_the_table, listed


def plain_table(
    table: pd.DataFrame, *, numbers: Collection[str], ids: Collection[str]
) -> pd.DataFrame:
    """Return the columns as their use wants them; numbers and ids that were read as both.

    Parameters
    ----------
    table
        The used columns.
    numbers
        The outcome, weights, and predictors that stand outside ``C()``.
    ids
        Columns that name groups.

    Raises
    ------
    DataError
        If a column is a number in one place and an id in another, and two of its numbers are
        written in two ways.
    """
    _check_one_use(table, numbers, ids)
    changed: dict[str, Any] = {}
    for name in table.columns:
        if name in numbers:
            changed[name] = plain_predictor(table[name])
        elif name in ids:
            changed[name] = plain_ids(table[name])
        else:
            changed[name] = plain_column(table[name])
    plain = table.assign(**changed)
    # The columns are what their use wants now: nobody is to read their old texts again.
    plain.attrs = {key: value for key, value in table.attrs.items() if key != AS_WRITTEN}
    return plain


def plain_predictor(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as a formula uses it: numbers that were kept as text are numbers."""
    return plain_column(numbers_of(column))


def plain_ids(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return ids: as text where that is not what their numbers would be called."""
    return group_labels(column) if column.dtype == object or texts_of(column) else column


def plain_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as NumPy's int64, float64 or bool, as text, or with its levels."""
    plain = ordinary_column(column)
    if plain.dtype == object:
        return group_labels(plain)
    if pd.api.types.is_complex_dtype(plain.dtype):
        return plain
    if pd.api.types.is_numeric_dtype(plain.dtype) and plain.dtype not in ("int64", "bool"):
        return plain.astype("float64")
    return plain


def number_categories(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the levels of categories of numbers: a Parquet file keeps the numbers only."""
    kinds = {str(name): rows[name].dtype for name in rows.columns}
    return {
        name: {"levels": kind.categories.tolist(), "ordered": bool(kind.ordered)}
        for name, kind in kinds.items()
        if isinstance(kind, pd.CategoricalDtype)
        and pd.api.types.is_numeric_dtype(kind.categories.dtype)
    }


def with_categories(rows: pd.DataFrame, saved: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows with the levels that :func:`number_categories` has kept."""
    kinds = {n: pd.CategoricalDtype(own["levels"], own["ordered"]) for n, own in saved.items()}
    return rows.astype(kinds)


def _check_one_use(table: pd.DataFrame, numbers: Collection[str], ids: Collection[str]) -> None:
    twice: dict[str, list[str]] = table.attrs.get(NUMBERS_AS_TEXT, {})
    both = [name for name in table.columns if name in twice and name in numbers and name in ids]
    if both:
        name = both[0]
        raise DataError(
            f"The column {name} was to be a number and to name groups too.",
            f"The file writes one number in two ways, {listed(twice[name])}: as ids they are two.",
            in_the_table(
                "Make a column for the number first, for example "
                f"data.assign(**{{{name + ' as number'!r}: data[{name!r}].astype(float)}}).",
                "Make a column of its own for the number",
            ),
            column=name,
        )
