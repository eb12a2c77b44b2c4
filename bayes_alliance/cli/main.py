"""The program ``bayes-alliance``: its commands and the options that go before them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from bayes_alliance.cli.answering import answer_table
from bayes_alliance.cli.checking import check_table, diagnose_file, write_codebook
from bayes_alliance.cli.failures import (
    TRACEBACK,
    guarded,
    leave_closed_outputs,
    notice_stop,
    open_closed_outputs,
    outputs_flushed,
    take_any_letter,
)
from bayes_alliance.cli.fitting import fit_table
from bayes_alliance.cli.options import spread_options
from bayes_alliance.cli.reporting import report_file, reproduce_file, run_demo

# \b keeps the lines that follow it as they are.
_START = """\b
Start here:
  bayes-alliance demo
  bayes-alliance check clients.csv --outcome alliance --group case_manager
  bayes-alliance report clients.csv --formula "alliance ~ stigma + (1 | case_manager)"
"""
_EXAMPLES = {
    "fit": """\b
Examples:
  bayes-alliance fit clients.csv --formula "alliance ~ stigma + (1 | case_manager)" --out study.fit
  bayes-alliance fit clients.csv --model stigma --column alliance=wai_total --out study.fit
""",
    "report": """\b
Examples:
  bayes-alliance report clients.csv --formula "alliance ~ stigma + (1 + stigma | case_manager)"
  bayes-alliance report clients.csv --model stigma_slopes --column alliance=wai_total
  bayes-alliance report study.fit --out report.html
""",
    "answer": """\b
Examples:
  bayes-alliance answer
  bayes-alliance answer clients.csv --outcome wai_total --predictor stigma --group manager
""",
    "check": """\b
Example:
  bayes-alliance check clients.csv --outcome alliance --group agency --group case_manager
""",
    "codebook": """\b
Example:
  bayes-alliance codebook agency.sav --out codebook.toml
""",
    "reproduce": """\b
Example:
  bayes-alliance reproduce report.html --data clients.csv
""",
}


def show_models() -> None:
    """List the library's models and their questions."""
    from bayes_alliance.model.library import list_models

    for model in list_models().models:
        print(model.name)
        print(textwrap.fill(model.question, 88, initial_indent="  ", subsequent_indent="  "))
        print(f"  {model.formula_text}  ({model.family})")
        for word, meaning in model.columns.items():
            print(f"    {word}: {meaning}")
        print()
    print("Use one: bayes-alliance report FILE --model NAME [--column WORD=YOUR_COLUMN ...]")


_COMMANDS: dict[str, Callable[..., None]] = {
    "demo": run_demo,
    "models": show_models,
    "check": check_table,
    "codebook": write_codebook,
    "answer": answer_table,
    "fit": fit_table,
    "report": report_file,
    "diagnose": diagnose_file,
    "reproduce": reproduce_file,
}

app = typer.Typer(
    no_args_is_help=True,
    epilog=_START,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _command in _COMMANDS.items():
    app.command(_name, epilog=_EXAMPLES.get(_name))(guarded(spread_options(_command)))


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"bayes-alliance {version('bayes-alliance')}")
        except PackageNotFoundError:  # run from a source folder that is not installed
            print("bayes-alliance (not installed)")
        raise typer.Exit


@app.callback()
def set_up(
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show where an error arose, for bug reports.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Bayesian multilevel models for people who study helping relationships.

    How much of the alliance is the case manager, does a predictor's effect depend on who the
    client sees, and how sure are we? From a table of clients to a written report.

    Exit codes: 0 fine, 1 the analysis ran but its verdict is bad, 2 the input is bad,
    3 an unexpected error, 4 the computer refused (disk full, no right to write, no memory),
    130 stopped with Ctrl-C, 141 the output was closed, as by `| head`.
    """
    TRACEBACK.set(traceback)


def main() -> None:
    """Run the program."""
    open_closed_outputs()
    take_any_letter()
    notice_stop()
    own = sys.stdout
    try:
        app(prog_name="bayes-alliance")
    except SystemExit:
        # Typer wraps an output that was closed while it wrote; what is buffered shows it here.
        if sys.stdout is not own or not outputs_flushed():
            leave_closed_outputs()
        raise


if __name__ == "__main__":
    main()
