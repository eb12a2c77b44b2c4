"""What columns and rows show that a model leaves out: ids that repeat, and who was dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.data.notes.dropped_checks import note_where_dropped
from bayes_alliance.data.notes.repeat_checks import note_repeated_ids
from bayes_alliance.data.report import Note
from bayes_alliance.model.design import Design
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.frame import ModelFrame

if TYPE_CHECKING:
    import pandas as pd


def seen_beyond(formula: Formula, frame: ModelFrame, design: Design) -> list[Note]:
    """Return what the whole table shows; of a loaded fit what was kept of it."""
    table = frame.table
    if table is None:
        return list(frame.told)
    table = table.loc[:, ~table.columns.duplicated()]
    table = table.set_axis([str(name) for name in table.columns], axis=1)
    return [*_repeats(formula, frame, design, table), *_where_dropped(formula, frame, table)]


def _repeats(
    formula: Formula, frame: ModelFrame, design: Design, table: pd.DataFrame
) -> list[Note]:
    """Look for whoever has several rows, in columns that the model does not use."""
    # Results with known standard errors, and rows that stand for several clients, are no visits.
    if formula.response.weight_kind == "known_error" or formula.response.repeats is not None:
        return []
    unused = [name for name in table.columns if name not in frame.rows.columns]
    rows = table[unused].iloc[frame.positions].reset_index(drop=True)
    return note_repeated_ids(rows, unused, [group.index for group in design.groups], frame.y)


def _where_dropped(formula: Formula, frame: ModelFrame, table: pd.DataFrame) -> list[Note]:
    """Say how many rows each arm and each occasion lost."""
    dropped = np.ones(len(table), dtype=bool)
    dropped[frame.positions] = False
    factors = {f for term in formula.group_terms for f in term.factors}
    outcome, used = formula.response.outcome, set(frame.rows.columns)
    return note_where_dropped(table, dropped, used=used, outcome=outcome, groups=factors)
