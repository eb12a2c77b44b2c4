"""The Bayes factor of one coefficient against a point, as a record with its curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import BLUE, GREY, own_axes, reference_line
from bayes_alliance.posterior.evidence.term_evidence import TermEvidence

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_TITLE = "Bayes factor against a point"
_UNSURE = 0.1


@dataclass(frozen=True, kw_only=True)
class PointBayesFactor:
    """How much more probable the data are with a coefficient free than with it fixed.

    Parameters
    ----------
    coefficient, value
        Which one, and where the other model fixes it.
    table
        One row a multiple of the prior's scale: prior_density and posterior_density at the value,
        log_bayes_factor (natural logarithm; above 0 for the free coefficient), its Monte Carlo
        error mcse, bayes_factor.
    draws
        ``density``: the posterior density at the value given the variances of each draw, under
        the prior of the comparison; ``weight``, what each draw counts under it, with the mean 1.
        Dims (chain, draw).
    curves
        Prior and posterior density of the coefficient over its range, under that prior.
    prior
        The coefficient's prior in this comparison.
    term
        The same factors with the word for them, and their curve over the scale of the prior.
    """

    coefficient: str
    value: float
    table: pd.DataFrame
    draws: xr.Dataset
    curves: pd.DataFrame
    prior: str
    term: TermEvidence

    @property
    def sentence(self) -> str:
        """The answer for a paper, with that of other prior scales and the word for them."""
        return self.term.sentence

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
