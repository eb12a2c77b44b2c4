"""The sums of a streamed model as the kernels for rows give them.

Each cell's sums are written as a few rows that have the same cross products, and the kernels
reduce those as they would the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.anchor import Anchor, Centring
from bayes_alliance.kernels.cell_sums import stand_in_rows
from bayes_alliance.kernels.crossed.moments import CrossedMoments, Term, crossed_moments
from bayes_alliance.kernels.group_order import largest_factor
from bayes_alliance.kernels.one_factor.moments import Moments, moments
from bayes_alliance.model.streaming.rows import StreamedRows
from bayes_alliance.model.working_basis import WorkingBasis

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _StandIn:
    """Rows that stand in for all, cell by cell, k + 1 a cell; columns less the means of all."""

    rows: Floats
    mean: Floats

    def columns(self, places: tuple[int, ...], shift: Floats) -> Floats:
        """Return columns of the design, less ``shift``."""
        chosen = [place + 1 for place in places]
        own = np.concatenate([[0.0], self.mean])[chosen]
        return np.asarray(self.rows[:, chosen] + self.rows[:, :1] * (own - shift))

    def outcome(self, shift: float) -> Floats:
        """Return the outcome, less ``shift``."""
        return np.asarray(self.rows[:, -1] + self.rows[:, 0] * (self.mean[-1] - shift))


def streamed_moments(
    stream: StreamedRows,
    effects: Mapping[str, WorkingBasis],
    *,
    by_group: bool = False,
    empty_groups: int = 0,
) -> Moments:
    """Return the sufficient statistics for one grouping factor, empty groups behind the others.

    The factor's columns are those of its working basis among ``effects``.
    """
    stand_in, (population, group), outcome_shift = _prepared(stream)
    (own,) = stream.design.groups
    basis = effects[own.name]
    n_groups = len(own.labels) + empty_groups
    found = moments(
        stand_in.outcome(outcome_shift),
        stand_in.columns(stream.places[0], population.shift),
        stand_in.columns(stream.places[1], group.shift) @ (group.map() @ basis.to_user),
        _group_of_row(stream, 0),
        n_groups,
        anchor=_no_anchor(len(population.shift), len(group.shift)),
        by_group=by_group,
    )
    return replace(
        found,
        anchor=Anchor(
            outcome_shift=outcome_shift, population=population, group=_moved(group, basis)
        ),
        n=np.bincount(stream.group_of_cell[0], stream.sums.repeats, n_groups),
        log_weight=float(stream.sums.log_weight.sum()),
    )


def streamed_crossed_moments(
    stream: StreamedRows, effects: Mapping[str, WorkingBasis]
) -> CrossedMoments:
    """Return the sufficient statistics for several grouping factors, in their working bases."""
    stand_in, (population, *centrings), outcome_shift = _prepared(stream)
    groups = stream.design.groups
    largest = largest_factor([len(group.labels) for group in groups])
    terms = []
    for number, group in enumerate(groups):
        centring = centrings[number]
        columns = stand_in.columns(stream.places[number + 1], centring.shift)
        columns = columns @ (centring.map() @ effects[group.name].to_user)
        terms.append(
            Term(
                columns=_and_zeros(columns),
                group=np.append(_group_of_row(stream, number), stream.group_of_cell[number][0]),
                n_groups=len(group.labels),
            )
        )
    X = _and_zeros(stand_in.columns(stream.places[0], population.shift))
    found = crossed_moments(np.append(stand_in.outcome(outcome_shift), 0.0), X, terms)
    return replace(
        found,
        anchor=Anchor(
            outcome_shift=outcome_shift,
            population=population,
            group=_moved(centrings[largest], effects[groups[largest].name]),
        ),
        rows=float(stream.sums.repeats.sum()),
        log_weight=float(stream.sums.log_weight.sum()),
    )


def _prepared(stream: StreamedRows) -> tuple[_StandIn, list[Centring], float]:
    """Write the cells' sums as rows, and choose where each design is centred."""
    mean = stream.sums.cells.total_mean
    rows = stand_in_rows(stream.sums.cells, mean)
    centrings = []
    for places, constant in zip(stream.places, stream.constants, strict=True):
        own = np.where(np.asarray(places) == -1, 0.0, mean[list(places)])
        free = constant.any() & (constant == 0.0)
        centrings.append(Centring(constant=constant, shift=np.where(free, own, 0.0)))
    flat = _StandIn(rows=rows.reshape(-1, rows.shape[2]), mean=mean)
    return flat, centrings, float(mean[-1]) if stream.constants[0].any() else 0.0


def _moved(centring: Centring, basis: WorkingBasis) -> Centring:
    """Return the constant among a factor's working columns, which are not centred any more."""
    constant = basis.to_working @ centring.constant
    return Centring(constant=constant, shift=np.zeros_like(centring.shift))


def _no_anchor(p: int, q: int) -> Anchor:
    """Return an anchor that changes nothing: the rows are centred already."""
    nothing = [Centring(constant=np.zeros(k), shift=np.zeros(k)) for k in (p, q)]
    return Anchor(outcome_shift=0.0, population=nothing[0], group=nothing[1])


def _group_of_row(stream: StreamedRows, factor: int) -> NDArray[np.int64]:
    return np.repeat(stream.group_of_cell[factor], stream.sums.cells.mean.shape[1] + 1)


def _and_zeros(columns: Floats) -> Floats:
    """Append a row of zeros: it adds nothing, and where it is no constant can be found."""
    return np.vstack([columns, np.zeros(columns.shape[1])])
