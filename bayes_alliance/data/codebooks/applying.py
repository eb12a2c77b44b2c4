"""A codebook applied to a table: gaps where it says "no answer", categories where it names them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from bayes_alliance.data.codebooks.record import Codebook, Variable, as_number, missing_in_words
from bayes_alliance.data.labels import id_label
from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, counted, in_words, listed

_SHOWN = 6


def merged(own: Codebook, given: Codebook | None, columns: Iterable[str]) -> Codebook:
    """Return what is known of the columns: what the user gave, else what the file says."""
    names = [str(name) for name in columns]
    found = [given[n] if given is not None and n in given else own.of(n) for n in names]
    return Codebook(
        variables=tuple(variable for variable in found if not variable.says_nothing),
        source=own.source or (given.source if given is not None else ""),
    )


def apply_codebook(
    table: pd.DataFrame, codebook: Codebook, given: Codebook | None = None
) -> tuple[pd.DataFrame, list[Note]]:
    """Return a table with its codes for no answer as gaps and its named categories as such.

    Parameters
    ----------
    table
        The columns, codes as numbers or text.
    codebook
        What is known of them.
    given
        The user's part of it, of which it is said what the table has not.

    Notes
    -----
    Numbers with labels stay numbers, unless they are nominal and every one of them has a label of
    its own: then they are categories, in the order of their codes.
    """
    changed: dict[str, pd.Series] = {}
    blank: list[str] = []
    named: list[str] = []
    beyond: list[Note] = []
    for variable in codebook:
        column = table[variable.name]
        gone = _is_missing(column, variable)
        if gone.any():
            told = missing_in_words(variable)
            blank.append(f"{variable.name} in {counted(int(gone.sum()), 'row')} ({told})")
            column = _without(column, gone)
        beyond += _impossible(column, variable)
        categories = _categories(column, variable)
        if categories is not None:
            named.append(variable.name)
            column = categories
        changed[variable.name] = column
    attrs = table.attrs
    table = table.assign(**changed)
    table.attrs = attrs
    return table, [*_said(blank, named), *beyond, *_not_there(table, given)]


def _codes(column: pd.Series) -> pd.Series:
    """Return what the codes of a column are called."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype("object")
    return column


def _is_missing(column: pd.Series, variable: Variable) -> np.ndarray:
    if not (variable.missing or variable.missing_ranges):
        return np.zeros(len(column), dtype=bool)
    plain = _codes(column)
    if pd.api.types.is_numeric_dtype(plain) and not pd.api.types.is_bool_dtype(plain):
        values = plain.to_numpy(dtype="float64", na_value=np.nan)
        known = [n for code in variable.missing if (n := as_number(code)) is not None]
        gone = np.isin(values, known)
        for low, high in variable.missing_ranges:
            gone |= (values >= low) & (values <= high)
        return gone
    if pd.api.types.is_datetime64_any_dtype(plain) or pd.api.types.is_bool_dtype(plain):
        return np.zeros(len(column), dtype=bool)
    texts = plain.map(lambda v: variable.is_missing(str(v).strip()), na_action="ignore")
    return np.asarray(texts.fillna(False), dtype=bool)


def _without(column: pd.Series, gone: np.ndarray) -> pd.Series:
    found = column.mask(gone)
    if isinstance(found.dtype, pd.CategoricalDtype):
        found = found.cat.remove_unused_categories()
    return found


def _categories(column: pd.Series, variable: Variable) -> pd.Series | None:
    """Return a column as its named categories, if it is one of names; else None."""
    answers = variable.answers
    labels = list(answers.values())
    if variable.level != "nominal" or not answers or len(set(labels)) < len(labels):
        return None
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(column):
        return None
    called: dict[object, str] = {}
    for value in column.dropna().unique():
        label = answers.get(id_label(value))
        if label is None:
            return None
        called[value] = label
    if not called:
        return None
    names = [label for label in labels if label.strip()]
    if len(names) < len(labels):
        return None
    values = pd.Categorical(column.map(called), categories=names)
    return pd.Series(values, index=column.index, name=column.name)


def _impossible(column: pd.Series, variable: Variable) -> list[Note]:
    """Say how many values lie outside of what is possible."""
    if variable.possible is None or not pd.api.types.is_numeric_dtype(column):
        return []
    low, high = variable.possible
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    beyond = values[(values < low) | (values > high)]
    if not len(beyond):
        return []
    shown = listed(f"{value:g}" for value in np.unique(beyond))
    return [
        Note(
            level="caution",
            code="read_impossible_values",
            message=f"{variable.name} lies outside of {low:g} to {high:g}, which its codebook "
            f"calls possible, in {counted(len(beyond), 'row')}: {shown}.",
            columns=(variable.name,),
            value=float(len(beyond)),
            remedy="Correct the values, or name them among the missing codes of the codebook.",
        )
    ]


def _said(blank: list[str], named: list[str]) -> list[Note]:
    notes = []
    if blank:
        notes.append(
            Note(
                level="fine",
                code="read_user_missing",
                message="Codes that the file or the codebook marks as no answer are missing: "
                f"{'; '.join(blank[:_SHOWN])}"
                + (f"; and {len(blank) - _SHOWN} more columns." if len(blank) > _SHOWN else "."),
            )
        )
    if named:
        notes.append(
            Note(
                level="fine",
                code="read_categories",
                message=f"Read as categories, by the labels of their codes: {listed(named)}. "
                "They are nominal, and every value has a label.",
                columns=tuple(named),
            )
        )
    return notes


def _not_there(table: pd.DataFrame, given: Codebook | None) -> list[Note]:
    absent = [] if given is None else [n for n in given.names if n not in table.columns]
    if not absent:
        return []
    are = "is" if len(absent) == 1 else "are"
    return [
        Note(
            level="caution",
            code="read_codebook_names",
            message=f"The codebook describes {in_words(absent, shown=5)}, which {are} not in the "
            "table.",
            remedy=Advice(
                python="If a column was renamed, rename it in the codebook too.",
                command_line="If a column was renamed, rename it in the codebook too.",
            ),
        )
    ]
