"""A claim and what the posterior says of it, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.display import as_html, as_text, in_sentences
from bayes_alliance.drawing import BLUE, ORANGE, PALE, faint_grid, own_axes, reference_line
from bayes_alliance.posterior.claims.claim_strength import probability_in_words, strength_in_words
from bayes_alliance.posterior.summaries import interval_words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_BINS = 60


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """How far the posterior supports a claim.

    Parameters
    ----------
    text
        The claim in full names.
    table
        One row a comparison (and one for all of a chain together): mean, sd, lower, upper of left
        minus right; ``probability`` that it holds, with its Monte Carlo error ``mcse``; ``odds``;
        ``prior``, the probability by the prior, and ``evidence``, the posterior over the prior
        odds, with ``mcse_evidence`` (all NaN without prior draws);
        ``probability_of_direction``, that of the likelier sign; ``rope``, the share of the draws
        within it (NaN without one); ess_bulk and r_hat.
    draws
        Variables ``difference`` and ``holds``, dims (chain, draw, comparison).
    rope
        The region that counts as no difference, in the units of left minus right.
    prob
        Probability of the intervals.
    subject, against
        What the sentence gives the estimate of, and the number it is held against: the left side
        where the right one is a number, else left minus right.
    standing
        Where and on which scale variance shares hold; empty if the claim names none.
    """

    text: str
    table: pd.DataFrame
    draws: xr.Dataset
    rope: tuple[float, float] | None
    prob: float
    subject: str
    against: float = 0.0
    standing: str = ""

    @property
    def probability(self) -> float:
        """Posterior probability of the whole claim."""
        return float(self.table["probability"].iloc[-1])

    @property
    def sentence(self) -> str:
        """What the posterior says of the claim, in one or two sentences."""
        first = strength_in_words(f"'{self.text}'", self.probability)
        if len(self.table) > 1:
            return f"{first} {self.standing}".rstrip()
        row = self.table.iloc[0]
        inside = ""
        if self.rope is not None:
            low, high = (f"{end + self.against:g}" for end in self.rope)
            inside = f"; {row['rope']:.0%} of its posterior lies between {low} and {high}"
        values = [float(row[name]) + self.against for name in ("mean", "lower", "upper")]
        mean, lower, upper = in_sentences(values)
        estimate = f"{mean}, {self.prob:.0%} interval {lower} to {upper}"
        own = f"The estimate of {self.subject} is {estimate}{inside}."
        return f"{first} {own} {self.standing}".rstrip()

    def _notes(self) -> list[str]:
        notes = [f"{interval_words(self.prob)} of left minus right."]
        if np.isinf(self.table["odds"]).any() or (self.table["odds"] == 0).any():
            notes.append("Where all draws agree, the odds are beyond what this many draws can say.")
        if self.table["prior"].isna().all():
            notes.append("For the evidence, posterior over prior odds, take with_prior(fit) first.")
        else:
            if self.table["evidence"].isna().any():
                notes.append("Where all prior draws agree, there is no ratio of odds.")
            notes.append(
                "The evidence rests on the priors of the fit, which are made for estimating: the "
                "wider they are, the more it favours a claim that something is small. "
                "bayes_factors and point_bayes_factor weigh under the prior of a test, in words."
            )
        return notes

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the posterior, the part for which the claim holds in blue.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out. Of a chain, the first comparison is drawn.
        """
        axes = own_axes(axes)
        holds = self.draws["holds"][..., 0].to_numpy().ravel()
        values = self.draws["difference"][..., 0].to_numpy().ravel() + self.against
        edges = np.histogram_bin_edges(values, _BINS)
        if edges[0] < self.against < edges[-1]:  # an edge there, so that no bar is partly true
            edges = np.union1d(edges, [self.against])
        for chosen, colour, label in ((holds, BLUE, "holds"), (~holds, PALE, "does not hold")):
            density = np.histogram(values[chosen], edges)[0] / np.diff(edges) / len(values)
            text = f"{label} ({probability_in_words(float(chosen.mean()))})"
            axes.stairs(density, edges, fill=True, color=colour, label=text)
        if self.rope is not None:
            ends = (end + self.against for end in self.rope)
            axes.axvspan(*ends, color=ORANGE, alpha=0.18, label="no difference to speak of")
        reference_line(axes, self.against)
        faint_grid(axes)
        axes.set_yticks([])
        axes.set_xlabel(f"{self.subject} (posterior)")
        axes.set_ylim(bottom=0)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize="small")
        return axes

    def __str__(self) -> str:
        return as_text(self.text, self.table, self.sentence, *self._notes())

    def _repr_html_(self) -> str:
        return as_html(self.text, self.table, self.sentence, *self._notes())


@dataclass(frozen=True, kw_only=True)
class Hypotheses:
    """Several claims, each judged by itself.

    Parameters
    ----------
    claims
        What the posterior says of each, by its name.
    named
        Whether the names are the user's own, and not the claims' text.
    """

    claims: Mapping[str, Hypothesis]
    named: bool

    @property
    def table(self) -> pd.DataFrame:
        """One row a claim, its name at the head: the columns of :class:`Hypothesis`.

        A claim of several comparisons has its probability and odds; NaN stands in the place of
        an estimate, which only each comparison has.
        """
        import pandas as pd

        rows = {name: one.table.iloc[-1] for name, one in self.claims.items()}
        return pd.DataFrame(rows.values(), index=pd.Index(list(rows), name="claim"))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the posterior says of each claim."""
        return tuple(
            f"{name}: {one.sentence}" if self.named else one.sentence
            for name, one in self.claims.items()
        )

    def _notes(self) -> list[str]:
        return list(dict.fromkeys(note for one in self.claims.values() for note in one._notes()))

    def __str__(self) -> str:
        return as_text("Claims", self.table, *self.sentences, *self._notes())

    def _repr_html_(self) -> str:
        return as_html("Claims", self.table, *self.sentences, *self._notes())
