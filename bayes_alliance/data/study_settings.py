"""The truth a simulated study is drawn from, and what makes such a truth impossible."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from bayes_alliance.errors import DataError, did_you_mean, listed

CLIENT = "client"
MONTHS = "months_in_care"
SETTING = "setting"

# Months in care: 1 + a negative binomial count, whose variance the truth needs.
MONTHS_SIZE = 2
MONTHS_CHANCE = 0.1
_MONTHS_VARIANCE = MONTHS_SIZE * (1 - MONTHS_CHANCE) / MONTHS_CHANCE**2
_SETTING_VARIANCE = 0.25
_LOGISTIC_VARIANCE = math.pi**2 / 3

_POINTS = {"intercept": 60.0, "slope": -2.0, "sd_intercept": 3.4, "sd_slope": 4.2}
_LOGITS = {"intercept": 0.0, "slope": -0.4, "sd_intercept": 0.65, "sd_slope": 0.4}

DEFAULTS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "gaussian": _POINTS | {"sigma": 9.0},
        "student": _POINTS | {"sigma": 6.5, "nu": 4.0},
        "bernoulli": _LOGITS,
        "cumulative": _LOGITS | {"cutpoints": (-2.0, -0.7, 0.7, 2.0)},
    }
)
_FAMILY_ONLY = ("sigma", "nu", "cutpoints")


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
    def residual_variance(self) -> float:
        """Variance of a client around the linear predictor (on the logit scale for answers)."""
        if self.family == "gaussian":
            return self.sigma**2
        if self.family == "student":
            return self.sigma**2 * self.nu / (self.nu - 2) if self.nu > 2 else math.nan
        return _LOGISTIC_VARIANCE

    @property
    def icc(self) -> float:
        """Share of the groups in the variance around the coefficients, where the predictor is 0."""
        return self.sd_intercept**2 / (self.sd_intercept**2 + self.residual_variance)

    @property
    def null_icc(self) -> float:
        """Share of the groups in all variance: what a model without predictors is after."""
        between = (
            self.sd_intercept**2
            + (self.slope**2 + self.sd_slope**2) * self.predictor_sd_between**2
            + self.setting_effect**2 * _SETTING_VARIANCE
        )
        within = (
            self.residual_variance
            + (self.slope**2 + self.sd_slope**2) * self.predictor_sd_within**2
            + self.months_slope**2 * _MONTHS_VARIANCE
        )
        return between / (between + within)


def complete_settings(arguments: Mapping[str, Any]) -> StudySettings:
    """Make settings from named arguments, None standing for the family's own default.

    Raises
    ------
    DataError
        If the family is unknown, a value was given that it has not, or one is impossible.
    """
    family = arguments["family"]
    if family not in DEFAULTS:
        raise DataError(
            f"A study was to be simulated with family='{family}'.",
            f"The simulator knows {listed(DEFAULTS)}.",
            f"{did_you_mean(family, DEFAULTS)}Choose one of them.",
            family=family,
            valid=list(DEFAULTS),
        )
    defaults = DEFAULTS[family]
    given = {name: value for name, value in arguments.items() if value is not None}
    extra = [name for name in _FAMILY_ONLY if name in given and name not in defaults]
    if extra:
        raise DataError(
            f"A {family} study was to be simulated with {listed(extra)}.",
            f"The {family} family has no {listed(extra)}.",
            "Leave it out, or choose another family.",
            family=family,
            extra=extra,
        )
    absent: dict[str, Any] = {"sigma": math.nan, "nu": math.nan, "cutpoints": ()}
    values = absent | dict(defaults) | given
    values["cutpoints"] = tuple(map(float, values["cutpoints"]))
    return StudySettings(**values)


type _Problem = tuple[str, str, str]


def _problems(s: StudySettings) -> Sequence[_Problem]:
    return [*_size_problems(s), *_name_problems(s), *_spread_problems(s), *_shape_problems(s)]


def _size_problems(s: StudySettings) -> list[_Problem]:
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


def _name_problems(s: StudySettings) -> list[_Problem]:
    names = [s.outcome, s.group, s.predictor, CLIENT, MONTHS, SETTING]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [
        (
            f"the columns {s.outcome}, {s.group} and {s.predictor}",
            f"The table would have {listed(twice)} twice." if twice else "",
            f"Give names of their own, other than {CLIENT}, {MONTHS} and {SETTING}.",
        )
    ]


def _spread_problems(s: StudySettings) -> list[_Problem]:
    spreads = ["sd_intercept", "sd_slope", "predictor_sd_between", "predictor_sd_within"]
    spreads += ["caseload_variation", *(["sigma"] if s.family in ("gaussian", "student") else [])]
    numbers = [*spreads, "intercept", "slope", "months_slope", "setting_effect"]
    infinite = [name for name in numbers if not math.isfinite(getattr(s, name))]
    negative = [name for name in spreads if getattr(s, name) < 0]
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


def _shape_problems(s: StudySettings) -> list[_Problem]:
    if s.family == "student":
        fine = math.isfinite(s.nu) and s.nu > 0
        return [(f"nu={s.nu}", "" if fine else "It must be above 0.", "Give 3 or more.")]
    if s.family == "cumulative":
        points = s.cutpoints
        rising = all(low < high for low, high in pairwise(points))
        fine = bool(points) and rising and all(map(math.isfinite, points))
        remedy = "Give one number or more, from the lowest to the highest."
        return [(f"cutpoints={points}", "" if fine else "They must rise.", remedy)]
    return []
