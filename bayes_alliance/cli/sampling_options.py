"""How long and with which engine is to be sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_alliance.cli.failures import forget_stop

if TYPE_CHECKING:
    from bayes_alliance.model.spec import Model
    from bayes_alliance.sampling.fit import Fit


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """The user's wishes for the run."""

    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Same seed, same draws; one is drawn, shown and recorded if left out."
        ),
    ] = None
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, collapsed, nutpie, pymc or numpyro; all give the same posterior.",
        ),
    ] = "auto"
    draws: Annotated[int, typer.Option(metavar="N", help="Kept draws of each chain.")] = 1000
    tune: Annotated[int, typer.Option(metavar="N", help="Warm-up draws of each chain.")] = 1000
    chains: Annotated[int, typer.Option(metavar="N", help="Number of chains.")] = 4
    target_accept: Annotated[
        float, typer.Option(metavar="P", help="Raise towards 1 when there are divergences.")
    ] = 0.9


def run_sampling(model: Model, options: SamplingOptions) -> Fit:
    """Sample the model; Ctrl-C keeps what was drawn where the engine can, and that is said."""
    import sys

    from bayes_alliance.sampling.run import sample

    fit = sample(
        model,
        seed=options.seed,
        engine=options.engine,
        draws=options.draws,
        tune=options.tune,
        chains=options.chains,
        target_accept=options.target_accept,
    )
    if fit.interrupted:
        forget_stop()
        kept = f"Interrupted: going on with the {fit.draws_in_all} draws made so far."
        print(kept, file=sys.stderr)
    return fit
