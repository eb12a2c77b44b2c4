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
from bayes_alliance.model.linear import apply_part
from bayes_alliance.model.streaming.atoms import Atom, atom_values, atoms_of

Floats = NDArray[np.float64]
CONSTANT = -1
_MOST_ATOMS = 100


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
