"""How the columns of a design are made from a batch of rows: directly where that is plain.

A column, the dummy of a level, what the formula's own transforms make of a column, and products
of these are made by numpy; a recipe is trusted only if it gives what the formula's own evaluation
gives on the survey's rows. Everything else goes through that evaluation, batch by batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.data.labels import group_labels
from bayes_alliance.model.expression import describe, stateful_calls
from bayes_alliance.model.linear import apply_part
from bayes_alliance.model.plain_json import from_json
from bayes_alliance.model.streaming.cells import ValuePlaces, value_places

Floats = NDArray[np.float64]
# A category with more levels than this is an id; its dummies are not plain columns.
_MOST_DUMMIES = 100
CONSTANT = -1
_MOST_ATOMS = 100


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


@dataclass(frozen=True, kw_only=True)
class Product:
    """One column times another."""

    first: Atom
    second: Atom


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """A column of an expression as the formula evaluates it."""

    part: int
    column: int


type Recipe = Atom | Product | Evaluated


@dataclass(frozen=True, kw_only=True)
class ColumnPlan:
    """The distinct columns of a design, and where each expression's columns stand among them.

    Parameters
    ----------
    recipes
        One a distinct column that is not constant.
    places
        For each expression the place of each of its columns, ``CONSTANT`` for the intercept.
    parts
        State of each expression.
    offset_part
        The expression whose ``offset()`` is taken off the outcome, or None.
    """

    recipes: tuple[Recipe, ...]
    places: tuple[tuple[int, ...], ...]
    parts: tuple[Mapping[str, Any], ...]
    offset_part: int | None

    @property
    def evaluated(self) -> tuple[int, ...]:
        """Expressions that have to be evaluated on every batch."""
        needed = {recipe.part for recipe in self.recipes if isinstance(recipe, Evaluated)}
        if self.offset_part is not None:
            needed.add(self.offset_part)
        return tuple(sorted(needed))


def plan_columns(
    parts: Sequence[Mapping[str, Any]],
    rows: pd.DataFrame,
    levels: Mapping[str, Sequence[Any]],
    *,
    has_offset: bool,
) -> ColumnPlan:
    """Find a recipe for every column of every expression.

    Parameters
    ----------
    parts
        States of the expressions, the population's first.
    rows
        The survey's rows, in which every level occurs.
    levels
        Values of the category columns.
    has_offset
        Whether the population's expression has an offset.
    """
    batch = as_batch(rows, levels)
    recipes: list[Recipe] = []
    known: dict[str, tuple[int, Floats]] = {}
    places: list[tuple[int, ...]] = []
    for number, state in enumerate(parts):
        matrix, _ = apply_part(state, rows)
        atoms = atoms_of(state, levels)
        here: list[int] = []
        for column, label in enumerate(state["labels"]):
            values = np.ascontiguousarray(matrix[:, column])
            if label == names.INTERCEPT and bool((values == 1.0).all()):
                here.append(CONSTANT)
                continue
            place, same = known.get(label, (0, np.zeros(0)))
            if not np.array_equal(same, values):
                place = len(recipes)
                known[label] = (place, values)
                plain = _recipe(label, values, atoms, batch)
                recipes.append(plain or Evaluated(part=number, column=column))
            here.append(place)
        places.append(tuple(here))
    return ColumnPlan(
        recipes=tuple(recipes),
        places=tuple(places),
        parts=tuple(parts),
        offset_part=0 if has_offset else None,
    )


def as_batch(rows: pd.DataFrame, levels: Mapping[str, Sequence[Any]]) -> dict[str, NDArray[Any]]:
    """Return rows as a batch has them: categories as places among their levels."""
    return {
        str(name): pd.Index(levels[name]).get_indexer(pd.Index(rows[name].astype("str")))
        if isinstance(rows[name].dtype, pd.CategoricalDtype)
        else rows[name].to_numpy()
        for name in rows.columns
    }


def _recipe(
    label: str,
    values: Floats,
    atoms: Mapping[str, Atom],
    batch: Mapping[str, NDArray[Any]],
) -> Recipe | None:
    """Return the recipe whose label and values are these, if there is one."""
    if label in atoms:
        candidate: Recipe = atoms[label]
        own = atom_values(atoms[label], batch)
    else:
        pairs = product(atoms, atoms) if len(atoms) < _MOST_ATOMS else iter(())
        pair = next(((a, b) for a, b in pairs if f"{a}:{b}" == label), None)
        if pair is None:
            return None
        first, second = atoms[pair[0]], atoms[pair[1]]
        candidate = Product(first=first, second=second)
        own = atom_values(first, batch) * atom_values(second, batch)
    return candidate if np.array_equal(own, values) else None


def fill_columns(
    plan: ColumnPlan,
    batch: Mapping[str, NDArray[Any]],
    levels: Mapping[str, Sequence[Any]],
    out: Floats,
) -> Floats | float:
    """Write the columns of a batch into ``out``, shape (column, row); return its offset."""
    evaluated = {
        k: apply_part(plan.parts[k], _rows(plan, k, batch, levels)) for k in plan.evaluated
    }
    for place, recipe in enumerate(plan.recipes):
        match recipe:
            case Product():
                np.multiply(
                    atom_values(recipe.first, batch), atom_values(recipe.second, batch), out[place]
                )
            case Evaluated():
                out[place] = evaluated[recipe.part][0][:, recipe.column]
            case _:
                out[place] = atom_values(recipe, batch)
    return 0.0 if plan.offset_part is None else evaluated[plan.offset_part][1]


def _rows(
    plan: ColumnPlan,
    part: int,
    batch: Mapping[str, NDArray[Any]],
    levels: Mapping[str, Sequence[Any]],
) -> pd.DataFrame:
    """Return the columns of one expression as a table that was read into memory has them."""
    columns: dict[str, Any] = {}
    for name in plan.parts[part]["columns"]:
        values = batch[name]
        texts = levels.get(name)
        if texts is not None and isinstance(texts[0], str):
            columns[name] = pd.Categorical.from_codes(values, pd.Index(texts))
        else:
            columns[name] = values
    return pd.DataFrame(columns, index=range(len(next(iter(batch.values())))))
