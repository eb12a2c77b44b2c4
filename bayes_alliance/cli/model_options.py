"""Which model is to be fitted: a formula of the user's own, or one of the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_alliance.cli.option_records import split_pair

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.model.spec import Model


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The user's wishes for the model."""

    formula: Annotated[
        str | None,
        typer.Option(
            metavar="FORMULA", help='Such as "alliance ~ stigma + (1 + stigma | case_manager)".'
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A model of the library instead; `bayes-alliance models` lists them.",
        ),
    ] = None
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD=COLUMN",
            help="With --model: the model's word and your column, such as "
            "alliance=wai_total; may be given repeatedly.",
        ),
    ] = None
    family: Annotated[
        str | None,
        typer.Option(
            metavar="FAMILY",
            help="gaussian (the default), student, bernoulli for 0/1, cumulative for an ordered "
            "scale, poisson for counts.",
        ),
    ] = None
    prior: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PARAMETER=PRIOR",
            help='Such as "b=Normal(0, 5)", about the parameter as written, or "b[Intercept]='
            'Normal(50, 10) at the means" and "sd_case_manager=HalfNormal(3) at the means", about '
            "it where the predictors have their means. May be given repeatedly.",
        ),
    ] = None

    @property
    def given(self) -> tuple[str, ...]:
        """The options the user gave, as written on the command line."""
        names = ("formula", "model", "column", "family", "prior")
        return tuple(f"--{name}" for name in names if getattr(self, name))


def check_model_options(options: ModelOptions) -> None:
    """Refuse both or neither of --formula and --model, before a table is read.

    Raises
    ------
    typer.BadParameter
        If so, or if --column is given with a formula.
    """
    if options.formula and options.model:
        raise typer.BadParameter(
            "Give one of --formula and --model, not both.", param_hint="--formula, --model"
        )
    if not options.formula and not options.model:
        raise typer.BadParameter(
            "Say which model: --formula 'alliance ~ stigma + (1 | case_manager)', or --model NAME "
            "(`bayes-alliance models` lists the names).",
            param_hint="--formula, --model",
        )
    if options.column and options.formula:
        raise typer.BadParameter(
            "--column goes with --model; a formula names your columns itself.",
            param_hint="--column",
        )


def make_model(options: ModelOptions, data: pd.DataFrame) -> Model:
    """Build the model the options ask for."""
    priors = dict(split_pair(text, "--prior", '"b=Normal(0, 5)"') for text in options.prior or ())
    if options.formula:
        from bayes_alliance.model.spec import Model

        return Model(options.formula, data, options.family or "gaussian", priors)
    from bayes_alliance.model.library import load_model

    columns = dict(
        split_pair(text, "--column", "alliance=wai_total") for text in options.column or ()
    )
    return load_model(
        options.model or "", data=data, columns=columns, priors=priors, family=options.family
    )
