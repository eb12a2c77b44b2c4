"""What counts of values show of a streamed table: column by column, and ids that repeat unused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bayes_alliance.data.inspection import ColumnUses
from bayes_alliance.data.notes.code_checks import find_tallied_codes, note_tallied_codes
from bayes_alliance.data.notes.name_checks import note_alike_names
from bayes_alliance.data.notes.outcome_checks import note_tallied_shape
from bayes_alliance.data.notes.predictor_uses import note_tallied_values
from bayes_alliance.data.notes.repeat_checks import RepeatedId, find_id, is_of_ids, note_ids_found
from bayes_alliance.data.notes.tallies import Tally
from bayes_alliance.data.notes.text_checks import note_text
from bayes_alliance.data.report import Note
from bayes_alliance.data.scan_queries import as_pandas, tally_scanned, tally_texts
from bayes_alliance.data.scanning import ScannedTable

# Sums of more ids, or of more pairs of an id and a group, would take more time and memory than the
# note is worth.
_MOST = 500_000
# Distinct values are counted roughly first: so much more or less may be there.
_ROUGHLY = 1.1
_ROWS, _MEAN, _WITHIN = "rows of the id", "mean of the id", "squares of the id"


def look_at_scanned(table: ScannedTable, columns: Sequence[str], uses: ColumnUses) -> list[Note]:
    """Look at every column that a model uses, as at those of a table in memory.

    Parameters
    ----------
    table
        The rows that the model uses.
    columns
        Its columns, the outcome first.
    uses
        What they are used for.
    """
    looked = [name for name in columns if name not in uses.weights]
    # Categories are counted by the survey.
    listed = uses.categories - set(uses.groups)
    numbers = [n for n in looked if table.kinds[n] == "number" and n not in listed]
    texts = [n for n in looked if table.kinds[n] == "text" and n not in uses.groups]
    outcome = uses.outcome if uses.outcome in numbers else None
    tallies = tally_scanned(table, numbers, outcome)
    counted = tally_texts(table, texts)
    # A slope on an outcome that holds codes itself would say nothing.
    own = tallies.get(outcome or "")
    coded = own is not None and find_tallied_codes(own.values, own.rows) is not None
    notes: list[Note] = []
    for name in looked:
        if name in tallies:
            notes += _on_number(tallies[name], uses, coded=coded)
        elif name in counted:
            notes += _on_text(counted[name], name)
    if own is not None and uses.numeric:
        notes += note_tallied_shape(own, normal=uses.in_a_model)
    return notes


def _on_number(tally: Tally, uses: ColumnUses, *, coded: bool) -> list[Note]:
    if tally.name in uses.groups:
        return note_tallied_codes(tally, as_ids=True)
    notes = note_tallied_codes(replace(tally, beside=None) if coded else tally)
    return notes + (note_tallied_values(tally) if tally.name in uses.predictors else [])


def _on_text(rows: pd.Series[int], name: str) -> list[Note]:
    texts = pd.Series(rows.index, name=name, dtype="str")
    notes = note_text(texts, used=True, rows=rows.tolist())
    return notes or note_alike_names(list(rows.index), name)


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
