"""The rows of a scanned table as plain arrays, one batch after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.data.scan_errors import known_categories
from bayes_alliance.data.scanning import ScannedTable

if TYPE_CHECKING:
    import polars as pl

type Batch = Mapping[str, NDArray[Any]]


class GapError(Exception):
    """A batch has a missing or infinite value; the reader did not expect any."""


def batches(
    table: ScannedTable, columns: Sequence[str], levels: Mapping[str, Sequence[str]]
) -> Iterator[Batch]:
    """Yield the columns of some rows at a time, in the table's order.

    Parameters
    ----------
    table
        Where the rows come from.
    columns
        Those wanted.
    levels
        Categories of the text columns; such a column comes as places among them.

    Raises
    ------
    GapError
        If a value is missing or infinite.
    DataError
        If a text is none of the categories.
    """
    wanted = [_expression(table, name, levels) for name in columns]
    found = table.lazy.select(wanted).collect_batches(
        chunk_size=table.rows_a_batch, maintain_order=True, engine="streaming"
    )
    while True:
        with known_categories():
            rows = next(found, None)
        if rows is None:
            return
        yield {series.name: _values(series) for series in rows.iter_columns()}


def _expression(table: ScannedTable, name: str, levels: Mapping[str, Sequence[str]]) -> pl.Expr:
    import polars as pl

    column = pl.col(name)
    if name in levels and table.kinds[name] == "text":
        text = column if table.types[name] == "String" else column.cast(pl.String)
        return text.cast(pl.Enum(list(levels[name]))).to_physical()
    return column.cast(pl.Float64) if table.types[name].startswith("Decimal") else column


def _values(series: pl.Series) -> NDArray[Any]:
    if series.null_count():
        raise GapError(series.name)
    values = series.to_numpy()
    # One sum finds what would take a look at every value: a gap or an infinity spoils it.
    with np.errstate(all="ignore"):
        whole = values.dtype.kind != "f" or math.isfinite(np.sum(values, dtype=np.float64))
    if not whole:
        raise GapError(series.name)
    return values
