"""What formulae makes of an expression: its names, its calls, and which of them learn."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels
from bayes_alliance.errors import Advice, DataError, ModelError, listed, shortened
from bayes_alliance.model.expression_sizes import check_sizes
from bayes_alliance.model.other_words import same_column, same_function
from bayes_alliance.model.predictor_checks import as_numbers
from bayes_alliance.model.transforms import GROUP_MEANS, OWN_TRANSFORMS

_NUMPY = ("log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs", "sin", "cos", "floor")
_PLAIN = {name: getattr(np, name) for name in _NUMPY}
_DOCUMENTED = (
    *_NUMPY,
    "scale",
    "center",
    "within",
    "between",
    "poly",
    "bs",
    "cr",
    "C",
    "I",
    "offset",
)
FUNCTIONS: dict[str, Any] = {**_PLAIN, **OWN_TRANSFORMS, "np": SimpleNamespace(**_PLAIN)}
_OWN = {**OWN_TRANSFORMS, "standardize": OWN_TRANSFORMS["scale"]}


def describe(expression: str, columns: Iterable[Any]) -> Any:
    """Parse an expression, check every name in it, and set up the transforms that learn.

    Raises
    ------
    ModelError
        For a function that is not available, or a group mean without a column of groups.
    DataError
        For a column the table does not have.
    """
    description = _parsed(expression)
    _check_functions(description)
    _check_columns(description, [str(c) for c in columns])
    for call in _lazy_calls(description):
        transform = _stateful_class(call.callee)
        if transform is not None:
            call.stateful_transform = transform()
        if call.callee in GROUP_MEANS:
            _check_group_mean(call)
    return description


def _parsed(expression: str) -> Any:
    from bayes_alliance.model.calls import parsed_expression  # brings formulae along

    try:
        description = parsed_expression(expression)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"The expression '{shortened(expression)}' was to be read.",
            f"formulae could not: {_said(error)}.",
            "Predictors are joined by + * : and may stand in functions, as in scale(stigma).",
            expression=expression,
        ) from error
    # formulae lets two terms share a column object, and coding it for one spoils the other's labels
    for term in description.common_terms:
        if hasattr(term, "components"):
            term.components = copy.deepcopy(term.components)
    check_sizes(expression, (component.call for component in calls_of(description)))
    _check_labels(description, expression)
    description.common_terms = _in_order(description.common_terms)
    return description


def _said(error: Exception) -> str:
    """Return what formulae says, or what it means where Python said it in its place."""
    in_python = isinstance(error, TypeError | AttributeError | UnboundLocalError)
    if in_python or "<class" in str(error):
        return "a sign joins what it cannot join, such as a column and a number"
    return str(error).rstrip(".")


def _check_labels(description: Any, expression: str) -> None:
    """Refuse two functions that formulae writes alike, as it leaves brackets out: one would go."""
    seen: dict[str, Any] = {}
    for component in calls_of(description):
        first = seen.setdefault(str(component.name), component.call)
        if not _same_call(first, component.call):
            raise ModelError(
                f"The expression '{shortened(expression)}' was to be read.",
                f"Two of its terms are both written {component.name}, though they differ in their "
                "brackets.",
                "Make one of them a column of the table first.",
                expression=expression,
            )


def _same_call(first: Any, second: Any) -> bool:
    """Tell whether two parsed items are built alike, brackets included."""
    if type(first) is not type(second) or str(first) != str(second):
        return False
    ours, theirs = getattr(first, "args", ()), getattr(second, "args", ())
    alike = getattr(first, "symbol", None) == getattr(second, "symbol", None)
    return alike and len(ours) == len(theirs) and all(map(_same_call, ours, theirs))


def _in_order(terms: list[Any]) -> list[Any]:
    """Return each term once, and after those it contains: formulae codes ``a:b + b`` only so."""
    parts = {id(term): frozenset(str(c.name) for c in _components(term)) for term in terms}
    seen: set[frozenset[str]] = set()
    found: list[Any] = []
    constants = [term for term in terms if not parts[id(term)]]
    for term in terms:
        own = parts[id(term)]
        # Below a column by itself there is the constant only: thousands need no look at each other.
        near = terms if len(own) > 1 else constants
        lower = [other for other in near if own and parts[id(other)] < own]
        for new in sorted([*lower, term], key=lambda other: len(parts[id(other)])):
            if parts[id(new)] not in seen:
                seen.add(parts[id(new)])
                found.append(new)
    return found


def _components(term: Any) -> list[Any]:
    return list(getattr(term, "components", []))


@dataclass(frozen=True, kw_only=True)
class Uses:
    """What an expression takes its columns for.

    Parameters
    ----------
    predictors
        Numbers or categories, as the column has them.
    categories
        Columns that stand in ``C()`` and nowhere else.
    ids
        Columns that name the groups of ``within()`` and ``between()`` and stand nowhere else.
    """

    predictors: frozenset[str]
    categories: frozenset[str]
    ids: frozenset[str]


def uses_of(description: Any) -> Uses:
    """Return what an expression takes its columns for."""
    from bayes_alliance.model.calls import CATEGORY_CALLS, is_column

    predictors: set[str] = set()
    categories: set[str] = set()
    ids: set[str] = set()
    pending: list[Any] = []
    for term in description.common_terms:
        for component in getattr(term, "components", []):
            if hasattr(component, "call"):
                pending.append(component.call)
            else:
                predictors.add(str(component.name))
    while pending:
        item = pending.pop()
        if is_column(item):
            predictors.add(str(item.name))
            continue
        arguments = list(getattr(item, "args", ()))
        callee = getattr(item, "callee", "")
        if callee in CATEGORY_CALLS and arguments and is_column(arguments[0]):
            categories.add(str(arguments.pop(0).name))
        elif callee in GROUP_MEANS and len(arguments) == 2 and is_column(arguments[1]):
            ids.add(str(arguments.pop().name))
        pending += [*arguments, *getattr(item, "kwargs", {}).values()]
    return Uses(
        predictors=frozenset(predictors),
        categories=frozenset(categories - predictors),
        ids=frozenset(ids - predictors - categories),
    )


def calls_of(description: Any) -> Iterator[Any]:
    """Yield the function calls that stand as components of the description's terms."""
    for term in description.common_terms:
        for component in getattr(term, "components", []):
            if hasattr(component, "call"):
                yield component


def has_offset(state: Mapping[str, Any]) -> bool:
    """Tell from its kept state whether an expression has an ``offset()``."""
    description = describe(state["expression"], list(state["columns"]))
    return any(component.call.callee == "offset" for component in calls_of(description))


def stateful_calls(description: Any) -> list[Any]:
    """Return every call that learns from data, in a fixed order."""
    return [call for call in _lazy_calls(description) if call.stateful_transform is not None]


def learn_group_means(
    description: Any, all_rows: pd.DataFrame, repeats: NDArray[np.float64] | None = None
) -> None:
    """Let ``within`` and ``between`` learn from all rows that have their predictor and group.

    Parameters
    ----------
    description
        Of the expression.
    all_rows
        As :func:`bayes_alliance.model.linear.prepared` leaves them.
    repeats
        How many clients each of these rows stands for; one where it is None.
    """
    from formulae.environment import Environment
    from formulae.transforms import TRANSFORMS

    environment = Environment([{**TRANSFORMS, **FUNCTIONS}])
    for call in stateful_calls(description):
        if call.callee in GROUP_MEANS:
            predictor, group = _predictor_and_group(call, all_rows, environment)
            _check_has_mean(call, predictor)
            present = pd.Series(predictor).notna() & pd.Series(group).notna()
            if repeats is None:
                call.stateful_transform(predictor[present], group[present])
            else:
                there = repeats[present.to_numpy()]
                call.stateful_transform.learn(predictor[present], there, group[present])


def _predictor_and_group(call: Any, rows: pd.DataFrame, environment: Any) -> tuple[Any, Any]:
    """Evaluate what a ``within`` or ``between`` stands around, one value a row."""
    try:
        predictor, group = (argument.eval(rows, environment) for argument in call.args)
        several = np.shape(predictor) != (len(rows),)
    except Exception as error:
        raise _no_predictor(call, str(error).rstrip(".")) from error
    if several:
        raise _no_predictor(call, "it is not one number a row")
    return predictor, group


def _no_predictor(call: Any, found: str) -> ModelError:
    return ModelError(
        f"{call} was to take the mean of {call.args[0]} in each {call.args[1]}.",
        f"It could not be worked out: {found}.",
        "Name a numeric column there, or make one in the table first.",
    )


def _check_group_mean(call: Any) -> None:
    from bayes_alliance.model.calls import is_column

    if len(call.args) != 2 or call.kwargs:
        raise ModelError(
            f"{call} was to centre a predictor by group.",
            f"It has {len(call.args) + len(call.kwargs)} arguments.",
            f"Write {call.callee}(predictor, group).",
        )
    if not is_column(call.args[1]):
        raise ModelError(
            f"{call} was to centre a predictor by group.",
            f"The group, {call.args[1]}, is no column.",
            "Make it a column first and name that one.",
        )


def _check_has_mean(call: Any, predictor: Any) -> None:
    """Refuse categories: they have shares, one a level, and no mean."""
    values = pd.Series(predictor)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return
    name, group = str(call.args[0]).strip("`"), str(call.args[1])
    level = sorted(values.dropna().astype("str").unique())[-1]
    raise ModelError(
        f"{call} was to take the mean of {name} in each {group}.",
        f"{name} holds categories, such as {level!r}, and they have no mean.",
        Advice(
            python="Make a column of 0 and 1 for a category whose share you want, for example "
            f"data.assign(is_{_word(level)}=(data[{name!r}].astype('str') == {level!r})"
            f".astype(int)), and write {call.callee}(is_{_word(level)}, {group}).",
            command_line="Make a column of 0 and 1 in the file for a category whose share you "
            f"want, such as is_{_word(level)}, and write "
            f"{call.callee}(is_{_word(level)}, {group}).",
        ),
        column=name,
    )


def _word(text: str) -> str:
    """Write a text so that it may stand in the name of a column."""
    return "".join(letter if letter.isalnum() else "_" for letter in text)


def has_group_means(description: Any) -> bool:
    """Tell whether ``within`` or ``between`` stands in an expression."""
    return any(call.callee in GROUP_MEANS for call in stateful_calls(description))


def group_mean_columns(description: Any) -> list[str]:
    """Return the columns that name groups inside ``within`` and ``between``."""
    calls = [c for c in stateful_calls(description) if c.callee in GROUP_MEANS]
    return [str(call.args[1]).strip("`") for call in calls if len(call.args) == 2]


def group_mean_name(call: Any) -> str:
    """Name the group mean that a ``within`` or ``between`` uses: ``between(stigma, manager)``."""
    return f"between({', '.join(str(argument) for argument in call.args)})"


def state_group_means(description: Any, new_rows: pd.DataFrame) -> None:
    """Let the means that new rows state, in columns of their names, take the groups' place."""
    named = {without_blanks(str(column)): column for column in new_rows.columns}
    for call in stateful_calls(description):
        if call.callee not in GROUP_MEANS:
            continue
        column = named.get(without_blanks(group_mean_name(call)))
        if column is not None:
            numbers = as_numbers(new_rows[column])
            call.stateful_transform.stated = numbers.to_numpy(dtype=np.float64, na_value=np.nan)


def group_means_of(call: Any, rows: pd.DataFrame) -> dict[str, float]:
    """Return the mean of a ``within`` or ``between``'s predictor in each group of some rows."""
    from formulae.environment import Environment
    from formulae.transforms import TRANSFORMS

    environment = Environment([{**TRANSFORMS, **FUNCTIONS}])
    predictor, group = (argument.eval(rows, environment) for argument in call.args)
    labels = group_labels(pd.Series(group)).reset_index(drop=True)
    means = pd.Series(np.asarray(predictor, dtype=float)).groupby(labels).mean()
    return {str(label): float(mean) for label, mean in means.items()}


def without_blanks(name: str) -> str:
    """Return a name as it is compared: ``between(`x`,g)`` is ``between(x, g)``."""
    return "".join(name.replace("`", "").split())


def _lazy_calls(description: Any) -> list[Any]:
    found: list[Any] = []
    pending = [component.call for component in calls_of(description)]
    while pending:
        item = pending.pop(0)
        if hasattr(item, "callee"):
            found.append(item)
            pending.extend([*item.args, *item.kwargs.values()])
        elif hasattr(item, "op"):
            pending.extend(item.args)
    return found


def _stateful_class(name: str) -> Any:
    from formulae.transforms import TRANSFORMS

    candidate = _OWN.get(name, TRANSFORMS.get(name))
    return candidate if getattr(candidate, "__stateful_transform__", False) else None


def _check_functions(description: Any) -> None:
    from formulae.categorical import ENCODINGS
    from formulae.transforms import TRANSFORMS

    valid = {*FUNCTIONS, *TRANSFORMS, *ENCODINGS, *(f"np.{name}" for name in _NUMPY)} - {"np"}
    for call in _lazy_calls(description):
        if call.callee not in valid:
            hint = same_function(call.callee, call.args, _DOCUMENTED)
            raise ModelError(
                f"The formula calls {call.callee}().",
                f"There is no such function in a formula. {hint}"
                f"There are {listed(_DOCUMENTED, shown=len(_DOCUMENTED))}.",
                "For anything else, make a column first.",
                function=call.callee,
            )


def _check_columns(description: Any, columns: list[str]) -> None:
    from formulae.categorical import ENCODINGS

    wanted = {str(name) for name in description.var_names if name} - set(ENCODINGS)
    missing = sorted(wanted - set(columns))
    if missing:
        raise DataError(
            f"The formula needs the column {missing[0]}.",
            f"The table has {listed(columns)}. {same_column(missing[0], columns)}".rstrip(),
            "Correct the formula, or rename the column.",
            missing=missing,
        )
