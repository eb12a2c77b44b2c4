"""Options that several commands share: how to read the table, which model, how to sample.

Those that belong together are written once, as a record.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from bayes_alliance.cli.failures import forget_stop

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.data.missing_codes import Missing
    from bayes_alliance.model.spec import Model
    from bayes_alliance.sampling.fit import Fit

FILE_HELP = (
    "Table with one row a client: .csv, .tsv, .txt, .xlsx, .ods, .sav, .dta, .sas7bdat, .parquet "
    "and others; may be packed, as .gz."
)


def spread_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with each record among its parameters replaced by the record's fields.

    Typer knows parameters only, so that a record shared by two commands would otherwise be
    written out twice.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    records: dict[str, Any] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            records[name] = hints[name]
            parameters += _field_parameters(hints[name])
        else:
            parameters.append(
                parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            )

    def run(**options: Any) -> Any:
        made = {
            name: record(**{field.name: options.pop(field.name) for field in fields(record)})
            for name, record in records.items()
        }
        return command(**options, **made)

    functools.update_wrapper(run, command)
    del run.__wrapped__  # type: ignore[attr-defined]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _field_parameters(record: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(record, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[field.name],
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
        )
        for field in fields(record)
    ]


def split_pair(text: str, option: str, example: str) -> tuple[str, str]:
    """Split ``name=value`` at its first equals sign.

    Raises
    ------
    typer.BadParameter
        If there is none, or nothing stands on one side of it.
    """
    import typer

    name, sign, value = (part.strip() for part in text.partition("="))
    if not (sign and name and value):
        raise typer.BadParameter(f"'{text}' is not of the form {example}.", param_hint=option)
    return name, value


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """What the user says about the file."""

    missing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[COLUMN=]CODE",
            help="Code that means 'no answer', such as -99, in one column such as age=999, or in "
            "all; may be given repeatedly.",
        ),
    ] = None
    separator: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTER", help="Character between two values of a text file, such as ';'."
        ),
    ] = None
    decimal: Annotated[
        str | None,
        typer.Option(metavar="MARK", help="Decimal mark of a text file: '.' or ','."),
    ] = None
    thousands: Annotated[
        str | None,
        typer.Option(metavar="MARK", help="What stands between thousands in a text file."),
    ] = None
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Encoding of a text file, such as cp1252.")
    ] = None
    sheet: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Sheet of a workbook, by its name or its number."),
    ] = None
    header: Annotated[
        str | None,
        typer.Option(
            metavar="ROW", help="Row with the names of the columns, such as 4, or 1-2 for two."
        ),
    ] = None
    skip_last: Annotated[
        int | None,
        typer.Option(metavar="N", help="Rows at the end that are no data, such as totals."),
    ] = None
    codebook: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What the columns mean: a file that `codebook --out` wrote."
        ),
    ] = None


def load_table(path: Path, options: TableOptions) -> pd.DataFrame:
    """Read the table as the options say, and say what was decided on the way."""
    from bayes_alliance.cli.screen import show_reading
    from bayes_alliance.data.reading_notes import notes_on_reading

    table = load_quietly(path, options)
    show_reading(notes_on_reading(table))
    return table


def load_quietly(path: Path, options: TableOptions) -> pd.DataFrame:
    """Read the table as the options say; what was decided is told by whoever asked."""
    everywhere, by_column = _codes(options.missing or ())
    if not by_column:
        return _read(path, options, everywhere)
    if everywhere:
        # Which columns there are is known once the table is read.
        names = _read(path, options, everywhere).columns
        by_column = {n: [*everywhere, *by_column.pop(n, [])] for n in names} | by_column
    return _read(path, options, by_column)


def _read(path: Path, options: TableOptions, missing: Missing) -> pd.DataFrame:
    from bayes_alliance.data.reading import read_table

    return read_table(
        path,
        encoding=options.encoding,
        missing=missing,
        separator=options.separator,
        decimal=options.decimal,
        thousands=options.thousands,
        sheet=options.sheet,
        header=_header(options.header),
        skip_last=options.skip_last,
        codebook=options.codebook,
    )


def _header(text: str | None) -> int | tuple[int, int] | None:
    """Return the row of the names, or the first and the last of them."""
    if text is None:
        return None
    first, dash, last = text.partition("-")
    if not first.strip().isdigit() or (dash and not last.strip().isdigit()):
        raise typer.BadParameter(f"'{text}' is not of the form 4 or 1-2.", param_hint="--header")
    return (int(first), int(last)) if dash else int(first)


def _codes(given: Sequence[str]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """Return the codes that count in every column, and those of single columns."""
    by_column: dict[str, list[str]] = {}
    for text in given:
        if "=" in text:
            column, code = split_pair(text, "--missing", "age=999")
            by_column.setdefault(column, []).append(code)
    return tuple(text for text in given if "=" not in text), by_column


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The user's wishes for the model."""

    formula: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMULA",
            help='Such as "alliance ~ stigma + (1 + stigma | case_manager)". May be given again '
            'for a parameter of the family: "sigma ~ stigma".',
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

        lines = options.formula[0] if len(options.formula) == 1 else options.formula
        return Model(lines, data, options.family or "gaussian", priors)
    from bayes_alliance.model.library import load_model

    columns = dict(
        split_pair(text, "--column", "alliance=wai_total") for text in options.column or ()
    )
    return load_model(
        options.model or "", data=data, columns=columns, priors=priors, family=options.family
    )


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
