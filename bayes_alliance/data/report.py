"""What a look at the data found: one record for each group factor, one for the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import Advice, Place, Words, words_for

type Level = Literal["fine", "caution", "bad"]

# Though they are fine: who reads on is to know which rows the results are about.
_ALWAYS_TOLD = frozenset({"rows_dropped", "dropped_where"})
_ORDER: tuple[Level, ...] = ("fine", "caution", "bad")


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing found in the data.

    Attributes
    ----------
    level : {"fine", "caution", "bad"}
        ``fine`` is for your information, ``bad`` stands in the way of a model.
    code : str
        A stable name of the finding, for programs.
    message : str
        The finding, for people.
    columns : tuple of str
        The columns it is about; empty for the whole table.
    remedy : str or Advice
        What to do; empty where the message says it, or where there is nothing to do.
    value, threshold : float or None
        What was found in a number and what it was held against; None where there is none.
    unnamed : str
        The finding without ids, for a report that is to name nobody; empty where the message names
        none.
    """

    level: Level
    code: str
    message: str
    columns: tuple[str, ...] = ()
    remedy: Words = ""
    value: float | None = None
    threshold: float | None = None
    unnamed: str = ""

    @property
    def is_told(self) -> bool:
        """Whether it is said where only what asks for a look is: also, whose rows were dropped."""
        return self.level != "fine" or self.code in _ALWAYS_TOLD

    def said_in(self, place: Place) -> str:
        """Return the finding and what to do in the words of the place where it is shown."""
        return f"{self.message} {words_for(self.remedy, place)}".rstrip()

    @property
    def text(self) -> str:
        """The finding and what to do, in the words of Python."""
        return self.said_in("python")

    def __str__(self) -> str:
        """Return the note as one line."""
        return f"{self.level}: {self.text} [{self.code}]"


def note_to_json(note: Note) -> dict[str, Any]:
    """Return a note as plain JSON."""
    remedy = note.remedy if isinstance(note.remedy, str) else vars(note.remedy)
    numbers = {"value": note.value, "threshold": note.threshold}
    own = {"level": note.level, "code": note.code, "message": note.message}
    words = {"columns": list(note.columns), "remedy": remedy, "unnamed": note.unnamed}
    return {**own, **words, **numbers}


def note_from_json(saved: Mapping[str, Any]) -> Note:
    """Undo :func:`note_to_json`."""
    remedy = saved["remedy"]
    words = remedy if isinstance(remedy, str) else Advice(**remedy)
    return Note(**{**saved, "columns": tuple(saved["columns"]), "remedy": words})


@dataclass(frozen=True, kw_only=True)
class GroupReport:
    """The groups of one column and their caseloads (rows of each group).

    Attributes
    ----------
    name : str
        The column.
    caseloads : pandas.Series
        Rows of each group, indexed by the group's label, largest first.
    """

    name: str
    caseloads: pd.Series

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(self.caseloads)

    @property
    def smallest(self) -> int:
        """Rows of the smallest group; 0 if there is no group."""
        return int(self.caseloads.min()) if self.groups else 0

    @property
    def median(self) -> float:
        """Median number of rows of a group; NaN if there is no group."""
        return float(self.caseloads.median()) if self.groups else float("nan")

    @property
    def largest(self) -> int:
        """Rows of the largest group; 0 if there is no group."""
        return int(self.caseloads.max()) if self.groups else 0

    @property
    def one_client(self) -> int:
        """Number of groups with one row."""
        return int((self.caseloads == 1).sum())


@dataclass(frozen=True, kw_only=True)
class ColumnReport:
    """One column in words.

    Attributes
    ----------
    name : str
        The column.
    kind : str
        ``numbers``, ``whole numbers``, ``yes or no``, ``text``, ``categories``, ``dates``,
        ``constant`` or ``empty``.
    values : int
        How many different ones it has.
    extent : str
        The smallest and the largest of numbers or dates; empty for others.
    missing : int
        Rows without a value.
    commonest : str
        The values of most rows, with their number; empty where nearly each row has its own.
    odd : str
        What the notes say of it, in a few words.
    """

    name: str
    kind: str
    values: int
    extent: str
    missing: int
    commonest: str
    odd: str


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """What `check_data` found.

    Attributes
    ----------
    rows : int
        Rows of the table.
    outcome : str or None
        The outcome's column, where one was named.
    groups : tuple of GroupReport
        One for each group column.
    notes : tuple of Note
        Everything found, in the order table, outcome, columns, groups, levels.
    columns : tuple of ColumnReport
        One for each column of the table.
    """

    rows: int
    outcome: str | None
    groups: tuple[GroupReport, ...]
    notes: tuple[Note, ...]
    columns: tuple[ColumnReport, ...] = ()

    @property
    def level(self) -> Level:
        """The worst level among the notes."""
        return max((note.level for note in self.notes), key=_ORDER.index, default="fine")

    @property
    def caseloads(self) -> Mapping[str, pd.Series]:
        """Rows of each group, for each group column."""
        return MappingProxyType({group.name: group.caseloads for group in self.groups})

    @property
    def table(self) -> pd.DataFrame:
        """One row for each group column: groups, caseloads, groups with one client."""
        columns = ["groups", "smallest", "median", "largest", "one_client"]
        records = [[getattr(group, column) for column in columns] for group in self.groups]
        names = pd.Index([group.name for group in self.groups], name="group", dtype="str")
        return pd.DataFrame(records, index=names, columns=columns)

    @property
    def columns_table(self) -> pd.DataFrame:
        """One row for each column: type, range, missing values, commonest values, what is odd."""
        records = [
            [own.kind, own.values, own.extent, own.missing, own.commonest, own.odd]
            for own in self.columns
        ]
        headings = ["type", "values", "range", "missing", "commonest", "odd"]
        names = pd.Index([own.name for own in self.columns], name="column", dtype="str")
        return pd.DataFrame(records, index=names, columns=headings)

    def notes_with(self, code: str) -> tuple[Note, ...]:
        """Return the notes with this code."""
        return tuple(note for note in self.notes if note.code == code)

    def __str__(self) -> str:
        """Return the report as text for a terminal."""
        return as_text(self._title, self._shown, *map(str, self.notes))

    def _repr_html_(self) -> str:
        return as_html(self._title, self._shown, *map(str, self.notes))

    @property
    def _shown(self) -> pd.DataFrame:
        """The groups, or the columns where no group was named."""
        return self.table if self.groups else self.columns_table

    @property
    def _title(self) -> str:
        about = f", outcome {self.outcome}" if self.outcome else ""
        return f"Data: {self.rows} rows{about}"
