"""The command ``check``: look at a table before a model does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayes_alliance.cli.failures import FINE, VERDICT_BAD
from bayes_alliance.cli.table_options import FILE_HELP, TableOptions, load_table


def check_table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=FILE_HELP)],
    table: TableOptions,
    outcome: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of the outcome.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of the groups, such as case_manager; repeat it for several, from the "
            "upper level to the lower.",
        ),
    ] = None,
) -> None:
    """Look at a table before a model does.

    Shows each column with its type, range, missing and commonest values, or, where --group names
    some, the groups and their caseloads; and what would trouble a model.

    Ends with 1 if something stands in the way of a model.
    """
    from bayes_alliance.cli.screen import show_level, show_table
    from bayes_alliance.data.inspection import check_data

    report = check_data(load_table(file, table), outcome, group or ())
    about = f", outcome {outcome}" if outcome else ""
    title = f"{file.name}: {report.rows} rows{about}"
    if report.groups:
        show_table(title, report.table)
    else:
        show_table(title, report.columns_table)
    for note in report.notes:
        show_level(note.level, f"{note.level}: {note.said_in('command line')}")
    raise typer.Exit(VERDICT_BAD if report.level == "bad" else FINE)
