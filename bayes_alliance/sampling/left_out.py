"""What leaving a group out means: which rows go together, and which effects only they inform.

Effects that no other row informs are integrated out with the group: its own, and those of
smaller groups that lie within it. Effects shared with other rows keep their draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.kernels.integrated_likelihood import EffectLayer
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.sampling.linear_predictor import copies_of_rows, copy_weights

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Rows that are left out together.

    Parameters
    ----------
    name
        Name of the grouping factor.
    labels
        Its groups.
    index
        Group of each row of the model, shape (row,), counting from 0; empty where rows were
        streamed.
    others
        The model's other factors, where this one was not named but is the first.
    copies
        How often each is left out, one client at a time, where rows stand for several: shape
        (row,). None where each leaves as a whole.
    """

    name: str
    labels: tuple[str, ...]
    index: Integers
    others: tuple[str, ...] = ()
    copies: Integers | None = None


@dataclass(frozen=True, kw_only=True)
class Split:
    """A model's effects taken apart for leaving groups out.

    Its rows are neighbours where they share effects.

    Parameters
    ----------
    name
        Name of the factor whose groups are left out.
    group
        Group of each row, never decreasing.
    factors
        Names of the factors with effects to integrate out, the coarsest first.
    layers
        The same for the kernels.
    given
        The model on these rows, with what is left of its group effects: those whose draws are
        kept.
    """

    name: str
    group: Integers
    factors: tuple[str, ...]
    layers: tuple[EffectLayer, ...]
    given: Model


def groups_to_leave_out(model: Model, group: str | None) -> LeftOut:
    """Return the groups of one factor, the first of the formula if none is named.

    Raises
    ------
    ModelError
        If the model has no such factor.
    """
    if not model.groups:
        raise ModelError(
            "Groups were to be left out one by one.",
            "The model has no groups.",
            "Add a group term, such as (1 | case_manager), or look at rows.",
        )
    chosen = model.groups[0] if group is None else group
    if chosen not in model.groups:
        raise ModelError(
            f"Groups of {chosen} were to be left out one by one.",
            f"The model has no such groups. {did_you_mean(chosen, model.groups)}".rstrip(),
            f"It has {listed(model.groups)}.",
            group=chosen,
        )
    design = model.design.group(chosen)
    others = model.groups[1:] if group is None else ()
    return LeftOut(name=chosen, labels=design.labels, index=design.index, others=others)


def rows_to_leave_out(model: Model) -> LeftOut:
    """Return the rows, each by itself: a row is a group of one.

    Of rows that stand for several clients one client leaves at a time.
    """
    rows = len(model.frame.y)
    labels = tuple(str(place) for place in model.frame.positions)
    copies = copies_of_rows(model)
    several = copies if (copies > 1).any() else None
    return LeftOut(name=names.ROW, labels=labels, index=np.arange(rows), copies=several)


def split_effects(model: Model, left_out: LeftOut) -> Split:
    """Part the effects that leave with a group from those that stay.

    Raises
    ------
    ModelError
        If smaller groups within a group cross one another: no order of integration is exact.
    """
    owned = {group.name: _owned(group, left_out) for group in model.design.groups}
    inside = sorted(
        (group for group in model.design.groups if owned[group.name].any()),
        key=lambda group: int(owned[group.name].sum()),
    )
    _, unit = np.unique(left_out.index, return_inverse=True)
    units = [unit.astype(np.int64)]
    for group in inside:
        units.append(_units(group, owned[group.name], units[-1], left_out.name, inside))
    order = np.argsort(units[-1], kind="stable")
    layers = []
    for group, own in zip(inside, units[1:], strict=True):
        columns = group.Z * owned[group.name][group.index][:, None]
        layers.append(EffectLayer(columns=columns[order], unit=own[order]))
    return Split(
        name=left_out.name,
        group=units[0][order],
        factors=tuple(group.name for group in inside),
        layers=tuple(layers),
        given=_given(model, owned, order),
    )


def only_group(split: Split, place: int) -> Split:
    """Return the part of a split that belongs to one group."""
    rows = split.group == place
    layers = []
    for layer in split.layers:
        _, unit = np.unique(layer.unit[rows], return_inverse=True)
        layers.append(EffectLayer(columns=layer.columns[rows], unit=unit.astype(np.int64)))
    return replace(
        split,
        group=np.zeros(int(rows.sum()), dtype=np.int64),
        layers=tuple(layers),
        given=on_rows(split.given, rows),
    )


def _owned(group: GroupDesign, left_out: LeftOut) -> NDArray[np.bool_]:
    """Tell for each group of a factor whether all its rows leave together, shape (group,)."""
    groups, index = len(group.labels), left_out.index
    first = np.zeros(groups, dtype=np.int64)
    first[group.index[::-1]] = index[::-1]
    staying = index != first[group.index]
    if left_out.copies is not None:
        staying |= left_out.copies > 1  # the row's other clients stay
    elsewhere = np.bincount(group.index[staying], minlength=groups)
    there = np.bincount(group.index, minlength=groups) > 0
    return np.asarray(there & (elsewhere == 0))


def _units(
    group: GroupDesign,
    owned: NDArray[np.bool_],
    above: Integers,
    name: str,
    inside: Sequence[GroupDesign],
) -> Integers:
    """Count the units of a layer so that those of one unit above are neighbours."""
    label = np.where(owned[group.index], group.index, -1)
    pairs = np.column_stack([above, label])
    unique, unit = np.unique(pairs, axis=0, return_inverse=True)
    own = unique[unique[:, 1] >= 0, 1]
    if len(np.unique(own)) < len(own):
        raise ModelError(
            f"Groups of {name} were to be left out, with all effects only they inform.",
            f"Within them {listed(g.name for g in inside if g.name != name)} cross one another, "
            "so that their effects cannot be integrated out one factor after the other.",
            f"Leave out the groups of {group.name} instead, or compare by row.",
            group=name,
        )
    return unit.reshape(-1).astype(np.int64)


def _given(model: Model, owned: dict[str, NDArray[np.bool_]], order: Integers) -> Model:
    """Return the model whose linear predictor holds what is given when a group leaves."""
    groups = [
        replace(group, Z=group.Z * ~owned[group.name][group.index][:, None])
        for group in model.design.groups
        if not owned[group.name].all()
    ]
    return on_rows(model, order, groups=groups)


def one_client_a_row(model: Model) -> Model:
    """Return the model with one client for each row, whatever number of them it stands for."""
    if model.formula.response.repeats is None or model.frame.weights is None:
        return model
    return changed_model(model, frame=replace(model.frame, weights=copy_weights(model)))


def on_rows(model: Model, rows: Any, *, groups: Sequence[GroupDesign] | None = None) -> Model:
    """Return the model's matrices on some rows, with the labels of all its groups kept.

    It is for computing from draws of the whole model, and is never sampled.
    """
    frame = model.frame
    design = model.design.on_rows(rows, groups)
    some = replace(
        frame,
        y=frame.y[rows],
        positions=frame.positions[rows],
        weights=None if frame.weights is None else frame.weights[rows],
    )
    return changed_model(model, frame=some, design=design, stream=None)
