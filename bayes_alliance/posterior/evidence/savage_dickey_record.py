"""The Bayes factor of one coefficient against a point, as a record with its curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import BLUE, GREY, own_axes, reference_line
from bayes_alliance.posterior.evidence.bayes_factor_words import (
    scale_in_words,
    strength_of_factor,
    times_in_words,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_TITLE = "Bayes factor against a point"
_WIDTHS = 2.0
_UNSURE = 0.1


@dataclass(frozen=True, kw_only=True)
class PointBayesFactor:
    """How much more probable the data are with a coefficient free than with it fixed.

    Parameters
    ----------
    coefficient, value
        Which one, and where the other model fixes it.
    table
        One row a prior scale: prior_density and posterior_density at the value,
        log_bayes_factor (natural logarithm; above 0 for the free coefficient), its Monte Carlo
        error mcse, bayes_factor.
    draws
        ``density``: the posterior density at the value given the variances of each draw, at the
        prior as stated, dims (chain, draw).
    curves
        Prior and posterior density of the coefficient over its range, at the prior as stated.
    prior
        The coefficient's prior, as stated.
    """

    coefficient: str
    value: float
    table: pd.DataFrame
    draws: xr.Dataset
    curves: pd.DataFrame
    prior: str

    @property
    def sentence(self) -> str:
        """The answer in one sentence for a paper, with that of other prior scales."""
        scales = self.table.index.to_numpy(dtype=float).tolist()
        logs = dict(zip(scales, self.table["log_bayes_factor"].to_numpy(dtype=float), strict=True))
        log_factor, error = logs[1.0], float(self.table["mcse"].to_numpy()[scales.index(1.0)])
        free, fixed = f"{self.coefficient} free", f"{self.coefficient} = {self.value:g}"
        if abs(log_factor) < _WIDTHS * error or not np.isfinite(log_factor):
            return (
                f"The draws are too few to tell a model with {free} from one with {fixed}: the log "
                f"Bayes factor is {log_factor:.2g} with a Monte Carlo standard error of "
                f"{error:.2g}."
            )
        sign = 1.0 if log_factor > 0 else -1.0
        winner, loser = (free, fixed) if log_factor > 0 else (fixed, free)
        said = (
            f"The data are {times_in_words(sign * log_factor)} times as probable with {winner} as "
            f"with {loser} ({strength_of_factor(sign * log_factor)} evidence)"
        )
        rest = {scale: sign * float(value) for scale, value in logs.items() if scale != 1}
        if not rest:
            return f"{said}."
        other = " and ".join(
            f"{times_in_words(log_times)} times with {scale_in_words(scale)}"
            for scale, log_times in rest.items()
        )
        turned = ", so the answer turns on the prior" if min(rest.values()) < 0 else ""
        return f"{said}; {other} the prior scale{turned}."

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw prior and posterior density, with dots where they are compared.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; a new figure if left out.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        axes = own_axes(axes)
        x, at = self.curves.index.to_numpy(), self.table.loc[1.0]
        for name, colour, style in (("prior", GREY, "--"), ("posterior", BLUE, "-")):
            axes.plot(x, self.curves[name], style, color=colour, label=name)
            axes.plot([self.value], [at[f"{name}_density"]], "o", color=colour)
        reference_line(axes, self.value)
        axes.set_xlabel(f"{self.coefficient} (dots: the densities compared)")
        axes.set_ylabel("density")
        axes.legend(fontsize="small")
        return axes

    def _notes(self) -> list[str]:
        notes = [
            self.sentence,
            "The model it is held against has the same priors on everything else.",
            f"Prior: {names.B}[{self.coefficient}] ~ {self.prior}.",
        ]
        if float(self.table["mcse"].max()) > _UNSURE:
            notes.append(
                "The value lies so far out that few draws reach it: bayes_factors between the two "
                "models is surer."
            )
        return notes

    def _shown(self) -> pd.DataFrame:
        logarithm = self.table["log_bayes_factor"].map("{:.2f}".format)
        return self.table.assign(log_bayes_factor=logarithm)

    def __str__(self) -> str:
        return as_text(_TITLE, self._shown(), *self._notes())

    def _repr_html_(self) -> str:
        return as_html(_TITLE, self._shown(), *self._notes())
