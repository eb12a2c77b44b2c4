"""The truth a simulated study is drawn from, and what makes such a truth impossible."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bayes_alliance.data.study_outcomes import OUTCOMES, Problem, StudyOutcome
from bayes_alliance.errors import DataError, did_you_mean, listed

CLIENT = "client"
MONTHS = "months_in_care"
SETTING = "setting"

# Months in care: 1 + a negative binomial count, whose variance the truth needs.
MONTHS_SIZE = 2
MONTHS_CHANCE = 0.1
_MONTHS_VARIANCE = MONTHS_SIZE * (1 - MONTHS_CHANCE) / MONTHS_CHANCE**2
_SETTING_VARIANCE = 0.25
_MONTHS_MEAN = 1 + MONTHS_SIZE * (1 - MONTHS_CHANCE) / MONTHS_CHANCE

# What an outcome that has no such parameter holds in its place.
_ABSENT: Mapping[str, Any] = MappingProxyType({"sigma": math.nan, "nu": math.nan, "cutpoints": ()})


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """Everything a simulated study follows from, apart from the seed; checked when made."""

    clients: int
    groups: int
    outcome: str
    group: str
    predictor: str
    intercept: float
    slope: float
    sd_intercept: float
    sd_slope: float
    cor: float
    sigma: float
    predictor_sd_between: float
    predictor_sd_within: float
    caseload_variation: float
    months_slope: float
    setting_effect: float
    family: str
    cutpoints: tuple[float, ...]
    nu: float
    missing: float

    def __post_init__(self) -> None:
        """Refuse an impossible truth."""
        for told, problem, remedy in _problems(self):
            if problem:
                raise DataError(f"A study was to be simulated with {told}.", problem, remedy)

    @property
    def kind(self) -> StudyOutcome:
        """What its family of outcomes needs to be drawn."""
        return OUTCOMES[self.family]

    @property
    def own(self) -> Mapping[str, Any]:
        """The outcome's own parameters by name."""
        return {name: getattr(self, name) for name in self.kind.own}

    def residual_variance(self, mean: float, variance: float) -> float:
        """Return the variance of a client around the linear predictor, on its scale.

        Parameters
        ----------
        mean, variance
            Of the linear predictor, among the clients that are meant.
        """
        return self.kind.residual_variance(self.own, mean + variance / 2)

    @property
    def icc(self) -> float:
        """Share of the groups in the variance around the coefficients, where the predictor is 0."""
        between = self.sd_intercept**2
        return between / (between + self.residual_variance(self.intercept, between))

    @property
    def null_icc(self) -> float:
        """Share of the groups in all variance: what a model without predictors is after."""
        between = (
            self.sd_intercept**2
            + (self.slope**2 + self.sd_slope**2) * self.predictor_sd_between**2
            + self.setting_effect**2 * _SETTING_VARIANCE
        )
        within = (
            self.slope**2 + self.sd_slope**2
        ) * self.predictor_sd_within**2 + self.months_slope**2 * _MONTHS_VARIANCE
        mean = self.intercept + self.months_slope * _MONTHS_MEAN + self.setting_effect / 2
        return between / (between + within + self.residual_variance(mean, between + within))


def complete_settings(arguments: Mapping[str, Any]) -> StudySettings:
    """Make settings from named arguments, None standing for the family's own default.

    Raises
    ------
    DataError
        If the family is unknown, a value was given that it has not, or one is impossible.
    """
    family = arguments["family"]
    if family not in OUTCOMES:
        raise DataError(
            f"A study was to be simulated with family='{family}'.",
            f"The simulator knows {listed(OUTCOMES)}.",
            f"{did_you_mean(family, OUTCOMES)}Choose one of them.",
            family=family,
            valid=list(OUTCOMES),
        )
    kind = OUTCOMES[family]
    given = {name: value for name, value in arguments.items() if value is not None}
    extra = [name for name in _ABSENT if name in given and name not in kind.own]
    if extra:
        raise DataError(
            f"A {family} study was to be simulated with {listed(extra)}.",
            f"The {family} family has no {listed(extra)}.",
            "Leave it out, or choose another family.",
            family=family,
            extra=extra,
        )
    values: dict[str, Any] = dict(_ABSENT) | dict(kind.defaults) | given
    values["cutpoints"] = tuple(map(float, values["cutpoints"]))
    return StudySettings(**values)


def _problems(s: StudySettings) -> Sequence[Problem]:
    general = [*_size_problems(s), *_name_problems(s), *_number_problems(s)]
    return [*general, *s.kind.problems(s.own)]


def _size_problems(s: StudySettings) -> list[Problem]:
    return [
        (
            f"groups={s.groups}",
            "" if s.groups >= 1 else "That is no group at all.",
            "Give one group or more.",
        ),
        (
            f"clients={s.clients} and groups={s.groups}",
            "" if s.clients >= s.groups else "Each group needs one client at least.",
            "Give more clients or fewer groups.",
        ),
        (
            f"missing={s.missing}",
            "" if 0 <= s.missing < 1 else "It is a proportion.",
            "Give a number from 0 up to, not including, 1.",
        ),
    ]


def _name_problems(s: StudySettings) -> list[Problem]:
    names = [s.outcome, s.group, s.predictor, CLIENT, MONTHS, SETTING]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [
        (
            f"the columns {s.outcome}, {s.group} and {s.predictor}",
            f"The table would have {listed(twice)} twice." if twice else "",
            f"Give names of their own, other than {CLIENT}, {MONTHS} and {SETTING}.",
        )
    ]


def _number_problems(s: StudySettings) -> list[Problem]:
    deviations = ["sd_intercept", "sd_slope", "predictor_sd_between", "predictor_sd_within"]
    deviations += ["caseload_variation", *s.kind.deviations]
    numbers = [*deviations, "intercept", "slope", "months_slope", "setting_effect"]
    infinite = [name for name in numbers if not math.isfinite(getattr(s, name))]
    negative = [name for name in deviations if getattr(s, name) < 0]
    return [
        (
            ", ".join(f"{name}={getattr(s, name)}" for name in infinite),
            "That is no finite number." if infinite else "",
            "Give finite numbers.",
        ),
        (
            ", ".join(f"{name}={getattr(s, name)}" for name in negative),
            "A standard deviation cannot be negative." if negative else "",
            "Give 0 or more.",
        ),
        (
            f"cor={s.cor}",
            "" if -1 <= s.cor <= 1 else "A correlation lies between -1 and 1.",
            "Give a number from -1 to 1.",
        ),
        (
            f"caseload_variation={s.caseload_variation}",
            "" if s.caseload_variation <= 5 else "Nearly all clients would be in one group.",
            "Give a number from 0 to 5.",
        ),
    ]
