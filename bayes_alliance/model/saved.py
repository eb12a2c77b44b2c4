"""A model as plain JSON, and back: the design is made from what it learnt, never learnt again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.data.report import note_from_json, note_to_json
from bayes_alliance.model.beyond_rows import seen_beyond
from bayes_alliance.model.design import Design, Predictor
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.frame import ModelFrame, row_weights
from bayes_alliance.model.group_design import Effect, GroupDesign, apply_group
from bayes_alliance.model.group_mean_terms import with_whole_groups
from bayes_alliance.model.linear import apply_part
from bayes_alliance.model.plain_json import from_json, to_json
from bayes_alliance.model.prior import parse_prior
from bayes_alliance.model.prior_basis import PriorBasis, standing_as_written
from bayes_alliance.model.prior_table import AS_WRITTEN, PriorEntry, PriorTable
from bayes_alliance.model.record import Question
from bayes_alliance.model.spec import (
    Model,
    assembled_model,
    changed_model,
    read_formula,
)
from bayes_alliance.model.working_basis import WorkingBasis

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.model.streaming.rows import StreamedRows

_GROUP_FIELDS = ("name", "factors", "labels", "blocks", "upper", "upper_labels")


def model_to_json(model: Model, *, confidential: bool = False) -> dict[str, Any]:
    """Return everything of a model but its rows.

    ``confidential`` leaves out group means that are one client's own value.
    """
    parts = [_without_single_rows(part) if confidential else part for part in model.design.parts]
    groups = [_group_to_json(group) for group in model.design.groups]
    rest = iter(parts)
    populations = [
        {"parameter": own.parameter, "coefficients": list(own.coefficients), "part": next(rest)}
        for own in model.design.predictors
    ]
    for group in groups:
        group["parts"] = [next(rest) for _ in group["parts"]]
    return {
        "formula": model.formula.as_given,
        "family": model.family.name,
        "link": model.link.name,
        "centring": dict(model.centring),
        "question": vars(model.question),
        "priors": [
            [e.variable, e.element, e.prior.written, e.chosen, e.stands]
            for e in model.priors.entries
        ],
        "basis": _basis_to_json(model.priors.basis),
        "levels": list(model.frame.levels),
        "rows_in_table": model.frame.rows_in_table,
        "rows_used": model.frame.rows_used,
        "missing": dict(model.frame.missing),
        "source": model.frame.source,
        # Notes name groups and clients, which a file without rows is not to hold.
        "told": []
        if confidential
        else [note_to_json(note) for note in seen_beyond(model.formula, model.frame, model.design)],
        "fingerprint": fingerprint(model.frame.rows),
        "predictors": populations,
        "groups": groups,
    }


def _without_single_rows(part: Mapping[str, Any]) -> dict[str, Any]:
    """Forget the means of groups that one row alone has made."""
    learnt = []
    for state in part["learnt"]:
        values = from_json(state)
        if "sizes" in values:
            several = {g: m for g, m in values["means"].items() if values["sizes"][g] > 1}
            values = {**values, "means": several}
        learnt.append(to_json(values))
    return {**part, "learnt": learnt}


def _with_single_rows(part: Mapping[str, Any], rows: pd.DataFrame) -> Mapping[str, Any]:
    """Learn the means that were forgotten again, now that the rows are there."""
    learnt = [from_json(state) for state in part["learnt"]]
    forgotten = any(set(state.get("sizes", {})) - set(state.get("means", {})) for state in learnt)
    return with_whole_groups(part, rows) if forgotten and len(rows) else part


def _group_to_json(group: GroupDesign) -> dict[str, Any]:
    fields = {name: getattr(group, name) for name in _GROUP_FIELDS}
    varying = [[own.outcome, own.parameter, own.coefficient] for own in group.varying]
    learnt = {"parts": list(group.parts), "caseloads": group.caseloads.tolist()}
    return {**fields, "varying": varying, **learnt}


def fingerprint(rows: pd.DataFrame) -> str:
    """Return a digest of the used rows, the same however the table was stored."""
    digest = hashlib.sha256()
    for name in sorted(rows.columns):
        digest.update(str(name).encode())
        digest.update(_column_bytes(rows[name]))
    return digest.hexdigest()


def column_fingerprints(rows: pd.DataFrame) -> dict[str, str]:
    """Return a digest of each column, to say where two tables differ."""
    return {
        str(name): hashlib.sha256(_column_bytes(rows[name])).hexdigest() for name in rows.columns
    }


def _column_bytes(column: pd.Series[Any]) -> bytes:
    import pandas as pd

    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    values = column.astype(float) if numeric else column.astype("str")
    return bytes(pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes())


def model_from_json(
    saved: Mapping[str, Any], rows: pd.DataFrame, positions: np.ndarray[Any, Any]
) -> Model:
    """Undo :func:`model_to_json` on the given rows; without rows the matrices are empty.

    Parameters
    ----------
    saved
        From :func:`model_to_json`.
    rows
        The used rows, or an empty frame with the used columns.
    positions
        Place of each row in the user's table.
    """
    formula, family = read_formula(saved["formula"], saved["family"], saved["link"])
    frame = _frame(saved, formula, family, rows, positions)
    return assembled_model(
        formula=formula,
        family=family,
        frame=frame,
        design=_design(saved, formula, family, rows),
        priors=PriorTable(
            entries=tuple(_entry(*values) for values in saved["priors"]), basis=_basis(saved)
        ),
        centring=saved["centring"],
        question=Question(**saved["question"]),
    )


def with_stream(model: Model, stream: StreamedRows) -> Model:
    """Return the model with what was kept of its streamed rows."""
    return changed_model(model, stream=stream)


def _entry(
    variable: str, element: str | None, prior: str, chosen: bool, stands: str = AS_WRITTEN
) -> PriorEntry:
    return PriorEntry(
        variable=variable,
        element=element,
        prior=parse_prior(prior, key=variable),
        chosen=chosen,
        stands=stands,
    )


def _basis_to_json(basis: PriorBasis) -> dict[str, Any]:
    effects = {name: _one_basis_to_json(own) for name, own in basis.effects.items()}
    predicted = {name: _one_basis_to_json(own) for name, own in basis.predicted.items()}
    own = {"coefficients": _one_basis_to_json(basis.coefficients), "effects": effects}
    return {**own, "predicted": predicted}


def _one_basis_to_json(basis: WorkingBasis) -> dict[str, Any]:
    return {
        "to_working": basis.to_working.tolist(),
        "to_user": basis.to_user.tolist(),
        "log_determinant": basis.log_determinant,
        "constant": basis.constant.tolist(),
    }


def _basis(saved: Mapping[str, Any]) -> PriorBasis:
    if "basis" not in saved:  # files from before priors stood at the means
        sizes = {group["name"]: len(group["effects"]) for group in saved["groups"]}
        return standing_as_written(len(saved["coefficients"]), sizes)
    own = saved["basis"]
    effects = {name: _one_basis(basis) for name, basis in own["effects"].items()}
    predicted = {name: _one_basis(basis) for name, basis in own.get("predicted", {}).items()}
    coefficients = _one_basis(own["coefficients"])
    return PriorBasis(coefficients=coefficients, effects=effects, predicted=predicted)


def _one_basis(saved: Mapping[str, Any]) -> WorkingBasis:
    size = len(saved["to_working"])
    return WorkingBasis(
        to_working=np.asarray(saved["to_working"], dtype=float).reshape(size, size),
        to_user=np.asarray(saved["to_user"], dtype=float).reshape(size, size),
        log_determinant=saved["log_determinant"],
        constant=np.asarray(saved["constant"], dtype=float),
    )


def _frame(
    saved: Mapping[str, Any], formula: Formula, family: Family, rows: pd.DataFrame, positions: Any
) -> ModelFrame:
    outcome = rows[formula.response.outcome]
    return ModelFrame(
        rows=rows,
        positions=positions,
        y=family.coded(outcome)[0] if len(rows) else np.zeros(0),
        levels=tuple(saved["levels"]),
        weights=row_weights(rows, formula) if len(rows) else _no_weights(formula),
        rows_in_table=saved["rows_in_table"],
        rows_used=saved["rows_used"],
        missing=saved["missing"],
        source=saved["source"],
        told=tuple(note_from_json(note) for note in saved.get("told", ())),
    )


def _no_weights(formula: Formula) -> np.ndarray[Any, Any] | None:
    return None if formula.response.weights is None else np.zeros(0)


def _design(
    saved: Mapping[str, Any], formula: Formula, family: Family, rows: pd.DataFrame
) -> Design:
    outcome = formula.response.outcome
    # Files from before parameters could be predicted have the location's alone.
    location = {"parameter": names.MEAN_PARAMETER, **saved}
    return Design(
        predictors=tuple(
            _predictor(own, outcome, family, rows) for own in saved.get("predictors", [location])
        ),
        groups=tuple(_group(group, outcome, rows) for group in saved["groups"]),
    )


def _predictor(
    saved: Mapping[str, Any], outcome: str, family: Family, rows: pd.DataFrame
) -> Predictor:
    parameter, part = saved["parameter"], _with_single_rows(saved["part"], rows)
    link = family.link
    if parameter != names.MEAN_PARAMETER:
        link = family.parameter(parameter).link or link
    matrix, offset = np.zeros((0, len(saved["part"]["labels"]))), np.zeros(0)
    if len(rows):
        matrix, offset = apply_part(part, rows)
    return Predictor(
        outcome=outcome,
        parameter=parameter,
        link=link,
        X=np.ascontiguousarray(matrix[:, part["kept"]]),
        coefficients=tuple(saved["coefficients"]),
        offset=offset,
        part=part,
    )


def _varying(saved: Mapping[str, Any], outcome: str) -> tuple[Effect, ...]:
    """Return what a factor's effects are part of; in older files, of the location."""
    if "varying" in saved:
        return tuple(
            Effect(outcome=own, parameter=parameter, coefficient=label)
            for own, parameter, label in saved["varying"]
        )
    return tuple(
        Effect(outcome=outcome, parameter=names.MEAN_PARAMETER, coefficient=label)
        for label in saved["effects"]
    )


def _group(saved: Mapping[str, Any], outcome: str, rows: pd.DataFrame) -> GroupDesign:
    varying = _varying(saved, outcome)
    empty = GroupDesign(
        name=saved["name"],
        factors=tuple(saved["factors"]),
        labels=tuple(saved["labels"]),
        index=np.zeros(0, dtype=np.int64),
        Z=np.zeros((0, len(varying))),
        varying=varying,
        blocks=tuple(tuple(block) for block in saved["blocks"]),
        parts=tuple(_with_single_rows(part, rows) for part in saved["parts"]),
        caseloads=np.asarray(saved["caseloads"]),
        upper=saved["upper"],
        upper_labels=tuple(saved["upper_labels"]),
    )
    if not len(rows):
        return empty
    from dataclasses import replace

    Z, index = apply_group(empty, rows)
    return replace(empty, Z=Z, index=index)
