"""Where predictors stand when something is said of groups: at their means, or where stated.

Numbers stand at their mean over the rows, counted by frequency weights; categories are averaged
over their levels, as often as each occurs. The zero of a predictor is nobody's place. What is
stated becomes rows of the design.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.display import joined, place
from bayes_alliance.errors import GIVE_ROWS, Advice, ModelError, SamplingError, did_you_mean, listed
from bayes_alliance.model.column_order import ColumnOrder, orders_from_json
from bayes_alliance.model.design import Design
from bayes_alliance.model.expression import has_offset
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.linear import apply_part
from bayes_alliance.model.predictor_checks import holds_numbers, is_finite_number
from bayes_alliance.model.repeats import clients_of_rows
from bayes_alliance.model.spec import Model
from bayes_alliance.model.typical import OF_LABELS, SD, SHARES, level_shares, mean_and_sd
from bayes_alliance.sampling.fit import Fit

MEANS = "means"
MEAN, AVERAGED, STATED = "mean", "averaged", "stated"
_MOST_NAMED = 4
Array = NDArray[np.float64]
# One value a design row, by the name of a column or of an effect; of a category it may be the
# share of each level, over which the row is then averaged.
Values = Mapping[str, Sequence[Any]]
_MOST_LEVELS = 20_000


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where one predictor stands.

    Parameters
    ----------
    name
        A column, or an effect that is centred by group.
    value
        A number or a level; for a category that is averaged over, the share of each level.
    source
        ``"mean"``, ``"averaged"`` or ``"stated"``.
    sd
        The predictor's standard deviation, where it is known and a number.
    """

    name: str
    value: Any
    source: str
    sd: float | None = None

    @property
    def shown(self) -> str:
        """The value as text, with digits enough to be true."""
        if isinstance(self.value, Mapping):
            parts = (f"{100 * share:.0f}% {level}" for level, share in self.value.items())
            return listed(parts)
        return place(self.value, sd=self.sd if self.source == MEAN else None)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where all predictors stand that a number depends on.

    Parameters
    ----------
    places
        One a predictor; none where the number is the same everywhere.
    """

    places: tuple[Position, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """The value of each predictor."""
        return {own.name: own.value for own in self.places}

    @property
    def stated_values(self) -> dict[str, Any]:
        """The values that were stated."""
        return {own.name: own.value for own in self.places if own.source == STATED}

    @property
    def label(self) -> str:
        """A short name: ``at the means``, or ``at stigma = 2``."""
        own = [f"{p.name} = {p.shown}" for p in self.places if p.source == STATED]
        rest = ["else at the means"] if len(own) < len(self.places) else []
        return f"at {', '.join([*own, *rest])}" if own else "at the means"

    @property
    def words(self) -> str:
        """For a sentence: ``at the mean of stigma (2.94), averaged over sex``; or nothing."""
        means = [f"{p.name} ({p.shown})" for p in self.places if p.source == MEAN]
        stated = [f"{p.name} = {p.shown}" for p in self.places if p.source == STATED]
        averaged = [p.name for p in self.places if p.source == AVERAGED]
        found = [f"at {joined(stated)}"] if stated else []
        if len(means) > _MOST_NAMED:
            found.append(f"at the means of {len(means)} predictors")
        elif means:
            found.append(f"at the mean{'s' if len(means) > 1 else ''} of {joined(means)}")
        return ", ".join([*found, *([f"averaged over {joined(averaged)}"] * bool(averaged))])

    def along(self, name: str, grid: Sequence[Any]) -> dict[str, list[Any]]:
        """Return the values of every predictor where one of them takes those of a grid."""
        return {name: list(grid)} | {k: [v] * len(grid) for k, v in self.values.items()}

    def beside(self, other: Standing) -> Standing:
        """Return the places of both, each predictor once."""
        own = {place.name for place in self.places}
        return Standing(places=self.places + tuple(p for p in other.places if p.name not in own))

    def among(self, names: Sequence[str]) -> Standing:
        """Return the places of some of the predictors."""
        return Standing(places=tuple(own for own in self.places if own.name in names))


# Of numbers that are the same wherever predictors are, or an average over the rows.
NO_PLACE = Standing()


def standing_of(
    fit: Fit,
    variables: Sequence[str],
    *,
    at: Mapping[str, Any] | str | None = None,
    asked: str,
    call: str,
) -> Standing:
    """Return where predictors stand: at their means, but for those that are stated.

    Parameters
    ----------
    fit
        The fit, whose design keeps what its predictors are typically.
    variables
        What the number depends on.
    at
        Values of some of them, or the word ``"means"``.
    asked, call
        First sentence of an error, and the verb as it was called, without its end.

    Raises
    ------
    ModelError
        If a value is stated of what the number does not depend on, or cannot be one.
    SamplingError
        If the mean of a predictor that is not stated is not known.
    """
    stated = _checked(fit.model.design, variables, at, asked)
    return Standing(
        places=tuple(
            Position(name=name, value=stated[name], source=STATED)
            if name in stated
            else _typical(fit, name, asked, call)
            for name in variables
        )
    )


def _checked(
    design: Design, variables: Sequence[str], at: Mapping[str, Any] | str | None, asked: str
) -> dict[str, Any]:
    if isinstance(at, str):
        if at != MEANS:
            raise ModelError(
                asked,
                f"at is {at!r}, which is no place.",
                'Write at="means", or values such as at={"stigma": 2}.',
            )
        return {}
    stated = dict(at or {})
    unknown = [name for name in stated if name not in variables]
    if unknown:
        hint = did_you_mean(unknown[0], variables)
        raise ModelError(
            asked,
            f"The answer does not depend on {unknown[0]}. {hint}".rstrip(),
            _what_to_state(variables),
            unknown=unknown,
        )
    for name, value in stated.items():
        check_value(name, value, levels_of(design, name), asked)
    return stated


def _what_to_state(variables: Sequence[str]) -> str:
    if not variables:
        return "Leave at= out: the answer is the same at all values of the predictors."
    several = f"one or more of {listed(variables)}" if len(variables) > 1 else "that alone"
    return f"State {several}: at={{{variables[0]!r}: ...}}."


def check_value(name: str, value: Any, levels: Sequence[Any] | None, asked: str) -> None:
    """Refuse a value that a predictor cannot have.

    Raises
    ------
    ModelError
        With the values it can have.
    """
    if levels is None:
        wrong, what = not is_finite_number(value), f"State one finite number for {name}."
    else:
        wrong = not isinstance(value, Hashable) or value not in set(levels)
        what = f"State one of its categories: {listed(levels)}."
    if wrong:
        raise ModelError(asked, f"{name} is {value!r}.", what, variable=name)


def levels_of(design: Design, name: str) -> list[Any] | None:
    """Return the levels of a category that an expression uses; None of a number."""
    for part in design.parts:
        state = part["columns"].get(name)
        if state is not None and not holds_numbers(state):
            return list(state.get("levels", state.get("numbers")))
    return None


def _typical(fit: Fit, name: str, asked: str, call: str) -> Position:
    design = fit.model.design
    for part in design.parts:
        state = part["columns"].get(name)
        found = None if state is None else _place_of(name, state)
        if found is None and name in part.get(OF_LABELS, {}):
            mean, sd = part[OF_LABELS][name]
            found = Position(name=name, value=_no_noise(mean, sd), source=MEAN, sd=sd)
        if found is not None:
            return found
    found = _place_in_rows(fit, name)
    if found is not None:
        return found
    streamed = fit.streamed_from is not None
    why = (
        "the sums kept of streamed rows do not tell" if streamed else "the fit has no rows to tell"
    )
    raise SamplingError(
        asked,
        f"It depends on where {name} is, and {why} its mean.",
        Advice(
            python=f'State a value: {call}, at={{"{name}": ...}}).',
            command_line="Fit the model to a file with a sample of the rows for this."
            if streamed
            else GIVE_ROWS.command_line,
        ),
        predictor=name,
    )


def _place_of(name: str, state: Mapping[str, Any]) -> Position | None:
    if SD in state:
        return Position(name=name, value=state["numbers"][0], source=MEAN, sd=state[SD])
    if SHARES in state:
        levels = state.get("levels", state.get("numbers"))
        return Position(
            name=name, value=dict(zip(levels, state[SHARES], strict=True)), source=AVERAGED
        )
    return None


def _place_in_rows(fit: Fit, name: str) -> Position | None:
    """Look into the rows, for fits saved before designs kept what predictors are typically."""
    rows = fit.model.frame.rows
    if not fit.has_data:
        return None
    often = clients_of_rows(fit.model.formula.response, rows)
    if name not in rows.columns:
        mean, sd = mean_and_sd(_effect_column(fit, name), often)
        return Position(name=name, value=_no_noise(mean, sd), source=MEAN, sd=sd)
    levels = levels_of(fit.model.design, name)
    if levels is None:
        mean, sd = mean_and_sd(rows[name].to_numpy(dtype=float), often)
        return Position(name=name, value=mean, source=MEAN, sd=sd)
    shares = level_shares(rows[name], levels, often)
    return Position(name=name, value=dict(zip(levels, shares, strict=True)), source=AVERAGED)


def _no_noise(mean: float, sd: float) -> float:
    """Return the mean of a centred column, which is 0 but for the last digits."""
    return 0.0 if abs(mean) < 1e-10 * sd else mean


def _effect_column(fit: Fit, label: str) -> NDArray[np.float64]:
    """Return the column of an effect that is centred by group."""
    design = fit.model.design
    if label in design.coefficients:
        return design.X[:, design.coefficients.index(label)]
    group = next(g for g in design.groups if label in g.effects)
    return group.Z[:, group.effects.index(label)]


def sloping_variables(fit: Fit) -> tuple[str, ...]:
    """Return what the slopes that vary between groups depend on, in order.

    Columns, or the effects themselves where they are centred by group (``within(stigma, g)``).
    """
    return own_variables([part for group in fit.model.design.groups for part in group.parts])


def own_variables(parts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what some expressions of a formula depend on, in order."""
    return tuple(dict.fromkeys(name for part in parts for name in _variables(part)))


def population_variables(fit: Fit) -> tuple[str, ...]:
    """Return what the population part depends on: columns, or effects centred by group."""
    return tuple(_variables(fit.model.design.part))


def _variables(state: Mapping[str, Any]) -> list[str]:
    if not state["has_group_means"]:
        return list(state["columns"])
    # What is centred by group has a value of its own, whatever its column's; products of such
    # numbers follow from theirs.
    pairs = zip(state["labels"], orders_from_json(state["orders"]), strict=True)
    return [label for label, own in pairs if not own.is_constant and not _is_product(own)]


def _is_product(order: ColumnOrder) -> bool:
    return order.degree > 1 and not order.factors


def effect_rows(group: GroupDesign, values: Values, count: int) -> Array:
    """Return the columns of a group's effects at stated values, shape (value, effect)."""
    return np.column_stack([_columns(state, values, count)[0] for state in group.parts])


def population_rows(model: Model, values: Values, count: int) -> tuple[Array, Array]:
    """Return the population columns and the offset at stated values.

    Raises
    ------
    ModelError
        If effects are stated by their labels and the model has an offset, whose column is not.
    """
    state = model.design.part
    matrix, offset, by_label = _columns(state, values, count)
    if by_label and (np.any(model.design.offset) or (model.stream and has_offset(state))):
        raise ModelError(
            f"Rows were asked for at {listed(values)}.",
            "The model has an offset, and its column was not stated.",
            f"State the columns themselves: {listed(state['columns'])}.",
        )
    return matrix[:, state["kept"]], offset


def population_columns(model: Model, values: Values, count: int) -> Array:
    """Return the population columns at stated values, whatever the offset is there."""
    state = model.design.part
    return np.asarray(_columns(state, values, count)[0][:, state["kept"]])


def _columns(state: Mapping[str, Any], values: Values, count: int) -> tuple[Array, Array, bool]:
    """Return matrix, offset, and whether they were made from labels, not from columns."""
    labels = state["labels"]
    columns = list(state["columns"])
    if columns and not state["has_group_means"] and all(name in values for name in columns):
        rows, weights, place = _every_level({name: values[name] for name in columns}, count)
        matrix, offset = apply_part(state, rows)
        if len(rows) > count:
            matrix, offset = (_averaged(part, weights, place, count) for part in (matrix, offset))
        return matrix, offset, False
    orders = orders_from_json(state["orders"])
    stacked = [_by_label(k, own, values, count) for k, own in zip(labels, orders, strict=True)]
    matrix = np.column_stack(stacked) if stacked else np.zeros((count, 0))
    return matrix, np.zeros(count), bool(columns)


def _by_label(label: str, order: ColumnOrder, values: Values, count: int) -> Array:
    """Return a column that is stated by its label, or made of those that are; else ones."""
    if label in values:
        return np.asarray(values[label], float)
    one = np.ones(count)
    if not _is_product(order) or not all(part in values for part in order.parts):
        return one
    powers = [np.asarray(values[part], float) ** power for part, power in order.parts.items()]
    return np.asarray(order.factor * np.prod([one, *powers], axis=0))


def _every_level(values: Values, count: int) -> tuple[pd.DataFrame, Array, NDArray[np.int64]]:
    """Write a value that is an average over levels as one row a level.

    Returns the rows, the weight of each, and the place of the value it belongs to.
    """
    rows: list[dict[str, Any]] = []
    weights: list[float] = []
    places: list[int] = []
    for k in range(count):
        own = {name: _levels_of_value(column[k]) for name, column in values.items()}
        size = int(np.prod([len(levels) for levels in own.values()], dtype=np.int64))
        if size > _MOST_LEVELS:
            raise ModelError(
                f"An average over the levels of {listed(own)} was asked for.",
                f"There are {size:,} combinations of them.",
                Advice(
                    python="State the level of some of them with at=.",
                    command_line="Join some of their categories in the file.",
                ),
            )
        for chosen in product(*(levels.items() for levels in own.values())):
            rows.append(dict(zip(own, (level for level, _ in chosen), strict=True)))
            weights.append(float(np.prod([share for _, share in chosen])))
            places.append(k)
    return pd.DataFrame(rows, columns=list(values)), np.asarray(weights), np.asarray(places)


def _levels_of_value(value: Any) -> Mapping[Any, float]:
    return value if isinstance(value, Mapping) else {value: 1.0}


def _averaged(part: Array, weights: Array, place: NDArray[np.int64], count: int) -> Array:
    summed = np.zeros((count, *part.shape[1:]))
    np.add.at(summed, place, weights.reshape(-1, *(1,) * (part.ndim - 1)) * part)
    return summed
