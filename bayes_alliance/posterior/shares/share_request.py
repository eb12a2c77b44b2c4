"""What was asked of the variance, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bayes_alliance.errors import ModelError, did_you_mean
from bayes_alliance.model.expression import has_offset
from bayes_alliance.posterior.standing import (
    NO_PLACE,
    Standing,
    Values,
    population_variables,
    sloping_variables,
    standing_of,
)
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.parameter_view import location_of, view_of

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
    standing
        Where the predictors stand; no places if it is averaged, or does not depend on any.
    values
        Predictor values, one list a name, all of length ``count``.
    count
        How many values there are of each predictor; 1 where none is stated.
    average
        Whether to average over the predictors of the rows instead.
    of
        ``"residual"`` leaves the variance of the predictors out, ``"total"`` has it in.
    scale
        ``"link"`` or ``"response"``.
    draws
        How many draws the response scale uses, which costs an integral a draw.
    """

    asked: str
    call: str
    standing: Standing = NO_PLACE
    values: Values = field(default_factory=dict)
    count: int = 1
    average: bool = False
    of: str = RESIDUAL_ONLY
    scale: str = LINK
    draws: int | None = None


def share_request(
    fit: Fit,
    *,
    asked: str,
    call: str,
    at: Mapping[str, Any] | str | None,
    average: bool | None,
    of: str = RESIDUAL_ONLY,
    scale: str = LINK,
    draws: int | None = None,
) -> ShareRequest:
    """Settle where variances are wanted: averaged over the rows unless a place is asked for.

    Raises
    ------
    ModelError
        If the request has no answer.
    SamplingError
        If it needs rows, or means of predictors, that are not there.
    """
    _check_words(asked, of, scale)
    _check_model(location_of(fit), asked)
    at = at or None  # nothing stated, as in {}
    if average and at is not None:
        raise ModelError(
            asked,
            "Both at= and average=True were given, which are two different answers.",
            "Keep one of them.",
        )
    needed = needed_variables(fit, scale)
    averages = bool(needed) and at is None if average is None else average
    standing = NO_PLACE if averages else standing_of(fit, needed, at=at, asked=asked, call=call)
    return ShareRequest(
        asked=asked,
        call=call,
        standing=standing,
        values={name: [value] for name, value in standing.values.items()},
        average=averages,
        of=of,
        scale=scale,
        draws=draws,
    )


def needed_variables(fit: Fit, scale: str) -> tuple[str, ...]:
    """Return the predictors that variances depend on."""
    located = location_of(fit)
    population = population_variables(located) if need_expected_outcome(fit, scale) else ()
    found = [*sloping_variables(located), *population]
    for view in (view_of(fit, parameter) for parameter in fit.model.predicted):
        found += [*sloping_variables(view), *population_variables(view)]
    return tuple(dict.fromkeys(found))


def need_expected_outcome(fit: Fit, scale: str) -> bool:
    """Tell whether variances depend on the expected outcome, and so on every predictor."""
    family = fit.model.family
    return family.residual_needs_mean or (scale == RESPONSE and family.on_link_scale)


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
    _check_words(request.asked, request.of, request.scale)
    _check_model(location_of(fit), request.asked)
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


def _check_words(asked: str, of: str, scale: str) -> None:
    for option, value, valid in (
        ("of", of, (RESIDUAL_ONLY, TOTAL)),
        ("scale", scale, (LINK, RESPONSE)),
    ):
        if value not in valid:
            raise ModelError(
                asked,
                f"{option} is {value!r}. {did_you_mean(str(value), valid)}".rstrip(),
                f"Write {option}={valid[0]!r} or {option}={valid[1]!r}.",
            )


def _check_model(fit: Fit, asked: str) -> None:
    model = fit.model
    if not model.groups:
        raise ModelError(
            asked,
            "The model has no groups.",
            "Add a group term, such as (1 | case_manager).",
        )
    if model.formula.response.weight_kind == "known_error":
        raise ModelError(
            asked,
            "The model has known standard errors, so every row has a residual variance of its own.",
            "Look at the standard deviation between the groups itself, with summarize(fit).",
        )
