"""How the table is to be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

FILE_HELP = "Table with one row a client: .csv, .tsv, .txt, each also .gz, or .parquet."


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """What the user says about the file."""

    missing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE",
            help="Code that means 'no answer', such as -99; may be given repeatedly.",
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
    from bayes_alliance.data.reading import read_table

    return read_table(
        path,
        encoding=options.encoding,
        missing=tuple(options.missing or ()),
        separator=options.separator,
        decimal=options.decimal,
    )
