"""What a formula must know before its rows can be read one by one; what it cannot is refused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

from bayes_alliance.data.scanning import ScannedTable
from bayes_alliance.errors import DataError, ModelError, listed
from bayes_alliance.model.expression import calls_of, describe, stateful_calls
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.group_design import terms_by_factors
from bayes_alliance.model.transforms import GROUP_MEANS

SCALED = ("scale", "standardize", "center")
_CATEGORIES = ("C", "S", "T")
# These look at the whole column each time they are called, without remembering what they saw.
_WHOLE_COLUMN = ("B", "binary", "p", "prop", "proportion")


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a formula must know of whole columns before its rows can be read one by one.

    Parameters
    ----------
    expressions
        The population's, then those of the group terms, in the order of the design's parts.
    scaled
        Columns whose mean and standard deviation are needed.
    group_means
        Pairs of a column and the group its means are needed for.
    categories
        Columns whose values must be listed: text, what stands in ``C()``, and the groups that
        means are taken in.
    groups
        Columns that make up the grouping factors.
    has_offset
        Whether the population part has an ``offset()``.
    repeats
        Column that says how many clients each row stands for, or None.
    """

    expressions: tuple[str, ...]
    scaled: tuple[str, ...]
    group_means: tuple[tuple[str, str], ...]
    categories: tuple[str, ...]
    groups: tuple[str, ...]
    has_offset: bool
    repeats: str | None = None


def streamed_needs(formula: Formula, table: ScannedTable, family: Family) -> Needs:
    """Find out what a formula needs, and refuse by name what cannot be streamed.

    Raises
    ------
    ModelError
        For another family than the Gaussian, no groups, or a term that needs its whole column.
    DataError
        For a column of a type that no model can use.
    """
    _check_family(formula, family)
    terms = chain.from_iterable(terms_by_factors(formula.group_terms).values())
    expressions = (formula.population, *(term.expression for term in terms))
    descriptions = [describe(expression, table.columns) for expression in expressions]
    scaled: list[str] = []
    pairs: list[tuple[str, str]] = []
    listed_columns: list[str] = []
    for expression, description in zip(expressions, descriptions, strict=True):
        for call in stateful_calls(description):
            arguments = _plain_arguments(call, expression, table)
            if call.callee in SCALED:
                scaled.append(arguments[0])
            else:
                pairs.append((arguments[0], arguments[1]))
        for component in calls_of(description):
            listed_columns += _category_columns(component.call, expression, table)
        used = [str(name) for name in description.var_names if name in table.columns]
        listed_columns += [name for name in used if table.kinds[name] == "text"]
    grouping = [factor for term in formula.group_terms for factor in term.factors]
    listed_columns += [name for _, name in pairs]
    return Needs(
        expressions=expressions,
        scaled=tuple(dict.fromkeys(scaled)),
        group_means=tuple(dict.fromkeys(pairs)),
        categories=tuple(dict.fromkeys(listed_columns)),
        groups=tuple(dict.fromkeys(grouping)),
        has_offset=any(
            component.call.callee == "offset" for component in calls_of(descriptions[0])
        ),
        repeats=formula.response.repeats,
    )


def check_kinds(table: ScannedTable, columns: tuple[str, ...]) -> None:
    """Refuse columns that are neither numbers nor categories.

    Raises
    ------
    DataError
        Naming the columns and their types.
    """
    other = [name for name in columns if table.kinds[name] == "other"]
    if other:
        found = listed(f"{name} ({table.types[name]})" for name in other)
        raise DataError(
            f"The formula uses the columns {listed(columns)}.",
            f"{found} holds neither numbers nor categories.",
            "Make a number or a text of it in the query first, such as days since the start.",
            columns=other,
        )


def _check_family(formula: Formula, family: Family) -> None:
    asked = "A model was to be built on a scanned table."
    if not family.is_normal:
        raise ModelError(
            asked,
            f"Its family is {family.name}, which needs its rows at every step of sampling.",
            "Stream a gaussian model, or read a sample of the rows into memory.",
            family=family.name,
        )
    if formula.predicted:
        parameters = listed(line.parameter for line in formula.predicted)
        raise ModelError(
            asked,
            f"It predicts {parameters}, so that no sums of its rows say what they do.",
            f"Leave the formula of {parameters} out, or read a sample of the rows into memory.",
            parameters=parameters,
        )
    if not formula.group_terms:
        raise ModelError(
            asked,
            "It has no groups, and the engine that samples from sums needs them.",
            "Add a group term such as (1 | case_manager).",
        )


def _plain_arguments(call: Any, expression: str, table: ScannedTable) -> list[str]:
    """Return the columns a transform that learns is called with."""
    if call.callee not in (*SCALED, *GROUP_MEANS):
        raise _cannot_stream(str(call), expression)
    wanted = 2 if call.callee in GROUP_MEANS else 1
    names = [str(argument).strip("`") for argument in call.args]
    if len(names) != wanted or call.kwargs or any(name not in table.columns for name in names):
        raise ModelError(
            f"{call} was to be streamed.",
            f"What {call.callee}() learns is learnt beforehand, from columns as they stand.",
            "Make its argument a column first, for example with LazyFrame.with_columns().",
            term=str(call),
        )
    if table.kinds[names[0]] not in ("number", "truth"):
        raise DataError(
            f"{call} was to be streamed.",
            f"The column {names[0]} holds {table.kinds[names[0]]}, not numbers.",
            "Name a numeric column.",
            column=names[0],
        )
    return names


def _category_columns(call: Any, expression: str, table: ScannedTable) -> list[str]:
    if call.callee in _WHOLE_COLUMN:
        raise _cannot_stream(str(call), expression)
    if call.callee not in _CATEGORIES or not call.args:
        return []
    name = str(call.args[0]).strip("`")
    return [name] if name in table.columns else []


def _cannot_stream(term: str, expression: str) -> ModelError:
    return ModelError(
        f"The term {term} was to be streamed.",
        "It needs its whole column at once, and a scanned table is read in batches.",
        "Leave it out, make its columns beforehand, or read the table into memory.",
        term=term,
        expression=expression,
    )
