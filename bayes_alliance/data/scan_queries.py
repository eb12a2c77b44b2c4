"""Questions to a scanned table that are answered in one pass and with few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayes_alliance.data.labels import group_labels
from bayes_alliance.data.scanning import ScannedTable

if TYPE_CHECKING:
    import polars as pl

_FEW, _START = 100, 10_000
ROWS = "rows of the combination"


def count_gaps(table: ScannedTable, columns: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Return the rows of the table, and the missing values of the columns that have any."""
    import polars as pl

    counts = [table.is_gap(name).sum().alias(f"gaps in {name}") for name in columns]
    found = table.lazy.select(pl.len().alias(ROWS), *counts).collect(engine="streaming").row(0)
    gaps = zip(columns, found[1:], strict=True)
    return int(found[0]), {name: int(count) for name, count in gaps if count}


def count_infinite(table: ScannedTable, columns: Sequence[str]) -> dict[str, int]:
    """Return the infinite values of the columns that have any."""
    import polars as pl

    floats = [name for name in columns if table.types[name].startswith("Float")]
    if not floats:
        return {}
    counts = [pl.col(name).is_infinite().sum().alias(name) for name in floats]
    found = table.lazy.select(counts).collect(engine="streaming").row(0)
    return {name: int(count) for name, count in zip(floats, found, strict=True) if count}


def count_combinations(table: ScannedTable, columns: Sequence[str]) -> pd.DataFrame:
    """Return the combinations of values that occur, with their rows under ``ROWS``."""
    import polars as pl

    if not columns:
        found = table.lazy.select(pl.len().alias(ROWS)).collect(engine="streaming")
    else:
        found = (
            table.lazy.group_by(columns)
            .agg(pl.len().alias(ROWS))
            .collect(engine="streaming")
            .sort(columns)
        )
    return as_pandas(found, {})


def occurring_values(table: ScannedTable, columns: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return the values of each column: categories in their order, all else sorted."""
    import polars as pl

    queries = [table.complete([name]).lazy.select(pl.col(name).unique()) for name in columns]
    answers = pl.collect_all(queries, engine="streaming")
    found = zip(columns, answers, strict=True)
    return {name: _in_order(table, name, answer.to_series()) for name, answer in found}


def _in_order(table: ScannedTable, name: str, values: pl.Series) -> tuple[Any, ...]:
    if table.kinds[name] != "text":
        return tuple(values.sort().to_list())
    place = {level: k for k, level in enumerate(table.level_order.get(name, ()))}
    texts = [str(value) for value in values.to_list()]
    return tuple(sorted(texts, key=lambda level: (place.get(level, len(place)), level)))


def mean_and_sd(
    table: ScannedTable, columns: Sequence[str], repeats: str | None = None
) -> dict[str, tuple[float, float]]:
    """Return the mean and the standard deviation (n - 1) of numeric columns.

    ``repeats`` is a column that says how often each row counts.
    """
    import polars as pl

    if not columns:
        return {}
    numbers = [pl.col(name).cast(pl.Float64) for name in columns]
    if repeats is not None:
        return _counted_mean_and_sd(table, dict(zip(columns, numbers, strict=True)), repeats)
    wanted = [
        quantity
        for k, number in enumerate(numbers)
        for quantity in (number.mean().alias(f"mean {k}"), number.std().alias(f"sd {k}"))
    ]
    found = table.lazy.select(wanted).collect(engine="streaming").row(0)
    values = [float("nan") if value is None else float(value) for value in found]
    return {name: (values[2 * k], values[2 * k + 1]) for k, name in enumerate(columns)}


def _counted_mean_and_sd(
    table: ScannedTable, numbers: Mapping[str, pl.Expr], repeats: str
) -> dict[str, tuple[float, float]]:
    """Take the sums twice: squares about the mean, never about zero."""
    import polars as pl

    often = pl.col(repeats).cast(pl.Float64)
    first = table.lazy.select(
        often.sum().alias(ROWS),
        *((often * number).sum().alias(f"sum {k}") for k, number in enumerate(numbers.values())),
    )
    clients, *sums = (float(v) for v in first.collect(engine="streaming").row(0))
    means = [total / clients if clients > 0 else float("nan") for total in sums]
    squares = table.lazy.select(
        (often * (number - mean) ** 2).sum().alias(f"squares {k}")
        for k, (number, mean) in enumerate(zip(numbers.values(), means, strict=True))
    )
    spreads = squares.collect(engine="streaming").row(0)
    sds = [(float(s) / (clients - 1.0)) ** 0.5 if clients > 1 else float("nan") for s in spreads]
    return dict(zip(numbers, zip(means, sds, strict=True), strict=True))


def mean_by_group(
    table: ScannedTable, column: str, group: str, repeats: str | None = None
) -> tuple[dict[str, float], dict[str, float]]:
    """Return each group's mean of a column and how many rows have both, by the group's label.

    ``repeats`` is a column that says how often each row counts.
    """
    import polars as pl

    both = table.complete([column, group, *([repeats] if repeats else [])]).lazy
    value = pl.col(column).cast(pl.Float64)
    often = pl.col(repeats).cast(pl.Float64) if repeats else None
    mean = value.mean() if often is None else (often * value).sum() / often.sum()
    rows = pl.len() if often is None else often.sum()
    found = (
        both.group_by(group)
        .agg(mean.alias("mean of the group"), rows.alias(ROWS))
        .collect(engine="streaming")
    )
    labels = group_labels(as_pandas(found.select(group), {})[group]).tolist()
    means, sizes = found["mean of the group"].to_list(), found[ROWS].to_list()
    if repeats and all(size == int(size) for size in sizes):
        sizes = [int(size) for size in sizes]
    return dict(zip(labels, means, strict=True)), dict(zip(labels, sizes, strict=True))


def first_rows(table: ScannedTable, columns: Sequence[str]) -> pl.DataFrame:
    """Return a few rows that have a value in every column, or none if there is no such row."""
    found = _start(table, columns)
    if not found.height:
        found = _complete(table, columns).head(_FEW).collect(engine="streaming")
    return found.head(_FEW)


def row_with_other_value(
    table: ScannedTable, columns: Sequence[str], column: str, value: Any
) -> pl.DataFrame:
    """Return the first complete row with another value in ``column``, if there is one."""
    import polars as pl

    other = pl.col(column) != value
    found = _start(table, columns).filter(other).head(1)
    if not found.height:
        found = _complete(table, columns).filter(other).head(1).collect(engine="streaming")
    return found


def _start(table: ScannedTable, columns: Sequence[str]) -> pl.DataFrame:
    """Return the complete ones among the first rows; a filter in the query would read them all."""
    import polars as pl

    rows = table.lazy.select(columns).head(_START).collect(engine="streaming")
    return rows.filter(pl.all_horizontal([table.is_gap(name).not_() for name in columns]))


def _complete(table: ScannedTable, columns: Sequence[str]) -> pl.LazyFrame:
    return table.complete(columns).lazy.select(columns)


def as_pandas(rows: pl.DataFrame, levels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return rows as a table that was read into memory would hold them.

    Columns named in ``levels`` become categories in that order.
    """
    columns: dict[str, Any] = {}
    for series in rows.iter_columns():
        if series.dtype.is_decimal():
            columns[series.name] = series.cast(float).to_numpy()
        elif series.dtype.is_numeric() or str(series.dtype) == "Boolean":
            columns[series.name] = series.to_numpy()
        elif series.name in levels:
            texts = np.asarray([str(v) for v in series.to_list()], dtype=object)
            columns[series.name] = pd.Categorical(texts, categories=list(levels[series.name]))
        else:
            columns[series.name] = pd.Series(series.cast(str).to_list(), dtype="str")
    return pd.DataFrame(columns, index=range(rows.height))
