"""What was asked of the variance, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from bayes_alliance import names
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.expression import has_offset
from bayes_alliance.model.predictor_checks import holds_numbers, is_finite_number
from bayes_alliance.posterior.shares.stated_values import (
    Values,
    population_variables,
    sloping_variables,
)
from bayes_alliance.sampling.fit import Fit

RESIDUAL_ONLY, TOTAL = "residual", "total"
LINK, RESPONSE = "link", "response"
RESPONSE_DRAWS = 1000  # each costs an integral


@dataclass(frozen=True, kw_only=True)
class ShareRequest:
    """Where, of what and on which scale variances are wanted.

    Parameters
    ----------
    asked
        First sentence of an error.
    call
        The verb as it was called, without its end, for the last sentence of an error.
    values
        Predictor values, one list a name, all of the same length.
    count
        That length.
    average
        Whether to average over the predictors of the rows instead.
    can_average
        Whether the verb has that answer too.
    of
        ``"residual"`` leaves the variance of the predictors out, ``"total"`` has it in.
    scale
        ``"link"`` or ``"response"``.
    draws
        How many draws the response scale uses, which costs an integral a draw.
    """

    asked: str
    call: str
    values: Values
    count: int = 1
    average: bool = False
    can_average: bool = True
    of: str = RESIDUAL_ONLY
    scale: str = LINK
    draws: int | None = None


def on_response_scale(fit: Fit, request: ShareRequest) -> bool:
    """Tell whether group effects have to be integrated over: not where the link is identity."""
    return request.scale == RESPONSE and fit.model.family.on_link_scale


def check_request(fit: Fit, request: ShareRequest) -> None:
    """Refuse what has no answer, and what would have to be guessed.

    Raises
    ------
    ModelError
        With the reason and what to write instead.
    SamplingError
        If the rows are needed and the fit was saved without them.
    """
    _check_words(request)
    _check_model(fit, request)
    if request.average and request.values:
        raise ModelError(
            request.asked,
            "Both at= and average=True were given, which are two different answers.",
            "Keep one of them.",
        )
    if request.of == TOTAL and on_response_scale(fit, request) and not request.average:
        raise ModelError(
            request.asked,
            "On the response scale the variance of the predictors has no part at a stated value.",
            "Add average=True, or leave of= out.",
        )
    if request.average or request.of == TOTAL:
        fit.need_data("Averaging over the predictors", sums_suffice=True)
    if request.of == TOTAL and has_offset(fit.model.design.part):
        fit.need_data("The variance of the predictors, with that of the offset,")
    if fit.model.formula.response.weight_kind == "precision":
        what = "The residual variance, averaged over precision weights,"
        fit.need_data(what, sums_suffice=True)
    _check_values(fit, request)
    if not request.average:
        _check_stated(fit, request)


def _check_words(request: ShareRequest) -> None:
    for option, value, valid in (
        ("of", request.of, (RESIDUAL_ONLY, TOTAL)),
        ("scale", request.scale, (LINK, RESPONSE)),
    ):
        if value not in valid:
            raise ModelError(
                request.asked,
                f"{option} is {value!r}. {did_you_mean(str(value), valid)}".rstrip(),
                f"Write {option}={valid[0]!r} or {option}={valid[1]!r}.",
            )


def _check_model(fit: Fit, request: ShareRequest) -> None:
    model = fit.model
    if not model.groups:
        raise ModelError(
            request.asked,
            "The model has no groups.",
            "Add a group term, such as (1 | case_manager).",
        )
    if model.formula.response.weight_kind == "known_error":
        raise ModelError(
            request.asked,
            "The model has known standard errors, so every row has a residual variance of its own.",
            "Look at the standard deviation between the groups itself, with summarize(fit).",
        )


def _needed(fit: Fit, request: ShareRequest) -> tuple[str, ...]:
    population = population_variables(fit) if on_response_scale(fit, request) else ()
    return tuple(dict.fromkeys([*sloping_variables(fit), *population]))


def _check_stated(fit: Fit, request: ShareRequest) -> None:
    missing = [name for name in _needed(fit, request) if name not in request.values]
    if not missing:
        return
    slopes = [name for name in missing if name in sloping_variables(fit)]
    found = (
        f"The slopes of {listed(slopes)} vary between groups, so the answer depends on them."
        if slopes
        else f"On the response scale the answer depends on {listed(missing)}."
    )
    values = ", ".join(f"{name!r}: ..." for name in missing)
    raise ModelError(
        request.asked,
        found,
        f"State the values: {request.call}, at={{{values}}}).{_or_average(request)}",
        missing=missing,
    )


def _or_average(request: ShareRequest) -> str:
    """Name the other answer, for verbs that have it: a curve over values has not."""
    average = f" Or average over the rows: {request.call}, average=True)."
    return average if request.can_average else ""


def _check_values(fit: Fit, request: ShareRequest) -> None:
    effects = {e for g in fit.model.design.groups for e in g.effects if e != names.INTERCEPT}
    valid = {*_needed(fit, request), *effects}
    unknown = [name for name in request.values if name not in valid]
    if unknown:
        raise ModelError(
            request.asked,
            f"No slope of {unknown[0]} varies between groups. "
            f"{did_you_mean(unknown[0], valid)}".rstrip(),
            _what_to_state(sorted(valid)),
            unknown=unknown,
        )
    categories = _categories(fit)
    for name, values in request.values.items():
        _check_stated_values(request, name, values, categories.get(name))


def _what_to_state(valid: Sequence[str]) -> str:
    if not valid:
        return "Leave at= out: no slope varies between groups."
    several = f"one or more of {listed(valid)}" if len(valid) > 1 else "that alone"
    return f"State {several}: at={{{valid[0]!r}: ...}}."


def _categories(fit: Fit) -> dict[str, list[Any]]:
    """Return the levels of every predictor that has any."""
    columns = [column for part in fit.model.design.parts for column in part["columns"].items()]
    return {
        name: list(state.get("levels", state.get("numbers")))
        for name, state in columns
        if not holds_numbers(state)
    }


def _check_stated_values(
    request: ShareRequest, name: str, values: Sequence[Any], levels: list[Any] | None
) -> None:
    if not len(values):
        raise ModelError(request.asked, f"No value of {name} was given.", "State finite numbers.")
    if levels is None:
        wrong = [value for value in values if not is_finite_number(value)]
        what = f"State one finite number for {name}."
    else:
        known = set(levels)
        wrong = [v for v in values if not isinstance(v, Hashable) or v not in known]
        what = f"State one of its categories: {listed(levels)}."
    if wrong:
        raise ModelError(request.asked, f"{name} is {wrong[0]!r}.", what, variable=name)
