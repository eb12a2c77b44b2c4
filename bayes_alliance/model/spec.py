"""Model: the public statement of what is believed about a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayes_alliance import names
from bayes_alliance.data.scanning import ScannedTable
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import DataError, ModelError, listed
from bayes_alliance.model.data_report import ModelDataReport, build_data_report
from bayes_alliance.model.default_priors import Defaults, Rows, default_priors
from bayes_alliance.model.design import (
    Design,
    NewDesign,
    build_design,
    rebuild_design,
    without_columns,
)
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.families.registry import find_family
from bayes_alliance.model.formula import Formula, parse_formula
from bayes_alliance.model.frame import ModelFrame, build_frame
from bayes_alliance.model.ordered_categories import check_thresholds_known
from bayes_alliance.model.parametrization import chosen_centring
from bayes_alliance.model.prior_table import build_priors
from bayes_alliance.model.record import ModelRecord, Question
from bayes_alliance.model.repeats import check_enough_clients

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bayes_alliance.model.streaming.rows import StreamedRows


@dataclass(frozen=True, init=False, eq=False)
class Model(ModelRecord):
    """A multilevel model of one outcome, on one table.

    Building a model reads the table and checks everything; it never samples or compiles.

    Parameters
    ----------
    formula
        In the syntax of lme4 and brms: ``"alliance ~ stigma + (1 + stigma | case_manager)"``. A
        list of several gives parameters of the family a formula of their own, through their link:
        ``["alliance ~ stigma + (1 |m| case_manager)", "sigma ~ stigma + (1 |m| case_manager)"]``.
        Effects of one factor under the same name between two bars are correlated.
    data
        One row a client (or a visit); from :func:`scan_table` if there are more rows than memory
        holds.
    family
        ``"gaussian"``, ``"student"``, ``"bernoulli"``, ``"cumulative"`` or ``"poisson"``.
    link
        The family's link; its first one if None.
    priors
        One string a key, for example ``{"b[stigma]": "Normal(0, 5)", "sigma": "HalfNormal(10)"}``;
        what is not named keeps its default. Defaults stand at the means of the predictors: the
        intercept's is about the outcome there. A string is taken as written, about the parameter
        where every predictor is 0; with ``" at the means"`` behind it, it stands where the default
        does: ``{"b[Intercept]": "Normal(50, 10) at the means"}``. Standard deviations and
        correlations of one block such as ``(1 + x | g)`` belong together, and so do thresholds:
        one string without those words puts all of the block as written, its defaults too.
        ``model.priors`` says for each prior where it stands.
    centred
        How group effects are parametrised for the joint engines: True, False, or None to choose
        by how much data each group has. It changes the speed, never the posterior.
    question
        The question the model answers, for the report.

    Attributes
    ----------
    formula : Formula
        The formula taken apart; ``formula.text`` as written.
    family, link
        The :class:`Family` and the name of its link.
    frame : ModelFrame
        The rows used.
    design : Design
        The matrices.
    priors : PriorTable
        Every prior, shown as a table in words and numbers.
    stream : StreamedRows or None
        The sums of a scanned table, whose rows are not held.

    Raises
    ------
    DataError
        If the table cannot answer the question.
    ModelError
        If the formula, the family or a prior cannot be read.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> clients = ba.load_example("simulated_study")
    >>> model = ba.Model("alliance ~ stigma + (1 | case_manager)", clients)
    >>> model.groups
    ('case_manager',)
    """

    def __init__(
        self,
        formula: str | Sequence[str],
        data: pd.DataFrame | ScannedTable,
        family: str = "gaussian",
        priors: Mapping[str, str] | None = None,
        *,
        link: str | None = None,
        centred: bool | None = None,
        question: Question | None = None,
    ) -> None:
        _check_types(formula, data, priors, centred)
        parsed, found = read_formula(formula, family, link)
        frame, design, stream = _read(parsed, data, found)
        outcome = parsed.response.outcome
        if any(outcome in part["columns"] for part in design.parts):
            raise ModelError(
                f"The outcome is {outcome}.",
                "It stands among its own predictors too.",
                "Take it out of the right side of the formula.",
            )
        defaults = _defaults(parsed, frame, design, stream, found)
        if any(own.any() for own in defaults.aliased.values()):
            design, stream = _not_aliased(design, stream, defaults.aliased)
            defaults = _defaults(parsed, frame, design, stream, found)
        table = check_thresholds_known(outcome, frame, build_priors(defaults, design, priors))
        values: dict[str, Any] = {
            "formula": parsed,
            "family": found,
            "frame": frame,
            "design": design,
            "priors": table,
            "centring": chosen_centring(design, frame.y, centred),
            "question": question or Question(),
            "stream": stream,
        }
        _set_fields(self, values)

    @cached_property
    def data_report(self) -> ModelDataReport:
        """What the model used and dropped, and what is notable about it."""
        if self.stream is not None:
            from bayes_alliance.model.streaming.report import build_streamed_report

            return build_streamed_report(self.formula, self.stream, self.family)
        return build_data_report(self.formula, self.frame, self.design, self.family, self.priors)

    @cached_property
    def pymc(self) -> Any:
        """The same model as a ``pm.Model``, for whoever wants to go on by hand."""
        from bayes_alliance.model.pymc_model import build_pymc

        return build_pymc(self)

    def rebuild_design(self, new_rows: pd.DataFrame) -> NewDesign:
        """Make the model's design columns for new rows, with what was learnt from the old ones."""
        return rebuild_design(self.design, new_rows)

    @property
    def table(self) -> pd.DataFrame:
        """The model's parts, one a row."""
        lines = {
            "formula": self.formula.text,
            "family": f"{self.family.name} ({self.link})",
            "rows": f"{self.frame.rows_used} of {self.frame.rows_in_table}{self.clients_in_words}",
            "coefficients": listed(self.design.coefficients, shown=20),
        }
        for own in self.design.predicted:
            of_it = f"coefficients of {own.parameter}"
            lines[of_it] = f"{listed(own.coefficients, shown=20)} (link: {own.link})"
        for group in self.design.groups:
            lines[group.name] = f"{len(group.labels)} groups; varying: {listed(group.effects)}"
        return pd.DataFrame({"": lines.values()}, index=list(lines))

    def __str__(self) -> str:
        return "\n\n".join([as_text("Model", self.table), str(self.priors)])

    def __repr__(self) -> str:
        return f"Model({self.formula.text!r}, {self.frame.rows_used} rows, {self.family.name})"

    def _repr_html_(self) -> str:
        return as_html("Model", self.table) + self.priors._repr_html_()


def read_formula(
    formula: str | Sequence[str], family: str, link: str | None
) -> tuple[Formula, Family]:
    """Read the formulas of a model, and find its family with what they predict.

    Raises
    ------
    ModelError
        If either cannot be read, or the family has no such parameter.
    """
    plain = find_family(family, link)
    may = [own.name for own in plain.beside_location if own.can_be_predicted]
    parsed = parse_formula(formula, may)
    found = plain
    if parsed.response.weight_kind == "known_error":
        found = plain.with_known_error()
    lost = [
        line.parameter
        for line in parsed.predicted
        if line.parameter not in [own.name for own in found.beside_location]
    ]
    if lost:
        raise ModelError(
            f"The formula of {listed(lost)} was given.",
            "The standard errors of the outcome are known, so the model has no such parameter.",
            f"Leave it out, or take se({parsed.response.weights}) out of the other formula.",
            parameters=lost,
        )
    return parsed, replace(found, predicted=tuple(line.parameter for line in parsed.predicted))


def _read(
    formula: Formula, data: pd.DataFrame | ScannedTable, family: Family
) -> tuple[ModelFrame, Design, StreamedRows | None]:
    """Make the frame and the design of a table, or what is kept of one that is streamed."""
    outcome = formula.response.outcome
    groups = dict.fromkeys(names.combined(term.factors) for term in formula.group_terms)
    if isinstance(data, ScannedTable):
        from bayes_alliance.model.streaming.rows import read_stream  # brings numba along

        names.check_not_reserved([outcome], groups)
        stream = read_stream(formula, data, family)
        return stream.frame, stream.design, stream
    frame = build_frame(formula, data, family)
    names.check_not_reserved([outcome], groups)
    if frame.weights is not None:
        check_enough_clients(formula.response, float(frame.weights.sum()))
    return frame, build_design(formula, frame, data, family), None


def _not_aliased(
    design: Design, stream: StreamedRows | None, aliased: Mapping[str, NDArray[np.bool_]]
) -> tuple[Design, StreamedRows | None]:
    """Leave out population columns that are combinations of simpler ones."""
    if stream is None:
        return without_columns(design, aliased), None
    left = stream.without_columns(aliased)
    return left.design, left


def _defaults(
    formula: Formula,
    frame: ModelFrame,
    design: Design,
    stream: StreamedRows | None,
    family: Family,
) -> Defaults:
    """Return the default priors, from the rows or from those that stand in for them."""
    shown = design if stream is None else stream.typical_design
    return default_priors(shown, _rows(formula, frame, stream), family, frame.levels)


def defaults_of(model: Model) -> Defaults:
    """Return the default priors of a model again, those in whose place the user put others too."""
    shown = model.formula, model.frame, model.design, model.stream
    return _defaults(*shown, model.family)


def _rows(formula: Formula, frame: ModelFrame, stream: StreamedRows | None) -> Rows:
    """Return what default priors are scaled to: the rows, or those that stand in for them."""
    if stream is not None:
        return Rows(y=stream.typical_outcome, half_ranges=stream.half_ranges)
    frequency = formula.response.weight_kind == "frequency"
    return Rows(y=frame.y, weights=frame.weights if frequency else None)


def assembled_model(**fields: Any) -> Model:
    """Put a model together from finished parts, as when a fit is loaded."""
    model = object.__new__(Model)
    _set_fields(model, fields)
    return model


def changed_model(model: Model, **changes: Any) -> Model:
    """Return the model with some of its finished parts replaced, and nothing read again."""
    kept = {part.name: getattr(model, part.name) for part in fields(model)}
    return assembled_model(**{**kept, **changes})


def _set_fields(model: Model, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        object.__setattr__(model, name, value)


def _check_types(formula: object, data: object, priors: object, centred: object) -> None:
    """Refuse arguments of a model that are of another type than they must be.

    Raises
    ------
    ModelError, DataError
        Naming the argument, what it is and what it must be.
    """
    several = isinstance(formula, list | tuple) and all(isinstance(one, str) for one in formula)
    if not isinstance(formula, str) and not several:
        raise _wrong("formula", formula, "'alliance ~ stigma + (1 | case_manager)'")
    if not isinstance(data, pd.DataFrame | ScannedTable):
        raise DataError(
            "A model was to be built.",
            f"data is a {type(data).__name__}, not a pandas DataFrame.",
            "Give the table read_table() returns, or pandas.DataFrame(data); scan_table() for more "
            "rows than memory holds.",
        )
    strings = isinstance(priors, Mapping) and all(isinstance(v, str) for v in priors.values())
    if priors is not None and not strings:
        raise _wrong("priors", priors, "{'b': 'Normal(0, 5)'}, a string for each key")
    if centred is not None and not isinstance(centred, bool):
        raise _wrong("centred", centred, "True, False or None")


def _wrong(argument: str, value: object, example: str) -> ModelError:
    return ModelError(
        "A model was to be built.",
        f"{argument} is {value!r}, of the type {type(value).__name__}.",
        f"Write {argument} as {example}.",
        argument=argument,
    )
