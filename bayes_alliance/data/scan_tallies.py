"""How often each value of a scanned table's columns occurs, in one pass and little memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_alliance.data.code_checks import USUAL_CODES
from bayes_alliance.data.predictor_uses import MOST_CATEGORIES
from bayes_alliance.data.scanning import ScannedTable
from bayes_alliance.data.tallies import Beside, Tally

if TYPE_CHECKING:
    import polars as pl

# Columns of more values are counted by their first digits, all but the numbers that may be codes.
_MOST_VALUES, _DIGITS = 100_000, 5


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
