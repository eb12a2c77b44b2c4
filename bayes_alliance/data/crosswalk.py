"""One person, several spellings: a table of what is written and what is meant, to be edited."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bayes_alliance.data.labels import group_labels
from bayes_alliance.data.notes.name_checks import alike, name_key, two_names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import DataError, counted, did_you_mean, listed
from bayes_alliance.whole_file import write_whole

WRITTEN, NAME, ROWS, WHY = "written", "name", "rows", "why"
TWO_NAMES = "two names?"
_LARGEST_FILE = 20_000_000
# Shorter names differ in a letter because they are others: Ann Lee and Ann Lea may both work here.
_SHORTEST = 8
# A slip is rarer than what it is a slip of.
_RARER = 3


@dataclass(frozen=True, kw_only=True)
class Crosswalk:
    """What is written in a column, and which name each spelling stands for.

    Attributes
    ----------
    column : str
        The column of names.
    table : pandas.DataFrame
        One row a spelling (``written``): the ``name`` it stands for, ``rows`` with it, and ``why``
        it is thought to be that name; empty where it stands for itself.
    """

    column: str
    table: pd.DataFrame

    @property
    def names(self) -> int:
        """How many names there are, taken as the table has them."""
        return int(self.table[NAME].nunique())

    @property
    def changes(self) -> pd.DataFrame:
        """The spellings that stand for another name, and those that seem to hold two."""
        other = self.table[NAME] != self.table.index
        return self.table[other | (self.table[WHY] == TWO_NAMES)]

    def save(self, path: str | Path) -> Path:
        """Write it as CSV, to be looked at, edited and given back.

        Parameters
        ----------
        path : str or Path
            Of a file that is not there yet.

        Returns
        -------
        Path

        Raises
        ------
        DataError
            If there is such a file: it may hold somebody's decisions.
        """
        path = Path(path)
        if path.exists():
            raise DataError(
                f"The names of {self.column} were to be written to {path.name}.",
                "There is such a file, and somebody may have edited it.",
                "Give another name, or remove it first.",
                file=path.name,
            )
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([WRITTEN, NAME, ROWS, WHY])
        writer.writerows(self.table.reset_index()[[WRITTEN, NAME, ROWS, WHY]].to_numpy().tolist())
        # Spreadsheets know by the mark that it is UTF-8.
        write_whole(path, text.getvalue().encode("utf-8-sig"))
        return path

    @property
    def _title(self) -> str:
        spellings = counted(len(self.table), "spelling")
        return f"{self.column}: {spellings} of {counted(self.names, 'name')}"

    def __str__(self) -> str:
        return as_text(self._title, self.changes)

    def _repr_html_(self) -> str:
        return as_html(self._title, self.changes)


def propose_names(data: pd.DataFrame, column: str) -> Crosswalk:
    """Propose which spellings of a column are one name; nothing is changed.

    Proposed are spellings that differ in case, blanks, punctuation, accents, the order of words or
    by initials, and a rare one that is one letter away from a common one. Cells that seem to hold
    two names are marked and left as they are.

    Parameters
    ----------
    data : pandas.DataFrame
        Your table.
    column : str
        The column of names, such as that of the case managers.

    Returns
    -------
    Crosswalk
        To be looked at, saved, edited, and used by :func:`use_names`.

    Raises
    ------
    DataError
        If there is no such column.

    Examples
    --------
    >>> import pandas as pd
    >>> import bayes_alliance as ba
    >>> seen = pd.DataFrame({"manager": ["Ann Young", "ann  young", "A. Young", "Bo Berg"]})
    >>> ba.propose_names(seen, "manager").names
    2
    """
    counts = _counts(data, column)
    both = set(two_names(list(counts)))
    meant = _meant({own: n for own, n in counts.items() if own not in both})
    rows = [
        (own, meant.get(own, own), counts[own], _why(own, meant.get(own, own), own in both))
        for own in counts
    ]
    rows.sort(key=lambda row: (row[1].casefold(), row[1], row[1] != row[0], row[0]))
    return Crosswalk(column=column, table=_as_table(rows))


def load_names(path: str | Path, *, column: str) -> Crosswalk:
    """Read spellings and names back, edited or not.

    Parameters
    ----------
    path : str or Path
        A CSV file as :meth:`Crosswalk.save` writes it: with the columns ``written`` and ``name``,
        and whatever else.
    column : str
        The column of the table that it is about.

    Returns
    -------
    Crosswalk

    Raises
    ------
    DataError
        If there is no such file, it lacks a column, a spelling stands twice, or a name is empty.
    """
    path = Path(path)
    lines = _lines(path)
    spellings = [line[WRITTEN] or "" for line in lines]
    twice = [own for own, times in Counter(spellings).items() if times > 1]
    if twice:
        raise _no_names(path, f"It has {listed(twice)} twice.")
    empty = [line[WRITTEN] for line in lines if not (line[NAME] or "").strip()]
    if empty:
        raise _no_names(path, f"There is no name for {listed(empty)}.")
    counts = [line.get(ROWS) or "" for line in lines]
    rows = [
        (line[WRITTEN], line[NAME], int(count) if count.isdecimal() else 0, line.get(WHY) or "")
        for line, count in zip(lines, counts, strict=True)
    ]
    return Crosswalk(column=column, table=_as_table(rows))


def use_names(data: pd.DataFrame, crosswalk: Crosswalk) -> pd.DataFrame:
    """Give each row the name that its spelling stands for.

    Parameters
    ----------
    data : pandas.DataFrame
        The table, with the crosswalk's column.
    crosswalk : Crosswalk
        From :func:`propose_names`, after a look at it, or :func:`load_names`.

    Returns
    -------
    pandas.DataFrame
        The table with names in that column; all else as it is.

    Raises
    ------
    DataError
        If the table has a spelling that the crosswalk does not: somebody new, or a new slip.
    """
    counts = _counts(data, crosswalk.column)
    names = crosswalk.table[NAME].to_dict()
    new = [own for own in counts if own not in names]
    if new:
        raise DataError(
            f"The names of {crosswalk.column} were to be taken from a table of spellings.",
            f"It does not have {listed(map(repr, new), shown=10)}.",
            "Add a line for each with the name it stands for, its own if it is somebody new.",
            column=crosswalk.column,
            spellings=new,
        )
    labels = group_labels(data[crosswalk.column])
    return data.assign(**{crosswalk.column: labels.map(names).astype("str")})


def _counts(data: pd.DataFrame, column: str) -> dict[str, int]:
    """Return the rows of each spelling, as they come up."""
    if column not in data.columns:
        raise DataError(
            f"The names of {column} were asked for.",
            f"The table has no column {column}. {did_you_mean(column, data.columns)}".rstrip(),
            f"It has {listed(data.columns, shown=20)}.",
            column=column,
        )
    labels = group_labels(data[column]).dropna()
    return {str(own): int(n) for own, n in labels.value_counts(sort=False).items()}


def _as_table(rows: list[tuple[str, str, int, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=[WRITTEN, NAME, ROWS, WHY])
    types = {WRITTEN: "str", NAME: "str", ROWS: "int64", WHY: "str"}
    return table.astype(types).set_index(WRITTEN)


def _meant(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the name of each spelling: the commonest of those that may be one."""
    sets = alike(counts, key=lambda label: _without_accents(name_key(label)))
    rows = {key: sum(counts[own] for own in found) for key, found in sets.items()}
    for key in sorted(sets, key=lambda own: rows[own]):
        near = [own for own in sets if own != key and _is_a_slip(key, own, rows)]
        if len(near) == 1:  # of two it could be either
            sets[near[0]] = [*sets[near[0]], *sets.pop(key)]
    meant: dict[str, str] = {}
    for found in sets.values():
        name = min(found, key=lambda own: (-counts[own], -len(own), own))
        meant |= dict.fromkeys(found, name)
    return meant


def _is_a_slip(rare: str, common: str, rows: Mapping[str, int]) -> bool:
    long = min(len(rare), len(common)) >= _SHORTEST
    letters = rare.replace(" ", "").isalpha() and common.replace(" ", "").isalpha()
    return long and letters and rows[rare] * _RARER <= rows[common] and _one_apart(rare, common)


def _one_apart(one: str, other: str) -> bool:
    """Tell whether one letter is another, missing, one too many, or two are swapped."""
    short, long = sorted((one, other), key=len)
    start = 0
    while start < len(short) and short[start] == long[start]:
        start += 1
    if len(long) == len(short) + 1:
        return short[start:] == long[start + 1 :]
    if len(long) != len(short):
        return False
    replaced = short[start + 1 :] == long[start + 1 :]
    swapped = short[start : start + 2] == long[start : start + 2][::-1]
    return replaced or (swapped and short[start + 2 :] == long[start + 2 :])


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _without_blanks(text: str) -> str:
    return "".join(text.split())


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


# What may differ, the smallest difference first: each undoes those before it too.
_DIFFERENCES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("blanks", _without_blanks),
    ("case", str.casefold),
    ("punctuation", _letters),
    ("accents", _without_accents),
)


def _why(written: str, name: str, both: bool) -> str:
    """Say by what a spelling differs from the name it is thought to stand for."""
    if both:
        return TWO_NAMES
    if written == name:
        return ""
    one, other = written, name
    for what, undone in _DIFFERENCES:
        one, other = undone(one), undone(other)
        if one == other:
            return what
    keys = [_without_accents(name_key(text)) for text in (written, name)]
    if keys[0] == keys[1]:
        return "order of words"
    return "one letter" if _one_apart(*keys) else "initials"


def _lines(path: Path) -> list[dict[str, str]]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise _no_names(path, f"It has more than {_LARGEST_FILE:,} bytes.")
        text = path.read_text(encoding="utf-8-sig")
        # A spreadsheet with a decimal comma writes semicolons.
        separator = ";" if ";" in text.split("\n", 1)[0] else ","
        lines = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))
    except FileNotFoundError as error:
        raise _no_names(path, "There is no such file.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _no_names(path, f"It cannot be read ({error}).") from error
    if not lines or any(not {WRITTEN, NAME} <= set(line) for line in lines):
        raise _no_names(path, f"It lacks lines with the columns '{WRITTEN}' and '{NAME}'.")
    return lines


def _no_names(path: Path, found: str) -> DataError:
    return DataError(
        f"{path.name} was to be read as a table of spellings and names.",
        found,
        "Write one with propose_names(data, column).save(path), and edit its column 'name': one "
        "line a spelling.",
        file=path.name,
    )
