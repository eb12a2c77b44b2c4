"""Fit: a model, its draws and how they were made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import Advice, ModelError, listed
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.record import FitRecord
from bayes_alliance.sampling.store import write_fit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit(FitRecord):
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
