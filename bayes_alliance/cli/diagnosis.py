"""The command ``diagnose``: whether a saved fit can be trusted."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_alliance.cli.failures import FINE, VERDICT_BAD
from bayes_alliance.cli.saved_fit import load_saved_fit
from bayes_alliance.cli.screen import show_level
from bayes_alliance.cli.table_options import TableOptions

if TYPE_CHECKING:
    from bayes_alliance.checks.verdict import Verdict


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
