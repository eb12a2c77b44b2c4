"""Bayes factors as a record: under the prior of a test, and with that prior wider and narrower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.display import as_html, as_text, cells
from bayes_alliance.drawing import BLUE, ORANGE, own_axes
from bayes_alliance.errors import listed
from bayes_alliance.posterior.evidence.evidence_words import (
    WIDTHS,
    crosses_a_limit,
    scale_in_words,
    strength_of_factor,
    times_in_words,
)
from bayes_alliance.posterior.evidence.term_evidence import (
    ERROR,
    FACTOR,
    LOG,
    TermEvidence,
    draw_factors,
    finish_factors,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_TITLE = "Bayes factors"
_LOG_ERROR = "mcse_log_bayes_factor"
_COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7")


@dataclass(frozen=True, kw_only=True)
class BayesFactors:
    """How much more probable the data are under one model than under another.

    Parameters
    ----------
    evidence
        One row a model: log_evidence under the priors of the fits, its Monte Carlo standard
        error mcse.
    factors
        By model, against one of them: one row a multiple of the scale of the priors in question,
        with log_bayes_factor (natural logarithm), its Monte Carlo standard error mcse, and
        bayes_factor.
    terms
        By model, where one of the two has all that the other has and a term more: the evidence
        for that term, with the prior that it is weighed under.
    scaled
        By model, the parameters whose priors were made wider and narrower, all at once.
    draws
        What takes the place of draws, the bridges behind each evidence: ``log_evidence``, dims
        (model, repeat, half).
    against
        The model the others are held against.
    priors
        Parameters whose prior differs between the models, one column a model: those of the fits.
    notes
        What else to know.
    """

    evidence: pd.DataFrame
    factors: Mapping[str, pd.DataFrame]
    terms: Mapping[str, TermEvidence]
    scaled: Mapping[str, tuple[str, ...]]
    draws: xr.Dataset
    against: str
    priors: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a model: its evidence as fitted, and the factors under the named priors.

        Columns log_evidence and mcse; log_bayes_factor, mcse_log_bayes_factor and bayes_factor
        against one model; as_fitted, the factor under the priors of the fits; probability, that
        of the model when all are equally probable beforehand.
        """
        table = self.evidence.join(self._at_scale(1.0))
        logs = table["log_evidence"]
        with np.errstate(over="ignore"):
            table["as_fitted"] = np.exp(logs - logs[self.against])
        return table[[*(c for c in table.columns if c != "probability"), "probability"]]

    @property
    def tables(self) -> dict[float, pd.DataFrame]:
        """The factors and probabilities at every multiple of the priors' scale, one row a model."""
        return {scale: self._at_scale(scale) for scale in self._scales}

    def _at_scale(self, scale: float) -> pd.DataFrame:
        """Return the factors at one multiple of the priors' scale.

        A factor that rests on no prior with a scale is the same at all.
        """
        import pandas as pd

        rows = {}
        for name in self.evidence.index:
            if name == self.against:
                # The model held against itself is no estimate: its factor has no error.
                rows[name] = [0.0, 0.0, 1.0]
                continue
            found = self.factors[name]
            place = list(found.index).index(scale if scale in found.index else 1.0)
            rows[name] = found[[LOG, ERROR, FACTOR]].to_numpy(dtype=float)[place].tolist()
        table = pd.DataFrame.from_dict(rows, orient="index", columns=[LOG, _LOG_ERROR, FACTOR])
        weight = np.exp(table[LOG] - table[LOG].max())
        return table.assign(probability=weight / weight.sum()).rename_axis("model")

    @property
    def _scales(self) -> list[float]:
        """The multiples of the priors' scales."""
        return sorted({float(scale) for found in self.factors.values() for scale in found.index})

    @property
    def sensitivity(self) -> pd.DataFrame:
        """Bayes factors at every prior scale: one row a model, one column a scale."""
        import pandas as pd

        columns = {f"x {scale:g}": own[FACTOR] for scale, own in self.tables.items()}
        return pd.DataFrame(columns)

    @property
    def sentence(self) -> str:
        """What is to be said of each model that is held against the other."""
        return " ".join(self.sentences)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of each model by itself."""
        return tuple(
            self.terms[name].sentence if name in self.terms else self._sentence(name)
            for name in self.factors
        )

    def _sentence(self, name: str) -> str:
        """Say the factor of two models that differ in more than a term, as they were fitted."""
        values = self._values(name)
        (log_factor, error), rest = values[1.0], {s: v for s, v in values.items() if s != 1}
        if not abs(log_factor) >= WIDTHS * error:
            return (
                f"The bridge is too rough to tell {name} from {self.against}: the log Bayes "
                f"factor is {log_factor:.2g} with a Monte Carlo standard error of {error:.2g}."
            )
        winner, loser = (name, self.against) if log_factor > 0 else (self.against, name)
        sign = 1.0 if log_factor > 0 else -1.0
        strength = (
            "the Monte Carlo error leaves more than one word for it: take more draws"
            if crosses_a_limit(log_factor, error)
            else f"{strength_of_factor(sign * log_factor)} evidence for {winner}"
        )
        claim = (
            f"The data are {times_in_words(sign * log_factor)} times as probable under {winner} "
            f"as under {loser} with the priors of the fits ({strength})"
        )
        if not rest:
            return f"{claim}."
        logs = {scale: sign * value for scale, (value, _) in rest.items()}
        words = {strength_of_factor(abs(value)) for value in (sign * log_factor, *logs.values())}
        said = " and ".join(
            f"{times_in_words(value)} times with {scale_in_words(scale)}"
            for scale, value in logs.items()
        )
        if min(logs.values()) < 0:
            verdict = ", so the answer depends on the prior"
        else:
            verdict = "" if len(words) == 1 else ", so its strength depends on the prior"
        return f"{claim}; {said} the prior scale of {listed(self.scaled[name])}{verdict}."

    def _values(self, name: str) -> dict[float, tuple[float, float]]:
        found = self.factors[name]
        rows = zip(found.index.to_numpy(dtype=float), found[[LOG, ERROR]].to_numpy(), strict=True)
        return {float(scale): (float(log), float(error)) for scale, (log, error) in rows}

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the Bayes factors of each model over the scale of the priors in question.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out. Bands reach two Monte Carlo errors; the dots
            decide the words, the curve from an eighth to eight times the scale decides nothing.
        """
        axes = own_axes(axes)
        for k, (name, found) in enumerate(self.factors.items()):
            term = self.terms.get(name)
            curve = found
            if term is not None:
                curve = term.curve.assign(**{LOG: self._sign(name) * term.curve[LOG]})
            label = f"{name} against {self.against}"
            draw_factors(axes, curve, found, colour=_COLOURS[k % len(_COLOURS)], label=label)
        finish_factors(axes, "Bayes factor")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize="small")
        return axes

    def _sign(self, name: str) -> float:
        return 1.0 if self.terms[name].free == name else -1.0

    def _shown(self) -> pd.DataFrame:
        """Show logarithms to two decimals: significant digits would hide differences."""
        table = self.table
        logarithms = {name: table[name].map("{:.2f}".format) for name in ("log_evidence", LOG)}
        return table.assign(**logarithms)

    def _priors_in_words(self) -> list[str]:
        if not len(self.priors):
            return ["The models' priors are the same, so there is none to make wider."]
        lines = ["Priors of the fits on which they differ:", self.priors.to_string()]
        if len(self._scales) > 1:
            lines += [self._scaled_title, cells(self.sensitivity).to_string()]
        changed = {key for keys in self.scaled.values() for key in keys}
        fixed = [key for key in self.priors.index if key not in changed]
        if fixed and len(self._scales) > 1:
            lines.append(f"Left as they are: {listed(fixed)}.")
        return lines

    @property
    def _scaled_title(self) -> str:
        changed = dict.fromkeys(key for keys in self.scaled.values() for key in keys)
        return f"Bayes factors with the prior scale of {listed(changed)} changed:"

    def __str__(self) -> str:
        title = f"{_TITLE} against {self.against}"
        return as_text(title, self._shown(), *self._priors_in_words(), self.sentence, *self.notes)

    def _repr_html_(self) -> str:
        title = f"{_TITLE} against {self.against}"
        parts = [as_html(title, self._shown(), self.sentence, *self.notes)]
        if len(self.priors):
            parts.append(as_html("Priors of the fits on which they differ", self.priors))
        if len(self._scales) > 1:
            parts.append(as_html(self._scaled_title.rstrip(":"), self.sensitivity))
        return "".join(parts)
