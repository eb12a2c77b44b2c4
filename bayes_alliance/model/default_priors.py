"""Weakly informative priors at the means of the predictors, scaled to the data.

They stand on the coefficients of the working basis (``working_basis.py``): a slope of highest
order as it is written, everything below it where the predictors have their means. Nothing changes
when a predictor's zero moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.design import Design, Predictor
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.working_basis import MeasuredColumns, measure_columns, side_by_side

Floats = NDArray[np.float64]
Element = tuple[str, str | None]
# How wide priors are, in standard deviations of the outcome per one of the column.
COEFFICIENT_WIDTH = 2.5
GROUP_WIDTH = 0.5


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What default priors are scaled to.

    Parameters
    ----------
    y
        The outcome, shape (row,).
    weights
        How often each row counts, or None.
    half_ranges
        For the population and each grouping factor, half the distance of the two values of each
        column that has just two, 0 for the others; None where the rows show it themselves.
    """

    y: Floats
    weights: Floats | None = None
    half_ranges: tuple[tuple[float, ...], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """The default prior of every element, and where it stands.

    Parameters
    ----------
    priors
        At the means, in the container's order.
    as_written
        Of group sds and thresholds, should they stand as written.
    populations
        The population columns of every predictor, measured, by the variable of their coefficients.
    blocks
        For each grouping factor its blocks of correlated effects, measured.
    """

    priors: Mapping[Element, Prior]
    as_written: Mapping[Element, Prior]
    populations: Mapping[str, MeasuredColumns]
    blocks: Mapping[str, tuple[MeasuredColumns, ...]]

    @property
    def coefficients(self) -> MeasuredColumns:
        """The population columns of the location."""
        return self.populations[names.B]

    @property
    def aliased(self) -> dict[str, NDArray[np.bool_]]:
        """Which columns are combinations of simpler ones, by the variable of their coefficients."""
        return {variable: own.aliased for variable, own in self.populations.items()}


def default_priors(design: Design, rows: Rows, family: Family, levels: tuple[str, ...]) -> Defaults:
    """Return one prior an element of each top-level parameter.

    Parameters
    ----------
    design
        The design as written.
    rows
        Outcome and weights; mean and standard deviation of what the offset leaves are used.
    family
        Decides the scale: the outcome's own, or the link's.
    levels
        Categories of an ordinal outcome.
    """
    centre, scale = family.location_and_scale(rows.y, design.offset, rows.weights)
    measured = measure_columns(
        design.X,
        design.orders,
        weights=rows.weights,
        half_ranges=None if rows.half_ranges is None else rows.half_ranges[0],
        constant_beside=not family.intercept,
        cells=family.intercept,
    )
    priors = _population(design.location, measured, centre, scale, has_level=family.intercept)
    populations, scales = {names.B: measured}, {names.MEAN_PARAMETER: scale}
    for own in design.predicted:
        middle, scales[own.parameter] = family.parameter(own.parameter).predicted(scale)
        columns = measure_columns(own.X, own.orders, weights=rows.weights, cells=True)
        populations[own.variable] = columns
        middle -= float(np.average(own.offset, weights=rows.weights))
        priors |= _population(own, columns, middle, scales[own.parameter], has_level=True)
    as_written: dict[Element, Prior] = {}
    at_zero = COEFFICIENT_WIDTH * measured.constant_of_working / measured.scales
    for level in (own for own in family.own if own.is_level):
        location, width = level.default(centre, scale).arguments
        room = float(np.sqrt(width**2 + (at_zero**2).sum()))
        for label in level.labels(levels):
            priors[level.name, label] = Prior("Normal", (location, width))
            as_written[level.name, label] = Prior("Normal", (location, room))
    blocks: dict[str, tuple[MeasuredColumns, ...]] = {}
    for place, group in enumerate(design.groups):
        two = None if rows.half_ranges is None else rows.half_ranges[place + 1]
        whole, own_blocks = _measured_blocks(group, rows.weights, two)
        blocks[group.name] = own_blocks
        _add_group(group, whole, own_blocks, scales, priors, as_written)
    for parameter in (own for own in family.own if not own.is_level):
        for label in parameter.labels(levels):
            priors[parameter.name, label] = parameter.default(centre, scale)
    return Defaults(priors=priors, as_written=as_written, populations=populations, blocks=blocks)


def _population(
    predictor: Predictor, measured: MeasuredColumns, centre: float, scale: float, *, has_level: bool
) -> dict[Element, Prior]:
    """Return the prior of each working coefficient.

    Where no combination of the columns is constant, the level of the outcome must come from them
    all: their scale is that of the outcome around 0.
    """
    anchored = bool(measured.origin.any()) or not has_level
    room = scale if anchored else float(np.hypot(scale, centre))
    priors: dict[Element, Prior] = {}
    for place, label in enumerate(predictor.coefficients):
        constant = measured.orders[place].is_constant
        location = centre if constant else 0.0
        width = COEFFICIENT_WIDTH * room / float(measured.scales[place])
        priors[predictor.variable, label] = Prior("Normal", (location, width))
    return priors


def _measured_blocks(
    group: GroupDesign, weights: Floats | None, half_ranges: tuple[float, ...] | None
) -> tuple[MeasuredColumns, tuple[MeasuredColumns, ...]]:
    """Measure all columns of a factor together, and each of its correlated blocks."""
    orders = group.orders  # read from what the factor has learnt, once

    def measured(places: Sequence[int]) -> MeasuredColumns:
        two = None if half_ranges is None else [half_ranges[k] for k in places]
        every = len(places) == len(orders)
        columns, own = group.Z if every else group.Z[:, places], [orders[k] for k in places]
        return measure_columns(columns, own, weights=weights, half_ranges=two)

    def of_each_predictor(places: Sequence[int]) -> MeasuredColumns:
        """Free columns from lower ones of the same predictor: others have another scale."""
        parameters = [group.varying[k].parameter for k in places]
        if len(set(parameters)) == 1:
            return measured(places)
        sets = [
            [k for k, own in enumerate(parameters) if own == name]
            for name in dict.fromkeys(parameters)
        ]
        return side_by_side([measured([places[k] for k in own]) for own in sets], sets)

    whole = of_each_predictor(range(len(group.varying)))
    if len(group.blocks) == 1:
        return whole, (whole,)
    return whole, tuple(of_each_predictor(block) for block in group.blocks)


def _add_group(
    group: GroupDesign,
    whole: MeasuredColumns,
    own: tuple[MeasuredColumns, ...],
    scales: Mapping[str, float],
    priors: dict[Element, Prior],
    as_written: dict[Element, Prior],
) -> None:
    """Add the priors of one factor's standard deviations and correlations.

    An effect that is correlated with no other stands as written: its room is that of its column
    beside all others of the factor.
    """
    room = GROUP_WIDTH * np.array([scales[effect.parameter] for effect in group.varying])
    written = room / whole.as_written
    for block, measured in zip(group.blocks, own, strict=True):
        alone = len(block) == 1 and len(group.effects) > 1
        for place, working in zip(block, measured.scales, strict=True):
            element = names.sd(group.name), group.effects[place]
            as_written[element] = Prior("HalfStudentT", (3.0, float(written[place])))
            at_means = Prior("HalfStudentT", (3.0, float(room[place]) / float(working)))
            priors[element] = as_written[element] if alone else at_means
    # In the order of the effects, whatever the blocks.
    for effect in group.effects:
        priors[names.sd(group.name), effect] = priors.pop((names.sd(group.name), effect))
    if group.pairs:
        priors[names.cor(group.name), None] = Prior("LKJ", (2.0,))
