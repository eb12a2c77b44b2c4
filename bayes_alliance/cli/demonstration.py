"""The command ``demo``: fit the example and write its report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bayes_alliance.cli.kept_draws import draws_kept, told_when_stopped
from bayes_alliance.cli.sampling_options import SamplingOptions, run_sampling

_EXAMPLE, _MODEL = "simulated_study", "stigma_slopes"


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
    from bayes_alliance.cli.reporting import PageOptions, write_and_tell
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
