"""Fit: a model, its draws and how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_alliance import names
from bayes_alliance.data.scanning import streamed_from
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import GIVE_ROWS, Advice, ModelError, SamplingError, Words, listed
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """The posterior of a model, with everything needed to say how it came about.

    Parameters
    ----------
    model : Model
        What was believed. A fit that was saved without its rows has a model without rows.
    idata : xarray.DataTree
        The draws, in the groups and dimensions ArviZ expects: ``az.summary(fit.idata)`` works.
    settings : Settings
        Engine, seed, chains, draws.
    seconds : Mapping[str, float]
        Time spent, by step (``compile``, ``sample``).
    versions : Mapping[str, str]
        Versions of this package and of those that made the draws.
    interrupted : bool
        True if the run was stopped early and the fit holds what had been drawn.
    has_data : bool
        False if the rows were left out when the fit was saved, or streamed.
    notes : tuple of str
        What the reader must know of the data, such as that it is simulated.
    """

    model: Model
    idata: xr.DataTree
    settings: Settings
    seconds: Mapping[str, float]
    versions: Mapping[str, str]
    interrupted: bool = False
    has_data: bool = True
    notes: tuple[str, ...] = field(default=())

    @property
    def posterior(self) -> xr.Dataset:
        """The posterior draws as one dataset."""
        return self.idata[names.POSTERIOR].to_dataset()

    @property
    def draws_in_all(self) -> int:
        """Draws over all chains."""
        sizes = self.idata[names.POSTERIOR].sizes
        return int(sizes[names.CHAIN] * sizes[names.DRAW])

    @property
    def follows_trajectories(self) -> bool:
        """Whether trajectories were followed after a warm-up, which may diverge or be cut short."""
        return names.DIVERGING in self.idata[names.SAMPLE_STATS]

    @property
    def streamed_from(self) -> str | None:
        """Where the rows were streamed from, or None if they were in memory."""
        return streamed_from(self.model.frame.rows)

    @property
    def redrawn_effects(self) -> tuple[str, ...]:
        """Variables with group effects too large to store: drawn again when looked at."""
        variables = self.idata[names.POSTERIOR].data_vars
        return tuple(str(name) for name, v in variables.items() if names.REDRAWN in v.attrs)

    def with_group(self, name: str, dataset: xr.Dataset) -> Fit:
        """Return a new fit whose container has one more group (or another in its place)."""
        import xarray as xr

        tree = self.idata.copy()
        tree[name] = xr.DataTree(dataset)
        return replace(self, idata=tree)

    @property
    def has_sums(self) -> bool:
        """Whether it holds the sums of rows that were streamed."""
        return self.model.stream is not None

    def need_data(self, what: str, *, sums_suffice: bool = False, instead: Words = "") -> None:
        """Refuse what needs the clients' rows when the fit does not hold them.

        Parameters
        ----------
        what
            What needs them.
        sums_suffice
            Whether the sums of streamed rows can stand for them.
        instead
            What a fit of streamed rows has, as a sentence.

        Raises
        ------
        SamplingError
            If neither is there.
        """
        if sums_suffice and self.has_sums:
            return
        if self.streamed_from is not None:
            sums = ", or their sums" if sums_suffice else ""
            lost = ", and the fit was saved without their sums" if sums_suffice else ""
            keep = "Save the fit with data=True, which keeps the sums. Or read" if sums else "Read"
            kept = "Ask whoever made the fit for one with the sums. Or fit" if sums else "Fit"
            raise SamplingError(
                f"{what} needs the rows the model was fitted to{sums}.",
                f"They were streamed from {self.streamed_from} and are not held{lost}.",
                *([instead] if instead else []),
                Advice(
                    python=f"{keep} a sample of the rows into memory, and fit the model to it for "
                    "this.",
                    command_line=f"{kept} the model to a file with a sample of the rows for this.",
                ),
            )
        if not self.has_data:
            raise SamplingError(
                f"{what} needs the rows the model was fitted to.",
                "This fit was saved without them.",
                GIVE_ROWS,
            )

    def save(self, path: str | Path, *, data: bool = True) -> Path:
        """Write the fit to one file, all of it or nothing.

        Parameters
        ----------
        path
            Usually ending in ``.fit``; an existing file is replaced.
        data
            False leaves the clients' rows out, everything that has one number a row, and the
            means of groups with one row. Group labels and the means of larger groups stay. Of a
            fit of streamed rows it leaves the sums out, in which a group of one row is that row.

        Returns
        -------
        Path
            Where it was written.
        """
        from bayes_alliance.sampling.store import write_fit

        return write_fit(self, Path(path), data=data)

    @property
    def table(self) -> pd.DataFrame:
        """What was run, one line a row."""
        import pandas as pd

        settings, sizes = self.settings, self.idata[names.POSTERIOR].sizes
        lines: dict[str, Any] = {
            "formula": self.model.formula.text,
            "rows": f"{self.model.frame.rows_used}{self.model.clients_in_words}"
            f"{'' if self.has_data else ' (not kept)'}",
            "engine": f"{settings.engine}. {settings.engine_reason}",
            "draws": f"{sizes[names.CHAIN]} chains x {sizes[names.DRAW]}",
            "seed": f"{settings.seed}{'' if settings.seed_given else ' (drawn for you)'}",
            "seconds": ", ".join(f"{k} {v:.1f}" for k, v in self.seconds.items()),
            "container": ", ".join(self.idata.children),
        }
        return pd.DataFrame({"": lines.values()}, index=list(lines))

    def _remarks(self) -> list[str]:
        stopped = ["Interrupted: it holds what had been drawn by then."] if self.interrupted else []
        again = (
            [f"Drawn again when looked at, being too large to store: {listed(effects)}."]
            if (effects := self.redrawn_effects)
            else []
        )
        return [*stopped, *again, *self.notes]

    def __str__(self) -> str:
        return as_text("Fit", self.table, *self._remarks())

    def __repr__(self) -> str:
        return f"Fit({self.model.formula.text!r}, {self.draws_in_all} draws)"

    def _repr_html_(self) -> str:
        return as_html("Fit", self.table, *self._remarks())


# What can be asked of a model that predicts more than the location; a test asks each verb.
FOR_PREDICTED = (
    "summarize",
    "diagnose",
    "check_predictive",
    "check_coverage",
    "prior_sensitivity",
    "compare",
    "predict",
    "contrast",
    "slopes",
    "grid",
    "simple_slopes",
    "group_slopes",
    "group_means",
    "contextual_effects",
    "group_effects",
    "hypothesis",
    "variance_shares",
    "share_curve",
    "client_correlations",
    "bayes_r2",
    "r2_measures",
    "nakagawa_r2",
)


def check_fit(fit: object, verb: str, *, by_row: bool = False) -> None:
    """Refuse what is no fit, and a fit that the verb cannot answer for.

    Parameters
    ----------
    fit
        What was given as one.
    verb
        The verb it was given to.
    by_row
        Whether the verb knows parameters of the family that differ from row to row.

    Raises
    ------
    ModelError
        If it is something else: a model, a path, the name of a fit; or if its model predicts a
        parameter that the verb takes for one number.
    """
    if isinstance(fit, Fit):
        if not by_row:
            check_one_number(fit.model, verb)
        return
    advice = "Sample the model first: fit = sample(model)."
    if isinstance(fit, str | Path):
        advice = "Read a saved fit first: fit = load_fit(path)."
    raise ModelError(
        f"{verb} takes a fit.",
        f"It was given {_named_type(fit)}.",
        advice,
        given=type(fit).__name__,
    )


def check_one_number(model: Model, verb: str) -> None:
    """Refuse a model that predicts what a verb takes for one number, before it is sampled.

    Raises
    ------
    ModelError
        If it does.
    """
    if model.predicted:
        raise _differs_by_row(model, verb)


def _differs_by_row(model: Model, verb: str) -> ModelError:
    """Say that a verb takes for one number what a model predicts, and what can be asked."""
    parameters = listed(model.predicted)
    return ModelError(
        f"{verb} was asked of the model {model.formula.text}.",
        f"It takes {parameters} for one number, and this model predicts {parameters}: it differs "
        "from row to row.",
        Advice(
            python=f"Ask {listed(FOR_PREDICTED, shown=len(FOR_PREDICTED))} of this fit, or fit the "
            f"model without the formula of {parameters}.",
            command_line=f"Fit the model without the --formula of {parameters} for this.",
        ),
        verb=verb,
        parameters=list(model.predicted),
    )


def _named_type(thing: object) -> str:
    return "None" if thing is None else f"something of the type {type(thing).__name__}"
