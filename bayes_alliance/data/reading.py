"""The verb that turns a file into a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from bayes_alliance.data.columns import ordinary_column
from bayes_alliance.data.delimited import read_delimited
from bayes_alliance.data.headers import clean_header
from bayes_alliance.data.missing_codes import Missing, codes_by_column
from bayes_alliance.data.provenance import LOST_CATEGORIES, READ_AS, lost_categories, plain_codes
from bayes_alliance.errors import Advice, DataError, did_you_mean, listed


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """What the user said about the file."""

    encoding: str
    missing: Missing
    separator: str | None
    decimal: str


def _read_text(path: Path, reading: _Reading, *, separator: str) -> pd.DataFrame:
    return read_delimited(
        path,
        encoding=reading.encoding,
        missing=reading.missing,
        separator=reading.separator or separator,
        decimal=reading.decimal,
    )


def _read_parquet(path: Path, reading: _Reading) -> pd.DataFrame:
    """Read Parquet; its gaps are its own, so only the user's codes are added to them."""
    from pyarrow import ArrowException, parquet, types

    try:
        arrow = parquet.read_table(path, partitioning=None)
    except (ArrowException, OSError) as error:
        raise DataError(
            f"{path.name} was to be read as a Parquet file.",
            "It is damaged, cut short or not Parquet at all.",
            "Copy it again, or save the table as CSV.",
            file=path.name,
        ) from error
    # A filtered pandas table stores its old row numbers: they are no data.
    fields = [
        position
        for position, field in enumerate(arrow.schema)
        if not (field.name.startswith("__index_level_") and types.is_integer(field.type))
    ]
    arrow = arrow.select(fields)
    names = clean_header(arrow.column_names, file=path.name)
    table = arrow.rename_columns(names).to_pandas(ignore_metadata=True)
    codes = codes_by_column(reading.missing, table.columns)
    found = pd.DataFrame(
        {name: codes[name].blank_out(ordinary_column(table[name])) for name in table.columns}
    )
    lost = lost_categories(arrow.schema)
    own = zip(names, arrow.column_names, strict=True)
    found.attrs[LOST_CATEGORIES] = [name for name, written in own if written in lost]
    return found


_READERS: Mapping[str, Callable[[Path, _Reading], pd.DataFrame]] = {
    ".csv": partial(_read_text, separator=","),
    ".csv.gz": partial(_read_text, separator=","),
    ".tsv": partial(_read_text, separator="\t"),
    ".tsv.gz": partial(_read_text, separator="\t"),
    ".txt": partial(_read_text, separator="\t"),
    ".txt.gz": partial(_read_text, separator="\t"),
    ".parquet": _read_parquet,
}


def read_table(
    path: str | Path,
    *,
    encoding: str = "utf-8",
    missing: Missing = (),
    separator: str | None = None,
    decimal: str = ".",
) -> pd.DataFrame:
    r"""Read a table of clients from a file; the suffix says what it is.

    Ids are never changed: text is kept to the letter, and a column with leading zeros (``007``)
    or with whole numbers too long to be exact stays text. So does a column of numbers in which
    two texts are one number (``3.1`` and ``3.10``): ``attrs["numbers_as_text"]`` names it, and a
    model takes it as numbers where it is an outcome or a predictor and as ids where it names
    groups. Blanks around a number do not count, nor does the sign of ``-0.0``.

    Parameters
    ----------
    path : str or Path
        A ``.csv``, ``.tsv``, ``.txt`` (tab-separated; each also as ``.gz``) or ``.parquet`` file.
    encoding : str
        How the text was saved. A byte order mark is accepted.
    missing : code, sequence of codes, or mapping of column to codes
        Values that mean "no answer" in this study, such as ``(-99, "refused")``. In text files an
        empty cell, ``NA``, ``N/A``, ``#N/A``, ``NaN``, ``nan``, ``NULL`` and ``.`` always do. A
        mapping limits codes to the columns it names.
    separator : str, optional
        What stands between two values of a text file. By default a comma for ``.csv``, a tab for
        ``.tsv`` and ``.txt``.
    decimal : {".", ","}
        The decimal mark of a text file.

    Returns
    -------
    pandas.DataFrame
        Numbers and truth values as NumPy columns, text as ``str``, categories of a Parquet file
        in their order. Whole numbers and truth values with gaps become floats, a gap being NaN.
        ``attrs["read_as"]`` says how it was read, ``attrs["as_written"]`` how the file writes ids
        that are numbers (``3.10``).

    Raises
    ------
    DataError
        If there is no such file, its type is not supported, or it is not one well-formed table.

    Examples
    --------
    >>> clients = read_table("clients.csv", missing={"stigma": -99})  # doctest: +SKIP
    """
    path = Path(path)
    _check_marks(separator, decimal)
    _check_is_file(path)
    name = path.name.lower()
    reader = next((_READERS[suffix] for suffix in _READERS if name.endswith(suffix)), None)
    if reader is None:
        raise DataError(
            f"{path.name} was to be read as a table.",
            f"Its type is told by its suffix, and '{path.suffix}' is not one of those supported.",
            f"Save it as one of {', '.join(_READERS)}.",
            supported=list(_READERS),
        )
    reading = _Reading(encoding=encoding, missing=missing, separator=separator, decimal=decimal)
    table = reader(path, reading)
    if table.empty:
        raise DataError(
            f"Rows were to be read from {path.name}.",
            f"It has {len(table.columns)} columns and no rows.",
            "Check that the export finished and that it is the right file.",
            columns=list(table.columns),
        )
    table.attrs[READ_AS] = {
        "file": path.name,
        "rows": len(table),
        "encoding": encoding,
        "missing": plain_codes(missing),
        "separator": separator,
        "decimal": decimal,
    }
    return table


def _check_marks(separator: str | None, decimal: str) -> None:
    if separator is not None and len(separator) != 1:
        raise DataError(
            f"The table was to be split at the separator {separator!r}.",
            "A separator is exactly one character.",
            r"Use ',', ';', '\t' or '|'.",
            separator=separator,
        )
    if decimal not in (".", ","):
        raise DataError(
            f"Numbers were to be read with the decimal mark {decimal!r}.",
            "A decimal mark is a point or a comma.",
            Advice(
                python="Use decimal='.' or decimal=','.",
                command_line="Use --decimal . or --decimal , instead.",
            ),
            decimal=decimal,
        )


def _check_is_file(path: Path) -> None:
    if path.is_file():
        return
    if path.is_dir():
        inside = _tables_in(path)
        raise DataError(
            f"{path.name or path} was to be read as a table.",
            f"It is a folder{f' with {listed(inside)}' if inside else ''}.",
            "Name one file.",
            files=inside,
        )
    if not path.parent.is_dir():
        raise DataError(
            f"{path.name} was to be read.",
            f"There is no folder '{path.parent}'.",
            "Check the folder's name.",
            path=str(path),
        )
    nearby = _tables_in(path.parent)
    there = f"; it holds {listed(nearby)}" if nearby else ""
    raise DataError(
        f"{path.name} was to be read.",
        f"The folder '{path.parent}' has no such file{there}.",
        f"{did_you_mean(path.name, nearby)}Check the name, its suffix and its case.",
        path=str(path),
        files=nearby,
    )


def _tables_in(folder: Path) -> list[str]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    return [name for name in names if name.lower().endswith(tuple(_READERS))]
