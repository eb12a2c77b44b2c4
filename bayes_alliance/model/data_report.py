"""What a model used of the table and what it dropped, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.data.inspection import ColumnUses, look_at_table
from bayes_alliance.data.report import DataReport, Note
from bayes_alliance.data.scanning import streamed_from
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import GIVE_ROWS, Advice, DataError, listed
from bayes_alliance.model.beyond_rows import seen_beyond
from bayes_alliance.model.design import Design
from bayes_alliance.model.expression import describe, uses_of
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.ordered_categories import category_words, empty_categories
from bayes_alliance.model.prior_table import PriorTable
from bayes_alliance.model.weight_checks import frequency_weights_of, weight_notes
from bayes_alliance.model.working_basis import measure_columns, working_basis
from bayes_alliance.model.zero_notes import FarZero, find_far_zeros, zero_notes

if TYPE_CHECKING:
    import pandas as pd

# The share of the rows that may be dropped without a caution.
_FEW_DROPPED = 0.05
LEAVE_ONE_OUT = "Leave one of them out."
# Singular values of columns of length one, relative to the largest: less is rounding.
_COLLINEAR = 1e-7


@dataclass(frozen=True, kw_only=True)
class ModelDataReport:
    """Rows used and dropped by a model.

    Parameters
    ----------
    rows_in_table, rows_used
        Counts of rows.
    clients
        How many clients the used rows stand for by their frequency weights; None without those.
    missing
        Missing values by column, for the columns that have any; a row may count in several.
    dropped
        Places of the dropped rows in the table, counting from 0; empty for a streamed table.
    nesting
        The report on the rows that were used.
    notes
        What the reader should know of, most serious first.
    """

    rows_in_table: int
    rows_used: int
    missing: dict[str, int]
    dropped: tuple[int, ...]
    nesting: DataReport
    notes: tuple[Note, ...]
    clients: float | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row a column with missing values."""
        import pandas as pd

        return pd.DataFrame(
            {"missing values": list(self.missing.values())},
            index=pd.Index(list(self.missing), name="column"),
        )

    @property
    def rows_in_words(self) -> str:
        """How many rows the model uses, in a sentence."""
        stand = "" if self.clients is None else f", which stand for {self.clients:,.10g} clients"
        return f"{self.rows_used} of {self.rows_in_table} rows used{stand}."

    def _lines(self) -> list[str]:
        return [self.rows_in_words, *(f"{note.level}: {note.text}" for note in self.notes)]

    def __str__(self) -> str:
        if not self.missing:
            return "\n".join(["Data of the model", *self._lines()])
        return as_text("Data of the model", self.table, *self._lines())

    def _repr_html_(self) -> str:
        return as_html("Data of the model", self.table, *self._lines())


def build_data_report(
    formula: Formula,
    frame: ModelFrame,
    design: Design,
    family: Family,
    priors: PriorTable,
) -> ModelDataReport:
    """Describe what a model used and dropped.

    Raises
    ------
    DataError
        If the rows are not there, because the fit was saved without them.
    """
    if not len(frame.rows):
        raise _no_rows(frame)
    weights = frequency_weights_of(formula.response, frame)
    seen = _seen(formula, frame, family)
    gone = np.ones(frame.rows_in_table, dtype=bool)
    gone[frame.positions] = False
    dropped = np.flatnonzero(gone)
    notes = [*missing_notes(frame, design, len(dropped)), *design_notes(design, family)]
    notes += weight_notes(weights)
    notes += category_notes(formula.response.outcome, frame)
    notes += zero_notes(far_zeros(formula, frame, design, family, priors))
    silent = {"group_is_row"} if family.group_may_be_row else set()
    notes += [
        note for note in seen.notes if note.code not in silent and not answered(note, formula)
    ]
    notes += seen_beyond(formula, frame, design)
    order = {"bad": 0, "caution": 1, "fine": 2}
    return ModelDataReport(
        rows_in_table=frame.rows_in_table,
        rows_used=len(frame.y),
        clients=None if weights is None else weights.clients,
        missing=dict(frame.missing),
        dropped=tuple(int(place) for place in dropped),
        nesting=seen,
        notes=tuple(sorted(notes, key=lambda note: order[note.level])),
    )


def _seen(formula: Formula, frame: ModelFrame, family: Family) -> DataReport:
    """Look at the used rows; those that stand for several clients count as often."""
    uses = uses_of_columns(formula, frame.rows, family)
    name = formula.response.repeats
    if name is None:
        return look_at_table(frame.rows, uses)
    # Grouping columns can hold counts too, but a weight says nothing about clients.
    others = frame.rows if name in uses.groups else frame.rows.drop(columns=name)
    return look_at_table(others, uses, repeats=frame.weights)


def answered(note: Note, formula: Formula) -> bool:
    """Tell whether the formula says what a note asks: ids of ``a/b`` count within their group."""
    asked = note.code in ("ids_repeat_across_groups", "crossed")
    return asked and any(set(note.columns) <= set(term.factors) for term in formula.group_terms)


def uses_of_columns(formula: Formula, rows: pd.DataFrame, family: Family) -> ColumnUses:
    """Say what a model uses its columns for."""
    response = formula.response
    expressions = formula.expressions
    parts = [uses_of(describe(expression, rows.columns)) for expression in expressions]
    predictors = frozenset(name for part in parts for name in part.predictors)
    factors = dict.fromkeys(f for term in formula.group_terms for f in term.factors)
    # Terms side by side say nothing of which level is the upper one: that with fewer groups.
    counts = rows[list(factors)].nunique().to_dict()
    return ColumnUses(
        outcome=response.outcome,
        # What a meta-analysis has for an outcome is an estimate, which is nearly normal.
        numeric=family.has_residual and response.weight_kind != "known_error",
        groups=tuple(sorted(factors, key=lambda factor: counts[factor])),
        predictors=predictors,
        categories=frozenset(name for part in parts for name in part.categories) - predictors,
        weights=frozenset([response.weights] if response.weights else []) - set(factors),
        in_a_model=True,
    )


def far_zeros(
    formula: Formula, frame: ModelFrame, design: Design, family: Family, priors: PriorTable
) -> list[FarZero]:
    """Find what hangs on a zero far from a model's rows; nothing where they are not held."""
    if not len(frame.rows):
        return []
    return find_far_zeros(
        design,
        frame.rows,
        priors,
        repeats=None if formula.response.repeats is None else frame.weights,
        constant_beside=not family.intercept,
    )


def _no_rows(frame: ModelFrame) -> DataError:
    """Say why the rows are not there, and what brings them back."""
    asked, source = "The report on the model's rows was asked for.", streamed_from(frame.rows)
    if source is None:
        return DataError(
            asked,
            "The fit was saved without its rows.",
            GIVE_ROWS,
        )
    return DataError(
        asked,
        f"They were streamed from {source}, and the fit was saved without what is kept of them.",
        Advice(
            python="Save it with data=True, or build the model again on scan_table(...).",
            command_line="Ask whoever made the fit for one with what is kept of them.",
        ),
        source=source,
    )


def missing_notes(frame: ModelFrame, design: Design, dropped: int) -> list[Note]:
    """Say how many rows were dropped, and for which columns."""
    if not dropped:
        return []
    columns = listed(f"{name} ({count})" for name, count in frame.missing.items())
    message = (
        f"{dropped} of {frame.rows_in_table} rows were dropped because a value is missing: "
        f"{columns}."
    )
    if any(part["has_group_means"] for part in design.parts):
        message += " Group means use every row that has the predictor and the group."
    share = dropped / frame.rows_in_table
    return [
        Note(
            level="caution" if share > _FEW_DROPPED else "fine",
            code="rows_dropped",
            message=message,
            columns=tuple(frame.missing),
            value=share,
            threshold=_FEW_DROPPED,
        )
    ]


def design_notes(design: Design, family: Family) -> list[Note]:
    """Say which coefficients the rows do not identify."""
    notes = []
    if design.aliased:
        one = len(design.aliased) == 1
        message = (
            f"{listed(design.aliased)} {'is' if one else 'are'} left out of the model: in these "
            f"rows {'it is' if one else 'they are'} the constant or a sum of simpler terms, so the "
            f"data say nothing about {'it' if one else 'them'}."
        )
        notes.append(Note(level="caution", code="aliased", message=message))
    return notes + [
        Note(
            level="caution",
            code="collinear",
            message=f"{collinear_in_words(found)} {LEAVE_ONE_OUT}",
        )
        for found in collinear_columns(design, family)
    ]


def collinear_columns(design: Design, family: Family) -> list[tuple[str, ...]]:
    """Find the sets of coefficients that the rows do not identify, and no others.

    In the working basis, and at length one, neither a unit nor a zero decides what is a sum.
    """
    measured = measure_columns(design.X, design.orders, constant_beside=not family.intercept)
    basis = working_basis(measured.to_working, design.orders, measured.constant)
    columns = _by_length(basis.columns(design.X))
    if columns.shape[1] < 2:
        return []
    _, lengths, directions = np.linalg.svd(np.linalg.qr(columns, mode="r"))
    shared = np.zeros(columns.shape[1])
    shared[: len(lengths)] = lengths
    nothing = directions[shared <= _COLLINEAR * shared.max()]
    # Columns of one set have a part in the same directions; a column by itself has none.
    tied = np.abs(nothing.T @ nothing) > _COLLINEAR
    rest, sets = set(np.flatnonzero(tied.diagonal()).tolist()), []
    while rest:
        found, reached = set[int](), {min(rest)}
        while reached - found:
            found |= reached
            reached = set(np.flatnonzero(tied[sorted(found)].any(axis=0)).tolist())
        sets.append(tuple(design.coefficients[k] for k in sorted(found)))
        rest -= found
    return sets


def collinear_in_words(columns: tuple[str, ...]) -> str:
    """Say what it means that columns are collinear."""
    each = "one follows from the other" if len(columns) == 2 else "each follows from the others"
    return (
        f"{listed(columns)} are collinear: {each}, so the data do not identify their "
        "coefficients. The priors decide how the effect is divided between them."
    )


def _by_length(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns of length one, so that no unit decides on their rank."""
    lengths = np.sqrt((columns**2).sum(axis=0))
    return np.asarray(columns / np.where(lengths > 0, lengths, 1.0))


def category_notes(outcome: str, frame: ModelFrame) -> list[Note]:
    """Say which categories of an ordinal outcome nobody is in."""
    empty = empty_categories(frame)
    if not empty:
        return []
    kept = "It stays a category, and the thresholds beside it rest"
    if len(empty) > 1:
        kept = "They stay categories, and the thresholds beside them rest"
    message = f"Nobody is in {category_words(empty)} of {outcome}. {kept} on their prior."
    return [Note(level="caution", code="empty_category", message=message)]
