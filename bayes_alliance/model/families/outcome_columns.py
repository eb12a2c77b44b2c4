"""Columns as the outcomes that families work with: numbers, yes or no, ordered answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.columns import zero_one
from bayes_alliance.errors import Advice, DataError, in_the_table, listed

# An ordered scale of more categories is hardly one.
_MOST_WRITTEN = 9
Array = NDArray[np.float64]


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not isinstance(
        column.dtype, pd.CategoricalDtype
    )


def _values(column: pd.Series[Any]) -> str:
    return listed(repr(v) for v in sorted(column.astype("str").unique()))


def as_number(column: pd.Series[Any], family: str) -> Array:
    """Return the column's numbers; the family's name is for the error."""
    if not _is_number(column):
        raise DataError(
            f"The outcome {column.name} was to be modelled as {family}.",
            f"It is not numeric; it has values such as {_values(column)}.",
            Advice(
                python=f'{_to_numbers(column)}, or choose family="cumulative" for an ordered '
                'scale or family="bernoulli" for yes and no.',
                command_line="Code it as numbers in the file, or choose --family cumulative for an "
                "ordered scale or --family bernoulli for yes and no.",
            ),
            outcome=column.name,
        )
    return column.to_numpy(dtype=float)


def as_count(column: pd.Series[Any]) -> Array:
    """Return whole numbers from 0."""
    name, is_number = column.name, _is_number(column)
    values = column.to_numpy(dtype=float) if is_number else np.zeros(0)
    wrong = values[(values < 0) | (values != np.round(values))]
    if is_number and not len(wrong):
        return values
    others = listed(f"{value:g}" for value in np.unique(wrong))
    raise DataError(
        f"The outcome {name} was to be modelled as a count of events.",
        f"It has values other than 0, 1, 2, ...: {others}."
        if is_number
        else f"It is not numeric; it has values such as {_values(column)}.",
        Advice(
            python='Count the events of each row; or choose family="gaussian" for a number.',
            command_line="Count the events of each row; or choose --family gaussian for a number.",
        )
        if is_number
        else Advice(
            python=f"{_to_numbers(column, else_do='Count the events of each row')}.",
            command_line="Write the number of events of each row as a number in the file.",
        ),
        outcome=name,
    )


def _to_numbers(
    column: pd.Series[Any], else_do: str = "Code it as numbers, one for each answer"
) -> str:
    """Say how the column becomes numbers, as far as pandas can make any of its text."""
    if pd.to_numeric(column.astype("str"), errors="coerce").notna().all():
        name = column.name
        code = f"data.assign(**{{{name!r}: data[{name!r}].astype('str').astype(float)}})"
        return f"If these are numbers, convert them with {code}"
    return else_do


def as_yes_or_no(column: pd.Series[Any]) -> Array:
    """Return zeros and ones."""
    name = column.name
    values = zero_one(column)
    if values is not None:
        return values.to_numpy(dtype=float)
    if not _is_number(column):
        one = column.astype("str").max()
        raise DataError(
            f"The outcome {name} was to be modelled as yes or no.",
            f"It is text: {_values(column)}.",
            in_the_table(
                "Recode the column to 0 and 1 in the file, or say which value counts as 1, for "
                f"example data.assign(**{{{name!r}: (data[{name!r}].astype('str') == {one!r})"
                ".astype(int)}).",
                "Recode the column to 0 and 1",
            ),
            outcome=name,
        )
    raise DataError(
        f"The outcome {name} was to be modelled as yes or no.",
        f"It has values other than 0 and 1: {_values(column)}.",
        "Recode it to 0 and 1, or choose another family.",
        outcome=name,
    )


def as_ordered(column: pd.Series[Any]) -> tuple[Array, tuple[str, ...]]:
    """Return the places of ordered categories, from 0, and their names."""
    name = column.name
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
        codes = column.cat.codes.to_numpy(dtype=float)
        levels = [str(c) for c in column.cat.categories]
    elif _is_number(column) and (column == column.round()).all():
        values = column.to_numpy(dtype=float)
        codes = values - values.min()
        levels = [str(int(values.min()) + k) for k in range(int(codes.max()) + 1)]
    else:
        raise DataError(
            f"The outcome {name} was to be modelled as ordered categories.",
            f"Its order is not known; it has values such as {_values(column)}.",
            in_the_table(
                f"Give whole numbers, or {_in_order(column)}.",
                "Write the categories as whole numbers, from low to high,",
            ),
            outcome=name,
        )
    empty = [level for k, level in enumerate(levels) if not (codes == k).any()]
    if _is_number(column) and len(empty) > column.nunique():
        raise DataError(
            f"The outcome {name} was to be modelled as {len(levels)} ordered categories.",
            f"Nobody is in most of them: {listed(empty)}.",
            Advice(
                python="Give the categories in order, without those gaps, as an ordered pandas "
                'Categorical or as 1, 2, 3, ...; or choose family="gaussian" if it is a number.',
                command_line="Write the categories in order, without those gaps, as 1, 2, 3, ... "
                "in the file; or choose --family gaussian if it is a number.",
            ),
            outcome=name,
            empty=empty,
        )
    return np.asarray(codes, dtype=np.float64), tuple(levels)


def _in_order(column: pd.Series[Any]) -> str:
    """Write the code that gives an outcome an order.

    Only categories that somebody has put into another order than the alphabet's have one; that of
    all others is asked for.
    """
    name, known = column.name, isinstance(column.dtype, pd.CategoricalDtype)
    levels = [str(c) for c in column.cat.categories] if known else sorted(set(column.astype("str")))
    if len(levels) > _MOST_WRITTEN:
        return "an ordered pandas Categorical"
    if known and levels != sorted(levels):
        order, asked = repr(levels), "the categories from low to high, if this is their order: "
    else:
        order = "order"
        asked = (
            f"write all of {listed(map(repr, levels), shown=_MOST_WRITTEN)} from low to high into "
            "a list, order = [...], and then use it: "
        )
    code = f"data[{name!r}].astype('str').astype('category').cat.set_categories({order}, "
    return f"{asked}data.assign(**{{{name!r}: {code}ordered=True)}})"
