"""The effects of each group, shrunken as the model has them, beside what its own rows say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import own_axes
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.posterior.factor_words import other_factors
from bayes_alliance.posterior.groups.caterpillar import caterpillar_height, draw_caterpillar
from bayes_alliance.posterior.groups.chosen_factor import chosen_group, unnamed_factors
from bayes_alliance.posterior.groups.group_rank import check_rank_options, fifth_of, rank_table
from bayes_alliance.posterior.groups.rank_words import rank_words
from bayes_alliance.posterior.groups.raw_effect import raw_effects
from bayes_alliance.posterior.summaries import (
    COLUMNS,
    check_prob,
    interval_words,
    summary_numbers,
)
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES, check_memory
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

CAUTION = (
    "The order of the groups is uncertain: intervals that overlap do not tell two groups apart, "
    "and small caseloads are drawn towards the middle."
)
QUALITY = ("mcse_mean", "ess_bulk", "ess_tail", "r_hat")
_CAUTION_IN_PICTURES = "no league table: where intervals overlap, the order may be chance"


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupEffects:
    """Deviations of each group from the population coefficients.

    Parameters
    ----------
    group
        Name of the grouping factor.
    table
        One row a group and effect: group, effect, mean, sd, lower, upper, caseload, raw, mcse_mean,
        ess_bulk, ess_tail, r_hat. ``raw`` is the departure by the group's own rows alone; NaN
        where they cannot tell, without rows, and for outcomes that are not numeric.
    draws
        Variable ``u_<group>``, dims (chain, draw, group, effect).
    prob
        Probability of the intervals.
    design
        Labels and effects of the factor.
    best
        The end of the scale that is called best; None if neither.
    margin
        How far below or above the average counts; None if nothing was asked.
    notes
        What a reader has to know of the raw departures.
    others
        The model's other grouping factors, where none was named and the first one is shown.
    """

    group: str
    table: pd.DataFrame
    draws: xr.Dataset
    prob: float
    design: GroupDesign
    best: str | None = None
    margin: float | None = None
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """The posterior of each rank, one row a group and effect; computed when first looked at.

        Columns group, effect, mean, lower, upper (of the rank, 1 for the best or, with no best
        end, the highest), best_fifth or highest_fifth (the probability of being among that fifth
        of the groups, to the nearest whole group) and, with a margin, below and above (the
        probabilities of being that much below or above the average).
        """
        return rank_table(
            self.draws, self.design, prob=self.prob, best=self.best, margin=self.margin
        )

    @property
    def sentence(self) -> str:
        """How far groups can be told apart, and how far their order is known."""
        return " ".join(self._effect_sentence(effect) for effect in self.design.effects)

    def _effect_sentence(self, effect: str) -> str:
        rows = self.table[self.table["effect"] == effect]
        ranks = self.ranks[self.ranks["effect"] == effect]
        apart = int(((rows["lower"] > 0) | (rows["upper"] < 0)).sum())
        count = len(rows)
        what = "" if effect == names.INTERCEPT else f" in the slope of {effect}"
        return (
            f"Of the {count} groups of {self.group}, {apart or 'none'} can be told from the "
            f"average{what} ({self.prob:.0%} intervals). {rank_words(ranks, self._first)}."
        )

    def plot(self, axes: Axes | None = None, *, effect: str | None = None) -> Axes:
        """Draw the groups in order with intervals, and hollow dots for their own rows alone.

        Parameters
        ----------
        axes
            Where to draw; new axes if left out.
        effect
            The effect to draw; the first if left out.
        """
        chosen = self._effect(effect)
        rows = self.table[self.table["effect"] == chosen]
        axes = own_axes(axes, height=caterpillar_height(len(rows)))
        draw_caterpillar(axes, effects=rows, labels=rows["group"].astype(str).tolist())
        axes.set_xlabel(f"departure from the common value: {chosen}\n({_CAUTION_IN_PICTURES})")
        return axes

    def plot_ranks(self, axes: Axes | None = None, *, effect: str | None = None) -> Axes:
        """Draw the rank of each group with its interval, in the order of the mean ranks.

        Parameters
        ----------
        axes
            Where to draw; new axes if left out.
        effect
            The effect to draw; the first if left out.
        """
        chosen = self._effect(effect)
        rows = self.ranks[self.ranks["effect"] == chosen]
        axes = own_axes(axes, height=caterpillar_height(len(rows)))
        labels = rows["group"].astype(str).tolist()
        draw_caterpillar(axes, effects=rows, labels=labels, reference=None)
        axes.set_xlim(0.5, len(rows) + 0.5)
        axes.set_xlabel(f"rank, {self._first}: {chosen}\n({_CAUTION_IN_PICTURES})")
        return axes

    @property
    def _first(self) -> str:
        return {None: "1 is the highest", "high": "1 is the best, the highest"}.get(
            self.best, "1 is the best, the lowest"
        )

    def _effect(self, effect: str | None) -> str:
        valid = self.design.effects
        if effect is not None and effect not in valid:
            raise ModelError(
                f"A picture of the effect {effect} was asked for.",
                f"{self.group} has no such effect. {did_you_mean(effect, valid)}".rstrip(),
                f"It has {listed(valid)}.",
                effect=effect,
            )
        return valid[0] if effect is None else effect

    def _notes(self) -> list[str]:
        count = len(self.design.labels)
        fifth = fifth_of(count)
        ranks = (
            f".ranks holds the posterior of each rank: {self._first}; {fifth} of {count} groups "
            f"({fifth / count:.0%}) count as a fifth."
        )
        told = other_factors(self.group, self.others)
        return [*told, f"{interval_words(self.prob)}.", *self.notes, ranks, CAUTION]

    def __str__(self) -> str:
        return as_text(f"Effects of {self.group}", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html(f"Effects of {self.group}", self.table, *self._notes())


def group_effects(
    fit: Fit,
    *,
    group: str | None = None,
    best: str | None = None,
    margin: float | None = None,
    draws: int | None = None,
    memory: float = MEMORY_GIGABYTES,
    prob: float = 0.95,
) -> GroupEffects:
    """Return the effects of every group of one grouping factor, and how sure their order is.

    The effects are drawn towards the middle, more so where a group has few rows; beside each
    stands what its own rows alone say. The record's ``ranks`` are the posterior of each group's
    rank, which is what an order of groups is worth: a bare league table is never given.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor.
    group : str, optional
        Name of the factor; the first one of the formula if left out, and the others are named.
    best : {"high", "low"}, optional
        The end of the scale that is best, for every effect: ``"high"`` calls the highest intercept
        and the largest slope best. If left out, ranks count from the highest and nothing is called
        best.
    margin : float, optional
        Ask for the probability that a group is this much below, and above, the average: in units
        of the outcome, or of the link where there is one.
    draws : int, optional
        Use about so many draws, evenly spaced; all of them if left out.
    memory : float
        Refuse what would take more gigabytes.
    prob : float
        Probability of the intervals, which are equal-tailed.

    Returns
    -------
    GroupEffects
        One row a group and effect, with the group's caseload and raw departure.

    Raises
    ------
    ModelError
        If the model has no such factor, or ``best`` or ``margin`` cannot be read.
    SamplingError
        If the draws would take more than ``memory``.

    References
    ----------
    .. [1] goldstein1996

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> effects = ba.group_effects(fit, best="high", margin=2)  # doctest: +SKIP
    >>> effects.ranks.sort_values("mean").head()  # doctest: +SKIP
    """
    check_fit(fit, "group_effects")
    check_prob(prob)
    check_rank_options(best, margin)
    chosen = chosen_group(fit, group, "The effects")
    design = fit.model.design.group(chosen)
    held = thinned(fit.posterior[[names.u(chosen)]], draws)
    size = held.sizes[names.CHAIN] * held.sizes[names.DRAW]
    numbers = len(design.labels) * len(design.effects)
    check_memory("The effects of every group", size, numbers, memory, unit="effects")
    raw, note = raw_effects(fit, design)
    return GroupEffects(
        group=chosen,
        table=_table(held, design, raw, prob),
        draws=held,
        prob=prob,
        design=design,
        best=best,
        margin=margin,
        notes=(note,),
        others=unnamed_factors(fit, group),
    )


def _table(held: xr.Dataset, design: GroupDesign, raw: np.ndarray, prob: float) -> pd.DataFrame:
    import pandas as pd

    numbers = summary_numbers(held[names.u(design.name)].to_numpy(), prob)
    column = dict(zip(COLUMNS, numbers.T, strict=True))
    groups, effects = len(design.labels), len(design.effects)
    return pd.DataFrame(
        {
            "group": np.repeat(design.labels, effects),
            "effect": np.tile(design.effects, groups),
            **{name: column[name] for name in ("mean", "sd", "lower", "upper")},
            "caseload": np.repeat(design.caseloads, effects),
            "raw": raw.ravel(),
            **{name: column[name] for name in QUALITY},
        }
    )
