"""The command ``fit``: sample a model of a table and save the draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_alliance.cli.failures import FINE, VERDICT_BAD
from bayes_alliance.cli.kept_draws import draws_kept, told_when_stopped
from bayes_alliance.cli.options import (
    FILE_HELP,
    ModelOptions,
    SamplingOptions,
    TableOptions,
    check_model_options,
    load_table,
    make_model,
    run_sampling,
)
from bayes_alliance.whole_file import check_room

if TYPE_CHECKING:
    from bayes_alliance.model.data_report import ModelDataReport
    from bayes_alliance.sampling.fit import Fit

FIT_SUFFIX = ".fit"


def fit_table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=FILE_HELP)],
    table: TableOptions,
    model: ModelOptions,
    sampling: SamplingOptions,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to save the fit; ends in .fit.")],
    no_data: Annotated[
        bool, typer.Option("--no-data", help="Leave the clients' rows out of the saved fit.")
    ] = False,
) -> None:
    """Fit a model to a table and save the fit.

    Give --formula or --model. The estimates and the verdict are printed.

    Ends with 1 if the verdict on the fit is bad.
    """
    from bayes_alliance.cli.screen import show_seen

    check_model_options(model)
    _check_out(out)
    own = make_model(model, load_table(file, table))
    seen = own.data_report
    show_seen(seen)
    with told_when_stopped([out]):
        fit = run_sampling(own, sampling)
        with draws_kept({"": fit}, out, data=not no_data):
            written = fit.save(out, data=not no_data)
        _tell(fit, written, seen)


def _tell(fit: Fit, written: Path, seen: ModelDataReport) -> None:
    """Print the estimates and the verdict, and end with it."""
    from bayes_alliance.checks.verdict import diagnose
    from bayes_alliance.cli.checking import show_verdict
    from bayes_alliance.cli.screen import show_table
    from bayes_alliance.posterior.claims.quantity import lower_order_words
    from bayes_alliance.posterior.summaries import summarize

    summary = summarize(fit)
    where = lower_order_words(fit.model, summary.table.index)
    told = f"{summary.interval}; seed {fit.settings.seed}."
    show_table("Estimates", summary.table, " ".join(filter(None, [told, where])))
    verdict = diagnose(fit)
    show_verdict(verdict, said={note.message for note in seen.notes})
    print(f"Saved: {written}")
    raise typer.Exit(VERDICT_BAD if verdict.level == "bad" else FINE)


def _check_out(out: Path) -> None:
    """Refuse a place where nothing can be saved before time goes into sampling."""
    if out.suffix != FIT_SUFFIX:
        raise typer.BadParameter(f"'{out}' does not end in {FIT_SUFFIX}.", param_hint="--out")
    if out.is_dir():
        raise typer.BadParameter(f"'{out}' is a folder.", param_hint="--out")
    if not out.parent.is_dir():
        raise typer.BadParameter(f"There is no folder '{out.parent}'.", param_hint="--out")
    check_room(out)
