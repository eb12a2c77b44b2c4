"""What varies between groups where predictors stand: the level there, and the slopes there.

The columns of a design say what happens at predictor value 0: ``u0``, and slopes where all they
interact with is 0. Here they are added up to the effects at a place: the level ``z(m)' u``, the
slope ``(dz/dx)(m)' u`` of each number, and what each level of a category differs by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.model.column_order import ColumnOrder
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.standing import (
    NO_PLACE,
    Position,
    Standing,
    Values,
    effect_rows,
    own_variables,
    population_columns,
)

Array = NDArray[np.float64]
LEVEL, SLOPE, DIFFERENCE, HIGHER = "level", "slope", "difference", "higher"
_NOUNS = {LEVEL: "level", SLOPE: "slope", DIFFERENCE: "difference", HIGHER: "effect"}
# Steps of a derivative, of the predictor's sd: wide ones are exact for powers up to the fourth,
# a narrow one follows curves.
_NARROW, _WIDE = 1e-4, (1.0, 0.5)
_SAME, _NOTHING = 1e-6, 1e-9


@dataclass(frozen=True, kw_only=True)
class PlacedEffect:
    """One effect at a place, as a sum of the effects of the design as written.

    Parameters
    ----------
    label
        ``at the means``, or the name of the predictor whose slope it is.
    kind
        ``"level"``, ``"slope"``, ``"difference"`` (of a level from the reference) or ``"higher"``
        (of the highest order, the same at every place).
    row
        The weight of each effect as written, shape (effect,).
    standing
        Where the predictors stand on which it depends; no places if it is the same everywhere.
    contrast
        Of a difference: the category, the level and the reference.
    at_zero
        Whether it is an effect of the design as written, at predictor value 0.
    """

    label: str
    kind: str
    row: Array
    standing: Standing
    contrast: tuple[str, Any, Any] | None = None
    at_zero: bool = False

    @property
    def where(self) -> str:
        """Where it holds, for a sentence; nothing if it is the same everywhere."""
        return "at predictor value 0" if self.at_zero else self.standing.words

    @property
    def clause(self) -> str:
        """The same, to stand right behind what it is said of."""
        where = self.where
        return f"{'' if where.startswith('at ') else ','} {where}" if where else ""

    @property
    def noun(self) -> str:
        """What kind of effect it is, in a word."""
        return _NOUNS[self.kind]

    @property
    def named(self) -> str:
        """What it is, for captions: ``level``, ``slope of stigma``."""
        if self.contrast is not None:
            name, level, reference = self.contrast
            return f"difference of {name} {level} from {reference}"
        return self.noun if self.kind == LEVEL else f"{self.noun} of {self.label}"


def effects_as_written(labels: Sequence[str]) -> tuple[PlacedEffect, ...]:
    """Return the effects of a design as they are, at predictor value 0."""
    rows = np.eye(len(labels))
    return tuple(
        PlacedEffect(
            label=label,
            kind=LEVEL if label == names.INTERCEPT else SLOPE,
            row=row,
            standing=NO_PLACE,
            at_zero=len(labels) > 1,
        )
        for label, row in zip(labels, rows, strict=True)
    )


def group_effects_at(group: GroupDesign, standing: Standing) -> tuple[PlacedEffect, ...]:
    """Return what varies between the groups of a factor, where predictors stand."""
    if group.effects == (names.INTERCEPT,):
        return effects_as_written(group.effects)

    def rows(values: Values, count: int) -> Array:
        return effect_rows(group, values, count)

    return _Placing(
        rows=rows,
        orders=group.orders,
        labels=group.effects,
        standing=standing.among(own_variables(group.parts)),
        references=_references(group.parts),
    ).effects()


def population_effects_at(model: Model, standing: Standing) -> tuple[PlacedEffect, ...]:
    """Return level and slopes of the population part, where predictors stand."""

    def rows(values: Values, count: int) -> Array:
        return population_columns(model, values, count)

    return _Placing(
        rows=rows,
        orders=model.design.orders,
        labels=model.design.coefficients,
        standing=standing.among(own_variables([model.design.part])),
        references=_references([model.design.part]),
    ).effects()


def _references(parts: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the levels of every category, the reference first."""
    return {
        name: list(state.get("levels", state.get("numbers")))
        for part in parts
        for name, state in part["columns"].items()
        if "levels" in state or len(state["numbers"]) > 1
    }


@dataclass(frozen=True, kw_only=True)
class _Placing:
    """The rows of a design at a place and around it, put together once for all effects."""

    rows: Any
    orders: Sequence[ColumnOrder]
    labels: Sequence[str]
    standing: Standing
    references: Mapping[str, list[Any]]

    def effects(self) -> tuple[PlacedEffect, ...]:
        level = self._at([{}])[0]
        found = [self._effect(self.standing.label, LEVEL, level, self.standing)]
        if np.abs(level).max(initial=0.0) < _NOTHING:
            found = []  # without a constant, at a centred mean, there is no level
        for own in self.standing.places:
            found += self._differences(own) if own.name in self.references else self._slope(own)
        found += self._higher({effect.label for effect in found})
        return tuple(found)

    def _effect(self, label: str, kind: str, row: Array, standing: Standing) -> PlacedEffect:
        return PlacedEffect(label=label, kind=kind, row=row, standing=standing)

    def _at(self, changes: Sequence[Mapping[str, Any]]) -> Array:
        """Return design rows at the place, with some values changed, shape (change, column)."""
        values = {
            own.name: [change.get(own.name, own.value) for change in changes]
            for own in self.standing.places
        }
        return np.asarray(self.rows(values, len(changes)))

    def _slope(self, own: Position) -> list[PlacedEffect]:
        row = _settled(self._derivative(own))
        if not row.any():
            return []
        return [self._effect(own.name, SLOPE, row, self._depends_on(own.name))]

    def _derivative(self, own: Position) -> Array:
        step = own.sd if own.sd else 1.0
        narrow = self._rise(own, _NARROW * step)
        try:
            far, near = (self._rise(own, share * step) for share in _WIDE)
        except (DataError, ModelError):
            return narrow  # such as log(x) below 0
        wide = (4 * near - far) / 3
        scale = np.maximum(np.abs(narrow).max(initial=0.0), 1e-300)
        return wide if np.allclose(wide, narrow, rtol=0, atol=_SAME * scale) else narrow

    def _rise(self, own: Position, step: float) -> Array:
        ends = [float(own.value) + step, float(own.value) - step]
        above, below = self._at([{own.name: end} for end in ends])
        return np.asarray((above - below) / (ends[0] - ends[1]))

    def _differences(self, own: Position) -> list[PlacedEffect]:
        levels = self.references[own.name]
        rows = self._at([{own.name: level} for level in levels])
        standing = self._depends_on(own.name)
        return [
            PlacedEffect(
                label=self._label(own.name, level, k),
                kind=DIFFERENCE,
                row=row,
                standing=standing,
                contrast=(own.name, level, levels[0]),
            )
            for k, (level, row) in enumerate(zip(levels[1:], rows[1:] - rows[0], strict=True))
            if row.any()
        ]

    def _label(self, name: str, level: Any, column: int) -> str:
        """Return the design's own label of a level's difference, where it has that column."""
        for label, order in zip(self.labels, self.orders, strict=True):
            alone = not order.powers and order.factors == {name} and len(order.coding) == 1
            if alone and order.column == column and order.coding[0][1] == "treatment":
                return label
        return f"{name}[{level}]"

    def _depends_on(self, name: str) -> Standing:
        """Return where those predictors stand that an effect of one of them depends on."""
        with_it = [order for order in self.orders if name in order.powers or name in order.factors]
        if not with_it:  # through a function of it, such as a spline
            return self.standing
        others = {other for order in with_it for other in {*order.powers, *order.factors}} - {name}
        if any(order.powers.get(name, 0) > 1 for order in with_it):
            others.add(name)
        return self.standing.among(list(others))

    def _higher(self, told: set[str]) -> list[PlacedEffect]:
        """Return products of several predictors, and powers, above which nothing stands."""
        return [
            self._effect(label, HIGHER, np.eye(len(self.labels))[k], NO_PLACE)
            for k, (label, order) in enumerate(zip(self.labels, self.orders, strict=True))
            if order.degree > 1
            and label not in told
            and not any(order.below(other) for other in self.orders)
        ]


def _settled(row: Array) -> Array:
    """Return a row of derivatives without the noise of their last digits."""
    whole = np.round(row)
    near = np.abs(row - whole) < _NOTHING * np.maximum(1.0, np.abs(row))
    return np.where(near, whole, row)
