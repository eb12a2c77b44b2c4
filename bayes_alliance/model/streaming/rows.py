"""A model's rows as a stream leaves them: design without rows, sums, and a few typical rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.provenance import LOST_CATEGORIES
from bayes_alliance.data.report import Note
from bayes_alliance.data.scan_queries import ROWS
from bayes_alliance.data.scanning import (
    STREAMED_FROM,
    GapError,
    ScannedTable,
    reading,
    table_changed,
)
from bayes_alliance.errors import DataError
from bayes_alliance.kernels.anchor import find_centring
from bayes_alliance.kernels.cell_sums import CellSums
from bayes_alliance.model.data_report import uses_of_columns
from bayes_alliance.model.design import Design, build_design, without_columns
from bayes_alliance.model.expression import describe, stateful_calls
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.frame import ModelFrame, build_frame, used_columns
from bayes_alliance.model.group_design import GroupDesign, check_shared, combined_labels
from bayes_alliance.model.plain_json import to_json
from bayes_alliance.model.repeats import check_enough_clients, counted_by_group
from bayes_alliance.model.streaming.cells import find_cells
from bayes_alliance.model.streaming.columns import ColumnPlan, plan_columns
from bayes_alliance.model.streaming.needs import Needs, check_kinds, streamed_needs
from bayes_alliance.model.streaming.sums import StreamedSums, stream_sums
from bayes_alliance.model.streaming.survey import Survey, survey_table
from bayes_alliance.model.streaming.typical_rows import (
    express_one,
    typical_rows,
    with_typical_values,
)
from bayes_alliance.model.streaming.value_counts import look_at_scanned, note_unused_ids
from bayes_alliance.model.transforms import GROUP_MEANS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_COUNTED = re.compile(r"(has no finite value in) \d+ rows")


@dataclass(frozen=True, kw_only=True, eq=False)
class StreamedRows:
    """All that a model keeps of rows it has read and not held.

    Parameters
    ----------
    frame, design
        As of any model, without rows.
    typical_design, typical_outcome
        A few made-up rows that have the means and covariances of all, for what depends on these
        only, such as the scales of default priors.
    sums
        By cell: a group, or a combination of groups that occurs.
    places
        For the population and then each grouping factor: place of each of its columns among the
        columns of the sums, -1 for the constant.
    constants
        As places: the combination of columns that is 1 in every row, zeros if there is none.
    group_of_cell
        Group of each cell, for each grouping factor.
    cells
        Group columns of each cell and its rows.
    source
        Where the rows came from.
    sorted_levels
        First level of the predictors whose categories came without an order that lasts.
    """

    frame: ModelFrame
    design: Design
    typical_design: Design
    typical_outcome: Floats
    sums: StreamedSums
    places: tuple[tuple[int, ...], ...]
    constants: tuple[Floats, ...]
    group_of_cell: tuple[Integers, ...]
    cells: pd.DataFrame
    source: str
    sorted_levels: Mapping[str, str]

    def without_columns(self, aliased: Mapping[str, NDArray[np.bool_]]) -> StreamedRows:
        """Leave out population columns that are combinations of simpler ones."""
        own = aliased[self.design.location.variable]
        places = tuple(p for p, gone in zip(self.places[0], own, strict=True) if not gone)
        return replace(
            self,
            design=without_columns(self.design, aliased),
            typical_design=without_columns(self.typical_design, aliased),
            places=(places, *self.places[1:]),
            constants=(self.constants[0][~own], *self.constants[1:]),
        )

    @property
    def half_ranges(self) -> tuple[tuple[float, ...], ...]:
        """Half ranges of columns of two values: the population's, then each grouping factor's."""
        known = [*self.sums.half_ranges, 0.0]  # -1 finds the constant behind all others
        return tuple(tuple(known[place] for place in own) for own in self.places)


def read_stream(formula: Formula, table: ScannedTable, family: Family) -> StreamedRows:
    """Read a scanned table twice: for levels and groups, then for the sums.

    Raises
    ------
    DataError
        If the table cannot answer the question.
    ModelError
        If a term or the family cannot be streamed, or the sums would not fit into memory.
    """
    columns = used_columns(formula, pd.DataFrame(columns=list(table.columns)))
    check_kinds(table, columns)
    needs = streamed_needs(formula, table, family)
    with reading(table.source), _some_rows():
        try:
            return _read(formula, table, family, columns, needs, has_gaps=False)
        except GapError:
            return _read_with_gaps(formula, table, family, columns, needs)


@contextmanager
def _some_rows() -> Iterator[None]:
    """Give no count of failing rows: only some of the rows were looked at."""
    try:
        yield
    except DataError as error:
        words = str(error)
        if not _COUNTED.search(words):
            raise
        raise DataError(_COUNTED.sub(r"\1 some rows", words), **error.facts) from error


def _read_with_gaps(
    formula: Formula,
    table: ScannedTable,
    family: Family,
    columns: tuple[str, ...],
    needs: Needs,
) -> StreamedRows:
    try:
        return _read(formula, table, family, columns, needs, has_gaps=True)
    except GapError as error:
        found = f"the column {error} has a gap, or numbers too large to be added, that it had not"
        raise table_changed(found) from error


def _read(
    formula: Formula,
    table: ScannedTable,
    family: Family,
    columns: tuple[str, ...],
    needs: Needs,
    *,
    has_gaps: bool,
) -> StreamedRows:
    survey = survey_table(table, columns, needs, has_gaps=has_gaps)
    few = build_frame(formula, survey.rows, family)
    learnt = _with_learnt(build_design(formula, few, survey.rows, family), survey)
    finder, cells = find_cells(survey.cells, needs.groups, survey.levels)
    plan = plan_columns(learnt.parts, survey.rows, survey.levels, has_offset=needs.has_offset)
    caseloads = cells[ROWS].to_numpy(dtype=np.float64)
    sums = stream_sums(formula, survey, plan, finder, caseloads)
    of_cell = tuple(group_of_cell(group, cells) for group in learnt.groups)
    design = _without_rows(learnt, of_cell, sums.repeats)
    check_enough_clients(formula.response, float(sums.repeats.sum()))
    if not family.group_may_be_row:
        for group in design.groups:
            check_shared(group, survey.rows_used)
    places = _places(plan, learnt)
    design = with_typical_values(design, places, sums.counted, survey.scales)
    typical, outcome = typical_rows(design, sums.counted, places)
    return StreamedRows(
        frame=_frame(formula, survey, family),
        design=design,
        typical_design=typical,
        typical_outcome=outcome,
        sums=sums,
        places=places,
        constants=_constants(learnt, sums.unweighted, places),
        group_of_cell=of_cell,
        cells=cells,
        source=table.source,
        sorted_levels=_sorted_levels(survey, needs),
    )


def _constants(
    design: Design, sums: CellSums, places: tuple[tuple[int, ...], ...]
) -> tuple[Floats, ...]:
    """Return for each matrix the columns that add up to 1, found in few rows, true in all."""
    matrices = [design.X, *(group.Z for group in design.groups)]
    return tuple(
        express_one(find_centring(matrix).constant, sums, own)
        for matrix, own in zip(matrices, places, strict=True)
    )


def _sorted_levels(survey: Survey, needs: Needs) -> dict[str, str]:
    """Return the first level of the categories that were sorted, though they had an order."""
    table, groups = survey.table, {*needs.groups, *(group for _, group in needs.group_means)}
    return {
        name: str(levels[0])
        for name, levels in survey.levels.items()
        if table.types[name].startswith("Categorical")
        and name not in table.level_order
        and name not in groups
    }


def _with_learnt(design: Design, survey: Survey) -> Design:
    """Put what the whole table has taught in the place of what its few rows have."""
    parts = iter([_learnt(part, survey) for part in design.parts])
    (location,) = design.predictors
    located = replace(location, part=next(parts))
    groups = tuple(
        replace(group, parts=tuple(next(parts) for _ in group.parts)) for group in design.groups
    )
    return replace(design, predictors=(located,), groups=groups)


def _learnt(part: Mapping[str, Any], survey: Survey) -> dict[str, Any]:
    calls = stateful_calls(describe(part["expression"], survey.columns))
    return {**part, "learnt": [to_json(_values(call, survey)) for call in calls]}


def _values(call: Any, survey: Survey) -> dict[str, Any]:
    names = [str(argument).strip("`") for argument in call.args]
    if call.callee in GROUP_MEANS:
        means, sizes = survey.group_means[names[0], names[1]]
        return {"params_set": True, "means": means, "sizes": sizes}
    mean, sd = survey.scales[names[0]]
    centred = {"params_set": True, "mean": mean}
    return centred if call.callee == "center" else {**centred, "sd": sd}


def group_of_cell(group: GroupDesign, cells: pd.DataFrame) -> Integers:
    """Return the place of each cell's group among the groups of a factor."""
    labels = combined_labels(cells, group.factors)
    return pd.Index(group.labels).get_indexer(pd.Index(labels)).astype(np.int64)


def _without_rows(design: Design, of_cell: tuple[Integers, ...], caseloads: Floats) -> Design:
    groups = tuple(
        replace(
            group,
            index=np.zeros(0, dtype=np.int64),
            Z=np.zeros((0, len(group.effects))),
            caseloads=counted_by_group(index, len(group.labels), caseloads),
        )
        for group, index in zip(design.groups, of_cell, strict=True)
    )
    empty = design.with_location(X=np.zeros((0, len(design.coefficients))), offset=np.zeros(0))
    return replace(empty, groups=groups)


def _places(plan: ColumnPlan, design: Design) -> tuple[tuple[int, ...], ...]:
    """Join the columns of expressions that belong to one grouping factor."""
    rest = iter(plan.places[1:])
    kept = tuple(plan.places[0][k] for k in design.part["kept"])
    groups = [sum((next(rest) for _ in group.parts), ()) for group in design.groups]
    return (kept, *groups)


def _frame(formula: Formula, survey: Survey, family: Family) -> ModelFrame:
    rows = survey.rows.iloc[:0].reset_index(drop=True)
    uses = uses_of_columns(formula, rows, family)
    rows.attrs[STREAMED_FROM] = survey.table.source
    rows.attrs[LOST_CATEGORIES] = [n for n in survey.columns if n in survey.table.lost_categories]
    rows.attrs["fingerprint"] = f"rows were streamed from {survey.table.source}"
    return ModelFrame(
        rows=rows,
        positions=np.zeros(0, dtype=np.int64),
        y=np.zeros(0),
        levels=(),
        weights=None if formula.response.weights is None else np.zeros(0),
        rows_in_table=survey.rows_in_table,
        rows_used=survey.rows_used,
        missing=dict(survey.missing),
        told=(*look_at_scanned(survey.table, survey.columns, uses), *_unused_ids(formula, survey)),
    )


def _unused_ids(formula: Formula, survey: Survey) -> list[Note]:
    """Look for whoever has several rows, in columns that the model does not use."""
    response = formula.response
    # Results with known standard errors, and rows that stand for several clients, are no visits.
    if response.weight_kind == "known_error" or response.repeats is not None:
        return []
    factors = list(dict.fromkeys(term.factors for term in formula.group_terms))
    return note_unused_ids(survey.table, survey.columns, response.outcome, factors)
