"""The command ``reproduce``: from a report and its table to the report once more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayes_alliance.cli.failures import FINE, VERDICT_BAD
from bayes_alliance.cli.table_options import FILE_HELP, TableOptions, load_table


def reproduce_file(
    report: Annotated[
        Path, typer.Argument(metavar="REPORT", help="A report: .html, .docx, .md or .json.")
    ],
    table: TableOptions,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"{FILE_HELP} Left out for the simulated example."),
    ] = None,
) -> None:
    """Make a report again from its record and compare it.

    The record names formula, priors, seed, settings and versions; the table is yours to give, and
    is read as it was then unless you say otherwise. With the same versions on the same kind of
    machine every number has to be the same to the last digit, with others within its Monte Carlo
    error. The document is then held against its own data, word for word and picture for picture.

    Ends with 1 if a number does not come out, or the document was changed.
    """
    from bayes_alliance.cli.screen import show_table
    from bayes_alliance.report.reproduction.reproducing import reproduce

    given = data if data is None or table == TableOptions() else load_table(data, table)
    found = reproduce(report, data=given)
    if not found.same_versions:
        show_table("Versions", found.versions)
    if not found.differing.empty:
        show_table("Numbers that differ", found.differing.drop(columns="agrees"))
    print(found.sentence)
    raise typer.Exit(FINE if found.agree else VERDICT_BAD)
