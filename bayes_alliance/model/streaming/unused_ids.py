"""Ids that repeat in columns which a streamed model does not use: from sums by id and group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_alliance.data.notes.repeat_checks import RepeatedId, find_id, is_of_ids, note_ids_found
from bayes_alliance.data.report import Note
from bayes_alliance.data.scan_queries import as_pandas
from bayes_alliance.data.scanning import ScannedTable

# Sums of more ids, or of more pairs of an id and a group, would take more time and memory than the
# note is worth.
_MOST = 500_000
# Distinct values are counted roughly first: so much more or less may be there.
_ROUGHLY = 1.1
_ROWS, _MEAN, _WITHIN = "rows of the id", "mean of the id", "squares of the id"


def note_unused_ids(
    table: ScannedTable, columns: Sequence[str], outcome: str, factors: Sequence[tuple[str, ...]]
) -> list[Note]:
    """Say where rows that share an id are alike, and the model does not have that id.

    Parameters
    ----------
    table
        The rows that the model uses.
    columns
        Its columns.
    outcome
        The outcome, a column of numbers.
    factors
        The columns that make up each grouping factor.
    """
    names = [n for n in table.columns if n not in columns and _may_be_id(table, n)]
    found = [_look_at(table, name, outcome, factors) for name in _with_enough(table, names)]
    return note_ids_found([own for own in found if own is not None])


def _may_be_id(table: ScannedTable, name: str) -> bool:
    return table.kinds[name] in ("number", "text") and not table.types[name].startswith("Decimal")


def _with_enough(table: ScannedTable, names: Sequence[str]) -> list[str]:
    """Return the columns with as many values as ids have; of decimal numbers only whole ones."""
    import polars as pl

    if not names:
        return []
    floats = [name for name in names if table.types[name].startswith("Float")]
    counts = [pl.col(name).approx_n_unique().alias(f"values {name}") for name in names]
    known = {name: pl.col(name).fill_nan(None) for name in floats}
    whole = [(own == own.round()).all().alias(f"whole {name}") for name, own in known.items()]
    found = table.lazy.select(pl.len().alias(_ROWS), *counts, *whole).collect(engine="streaming")
    rows, *told = found.row(0)
    fit = dict(zip(floats, told[len(names) :], strict=True))
    return [
        name
        for name, many in zip(names, told, strict=False)
        if fit.get(name, True)
        and many <= _MOST
        and (is_of_ids(many, rows * _ROUGHLY) or is_of_ids(int(many * _ROUGHLY), rows))
    ]


def _look_at(
    table: ScannedTable, name: str, outcome: str, factors: Sequence[tuple[str, ...]]
) -> RepeatedId | None:
    import polars as pl

    keys = list(dict.fromkeys([name, *(column for own in factors for column in own)]))
    pairs = table.lazy.select(pl.struct(keys).hash().approx_n_unique()).collect(engine="streaming")
    if pairs.item() > _MOST:
        return None
    y = pl.col(outcome).cast(pl.Float64)
    sums = [
        pl.len().alias(_ROWS),
        y.mean().alias(_MEAN),
        (y.var(ddof=0) * pl.len()).alias(_WITHIN),
    ]
    rows = table.complete([name]).lazy.group_by(keys).agg(sums)
    found = as_pandas(rows.collect(engine="streaming"), {})
    places = [found.groupby(list(own), sort=False).ngroup() for own in factors]
    return find_id(
        found[name],
        [place.to_numpy().astype(np.int64) for place in places],
        found[_MEAN].to_numpy(dtype=float),
        often=found[_ROWS].to_numpy(dtype=float),
        within=found[_WITHIN].to_numpy(dtype=float),
    )
