"""How much the priors weigh in each result, parameters and variance shares alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.checks.power_scaling import (
    CONFLICT,
    LIKELIHOOD,
    PRIOR,
    STRONG,
    THRESHOLD,
    affordable,
    power_scaling_table,
    scaled_densities,
    weight_tail,
)
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.drawing import (
    BLUE,
    INK,
    ORANGE,
    PALE,
    faint_grid,
    folded,
    intervals_height,
    own_axes,
    quiet_axis,
)
from bayes_alliance.errors import ModelError, Place, SamplingError, Words, listed, words_for
from bayes_alliance.model.prior import AT_THE_MEANS
from bayes_alliance.posterior.shares.variance import variance_shares
from bayes_alliance.posterior.summaries import summarize
from bayes_alliance.sampling.at_priors import at_priors
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_FEWEST_DRAWS = 100
_BAD_TAIL = 0.7


@dataclass(frozen=True, kw_only=True)
class PriorSensitivity:
    """How far each result moves when the priors, or the data, count a little more.

    Parameters
    ----------
    table
        One row a parameter or share: ``prior`` and ``likelihood`` sensitivity, and
        ``diagnosis`` in words.
    draws
        The draws of every quantity in the table.
    pareto_k
        Of the importance weights, for prior and likelihood; above 0.7 do not rely on the table.
    notes
        What the reader has to know: fewer draws, where the shares hold.
    threshold
        Sensitivity from which a row is named.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    pareto_k: Mapping[str, float]
    notes: tuple[Words, ...] = ()
    threshold: float = THRESHOLD

    def found(self, diagnosis: str) -> tuple[str, ...]:
        """Return the rows of that diagnosis."""
        return tuple(self.table.index[self.table["diagnosis"] == diagnosis])

    @property
    def sentence(self) -> str:
        """What the table says, in one or two sentences."""
        conflict, strong = self.found(CONFLICT), self.found(STRONG)
        most = number(float(self.table[PRIOR].max()))
        if not conflict and not strong:
            return f"No result leans on the priors (power-scaling sensitivity at most {most})."
        parts = []
        if conflict:
            parts.append(f"Prior and data pull in different directions for {listed(conflict)}.")
        if strong:
            parts.append(
                f"The data say little about {listed(strong)}, so that the prior weighs there."
            )
        return f"{' '.join(parts)} The largest sensitivity to the prior is {most}."

    def _notes(self, place: Place = "python") -> list[str]:
        bad = [name for name, k in self.pareto_k.items() if not k <= _BAD_TAIL]
        warning = [f"Do not rely on it: Pareto k of the weights of the {listed(bad)} is high."]
        explained = (
            f"A row is named from {self.threshold} on. Both columns high: prior and data are in "
            "conflict. The prior's alone high: the prior decides."
        )
        notes = (words_for(note, place) for note in self.notes)
        return [*(warning if bad else []), *notes, explained]

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw both sensitivities of every row, with the threshold.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        axes = own_axes(axes, height=intervals_height(len(self.table)))
        places = np.arange(len(self.table))[::-1]
        most = np.maximum(self.table[PRIOR], self.table[LIKELIHOOD])
        axes.hlines(places, 0, most, color=PALE, linewidth=1.2)
        for column, marker, colour in ((PRIOR, "o", ORANGE), (LIKELIHOOD, "s", BLUE)):
            axes.plot(self.table[column], places, marker, color=colour, markersize=6, label=column)
        axes.axvline(self.threshold, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        # Where a parameter stands has a line of its own, so that room is left for the points.
        labels = [
            "\n".join([folded(f"{own}]"), AT_THE_MEANS]) if at_means else folded(own)
            for own, at_means, _ in (
                str(label).partition(f" {AT_THE_MEANS}]") for label in self.table.index
            )
        ]
        axes.set_yticks(places, labels=labels)
        axes.set_ylim(-0.6, len(self.table) - 0.4)
        axes.set_xlim(left=0)
        axes.set_xlabel("power-scaling sensitivity")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize="small")
        faint_grid(axes)
        quiet_axis(axes)
        return axes

    def __str__(self) -> str:
        return as_text("Prior sensitivity", self.table, self.sentence, *self._notes())

    def _repr_html_(self) -> str:
        return as_html("Prior sensitivity", self.table, self.sentence, *self._notes())


def prior_sensitivity(fit: Fit, *, at: Mapping[str, Any] | None = None) -> PriorSensitivity:
    """Say how much the priors weigh in each parameter and in each variance share.

    The prior (of all top-level parameters together), then the likelihood, is raised to a power
    near 1, by weighting the draws; the sensitivity is how far a quantity's distribution moves, as
    a cumulative Jensen-Shannon distance per doubling of the power. No model is fitted again. A
    quantity sensitive to both has a prior that fights the data; one sensitive to the prior
    alone has a prior that decides. A parameter is looked at where its prior stands: the
    intercept at the means of the predictors, if its prior stands there, as the label then says.

    Parameters
    ----------
    fit : Fit
        A fit with its rows, or with the sums of streamed ones, and at least 100 draws. Of more
        than 200 million draws times rows, fewer draws are used, and that is said (not for gaussian
        models with one grouping factor, where sums stand for the rows).
    at : Mapping[str, float], optional
        Predictor values for the variance shares, as in :func:`variance_shares`; if left out and
        slopes vary, the shares averaged over the predictors of the rows are looked at.

    Returns
    -------
    PriorSensitivity
        One row a parameter and share.

    Raises
    ------
    SamplingError
        If the fit has neither rows nor their sums, or too few draws.

    References
    ----------
    .. [1] kallioinen2023

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.prior_sensitivity(fit)  # doctest: +SKIP
    """
    check_fit(fit, "prior_sensitivity", by_row=True)
    fit.need_data("Prior sensitivity", sums_suffice=True)
    if fit.draws_in_all < _FEWEST_DRAWS:
        raise SamplingError(
            "Prior sensitivity was asked for.",
            f"The fit has {fit.draws_in_all} draws; weights need at least {_FEWEST_DRAWS}.",
            "Sample longer.",
        )
    fewer = affordable(fit)
    draws = at_priors(fit.model, summarize(fewer).draws)
    notes: list[Words] = []
    if fewer is not fit:
        notes.append(f"On {fewer.draws_in_all} of {fit.draws_in_all} draws, evenly spaced.")
    if fit.model.groups:
        shares, note = _shares(fewer, at)
        draws = draws.merge(shares) if shares is not None else draws
        notes.append(note)
    densities = scaled_densities(fewer)
    return PriorSensitivity(
        table=power_scaling_table(draws, densities),
        draws=draws,
        pareto_k={name: weight_tail(values) for name, values in densities.items()},
        notes=tuple(note for note in notes if note),
    )


def _shares(fit: Fit, at: Mapping[str, Any] | None) -> tuple[xr.Dataset | None, Words]:
    """Return the shares of the groups, and where they hold or why there are none."""
    try:
        found = variance_shares(fit, at=at)
    except ModelError as error:
        if at:
            raise
        return None, error.advice.after("Without variance shares.")
    where = "averaged over the predictors of the rows" if found.average else found.standing.words
    shares = found.draws[["share"]].drop_sel({"level": names.RESIDUAL})
    if bool(shares["share"].isnull().any()):
        return None, "Without variance shares, which do not exist in some draws (nu <= 2)."
    return shares, f"Variance shares {where}." if where else ""
