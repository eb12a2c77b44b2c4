"""The verb that gives the codebook of a table or of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bayes_alliance.data.codebooks.record import Codebook, from_json
from bayes_alliance.data.provenance import CODEBOOK, READ_AS
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError


def codebook(data: pd.DataFrame | str | Path, **options: Any) -> Codebook:
    """Give what is known of each column: labels, codes, what is no answer, level, unit, range.

    A codebook is a record of its own: pandas loses what a table remembers of itself when tables
    are joined, and this keeps it. Save it, edit it, and give it to :func:`read_table`, so that
    the next file is read in the same way.

    Parameters
    ----------
    data : pandas.DataFrame, str or Path
        A table as :func:`read_table` gave it, or a file that it can read. Of a table that
        remembers nothing, the columns are named.
    **options
        How the file is to be read, as for :func:`read_table`.

    Returns
    -------
    Codebook
        One entry for each column.

    Raises
    ------
    DataError
        If the file cannot be read, or what is given is no table.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> words = ba.codebook("agency.sav")  # doctest: +SKIP
    >>> words.save("codebook.toml")  # doctest: +SKIP
    >>> later = ba.read_table("agency_q3.sav", codebook="codebook.toml")  # doctest: +SKIP
    """
    if isinstance(data, str | Path):
        data = read_table(data, **options)
    if not isinstance(data, pd.DataFrame):
        raise DataError(
            "A codebook was asked for.",
            f"What was given is a {type(data).__name__}, and no table.",
            "Give the table that read_table returned, or the path of its file.",
        )
    kept = data.attrs.get(CODEBOOK)
    known = (
        from_json(kept) if kept else Codebook(source=data.attrs.get(READ_AS, {}).get("file", ""))
    )
    names = [str(name) for name in data.columns]
    return Codebook(variables=tuple(known.of(name) for name in names), source=known.source)
