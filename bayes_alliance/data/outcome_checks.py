"""Notes about the outcome: is it a number, and does it vary."""

from __future__ import annotations

import re

import pandas as pd

from bayes_alliance.data.columns import zero_one
from bayes_alliance.data.missing_codes import codes_advice
from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, Words, listed

_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")


def note_outcome(outcome: pd.Series) -> list[Note]:
    """Look at an outcome that has at least one value; one without has its note elsewhere."""
    present = outcome.dropna()
    if present.empty:
        return []
    numeric = pd.api.types.is_numeric_dtype(outcome) or zero_one(outcome) is not None
    ordered = isinstance(outcome.dtype, pd.CategoricalDtype) and outcome.cat.ordered
    if not numeric and not ordered:
        return [_not_numeric(str(outcome.name), present)]
    if (present != present.iloc[0]).any():
        return []
    return [
        Note(
            level="bad",
            code="outcome_constant",
            message=f"{outcome.name} is {present.iloc[0]} in every row: nothing to explain."
            " Check that it is the right column.",
            columns=(str(outcome.name),),
        )
    ]


def _not_numeric(name: str, present: pd.Series) -> Note:
    words = present.astype("str")
    values = list(words.unique())
    what, remedy = _why_text(name, words, values)
    return Note(
        level="bad",
        code="outcome_not_numeric",
        message=f"{name} is text (such as {listed(map(repr, values), shown=3)}).{what}",
        columns=(name,),
        remedy=remedy,
    )


def _why_text(name: str, words: pd.Series, values: list[str]) -> tuple[str, Words]:
    """Say what makes text of an outcome, and what makes numbers of it."""
    if all(_DECIMAL_COMMA.fullmatch(value) for value in values):
        remedy = Advice(
            python='Read the file with decimal=",".',
            command_line="Read the file with --decimal , (and --separator ';' if that parts it).",
        )
        return " Its numbers have a decimal comma.", remedy
    odd = list(words[pd.to_numeric(words, errors="coerce").isna()].unique())
    if not odd or len(odd) == len(values):
        return "", "Code it as numbers: 0 and 1 for two answers, 1, 2, 3 ... for ordered ones."
    what = (
        f" Only {odd[0]!r} is no number."
        if len(odd) == 1
        else f" These are no numbers: {listed(map(repr, odd))}."
    )
    return what, codes_advice(
        "Correct the cells, or, if they mean no answer, name them:", name, odd
    )
