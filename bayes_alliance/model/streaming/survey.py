"""The first pass over a scanned table: gaps, levels, groups, means; everything but the sums."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayes_alliance.data.labels import group_labels
from bayes_alliance.data.scan_queries import (
    ROWS,
    as_pandas,
    count_combinations,
    count_gaps,
    count_infinite,
    first_rows,
    mean_and_sd,
    mean_by_group,
    occurring_values,
    row_with_other_value,
)
from bayes_alliance.data.scanning import GapError, ScannedTable
from bayes_alliance.errors import DataError, listed
from bayes_alliance.model.streaming.needs import Needs

if TYPE_CHECKING:
    import polars as pl

_MOST_VALUES = 10_000


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is known of a scanned table's rows before their sums are made.

    Parameters
    ----------
    table
        The rows to read: all of them, or the complete ones.
    columns
        Every column the model uses, outcome first.
    rows_in_table, rows_used, missing
        As in :class:`bayes_alliance.model.frame.ModelFrame`.
    levels
        Values of the category columns and of the text columns that make groups.
    cells
        Combinations of the group columns that occur, with their rows under ``ROWS``.
    scales
        Mean and standard deviation by column.
    group_means
        Means and numbers of rows by group, by (column, group).
    rows
        A few rows that have every level and every cell, to learn the design's columns from.
    """

    table: ScannedTable
    columns: tuple[str, ...]
    rows_in_table: int
    rows_used: int
    missing: Mapping[str, int]
    levels: Mapping[str, tuple[Any, ...]]
    cells: pd.DataFrame
    scales: Mapping[str, tuple[float, float]]
    group_means: Mapping[tuple[str, str], tuple[dict[str, float], dict[str, float]]]
    rows: pd.DataFrame


def survey_table(
    table: ScannedTable, columns: tuple[str, ...], needs: Needs, *, has_gaps: bool
) -> Survey:
    """Read what the second pass must know.

    Parameters
    ----------
    table, columns
        The table, and the columns the model uses, outcome first.
    needs
        What the formula needs.
    has_gaps
        Count missing values and leave incomplete rows out. Without it the rows are taken to be
        complete, which saves reading every column; the second pass notices if they are not.

    Raises
    ------
    DataError
        If there are no complete rows, a value is infinite or the outcome is constant.
    GapError
        If rows that were taken to be complete are not.
    """
    rows_in_table, missing = count_gaps(table, columns) if has_gaps else (0, {})
    if has_gaps:
        _check_finite(count_infinite(table, columns))
    read = table.complete(columns) if missing else table
    cells = count_combinations(read, needs.groups)
    scales = mean_and_sd(read, needs.scaled, needs.repeats)
    first = first_rows(table, columns)
    if not has_gaps and _shows_gaps(cells[list(needs.groups)], scales, first.height):
        return survey_table(table, columns, needs, has_gaps=True)
    rows_used = int(cells[ROWS].sum())
    _check_rows(rows_in_table or rows_used, rows_used, columns, missing)
    texts = [name for name in needs.groups if table.kinds[name] == "text"]
    levels = occurring_values(read, list(dict.fromkeys([*needs.categories, *texts])))
    _check_few(levels, needs)
    means = {pair: mean_by_group(table, *pair, needs.repeats) for pair in needs.group_means}
    rows = _telling_rows(table, first, needs, levels, cells)
    if not has_gaps:
        _check_known_means(means, levels)
        _check_no_infinity(rows)
    return Survey(
        table=read,
        columns=columns,
        rows_in_table=rows_in_table or rows_used,
        rows_used=rows_used,
        missing=missing,
        levels=levels,
        cells=cells,
        scales=scales,
        group_means=means,
        rows=rows,
    )


def _shows_gaps(cells: pd.DataFrame, scales: Mapping[str, tuple[float, float]], rows: int) -> bool:
    """Tell whether rows thought complete have gaps: in a group, in a mean, or in every row."""
    unknown = not all(math.isfinite(mean) for mean, _ in scales.values())
    return bool(cells.isna().any(axis=None)) or unknown or not rows


def _check_no_infinity(rows: pd.DataFrame) -> None:
    """Notice infinite values, which are then counted in the whole table."""
    for name, values in rows.items():
        if pd.api.types.is_float_dtype(values.dtype) and np.isinf(values.to_numpy()).any():
            raise GapError(name)


def _check_known_means(
    means: Mapping[tuple[str, str], tuple[dict[str, float], dict[str, float]]],
    levels: Mapping[str, tuple[Any, ...]],
) -> None:
    """Notice groups that have no value of the column whose mean is wanted."""
    for (column, group), (known, _) in means.items():
        if not known.keys() >= set(group_labels(pd.Series(list(levels[group])))):
            raise GapError(column)


def _telling_rows(
    table: ScannedTable,
    first: pl.DataFrame,
    needs: Needs,
    levels: Mapping[str, tuple[Any, ...]],
    cells: pd.DataFrame,
) -> pd.DataFrame:
    """Collect rows in which every level, every cell and two values of what is scaled occur."""
    import polars as pl

    outcome = first.columns[0]
    others = [
        row_with_other_value(table, first.columns, name, first[name][0])
        for name in dict.fromkeys([outcome, *needs.scaled])
    ]
    if not others[0].height:
        _refuse_constant(outcome, first[outcome][0])
    texts = {name: values for name, values in levels.items() if table.kinds[name] == "text"}
    rows = as_pandas(pl.concat([first, *others]), texts)
    for name, values in levels.items():
        if name not in needs.groups:  # one by one they would make groups that do not occur
            rows = _with_values(rows, pd.DataFrame({name: list(values)}))
    return _with_values(rows, cells[list(needs.groups)])


def _with_values(rows: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Append copies of the first row that have other values in some columns."""
    copies = rows.iloc[[0] * len(values)].reset_index(drop=True)
    changed = {name: values[name].astype(rows[name].dtype) for name in values.columns}
    return pd.concat([rows, copies.assign(**changed)], ignore_index=True)


def _check_rows(
    in_table: int, used: int, columns: tuple[str, ...], missing: Mapping[str, int]
) -> None:
    if not in_table:
        raise DataError("A model needs rows.", "The table has none.", "Read the file again.")
    if not used:
        raise DataError(
            f"The model uses the columns {listed(columns)}.",
            f"No row has all of them: every one of the {in_table} rows misses a value "
            f"({listed(f'{n}: {c}' for n, c in missing.items())}).",
            "Leave out the column that is empty, or check how missing values are coded.",
            missing=missing,
        )


def _check_finite(infinite: Mapping[str, int]) -> None:
    for name, count in infinite.items():
        raise DataError(
            f"The model uses the column {name}.",
            f"It has {count} infinite values.",
            "Find where they come from (often a division by zero or the log of zero) "
            "and correct them or make them missing.",
            column=name,
            infinite=count,
        )


def _check_few(levels: Mapping[str, tuple[Any, ...]], needs: Needs) -> None:
    """Refuse ids among the predictors: every category is a column of the design."""
    grouping = {*needs.groups, *(group for _, group in needs.group_means)}
    many = [n for n, values in levels.items() if len(values) > _MOST_VALUES and n not in grouping]
    if many:
        raise DataError(
            f"The column {many[0]} was to be a predictor with categories.",
            f"It has {len(levels[many[0]])} of them.",
            "Name the numeric column, or make it a grouping factor: (1 | column).",
            column=many[0],
        )


def _refuse_constant(outcome: str, value: Any) -> None:
    raise DataError(
        f"The outcome is {outcome}.",
        f"It is constant: all used rows have the value {value}.",
        "A model needs an outcome that varies; check the column and the filter.",
        outcome=outcome,
    )
