"""Bayes factors as a record: at the priors as stated, and with those priors wider and narrower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.display import as_html, as_text, cells
from bayes_alliance.drawing import BLUE, ORANGE, PALE, faint_grid, own_axes, reference_line
from bayes_alliance.errors import listed
from bayes_alliance.posterior.evidence.bayes_factor_words import (
    scale_in_words,
    strength_of_factor,
    times_in_words,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_TITLE = "Bayes factors"
_WIDTHS = 2.0
_ERROR = "mcse_log_bayes_factor"
_COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7")
_MARKERS = ("o", "s", "^", "D")


@dataclass(frozen=True, kw_only=True)
class BayesFactors:
    """How much more probable the data are under one model than under another.

    Parameters
    ----------
    tables
        By prior scale: one row a model with log_evidence and its Monte Carlo standard error mcse,
        log_bayes_factor (natural logarithm, against one model) and its own
        mcse_log_bayes_factor, bayes_factor, and probability, that of the model when all are
        equally probable beforehand.
    draws
        What takes the place of draws, the bridges behind each evidence: ``log_evidence``, dims
        (prior_scale, model, repeat, half).
    against
        The model the others are held against.
    priors
        Parameters whose prior differs between the models, one column a model.
    scaled
        Those that were made wider and narrower, all at once.
    notes
        What else to know.
    """

    tables: Mapping[float, pd.DataFrame]
    draws: xr.Dataset
    against: str
    priors: pd.DataFrame
    scaled: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """The table at the priors as stated."""
        return self.tables[1.0]

    @property
    def sensitivity(self) -> pd.DataFrame:
        """Bayes factors at every prior scale: one row a model, one column a scale."""
        import pandas as pd

        columns = {f"x {scale:g}": t["bayes_factor"] for scale, t in self.tables.items()}
        return pd.DataFrame(columns)

    @property
    def sentence(self) -> str:
        """One sentence for each model that is held against the other."""
        others = [name for name in self.table.index if name != self.against]
        return " ".join(self._sentence(str(name)) for name in others)

    def _sentence(self, name: str) -> str:
        log_factor, error = self._log_factor(name, 1.0), float(self.table[_ERROR][name])
        if abs(log_factor) < _WIDTHS * error:
            return (
                f"The bridge is too rough to tell {name} from {self.against}: the log Bayes "
                f"factor is {log_factor:.2g} with a Monte Carlo standard error of {error:.2g}."
            )
        winner, loser = (name, self.against) if log_factor > 0 else (self.against, name)
        sign = 1.0 if log_factor > 0 else -1.0
        claim = (
            f"The data are {times_in_words(sign * log_factor)} times as probable under {winner} "
            f"as under {loser} ({strength_of_factor(sign * log_factor)} evidence for {winner})"
        )
        rest = {scale: sign * self._log_factor(name, scale) for scale in self.tables if scale != 1}
        if not rest:
            return f"{claim}."
        turned = [scale for scale, value in rest.items() if value < 0]
        words = {strength_of_factor(abs(value)) for value in (sign * log_factor, *rest.values())}
        said = " and ".join(
            f"{times_in_words(value)} times with {scale_in_words(scale)}"
            for scale, value in rest.items()
        )
        if turned:
            verdict = ", so the answer turns on the prior"
        else:
            verdict = "" if len(words) == 1 else ", so its strength depends on the prior"
        return f"{claim}; {said} the prior scale of {listed(self.scaled)}{verdict}."

    def _log_factor(self, name: str, scale: float) -> float:
        return float(self.tables[scale]["log_bayes_factor"][name])

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the Bayes factors of each model over the prior scales.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out. Lines reach two Monte Carlo errors.
        """
        axes = own_axes(axes)
        scales = list(self.tables)
        others = [name for name in self.table.index if name != self.against]
        steps = np.arange(len(scales))[::-1]
        shift = 0.16 * (np.arange(len(others)) - (len(others) - 1) / 2)
        for k, name in enumerate(others):
            rows = [self.tables[scale].loc[name] for scale in scales]
            middle = np.asarray([row["log_bayes_factor"] for row in rows]) / np.log(10)
            half = _WIDTHS * np.asarray([row[_ERROR] for row in rows]) / np.log(10)
            colour = _COLOURS[k % len(_COLOURS)]
            places = steps - shift[k]
            axes.hlines(places, middle - half, middle + half, color=colour, linewidth=3, alpha=0.5)
            marker = _MARKERS[k % len(_MARKERS)]
            axes.plot(middle, places, marker, color=colour, label=f"{name} against {self.against}")
        reference_line(axes)
        for edge in (-1, 1):
            axes.axvline(edge * np.log10(3), color=PALE, linewidth=0.9)
        axes.set_yticks(steps, labels=[f"prior scale x {scale:g}" for scale in scales])
        axes.set_ylim(-0.6, len(scales) - 0.4)
        axes.set_xlabel("Bayes factor, powers of ten (pale lines: 3 to 1 either way)")
        faint_grid(axes)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize="small")
        return axes

    def _shown(self) -> pd.DataFrame:
        """Show logarithms to two decimals: significant digits would hide differences."""
        logarithms = {
            name: self.table[name].map("{:.2f}".format)
            for name in ("log_evidence", "log_bayes_factor")
        }
        return self.table.assign(**logarithms)

    def _priors_in_words(self) -> list[str]:
        if not len(self.priors):
            return ["The models' priors are the same, so there is none to make wider."]
        lines = ["Priors on which the models differ:", self.priors.to_string()]
        if len(self.tables) > 1:
            scale = listed(self.scaled)
            lines += [
                f"Bayes factors with the prior scale of {scale} changed:",
                cells(self.sensitivity).to_string(),
            ]
        fixed = [key for key in self.priors.index if key not in self.scaled]
        if fixed and len(self.tables) > 1:
            lines.append(f"Left as they are: {listed(fixed)}.")
        return lines

    def __str__(self) -> str:
        title = f"{_TITLE} against {self.against}"
        return as_text(title, self._shown(), *self._priors_in_words(), self.sentence, *self.notes)

    def _repr_html_(self) -> str:
        title = f"{_TITLE} against {self.against}"
        parts = [as_html(title, self._shown(), self.sentence, *self.notes)]
        if len(self.priors):
            parts.append(as_html("Priors on which the models differ", self.priors))
        if len(self.tables) > 1:
            parts.append(
                as_html(f"With the prior scale of {listed(self.scaled)} changed", self.sensitivity)
            )
        return "".join(parts)
