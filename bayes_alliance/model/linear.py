"""One linear expression of a formula (``1 + stigma * setting``) as labelled columns.

formulae evaluates it. What it learnt from the data (levels, means, knots) is kept as plain JSON,
from which the same columns are made for new rows, without the old ones.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.data.columns import ordinary_column
from bayes_alliance.data.labels import group_labels
from bayes_alliance.errors import DataError, ModelError, counted, in_the_table, listed, shortened
from bayes_alliance.model.column_count import check_column_count
from bayes_alliance.model.column_order import orders_of, orders_to_json
from bayes_alliance.model.expression import (
    FUNCTIONS,
    Uses,
    calls_of,
    describe,
    group_mean_columns,
    has_group_means,
    learn_group_means,
    state_group_means,
    stateful_calls,
    uses_of,
)
from bayes_alliance.model.plain_columns import plain_predictor
from bayes_alliance.model.plain_json import from_json, to_json
from bayes_alliance.model.predictor_checks import (
    as_numbers,
    check_finite,
    check_predictor,
    holds_numbers,
    quiet_arithmetic,
)
from bayes_alliance.model.repeats import Repeats, counting_clients
from bayes_alliance.model.transforms import GROUP_MEANS
from bayes_alliance.model.typical import (
    OF_LABELS,
    SD,
    SHARES,
    level_shares,
    mean_and_sd,
    moments_of_columns,
)

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LinearPart:
    """Labelled columns of one expression.

    Parameters
    ----------
    expression
        As written in the formula.
    labels
        One label a column, in formulae's words; the constant is ``Intercept``.
    matrix
        Shape (row, label).
    offset
        Sum of the expression's ``offset()`` terms, shape (row,); zeros where there are none.
    state
        Plain JSON from which :func:`apply_part` makes the same columns on new rows.
    """

    expression: str
    labels: tuple[str, ...]
    matrix: Matrix
    offset: NDArray[np.float64]
    state: Mapping[str, Any]


def learn_part(
    expression: str,
    rows: pd.DataFrame,
    all_rows: pd.DataFrame,
    repeats: Repeats | None = None,
) -> LinearPart:
    """Evaluate an expression and keep what it learnt.

    Parameters
    ----------
    expression
        For formulae; see :func:`parse_formula`.
    rows
        The complete rows the model uses.
    all_rows
        Every row of the table: group means use all rows that have the predictor and the group.
    repeats
        How many clients each row stands for; one each if None.

    Raises
    ------
    ModelError
        If the expression cannot be evaluated.
    """
    description = describe(expression, rows.columns)
    grouping, uses = group_mean_columns(description), uses_of(description)
    _check_constant(uses)
    calls, counts = stateful_calls(description), repeats or Repeats()
    inner = [call for call in calls if call.callee not in GROUP_MEANS]
    if has_group_means(description):
        with counting_clients(inner, counts.of_table):
            learn_group_means(description, _all_prepared(description, all_rows), counts.of_table)
    for name in rows.columns:
        if name in uses.predictors | uses.categories:
            check_predictor(rows[name], chosen=name in uses.categories)
    with quiet_arithmetic(), counting_clients(inner, counts.of_rows):
        design = _evaluated(expression, description, rows)
        matrix, offset, labels = _columns(design, len(rows))
    _check_labels(labels)
    check_finite(expression, labels, np.column_stack([matrix, offset]))
    categories = _categories(design)
    state = {
        "expression": expression,
        "labels": list(labels),
        "orders": orders_to_json(orders_of(design)),
        "has_group_means": bool(grouping),
        "columns": {
            name: _column_state(categories, name, rows[name], counts.of_rows)
            for name in _used(design, rows)
        },
        "learnt": [to_json(vars(call.stateful_transform)) for call in calls],
    }
    if state["has_group_means"]:
        state[OF_LABELS] = moments_of_columns(labels, matrix, counts.of_rows)
    return LinearPart(
        expression=expression, labels=labels, matrix=matrix, offset=offset, state=state
    )


def apply_part(state: Mapping[str, Any], new_rows: pd.DataFrame) -> tuple[Matrix, Matrix]:
    """Make the same columns for new rows from the kept state.

    A row's columns depend on no other row: the mean of a group not seen before is stated in a
    column ``between(x, g)``, or else is the average group's.

    Returns
    -------
    matrix, offset
        Shapes (row, label) and (row,).

    Raises
    ------
    DataError
        If a column is missing from the new rows, has a level that was never seen, or holds text
        where the model has numbers.
    """
    missing = [name for name in state["columns"] if name not in new_rows.columns]
    if missing:
        raise DataError(
            f"The new rows need the columns {', '.join(state['columns'])}.",
            f"They lack {', '.join(missing)}.",
            "Add them, under the names they had when the model was built.",
            missing=missing,
        )
    skeleton = _skeleton(state["columns"])
    description = describe(state["expression"], skeleton.columns)
    for call, learnt in zip(stateful_calls(description), state["learnt"], strict=True):
        vars(call.stateful_transform).update(from_json(learnt))
    design = _evaluated(state["expression"], description, skeleton)
    if design.common is None:
        return np.zeros((len(new_rows), 0)), np.zeros(len(new_rows))
    state_group_means(description, new_rows)
    ids = uses_of(description).ids
    numeric = [n for n, c in state["columns"].items() if holds_numbers(c) and n not in ids]
    numbers = {name: as_numbers(new_rows[name]) for name in numeric}
    rows = prepared(new_rows[list(state["columns"])].assign(**numbers), ids)
    with _new_data_errors(), quiet_arithmetic():
        parts = [(term, term.eval_new_data(rows)) for term in design.common.terms.values()]
    matrix, offset, labels = _stacked(parts, len(rows))
    check_finite(state["expression"], labels, np.column_stack([matrix, offset]))
    return matrix, offset


def prepared(rows: pd.DataFrame, ids: Collection[str] = ()) -> pd.DataFrame:
    """Return rows as formulae should see them: floats, text, or a factor with its level order.

    Parameters
    ----------
    rows
        Any.
    ids
        Columns that name groups and nothing else; they become text.
    """
    changed: dict[str, Any] = {}
    for name in rows.columns:
        column = ordinary_column(rows[name])
        if name in ids:
            changed[name] = group_labels(rows[name])
        elif isinstance(column.dtype, pd.CategoricalDtype):
            changed[name] = column.cat.remove_unused_categories().cat.as_ordered()
        elif column.dtype == object:
            changed[name] = column.astype("str")
        elif pd.api.types.is_numeric_dtype(column.dtype):
            # Before any arithmetic: short integers wrap around, and so do products of long ones.
            changed[name] = column.astype("float64")
        else:
            changed[name] = column
    plain = rows.assign(**changed)
    plain.attrs = {}  # ids are text now, and no number is to be called by a file's text again
    return plain


def _all_prepared(description: Any, all_rows: pd.DataFrame) -> pd.DataFrame:
    """Return every row of the table, gaps and all, as group means are learnt from them."""
    uses = uses_of(description)
    table = all_rows[[name for name in all_rows.columns if name in description.var_names]]
    numbers = {n: plain_predictor(table[n]) for n in table.columns if n in uses.predictors}
    return prepared(table.assign(**numbers), uses.ids)


def _check_constant(uses: Uses) -> None:
    """Refuse a column that has the constant's name: formulae takes one for the other."""
    if names.INTERCEPT in uses.predictors | uses.categories | uses.ids:
        raise DataError(
            f"The formula has the predictor {names.INTERCEPT}.",
            "The constant of the model is called that.",
            in_the_table(
                "Rename the column, for example with "
                f"data.rename(columns={{{names.INTERCEPT!r}: 'intercept_score'}}).",
                "Rename the column, for example to intercept_score,",
            ),
            column=names.INTERCEPT,
        )


def _check_labels(labels: tuple[str, ...]) -> None:
    """Refuse two columns of one label: a column f[B] beside the category B of f."""
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise DataError(
            "Every coefficient needs a label of its own.",
            f"Two columns of the design would be called {listed(twice)}.",
            "Rename the column of that name, or the level of the category.",
            labels=twice,
        )


def _evaluated(expression: str, description: Any, rows: pd.DataFrame) -> Any:
    from formulae.environment import Environment
    from formulae.matrices import DesignMatrices

    check_column_count(expression, description, rows)
    needed = description.var_names
    own = prepared(rows[[n for n in rows.columns if n in needed]], uses_of(description).ids)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # formulae prints before it raises
            return DesignMatrices(description, own, Environment([FUNCTIONS]))
    except Exception as error:
        raise ModelError(
            f"The expression '{shortened(expression)}' was to be evaluated on "
            f"{counted(len(rows), 'row')}.",
            f"formulae could not: {str(error).rstrip('.')}.",
            "Check the functions and the types of the columns in it.",
            expression=expression,
        ) from error


def _columns(design: Any, rows: int) -> tuple[Matrix, Matrix, tuple[str, ...]]:
    if design.common is None:
        return np.zeros((rows, 0)), np.zeros(rows), ()
    return _stacked([(term, term.data) for term in design.common.terms.values()], rows)


def _stacked(parts: list[tuple[Any, Any]], rows: int) -> tuple[Matrix, Matrix, tuple[str, ...]]:
    columns: list[Matrix] = []
    labels: list[str] = []
    offset = np.zeros(rows)
    for term, values in parts:
        block = np.asarray(values, dtype=float).reshape(rows, -1)
        if term.kind == "offset":
            offset = offset + block[:, 0]
        else:
            columns.append(block)
            labels.extend(str(label) for label in term.labels)
    matrix = np.column_stack(columns) if columns else np.zeros((rows, 0))
    return np.ascontiguousarray(matrix), offset, tuple(labels)


def _used(design: Any, rows: pd.DataFrame) -> list[str]:
    names = design.model.var_names if design.common is not None else set()
    return [str(name) for name in rows.columns if name in names]


def _categories(design: Any) -> set[str]:
    """Return the columns of functions that make categories: their numbers are levels."""
    made = (c.var_names for c in calls_of(design.model) if c.kind == "categoric")
    return {str(name) for names in made for name in names}


def _column_state(
    categories: Collection[str], name: str, column: pd.Series[Any], repeats: Matrix | None
) -> dict[str, Any]:
    """Describe a column well enough to stand in for it: its levels and shares, or mean and sd."""
    rows = prepared(column.to_frame())[name]
    if isinstance(rows.dtype, pd.CategoricalDtype):
        levels = rows.cat.categories.tolist()
        return {"levels": levels, SHARES: level_shares(rows, levels, repeats)}
    if not pd.api.types.is_numeric_dtype(rows.dtype):
        levels = sorted(rows.unique().tolist())
        return {"levels": levels, SHARES: level_shares(rows, levels, repeats)}
    if name in categories:
        values = sorted(rows.unique().tolist())
        whole = all(float(value).is_integer() for value in values)
        return {
            "numbers": [int(value) for value in values] if whole else values,
            SHARES: level_shares(rows, values, repeats),
        }
    mean, sd = mean_and_sd(rows.to_numpy(dtype=float), repeats)
    return {"numbers": [mean], SD: sd}


def _skeleton(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return few rows that have every level of every column: enough to set formulae up again."""
    values = {name: c.get("levels", c.get("numbers")) for name, c in columns.items()}
    length = max((len(v) for v in values.values()), default=1)
    frame: dict[str, Any] = {}
    for name, column in columns.items():
        filled = [values[name][i % len(values[name])] for i in range(length)]
        if "levels" in column:
            frame[name] = pd.Categorical(filled, categories=column["levels"], ordered=True)
        else:
            frame[name] = filled
    return pd.DataFrame(frame, index=range(length))


@contextlib.contextmanager
def _new_data_errors() -> Iterator[None]:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except ValueError as error:
        raise DataError(
            "The design was to be rebuilt on new rows.",
            f"{error}".rstrip(".") + ".",
            "Use only levels that were in the data the model was built on.",
        ) from error
