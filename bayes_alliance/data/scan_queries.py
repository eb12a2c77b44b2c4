"""Questions to a scanned table that are answered in one pass and with few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayes_alliance.data.labels import group_labels
from bayes_alliance.data.notes.code_checks import USUAL_CODES
from bayes_alliance.data.notes.predictor_uses import MOST_CATEGORIES
from bayes_alliance.data.notes.tallies import Beside, Tally
from bayes_alliance.data.scanning import ScannedTable

if TYPE_CHECKING:
    import polars as pl

_FEW, _START = 100, 10_000
ROWS = "rows of the combination"

# Columns of more values are counted by their first digits, all but the numbers that may be codes.
_MOST_VALUES, _DIGITS = 100_000, 5


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


def tally_scanned(
    table: ScannedTable, columns: Sequence[str], outcome: str | None = None
) -> dict[str, Tally]:
    """Count the values of the columns of numbers of which counts can tell something.

    The ends of a column say whether they can: codes lie at them, and categories named by numbers
    start at 0 or 1. A column of more than 100,000 values, which are measurements, is counted in
    narrow bins: each has the mean of its rows for a value, and numbers that are usual codes have
    a bin of their own.

    Parameters
    ----------
    table
        The rows to look at, which have finite values in these columns.
    columns
        Columns of numbers.
    outcome
        The column that is to be beside the others; None where it is no number.
    """
    import polars as pl

    ends = _ends(table, columns)
    wanted = [n for n in columns if _may_tell(*ends[n], is_outcome=n == outcome)]
    if not wanted:
        return {}
    distinct = table.lazy.select(pl.col(name).approx_n_unique() for name in wanted)
    many = dict(zip(wanted, distinct.collect(engine="streaming").row(0), strict=True))
    found = {}
    for name in wanted:
        wide, alone = many[name] > _MOST_VALUES, name == outcome
        if not wide or not alone or _is_told(*ends[name]):
            # One after the other: the counts of a column take memory.
            rows = _query(table, name, None if alone else outcome, wide=wide)
            found[name] = _tally(name, rows.collect(engine="streaming"), outcome)
    return found


def _ends(table: ScannedTable, columns: Sequence[str]) -> dict[str, tuple[float, float]]:
    import polars as pl

    if not columns:
        return {}
    numbers = [pl.col(name).cast(pl.Float64) for name in columns]
    both = [end for number in numbers for end in (number.min(), number.max())]
    named = [end.alias(f"end {k}") for k, end in enumerate(both)]
    row = table.lazy.select(named).collect(engine="streaming").row(0)
    return {name: (row[2 * k], row[2 * k + 1]) for k, name in enumerate(columns)}


def _may_tell(low: float, high: float, *, is_outcome: bool) -> bool:
    """Tell whether the ends of a column leave anything to be found in its counts."""
    return is_outcome or _is_told(low, high) or (low in (0.0, 1.0) and high <= MOST_CATEGORIES)


def _is_told(low: float, high: float) -> bool:
    """Tell whether an end is a usual code, or the values may be shares."""
    return bool(np.isin([low, high], USUAL_CODES).any()) or (low >= 0 and high <= 1)


def _query(table: ScannedTable, name: str, outcome: str | None, *, wide: bool) -> pl.LazyFrame:
    import polars as pl

    value, y = pl.col("value"), pl.col("outcome")
    picked = {"value": pl.col(name).cast(pl.Float64)}
    sums = {"rows": pl.len(), "mean": value.mean()}
    if outcome is not None:
        picked["outcome"] = pl.col(outcome).cast(pl.Float64)
        sums |= {"outcome": y.mean(), "within": y.var(ddof=0) * pl.len()}
    rows = table.lazy.select(**picked)
    if not wide:
        return rows.group_by(bin="value").agg(**{**sums, "mean": value.first()}).sort("bin")
    usual = value.is_in(USUAL_CODES.tolist())
    digits = pl.when(usual).then(value).otherwise(value.round_sig_figs(_DIGITS))
    return rows.group_by(bin=digits).agg(**sums).sort("bin")


def _tally(name: str, found: pl.DataFrame, outcome: str | None) -> Tally:
    rows = found["rows"].to_numpy().astype(np.int64)
    beside = None
    if "outcome" in found.columns:
        means, within = (found[key].to_numpy().astype(float) for key in ("outcome", "within"))
        beside = Beside(name=str(outcome), rows=rows, means=means, within=within)
    values = found["mean"].to_numpy().astype(float)
    return Tally(name=name, values=values, rows=rows, beside=beside)


def tally_texts(table: ScannedTable, columns: Sequence[str]) -> dict[str, pd.Series[int]]:
    """Count the rows of each text of columns of text, in the order of the texts."""
    import polars as pl

    found = {}
    for name in columns:
        text = pl.col(name).cast(pl.String)
        counted = table.lazy.group_by(text).agg(pl.len().alias("rows")).drop_nulls().sort(name)
        rows = counted.collect(engine="streaming")
        texts = pd.Index(rows[name].to_list(), dtype="str")
        found[name] = pd.Series(rows["rows"].to_numpy().astype(np.int64), index=texts, name=name)
    return found
