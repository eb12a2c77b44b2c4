"""The rows a model uses: complete, finite, with an outcome its family can have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.report import Note
from bayes_alliance.errors import DataError, ModelError, did_you_mean, in_the_table, listed
from bayes_alliance.model.expression import describe, group_mean_columns, uses_of
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.plain_columns import plain_table


@dataclass(frozen=True, kw_only=True)
class ModelFrame:
    """What is left of the table after incomplete rows are dropped.

    Parameters
    ----------
    rows
        The used columns of the used rows, index 0 to row - 1.
    positions
        Place of each used row in the user's table, shape (row,).
    y
        The outcome as numbers, shape (row,); categories count from 0.
    levels
        The outcome's categories in order; empty for numeric outcomes.
    weights
        One weight a row, or None; for known standard errors one over their square.
    rows_in_table, rows_used
        Rows the user gave, and those that were left.
    missing
        Missing values by used column, for the columns that have any.
    source
        Where the table comes from, if it says so itself (the examples do).
    table
        The user's whole table, for what can be seen in columns and rows that are not used; None
        where it is not held, as after loading.
    told
        What was seen there before the fit was saved, or of rows that were streamed.
    """

    rows: pd.DataFrame
    positions: NDArray[np.int64]
    y: NDArray[np.float64]
    levels: tuple[str, ...]
    weights: NDArray[np.float64] | None
    rows_in_table: int
    rows_used: int
    missing: Mapping[str, int]
    source: str = ""
    table: pd.DataFrame | None = None
    told: tuple[Note, ...] = ()


def used_columns(formula: Formula, data: pd.DataFrame) -> tuple[str, ...]:
    """Return every column the formula needs, outcome first.

    Raises
    ------
    DataError
        If one is missing from the table, or a needed name stands twice in it.
    """
    response = formula.response
    names = [response.outcome, *([response.weights] if response.weights else [])]
    expressions = list(formula.expressions)
    grouping = [factor for term in formula.group_terms for factor in term.factors]
    _check_text_names([*names, *grouping, *_variables(expressions, data)], data)
    for name in [*names, *grouping]:
        _check_there(name, data)
    for expression in expressions:
        description = describe(expression, data.columns)
        found = description.var_names
        # In the table's order: a set has another one in every process.
        names.extend(str(column) for column in data.columns if column in found)
        names.extend(group_mean_columns(description))
    used = tuple(dict.fromkeys([*names, *grouping]))
    times = Counter(data.columns)
    doubled = sorted({n for n in used if times[n] > 1})
    if doubled:
        raise DataError(
            f"The formula needs the column {listed(doubled)}.",
            "The table has more than one column of that name.",
            "Rename or drop one of them.",
            columns=doubled,
        )
    return used


def build_frame(formula: Formula, data: pd.DataFrame, family: Family) -> ModelFrame:
    """Drop what is incomplete, check what is left, and code the outcome.

    Raises
    ------
    DataError
        If nothing is left, or what is left cannot be modelled; see the messages.
    """
    _check_weight_kind(formula, family)
    if len(data) == 0:
        raise DataError("A model needs rows.", "The table has none.", "Read the file again.")
    columns = used_columns(formula, data)
    numbers, ids = _number_and_id_columns(formula, data)
    chosen = data[list(columns)].reset_index(drop=True)
    table = plain_table(chosen, numbers=numbers, ids=ids)
    _check_finite(table)
    missing = table.isna().sum()
    keep = ~table.isna().any(axis=1)
    counts = {str(name): int(count) for name, count in missing.items() if count}
    if not keep.any():
        raise DataError(
            f"The model uses the columns {listed(columns)}.",
            f"No row has all of them: every one of the {len(table)} rows misses a value "
            f"({listed(f'{n}: {c}' for n, c in counts.items())}).",
            "Leave out the column that is empty, or check how missing values are coded.",
            missing=counts,
        )
    rows = table[keep].reset_index(drop=True)
    y, levels = family.coded(rows[formula.response.outcome])
    return ModelFrame(
        rows=rows,
        positions=np.flatnonzero(keep.to_numpy()),
        y=y,
        levels=levels,
        weights=row_weights(rows, formula),
        rows_in_table=len(data),
        rows_used=len(rows),
        missing=counts,
        source=str(data.attrs.get("source", "")),
        table=data,
    )


def _check_weight_kind(formula: Formula, family: Family) -> None:
    response = formula.response
    if response.weights and response.weight_kind == "precision" and not family.has_residual:
        raise ModelError(
            f"The column {response.weights} was given as precision weights.",
            f"They divide a residual variance, and the family {family.name} has none.",
            f"Write weights({response.weights}) if the rows count that often.",
            family=family.name,
        )


def _variables(expressions: list[str], data: pd.DataFrame) -> list[str]:
    found = [describe(expression, data.columns).var_names for expression in expressions]
    return [str(name) for names in found for name in names]


def _check_text_names(wanted: list[str], data: pd.DataFrame) -> None:
    """Refuse a column whose name is a number, as pivoted tables have them."""
    own: list[Any] = data.columns.tolist()
    numbers = {str(name) for name in own if not isinstance(name, str)}
    found = sorted(numbers & set(wanted))
    if found:
        raise DataError(
            f"The formula needs the column {found[0]}.",
            "The table has it under a name that is no text.",
            in_the_table(
                "Make text of the names: data.set_axis(data.columns.astype(str), axis=1).",
                "Make text of the names",
            ),
            columns=found,
        )


def _check_there(name: str, data: pd.DataFrame) -> None:
    if name not in data.columns:
        raise DataError(
            f"The formula needs the column {name}.",
            f"The table has {listed(data.columns)}. {did_you_mean(name, data.columns)}".rstrip(),
            "Correct the formula, or rename the column.",
            missing=[name],
        )


def _number_and_id_columns(formula: Formula, data: pd.DataFrame) -> tuple[set[str], set[str]]:
    """Return the columns a formula may compute with, and those whose values name groups."""
    response = formula.response
    expressions = list(formula.expressions)
    uses = [uses_of(describe(expression, data.columns)) for expression in expressions]
    numbers = {response.outcome, *([response.weights] if response.weights else [])}
    numbers |= {name for use in uses for name in use.predictors}
    ids = {factor for term in formula.group_terms for factor in term.factors}
    return numbers, ids | {name for use in uses for name in use.ids}


def _check_finite(table: pd.DataFrame) -> None:
    for name in table.columns:
        column: pd.Series[Any] = table[name]
        if pd.api.types.is_float_dtype(column.dtype):
            infinite = int(np.isinf(column.to_numpy(dtype=float, na_value=np.nan)).sum())
            if infinite:
                raise DataError(
                    f"The model uses the column {name}.",
                    f"It has {infinite} infinite values.",
                    "Find where they come from (often a division by zero or the log of zero) "
                    "and correct them or make them missing.",
                    column=name,
                    infinite=infinite,
                )


def row_weights(rows: pd.DataFrame, formula: Formula) -> NDArray[np.float64] | None:
    """Return the checked weights of the rows, or None where the formula has none."""
    name = formula.response.weights
    if name is None:
        return None
    column = rows[name]
    if not pd.api.types.is_numeric_dtype(column.dtype) or not (column > 0).all():
        raise DataError(
            f"The column {name} was given as weights or standard errors.",
            "Those are numbers greater than 0, one a row; it has something else.",
            "Drop the rows with a 0, or correct the column.",
            column=name,
        )
    values = column.to_numpy(dtype=float)
    known_error = formula.response.weight_kind == "known_error"
    return np.asarray(1 / values**2 if known_error else values)
