"""The command ``answer``: the three questions of the seed study, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayes_alliance.cli.failures import FINE, VERDICT_BAD
from bayes_alliance.cli.kept_draws import draws_kept, told_when_stopped
from bayes_alliance.cli.options import FILE_HELP, SamplingOptions, TableOptions, load_table
from bayes_alliance.cli.reporting import PageOptions
from bayes_alliance.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bayes_alliance.answers.three_answers import Answers
    from bayes_alliance.sampling.fit import Fit

_EXAMPLE = "simulated_study"
_OUT_HELP = (
    "Write the answers too: .html, .docx, .md, .json, or .csv for the numbers; may be repeated."
)


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """The three columns that are asked about."""

    outcome: Annotated[str, typer.Option(metavar="COLUMN", help="A numeric score.")] = "alliance"
    predictor: Annotated[
        str, typer.Option(metavar="COLUMN", help="What may matter, and differently by group.")
    ] = "stigma"
    group: Annotated[str, typer.Option(metavar="COLUMN", help="Who the client sees.")] = (
        "case_manager"
    )


def answer_table(
    table: TableOptions,
    sampling: SamplingOptions,
    page: PageOptions,
    asked: ColumnOptions,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help=f"{FILE_HELP} The simulated example if left out."),
    ] = None,
    out: Annotated[list[Path] | None, typer.Option(metavar="FILE", help=_OUT_HELP)] = None,
) -> None:
    """Answer three questions in one table.

    How much of the outcome is the group, does the predictor matter, and does its slope depend on
    the group? Three models are fitted: without the predictor, with one slope, with slopes that
    vary. Whether slopes depend on the group is answered two ways, which need not agree:
    prediction of groups not yet seen, and the Bayes factor.

    Ends with 1 if the verdict on a fit is bad; the answers are withheld then.
    """
    from bayes_alliance.answers.three_questions import answer_questions, seen_in_table
    from bayes_alliance.cli.screen import show_notes
    from bayes_alliance.report.writing import ANSWER_SUFFIXES, check_report_paths

    places = check_report_paths(out, ANSWER_SUFFIXES) if out else []
    rows = _rows(file, table)
    # Before anything is fitted: an answer from codes or from visits is none.
    show_notes(seen_in_table(rows, **vars(asked)))
    fits: dict[str, Fit] = {}
    first = places[0] if places else Path("answers.html")
    with told_when_stopped(places), draws_kept(fits, first):
        answers = answer_questions(rows, **vars(asked), **vars(sampling), on_fit=fits.__setitem__)
        _tell(answers, places, page, example=file is None)


def _tell(answers: Answers, places: Sequence[Path], page: PageOptions, *, example: bool) -> None:
    """Write and print the answers, and end with their verdict."""
    from bayes_alliance.cli.screen import show_items, show_table

    written, refused = _written(answers, places, page)
    if example:
        print("The example data is simulated; no real client stands behind it.")
    show_table("Three questions", answers.table)
    print()
    show_items((*answers.items_in("command line"), *answers.notes_on_fits_in("command line")))
    if written:
        print(f"Written: {', '.join(map(str, written))}")
    if refused is not None:
        raise refused
    raise typer.Exit(VERDICT_BAD if answers.withheld else FINE)


def _written(
    answers: Answers, places: Sequence[Path], page: PageOptions
) -> tuple[list[Path], MachineError | None]:
    """Write before a word is said to a reader who may leave; say the answers whatever happens."""
    from bayes_alliance.report.answers_page import answers_content
    from bayes_alliance.report.writing import write_content

    written: list[Path] = []
    if places:
        options: dict[str, Any] = {"title": page.title, "question": page.question}
        content = answers_content(answers, **options, names=page.names or (), place="command line")
        try:
            for place in places:
                written.append(write_content(content, place))  # noqa: PERF401  # kept if one fails
        except MachineError as error:
            return written, error
    return written, None


def _rows(file: Path | None, table: TableOptions) -> pd.DataFrame:
    if file is not None:
        return load_table(file, table)
    from bayes_alliance.data.examples import load_example

    return load_example(_EXAMPLE)
