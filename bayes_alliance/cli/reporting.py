"""The commands ``report``, ``demo`` and ``reproduce``: a report written, or made again."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_alliance.cli.failures import FINE, VERDICT_BAD
from bayes_alliance.cli.fitting import FIT_SUFFIX
from bayes_alliance.cli.kept_draws import draws_kept, load_saved_fit, told_when_stopped
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

if TYPE_CHECKING:
    from bayes_alliance.model.spec import Model
    from bayes_alliance.sampling.fit import Fit

OUT_HELP = (
    "Where to write: .html, .docx, .md or .json; may be repeated for several formats. "
    "report.html if left out."
)
_EXAMPLE, _MODEL = "simulated_study", "stigma_slopes"


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """The user's wishes for the page."""

    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the report.")] = None
    question: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Your question in your own words, shown on the page."),
    ] = None
    names: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Name the groups of this factor, such as case_manager; may be repeated. Without "
            "it they are numbers.",
        ),
    ] = None


def report_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=f"{FILE_HELP} Or a saved fit: .fit.")
    ],
    table: TableOptions,
    model: ModelOptions,
    sampling: SamplingOptions,
    page: PageOptions,
    out: Annotated[list[Path] | None, typer.Option(metavar="FILE", help=OUT_HELP)] = None,
    compare: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A saved fit to compare with; may be repeated."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The table, for a fit that was saved with --no-data."),
    ] = None,
) -> None:
    """Write the report of a table's model or of a saved fit.

    From a table, the model is fitted first: give --formula or --model. A saved fit has its
    model and takes neither.

    Ends with 1 if the verdict on the fit is bad; the report is written all the same and says so.
    """
    from bayes_alliance.cli.screen import show_seen
    from bayes_alliance.report.group_labels import check_names
    from bayes_alliance.report.writing import check_report_paths

    places = check_report_paths(out or [Path("report.html")])
    own = None
    others = {other: load_saved_fit(other, table, data) for other in compare or ()}
    if file.suffix == FIT_SUFFIX:
        fit = _saved_fit(file, model, table, data)
        if fit.has_data or fit.has_sums:
            show_seen(fit.model.data_report)
    else:
        check_model_options(model)
        own = _reportable(make_model(model, load_table(file, table)))
        check_names([own, *(other.model for other in others.values())], page.names or ())
        show_seen(own.data_report)
    with told_when_stopped(places), contextlib.ExitStack() as keeping:
        if own is not None:
            fit = run_sampling(own, sampling)
            keeping.enter_context(draws_kept({"": fit}, places[0]))
        write_and_tell(_called({file: fit} | others), places, page)


def _reportable(model: Model) -> Model:
    """Return the model, or refuse before it is sampled what has no report."""
    from bayes_alliance.sampling.fit import check_one_number

    check_one_number(model, "write_report")
    return model


def _called(fits: Mapping[Path, Fit]) -> Mapping[str, Fit] | list[Fit]:
    """Call saved fits by the names of their files, unless two have one name."""
    named = {
        place.stem if place.suffix == FIT_SUFFIX else "this model": fit
        for place, fit in fits.items()
    }
    return named if len(named) == len(fits) else list(fits.values())


def _saved_fit(file: Path, model: ModelOptions, table: TableOptions, data: Path | None) -> Fit:
    if model.given:
        raise typer.BadParameter(
            f"{file.name} is a saved fit and has its model: leave {', '.join(model.given)} out."
        )
    return load_saved_fit(file, table, data)


def write_and_tell(
    fits: Mapping[str, Fit] | Sequence[Fit], places: Sequence[Path], page: PageOptions
) -> None:
    """Write the report once for each place, print its conclusions, and end with its verdict."""
    from bayes_alliance.cli.screen import show_items
    from bayes_alliance.posterior.several_fits import several_fits
    from bayes_alliance.report.content import build_content
    from bayes_alliance.report.writing import write_content

    content = build_content(
        fits,
        title=page.title,
        question=page.question,
        names=page.names or (),
        place="command line",
    )
    written = [str(write_content(content, place)) for place in places]
    show_items(content.conclusions)
    seed = several_fits(fits, "report")[0].settings.seed
    print(f"Seed {seed}. Report: {', '.join(written)}")
    raise typer.Exit(VERDICT_BAD if content.level == "bad" else FINE)


def run_demo(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the report.")] = Path(
        "alliance_report.html"
    ),
    seed: Annotated[int, typer.Option(metavar="N", help="Same seed, same draws.")] = 1,
    draws: Annotated[
        int, typer.Option(metavar="N", help="Kept draws of each of the four chains.")
    ] = 1000,
) -> None:
    """Fit the example and write its report.

    The answers are printed too. The example is simulated: 160 clients of 30 case managers, with
    published figures as its target. It takes less than a minute.
    """
    from bayes_alliance.data.examples import load_example
    from bayes_alliance.model.library import load_model
    from bayes_alliance.report.writing import check_report_path

    check_report_path(out)
    model = load_model(_MODEL, data=load_example(_EXAMPLE))
    # Not on the output: whoever reads that may leave, and the report is to be written all the same.
    print("The example data is simulated; no real client stands behind it.", file=sys.stderr)
    print(f"Fitting: {model.formula.text} (less than a minute)", file=sys.stderr, flush=True)
    with told_when_stopped([out]):
        fit = run_sampling(model, SamplingOptions(seed=seed, draws=draws))
        with draws_kept({"": fit}, out):
            write_and_tell([fit], [out], PageOptions())


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
    from bayes_alliance.display import on_screen
    from bayes_alliance.report.reproduction.reproducing import reproduce

    given = data if data is None or table == TableOptions() else load_table(data, table)
    found = reproduce(report, data=given)
    if not found.same_versions:
        show_table("Versions", found.versions)
    if not found.differing.empty:
        show_table("Numbers that differ", found.differing.drop(columns="agrees"))
    print(on_screen(found.sentence))
    raise typer.Exit(FINE if found.agree else VERDICT_BAD)
