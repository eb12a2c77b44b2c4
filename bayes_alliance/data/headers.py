"""Column names of a file: stripped of blanks, each there and each only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bayes_alliance.errors import DataError, listed


def clean_header(names: Sequence[object], *, file: str) -> list[str]:
    """Return the names without surrounding blanks.

    Raises
    ------
    DataError
        If a column has no name, or two columns have the same one.
    """
    stripped = [str(name).strip() for name in names]
    unnamed = [position for position, name in enumerate(stripped, start=1) if not name]
    if unnamed:
        raise DataError(
            f"Every column of {file} needs a name.",
            f"Column {listed(unnamed)} of {len(stripped)} has none.",
            "Name it in the first line, or leave the column out: row names saved by R go away"
            " with write.csv(..., row.names = FALSE), empty columns by deleting them.",
            positions=unnamed,
        )
    twice = [name for name, count in Counter(stripped).items() if count > 1]
    if twice:
        raise DataError(
            f"Every column of {file} needs a name of its own.",
            f"More than one column is called {listed(twice)} (blanks around a name do not count).",
            "Rename or leave out the repeated columns.",
            columns=twice,
        )
    return stripped
