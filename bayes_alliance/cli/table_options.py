"""How the table is to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_alliance.cli.option_records import split_pair

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.data.missing_codes import Missing

FILE_HELP = "Table with one row a client: .csv, .tsv, .txt, each also .gz, or .parquet."


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """What the user says about the file."""

    missing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[COLUMN=]CODE",
            help="Code that means 'no answer', such as -99, in one column such as age=999, or in "
            "all; may be given repeatedly.",
        ),
    ] = None
    separator: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTER", help="Character between two values of a text file, such as ';'."
        ),
    ] = None
    decimal: Annotated[str, typer.Option(metavar="MARK", help="Decimal mark: '.' or ','.")] = "."
    encoding: Annotated[str, typer.Option(metavar="NAME", help="Encoding of a text file.")] = (
        "utf-8"
    )


def load_table(path: Path, options: TableOptions) -> pd.DataFrame:
    """Read the table as the options say."""
    everywhere, by_column = _codes(options.missing or ())
    if not by_column:
        return _read(path, options, everywhere)
    if everywhere:
        # Which columns there are is known once the table is read.
        names = _read(path, options, everywhere).columns
        by_column = {n: [*everywhere, *by_column.pop(n, [])] for n in names} | by_column
    return _read(path, options, by_column)


def _read(path: Path, options: TableOptions, missing: Missing) -> pd.DataFrame:
    from bayes_alliance.data.reading import read_table

    return read_table(
        path,
        encoding=options.encoding,
        missing=missing,
        separator=options.separator,
        decimal=options.decimal,
    )


def _codes(given: Sequence[str]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """Return the codes that count in every column, and those of single columns."""
    by_column: dict[str, list[str]] = {}
    for text in given:
        if "=" in text:
            column, code = split_pair(text, "--missing", "age=999")
            by_column.setdefault(column, []).append(code)
    return tuple(text for text in given if "=" not in text), by_column
