"""The plain columns that designs are made of, from a batch of rows: what needs no formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels
from bayes_alliance.model.expression import describe, stateful_calls
from bayes_alliance.model.plain_json import from_json
from bayes_alliance.model.streaming.cells import ValuePlaces, value_places

Floats = NDArray[np.float64]
# A category with more levels than this is an id; its dummies are not plain columns.
_MOST_DUMMIES = 100


@dataclass(frozen=True, kw_only=True)
class Plain:
    """The column itself."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Dummy:
    """1 where the column has the level at this place, else 0."""

    name: str
    place: int


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """The column less its mean, divided by its standard deviation (by 1 if only centred)."""

    name: str
    mean: float
    sd: float


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupMean:
    """The mean of the column in the row's group, or the column less that mean.

    Parameters
    ----------
    name, group
        The column and the groups.
    means
        One a group, in the order of the group's values.
    places
        Look-up of the group's values; None for text, which comes as places already.
    within
        Whether the mean is taken off the column.
    """

    name: str
    group: str
    means: Floats
    places: ValuePlaces | None
    within: bool


type Atom = Plain | Dummy | Scaled | GroupMean


def atom_values(atom: Atom, batch: Mapping[str, NDArray[Any]]) -> Floats:
    """Return the column of a batch."""
    values = batch[atom.name]
    match atom:
        case Dummy():
            return np.asarray(values == atom.place, dtype=np.float64)
        case Scaled():
            return (values.astype(np.float64, copy=False) - atom.mean) / atom.sd
        case GroupMean():
            own = batch[atom.group]
            mean = atom.means[own if atom.places is None else atom.places.of(own)]
            return values.astype(np.float64, copy=False) - mean if atom.within else mean
        case Plain():
            return values.astype(np.float64, copy=False)


def atoms_of(state: Mapping[str, Any], levels: Mapping[str, Sequence[Any]]) -> dict[str, Atom]:
    """Return what the labels of an expression may be made of, under the labels they would have.

    Parameters
    ----------
    state
        Of the expression; what its transforms have learnt is in it.
    levels
        Values of the category columns and of the groups that means are taken in.
    """
    atoms: dict[str, Atom] = {}
    for name in state["columns"]:
        own = levels.get(name, ())
        if own and isinstance(own[0], str):
            few = enumerate(own[:_MOST_DUMMIES])
            atoms |= {f"{name}[{level}]": Dummy(name=name, place=place) for place, level in few}
        else:
            atoms[name] = Plain(name=name)
    calls = stateful_calls(describe(state["expression"], state["columns"]))
    for call, learnt in zip(calls, state["learnt"], strict=True):
        atoms[str(call)] = _learnt_atom(call, from_json(learnt), levels)
    return atoms


def _learnt_atom(call: Any, learnt: Mapping[str, Any], levels: Mapping[str, Sequence[Any]]) -> Atom:
    names = [str(argument).strip("`") for argument in call.args]
    if "means" not in learnt:
        return Scaled(name=names[0], mean=learnt["mean"], sd=learnt.get("sd", 1.0))
    values = levels[names[1]]
    labels = group_labels(pd.Series(list(values)))
    text = isinstance(values[0], str)
    return GroupMean(
        name=names[0],
        group=names[1],
        means=np.array([learnt["means"][label] for label in labels]),
        places=None if text else value_places(np.asarray(values)),
        within=call.callee == "within",
    )
