"""What the values of a streamed model's columns show, one column at a time: from counts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from bayes_alliance.data.inspection import ColumnUses
from bayes_alliance.data.notes.code_checks import find_tallied_codes, note_tallied_codes
from bayes_alliance.data.notes.name_checks import note_alike_names
from bayes_alliance.data.notes.outcome_checks import note_tallied_shape
from bayes_alliance.data.notes.predictor_uses import note_tallied_values
from bayes_alliance.data.notes.tallies import Tally
from bayes_alliance.data.notes.text_checks import note_text
from bayes_alliance.data.report import Note
from bayes_alliance.data.scan_queries import tally_scanned, tally_texts
from bayes_alliance.data.scanning import ScannedTable


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
