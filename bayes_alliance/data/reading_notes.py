"""What was decided when a table was read, kept with the table and told by whoever looks at it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bayes_alliance.data.provenance import READ_NOTES
from bayes_alliance.data.report import Note, note_from_json, note_to_json


def keep_notes(table: pd.DataFrame, notes: Sequence[Note]) -> None:
    """Let a table remember notes; one without any keeps none."""
    if notes:
        table.attrs[READ_NOTES] = [note_to_json(note) for note in notes]


def notes_on_reading(table: pd.DataFrame) -> list[Note]:
    """Return what was decided when a table was read, as far as it remembers."""
    return [note_from_json(saved) for saved in table.attrs.get(READ_NOTES, ())]
