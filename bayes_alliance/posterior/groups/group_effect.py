"""Where each group stands, shrunken as the model has it, beside what its own rows say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import own_axes
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.kernels.group_least_squares import least_squares_by_group
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.chosen_factor import chosen_group, other_factors, unnamed_factors
from bayes_alliance.posterior.groups.caterpillar import caterpillar_height, draw_caterpillar
from bayes_alliance.posterior.groups.group_rank import (
    check_rank_options,
    fifth_of,
    rank_table,
    rank_words,
)
from bayes_alliance.posterior.shared_groups import containers
from bayes_alliance.posterior.standing import NO_PLACE, Standing, own_variables, standing_of
from bayes_alliance.posterior.standing_effects import (
    LEVEL,
    PlacedEffect,
    effects_as_written,
    group_effects_at,
)
from bayes_alliance.posterior.summaries import (
    COLUMNS,
    check_prob,
    interval_words,
    summary_numbers,
)
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import (
    MEMORY_GIGABYTES,
    check_memory,
    frequency_weights,
    population_part,
    precision_weights,
)
from bayes_alliance.sampling.parameter_view import location_of, view_of
from bayes_alliance.sampling.stand_in import stand_in_model
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

CAUTION = (
    "The order of the groups is uncertain: two groups whose intervals overlap may be in either "
    "order, and the effects of small caseloads are shrunken most."
)
DEPARTURE = "departure"
QUALITY = ("mcse_mean", "ess_bulk", "ess_tail", "r_hat")
_CAUTION_IN_PICTURES = "no league table: where intervals overlap, the order may be chance"
Array = NDArray[np.float64]
NO_ROWS = (
    "The rows are not at hand, nor sums of them: the fit was saved without them (data=False), so "
    "there are no deviations."
)
NOT_NUMERIC = (
    "An outcome with a link has no deviations on this scale: group_means(fit) sets "
    "each group's raw mean beside its expected one."
)
LOGARITHMS = (
    "Effects on {} are logarithms: 0.1 is 11% more, exp(0.1) = 1.11. Rows alone give no raw "
    "deviation of it."
)
MEANING = (
    "raw: deviation by the group's own rows alone, nothing shrunken (least squares "
    "around the population's posterior mean); a dash where they cannot tell."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupEffects:
    """Deviations of each group from what is common to all, where the predictors stand.

    Parameters
    ----------
    group
        Name of the grouping factor.
    table
        One row a group and effect: group, effect, mean, sd, lower, upper, caseload, raw, mcse_mean,
        ess_bulk, ess_tail, r_hat. Where slopes vary, the first effect is the group's level at the
        means of the predictors (or where they were stated), then come its slopes there. ``raw`` is
        the deviation by the group's own rows alone; NaN where they cannot tell, without rows, and
        for outcomes that are not numeric.
    draws
        Variable ``departure``, dims (chain, draw, group, effect); ``u_<group>`` where these are
        the effects of the design as written.
    prob
        Probability of the intervals.
    design
        Labels and effects of the factor, as the formula writes them.
    placed
        What each effect of the table is, and where it holds.
    standing
        Where the predictors stand; no places where slopes do not vary.
    best
        The end of the scale that is called best; None if neither.
    margin
        How far below or above the average counts; None if nothing was asked.
    notes
        What a reader has to know of the deviations.
    others
        The model's other grouping factors, where none was named and the first one is shown.
    parameter
        The predicted parameter whose effects these are, on the scale of its link; empty for the
        outcome's level and slopes.
    """

    group: str
    table: pd.DataFrame
    draws: xr.Dataset
    prob: float
    design: GroupDesign
    placed: tuple[PlacedEffect, ...]
    standing: Standing = NO_PLACE
    best: str | None = None
    margin: float | None = None
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    parameter: str = ""

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """The posterior of each rank, one row a group and effect; computed when first looked at.

        Columns group, effect, mean, lower, upper (of the rank, 1 for the best or, with no best
        end, the highest), best_fifth or highest_fifth (the probability of being among that fifth
        of the groups, to the nearest whole group) and, with a margin, below and above (the
        probabilities of being that much below or above the average).
        """
        return rank_table(
            self.draws,
            self.design.labels,
            self.effects,
            prob=self.prob,
            best=self.best,
            margin=self.margin,
        )

    @property
    def effects(self) -> tuple[str, ...]:
        """The effects of the table, the level first."""
        return tuple(placed.label for placed in self.placed)

    @property
    def sentence(self) -> str:
        """How many groups differ clearly from the average, and how far their order is known."""
        return " ".join(self._effect_sentence(placed) for placed in self.placed)

    def _effect_sentence(self, placed: PlacedEffect) -> str:
        rows = self.table[self.table["effect"] == placed.label]
        ranks = self.ranks[self.ranks["effect"] == placed.label]
        apart = int(((rows["lower"] > 0) | (rows["upper"] < 0)).sum())
        what = "" if placed.kind == LEVEL else f" in the {placed.named}"
        what += f" of {self.parameter}" if what and self.parameter else ""
        what = what or (f" in {self.parameter}" if self.parameter else "")
        return (
            f"Of the {len(rows)} groups of {self.group}, {apart or 'none'} "
            f"{'differ' if apart > 1 else 'differs'} clearly from the average{what}"
            f"{placed.clause}, by {self.prob:.0%} intervals. "
            f"{rank_words(ranks, self._first)}."
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
        rows = self.table[self.table["effect"] == chosen.label]
        axes = own_axes(axes, height=caterpillar_height(len(rows)))
        draw_caterpillar(axes, effects=rows, labels=rows["group"].astype(str).tolist())
        axes.set_xlabel(f"deviation from the common {_what(chosen)}\n({_CAUTION_IN_PICTURES})")
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
        rows = self.ranks[self.ranks["effect"] == chosen.label]
        axes = own_axes(axes, height=caterpillar_height(len(rows)))
        labels = rows["group"].astype(str).tolist()
        draw_caterpillar(axes, effects=rows, labels=labels, reference=None)
        axes.set_xlim(0.5, len(rows) + 0.5)
        axes.set_xlabel(f"rank, {self._first}: {_what(chosen)}\n({_CAUTION_IN_PICTURES})")
        return axes

    @property
    def _first(self) -> str:
        return {None: "1 is the highest", "high": "1 is the best, the highest"}.get(
            self.best, "1 is the best, the lowest"
        )

    def _effect(self, effect: str | None) -> PlacedEffect:
        valid = self.effects
        if effect is not None and effect not in valid:
            raise ModelError(
                f"A picture of the effect {effect} was asked for.",
                f"{self.group} has no such effect. {did_you_mean(effect, valid)}".rstrip(),
                f"It has {listed(valid)}.",
                effect=effect,
            )
        return self.placed[0 if effect is None else valid.index(effect)]

    def _notes(self) -> list[str]:
        count = len(self.design.labels)
        fifth = fifth_of(count)
        ranks = (
            f".ranks holds the posterior of each rank: {self._first}; {fifth} of {count} groups "
            f"({fifth / count:.0%}) count as a fifth."
        )
        told = other_factors(self.group, self.others)
        return [*told, *self._where, f"{interval_words(self.prob)}.", *self.notes, ranks, CAUTION]

    @property
    def _where(self) -> list[str]:
        """Say where the predictors stand, or that the numbers are those of the design."""
        if self.standing.places:
            level = self.standing.label
            return [
                f"Deviations {self.standing.words}: the row '{level}' is the group's own level "
                "there, less the common one. at={...} moves it, as_written=True gives the effects "
                "as the formula writes them, at predictor value 0."
            ]
        if self.design.effects == (names.INTERCEPT,):
            return []
        return ["Effects of the design as written: intercepts at predictor value 0."]

    def __str__(self) -> str:
        return as_text(self._title, self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html(self._title, self.table, *self._notes())

    @property
    def _title(self) -> str:
        return f"Effects of {self.group}" + (f" on {self.parameter}" if self.parameter else "")


def group_effects(
    fit: Fit,
    *,
    group: str | None = None,
    parameter: str | None = None,
    at: Mapping[str, Any] | str | None = None,
    as_written: bool = False,
    best: str | None = None,
    margin: float | None = None,
    draws: int | None = None,
    memory: float = MEMORY_GIGABYTES,
    prob: float = 0.95,
) -> GroupEffects:
    """Say where every group of one factor stands, and how sure the order of the groups is.

    Where slopes vary, what a group's effect is depends on where the predictors are. They stand at
    their means over the rows (categories averaged over their levels) unless ``at`` says otherwise:
    the level there comes first, then the slopes there. What the formula calls intercept is the
    effect at predictor value 0, where often nobody is; ``as_written=True`` gives it.

    The effects are shrunken towards the middle, more so where a group has few rows; beside each
    stands what its own rows alone say. The record's ``ranks`` are the posterior of each group's
    rank, which is what an order of groups is worth: a bare league table is never given.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor.
    group : str, optional
        Name of the factor; the first one of the formula if left out, and the others are named.
    parameter : str, optional
        A parameter with a formula of its own, ``"sigma"``: then the effects on it, on the scale of
        its link; those on the outcome's level and slopes if left out.
    at : Mapping, optional
        Values of predictors whose slopes vary, ``{"stigma": 2}``; the others stay at their means.
    as_written : bool
        Return the effects of the design as the formula writes them instead.
    best : {"high", "low"}, optional
        The end of the scale that is best, for every effect: ``"high"`` calls the highest level
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
        One row a group and effect, with the group's caseload and deviation.

    Raises
    ------
    ModelError
        If the model has no such factor, or ``at``, ``best`` or ``margin`` cannot be read.
    SamplingError
        If the draws would take more than ``memory``, or the mean of a predictor is not known, as
        that of x where rows were streamed through ``log(x)``.

    References
    ----------
    .. [1] goldstein1996

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> effects = ba.group_effects(fit, best="high", margin=2)  # doctest: +SKIP
    >>> ba.group_effects(fit, at={"stigma": 2})  # doctest: +SKIP
    >>> effects.ranks.sort_values("mean").head()  # doctest: +SKIP
    """
    check_fit(fit, "group_effects", by_row=True)
    whole, fit = fit, _viewed(fit, parameter)
    check_prob(prob)
    check_rank_options(best, margin)
    design = fit.model.design.group(chosen_group(fit, group, "The effects"))
    placed, standing = _placed(fit, design, at, as_written=as_written)
    held = thinned(fit.posterior[[names.u(design.name)]], draws)
    size = held.sizes[names.CHAIN] * held.sizes[names.DRAW]
    check_memory(
        "The effects of every group", size, len(design.labels) * len(placed), memory, unit="effects"
    )
    raw, note = raw_effects(fit, design, parameter)
    moved = _moved(held, design, placed)
    return GroupEffects(
        group=design.name,
        table=_table(moved, design, placed, raw @ _matrix(placed).T, prob),
        draws=moved,
        prob=prob,
        design=design,
        placed=placed,
        standing=standing,
        best=best,
        margin=margin,
        notes=(note, *_beside(whole, design.name, parameter)),
        others=unnamed_factors(fit, group),
        parameter=parameter or "",
    )


def _viewed(fit: Fit, parameter: str | None) -> Fit:
    """Return the view on the location, or on the parameter that is asked for."""
    if parameter is None:
        return location_of(fit)
    if parameter not in fit.model.predicted:
        raise ModelError(
            f"The effects of groups on {parameter} were asked for.",
            f"The model predicts {listed(fit.model.predicted) or 'no parameter'} beside the "
            "outcome's location.",
            f"Leave parameter= out, or fit a model with a formula of {parameter}.",
            parameter=parameter,
        )
    return view_of(fit, parameter)


def _beside(fit: Fit, group: str, parameter: str | None) -> list[str]:
    """Name the parameters that groups of a factor have further effects on."""
    others = [own for own in fit.model.predicted if fit.model.design.group(group).places_of(own)]
    if parameter is not None or not others:
        return []
    return [f"The groups differ in {listed(others)} too: parameter={others[0]!r} shows how."]


def _placed(
    fit: Fit, design: GroupDesign, at: Mapping[str, Any] | str | None, *, as_written: bool
) -> tuple[tuple[PlacedEffect, ...], Standing]:
    """Return the effects that are asked for, and where the predictors stand."""
    asked = f"The effects of {design.name} were asked for."
    if as_written and at is None:
        return effects_as_written(design.effects), NO_PLACE
    if as_written:
        raise ModelError(
            asked,
            "Both at= and as_written=True were given, which are two different answers.",
            "Keep one of them.",
        )
    variables = own_variables(design.parts)
    standing = standing_of(fit, variables, at=at, asked=asked, call="group_effects(fit")
    return group_effects_at(design, standing), standing


def _matrix(placed: Sequence[PlacedEffect]) -> NDArray[np.float64]:
    return np.stack([effect.row for effect in placed])


def _moved(held: xr.Dataset, design: GroupDesign, placed: Sequence[PlacedEffect]) -> xr.Dataset:
    """Return the draws of the effects at their place; those as written as they are."""
    import xarray as xr

    labels = [effect.label for effect in placed]
    if labels == list(design.effects):
        return held
    found, matrix = held[names.u(design.name)], _matrix(placed)
    return xr.Dataset(
        {DEPARTURE: (found.dims, found.to_numpy() @ matrix.T)},
        coords={
            design.name: held.coords[design.name],
            names.effect(design.name): np.asarray(labels, dtype=object),
        },
    )


def _table(
    held: xr.Dataset,
    design: GroupDesign,
    placed: Sequence[PlacedEffect],
    raw: NDArray[np.float64],
    prob: float,
) -> pd.DataFrame:
    import pandas as pd

    (variable,) = held.data_vars
    numbers = summary_numbers(held[variable].to_numpy(), prob)
    column = dict(zip(COLUMNS, numbers.T, strict=True))
    effects = [effect.label for effect in placed]
    return pd.DataFrame(
        {
            "group": np.repeat(design.labels, len(effects)),
            "effect": np.tile(effects, len(design.labels)),
            **{name: column[name] for name in ("mean", "sd", "lower", "upper")},
            "caseload": np.repeat(design.caseloads, len(effects)),
            "raw": raw.ravel(),
            **{name: column[name] for name in QUALITY},
        }
    )


def _what(placed: PlacedEffect) -> str:
    return f"{'value' if placed.kind == LEVEL else placed.named}{placed.clause}"


def raw_effects(fit: Fit, group: GroupDesign, parameter: str | None = None) -> tuple[Array, str]:
    """Return deviations, shape (group, effect), and what has to be said about them.

    For intercepts it is the mean of the group's residuals from the population part. Effects of
    groups it lies in, or is crossed with, are taken off first; those of groups within it are not.
    Rows that were streamed have others that stand in for them: only sums of products count here.
    """
    missing = np.full((len(group.labels), len(group.effects)), np.nan)
    if parameter is not None:
        return missing, LOGARITHMS.format(parameter)
    if not (fit.has_data or fit.has_sums):
        return missing, NO_ROWS
    if not fit.model.family.has_residual:
        return missing, NOT_NUMERIC
    model = stand_in_model(fit.model) if fit.has_sums else fit.model
    own = model.design.group(group.name)
    weights = np.broadcast_to(
        precision_weights(model) * frequency_weights(model), model.frame.y.shape
    )
    found = least_squares_by_group(
        _left_for(fit, model, own), own.Z, own.index, len(own.labels), weights
    )
    return found, MEANING


def _left_for(fit: Fit, model: Model, group: GroupDesign) -> Array:
    """Return the outcome without its population part and the effects of other groups."""
    design, inside = model.design, containers(model.design)
    mean = {names.B: _mean(fit, names.B)} if design.coefficients else {}
    left = model.frame.y - population_part(model, mean)
    for other in design.groups:
        if other is not group and group.name not in inside[other.name]:
            effects = _mean(fit, names.u(other.name))
            left = left - np.einsum("nq,nq->n", other.Z, effects[other.index])
    return np.asarray(left)


def _mean(fit: Fit, variable: str) -> Array:
    return np.asarray(fit.posterior[variable].mean((names.CHAIN, names.DRAW)).to_numpy())
