"""The commands ``check``, ``codebook`` and ``diagnose``: what a table, or a saved fit, is worth."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_alliance.cli.failures import FINE, VERDICT_BAD
from bayes_alliance.cli.kept_draws import load_saved_fit
from bayes_alliance.cli.options import FILE_HELP, TableOptions, load_quietly, load_table
from bayes_alliance.cli.screen import show_level

if TYPE_CHECKING:
    from bayes_alliance.checks.verdict import Verdict

_OUT_HELP = "Write it too: .toml, or .csv for a spreadsheet."


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

    report = check_data(load_quietly(file, table), outcome, group or ())
    about = f", outcome {outcome}" if outcome else ""
    title = f"{file.name}: {report.rows} rows{about}"
    if report.groups:
        show_table(title, report.table)
    else:
        show_table(title, report.columns_table)
    for note in report.notes:
        show_level(note.level, f"{note.level}: {note.said_in('command line')}")
    raise typer.Exit(VERDICT_BAD if report.level == "bad" else FINE)


def write_codebook(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=FILE_HELP)],
    table: TableOptions,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=_OUT_HELP)] = None,
) -> None:
    """Show what the columns of a table mean, and write it down.

    Labels, codes and their meaning, what is no answer, level of measurement, unit and possible
    range: of an SPSS, Stata or SAS file as it says itself, of others the names of the columns,
    for you to fill in. Give the file back with --codebook to every command, and the next table is
    read in the same way.
    """
    from bayes_alliance.cli.screen import show_table
    from bayes_alliance.data.describing import codebook

    found = codebook(load_table(file, table))
    show_table(f"{file.name}: {len(found)} columns", found.table)
    if out is not None:
        found.save(out)
        print(f"Written: {out}. Edit it, and give it back with --codebook {out}.")


def diagnose_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A fit saved by `bayes-alliance fit`.")
    ],
    table: TableOptions,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The table, for a fit that was saved with --no-data."),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", help="Show each finding's value and its threshold as numbers."),
    ] = False,
) -> None:
    """Say whether a saved fit can be trusted.

    Every finding is shown with what to do about it: on the draws, on the table and on whether the
    model fits it. A fit saved with --no-data is looked at whole if --data gives its table.

    Ends with 1 if the verdict is bad.
    """
    from bayes_alliance.checks.verdict import diagnose

    verdict = diagnose(load_saved_fit(file, table, data))
    show_verdict(verdict, verbose=verbose)
    raise typer.Exit(VERDICT_BAD if verdict.level == "bad" else FINE)


def show_verdict(verdict: Verdict, *, verbose: bool = False, said: Collection[str] = ()) -> None:
    """Show the verdict and the findings of its two parts, but those said before."""
    show_level(verdict.level, verdict.sentence)
    for part in (verdict.on_draws, verdict.on_model):
        show_level(part.level, part.heading)
        if any(finding.message in said for finding in part.findings):
            show_level(part.level, "  What was seen in the data is said above.")
        for finding in part.findings:
            if finding.message in said:
                continue
            both = finding.value == finding.value and finding.threshold == finding.threshold
            known = verbose and both
            numbers = f" [{finding.value:.4g}, threshold {finding.threshold:.4g}]" if known else ""
            said_here = f"{finding.level}: {finding.said_in('command line')}"
            show_level(finding.level, f"  {said_here}{numbers}")
