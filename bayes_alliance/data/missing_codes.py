"""Which cells of a table mean "no answer": the usual blanks and the codes a study adds."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from bayes_alliance.errors import Advice, DataError, did_you_mean, listed

BLANKS = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "."})

# A number as people write it; "007" is an id, not a number.
NUMBER = re.compile(r"[+-]?(?!0\d)(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|Inf|INF|Infinity)")

_SHOWN = 5

type Code = str | int | float
type Missing = Code | Iterable[Code] | Mapping[str, Code | Iterable[Code]]


@dataclass(frozen=True, kw_only=True)
class MissingCodes:
    """Codes of one column, as text and as the numbers they stand for (-99 is also -99.0)."""

    words: frozenset[str]
    numbers: frozenset[float]

    def and_also(self, other: MissingCodes) -> MissingCodes:
        """Return these codes and others."""
        return MissingCodes(words=self.words | other.words, numbers=self.numbers | other.numbers)

    def match_text(self, cell: str) -> bool:
        """Tell whether a cell of a text table is one of the codes."""
        cell = cell.strip()
        if cell in self.words:
            return True
        return bool(self.numbers and NUMBER.fullmatch(cell) and float(cell) in self.numbers)

    def blank_out(self, column: pd.Series) -> pd.Series:
        """Return a typed column with its codes replaced by missing values."""
        if not self.words or pd.api.types.is_bool_dtype(column):
            return column
        if isinstance(column.dtype, pd.CategoricalDtype):
            left = [c for c in column.cat.categories if not self.match_text(str(c))]
            return column.cat.set_categories(left)
        if pd.api.types.is_numeric_dtype(column):
            return column.mask(column.isin(list(self.numbers)))
        return column.mask(column.map(lambda v: isinstance(v, str) and self.match_text(v)))


def codes_by_column(
    missing: Missing,
    columns: Iterable[str],
    also: Mapping[str, Iterable[Code]] = MappingProxyType({}),
) -> dict[str, MissingCodes]:
    """Return the codes of every column; a mapping gives codes to the columns it names only.

    Parameters
    ----------
    missing
        The codes.
    columns
        Names of the columns.
    also
        More codes of single columns, which need not all be there.

    Raises
    ------
    DataError
        If the mapping names a column the table has not.
    """
    names = list(columns)
    if not isinstance(missing, Mapping):
        shared = _codes(missing)
        return {n: shared.and_also(_codes(also[n])) if n in also else shared for n in names}
    unknown = [str(name) for name in missing if name not in names]
    if unknown:
        raise DataError(
            f"Missing-value codes were given for {listed(unknown)}.",
            f"The table has {listed(names)}.",
            f"{did_you_mean(unknown[0], names)}Name columns as the table spells them.",
            unknown=unknown,
            columns=names,
        )
    return {n: _codes(missing.get(n, ())).and_also(_codes(also.get(n, ()))) for n in names}


def codes_advice(opening: str, column: str, codes: Sequence[Code]) -> Advice:
    """Say how codes of one column are made missing values; ``opening`` leads up to it."""
    shown = list(codes)[:_SHOWN]
    by_column = json.dumps({column: shown}, ensure_ascii=False)
    options = [f"--missing {shlex.quote(f'{column}={code}')}" for code in shown]
    return Advice(
        python=f"{opening} read_table(..., missing={by_column}).",
        command_line=f"{opening} {' '.join(options)}.",
    )


def _codes(codes: Code | Iterable[Code]) -> MissingCodes:
    given = [codes] if isinstance(codes, str | int | float) else list(codes)
    words = [str(code).strip() for code in given]
    return MissingCodes(
        words=frozenset(words),
        numbers=frozenset(float(w) for w in words if NUMBER.fullmatch(w)),
    )
