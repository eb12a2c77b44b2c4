"""A formula with the user's own column names in the place of a model's words."""

from __future__ import annotations

from collections.abc import Mapping
from keyword import iskeyword

from bayes_alliance.model.tokens import tokenize


def renamed_formula(formula: str, columns: Mapping[str, str]) -> str:
    """Put columns in the place of words; names that need it get backquotes.

    Parameters
    ----------
    formula
        A formula in a model's own words.
    columns
        From word to column; words that are not in it stay.
    """
    pieces: list[str] = []
    place = 0
    tokens = tokenize(formula)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        call = following is not None and following.text == "("
        if token.kind == "name" and token.text in columns and not call:
            pieces += [formula[place : token.start], _written(columns[token.text])]
            place = token.end
    return "".join([*pieces, formula[place:]])


def _written(column: str) -> str:
    plain = column.isidentifier() and column[0].isalpha() and not iskeyword(column)
    return column if plain else f"`{column}`"
