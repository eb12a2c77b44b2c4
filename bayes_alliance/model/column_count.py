"""How many columns an expression makes on some rows, counted before they are made."""

from __future__ import annotations

from math import prod
from typing import Any

import pandas as pd

from bayes_alliance.errors import ModelError, shortened
from bayes_alliance.model.expression_sizes import column_counts

MOST_COLUMNS_MADE = 3_000
MOST_MULTIPLIED = 10
_LEVELS_OF = ("C", "S", "T")


def check_column_count(expression: str, description: Any, rows: pd.DataFrame) -> None:
    """Refuse an expression that makes more columns than a model can have coefficients.

    Parameters
    ----------
    expression
        As the user wrote it.
    description
        What formulae made of it.
    rows
        Those it is to be evaluated on.

    Raises
    ------
    ModelError
        With the number of columns and what they would take.
    """
    levels: dict[str, int] = {}
    terms = {
        str(term.name): [_columns(component, rows, levels) for component in term.components]
        for term in description.common_terms
        if hasattr(term, "components")
    }
    columns = 1 + sum(prod(sizes) for sizes in terms.values())
    if columns > MOST_COLUMNS_MADE:
        largest = max(terms, key=lambda name: prod(terms[name]))
        size = 8.0 * columns * len(rows) / 1e9
        raise ModelError(
            f"The expression '{shortened(expression)}' was to be evaluated on {len(rows):,} rows.",
            f"It makes about {columns:,} columns, {prod(terms[largest]):,} of them by "
            f"{shortened(largest, 60)}, and takes {_rounded(size)} GB or more; the most columns "
            f"there may be is {MOST_COLUMNS_MADE:,}.",
            "Join rare categories, leave interactions out, or let groups vary: (1 | column).",
            expression=expression,
            columns=columns,
        )
    for name, sizes in terms.items():
        if len(sizes) > MOST_MULTIPLIED:
            raise ModelError(
                f"The expression '{shortened(expression)}' was to be evaluated.",
                f"Its interaction {shortened(name, 60)} is of {len(sizes)} columns; the most there "
                f"may be is {MOST_MULTIPLIED}.",
                "Leave columns out of it, or make their product in the table first.",
                expression=expression,
            )


def _rounded(size: float) -> str:
    return f"{size:,.0f}" if size >= 10 else f"{size:.2g}"


def _columns(component: Any, rows: pd.DataFrame, levels: dict[str, int]) -> int:
    """Return about how many columns one column or function of a term makes."""
    call = getattr(component, "call", None)
    if call is None:
        name = str(component.name)
        return 1 if _numeric(rows, name) else _levels(rows, name, levels)
    first = str(getattr(call.args[0], "name", "")) if call.args else ""
    if first in rows and (call.callee in _LEVELS_OF or not _numeric(rows, first)):
        return _levels(rows, first, levels)
    return max([1, *map(int, column_counts(call))])


def _numeric(rows: pd.DataFrame, name: str) -> bool:
    return name not in rows or pd.api.types.is_numeric_dtype(rows[name].dtype)


def _levels(rows: pd.DataFrame, name: str, known: dict[str, int]) -> int:
    if name not in known:
        known[name] = int(rows[name].nunique())
    return known[name]
