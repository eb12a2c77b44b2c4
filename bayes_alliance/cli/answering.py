"""The command ``answer``: the three questions of the seed study, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_alliance.cli.failures import FINE, VERDICT_BAD
from bayes_alliance.cli.sampling_options import SamplingOptions
from bayes_alliance.cli.table_options import FILE_HELP, TableOptions, load_table

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLE = "simulated_study"


def answer_table(
    table: TableOptions,
    sampling: SamplingOptions,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help=f"{FILE_HELP} The simulated example if left out."),
    ] = None,
    outcome: Annotated[str, typer.Option(metavar="COLUMN", help="A numeric score.")] = "alliance",
    predictor: Annotated[
        str, typer.Option(metavar="COLUMN", help="What may matter, and differently by group.")
    ] = "stigma",
    group: Annotated[
        str, typer.Option(metavar="COLUMN", help="Who the client sees.")
    ] = "case_manager",
) -> None:
    """Answer three questions in one table.

    How much of the outcome is the group, does the predictor matter, and does its slope depend on
    the group? Three models are fitted: without the predictor, with one slope, with slopes that
    vary. Whether slopes depend on the group is answered two ways, which need not agree:
    prediction of groups not yet seen, and the Bayes factor.

    Ends with 1 if the verdict on a fit is bad; the answers are withheld then.
    """
    from bayes_alliance.cli.screen import show_items, show_table
    from bayes_alliance.report.three_questions import answer_questions

    answers = answer_questions(
        _rows(file, table),
        outcome=outcome,
        predictor=predictor,
        group=group,
        seed=sampling.seed,
        engine=sampling.engine,
        draws=sampling.draws,
        tune=sampling.tune,
        chains=sampling.chains,
        target_accept=sampling.target_accept,
    )
    show_table("Three questions", answers.table)
    print()
    show_items((*answers.items, *answers.notes))
    raise typer.Exit(VERDICT_BAD if answers.verdict[1].level == "bad" else FINE)


def _rows(file: Path | None, table: TableOptions) -> pd.DataFrame:
    if file is not None:
        return load_table(file, table)
    from bayes_alliance.data.examples import load_example

    print("The example data is simulated; no real client stands behind it.", flush=True)
    return load_example(_EXAMPLE)
