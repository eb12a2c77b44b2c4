"""Studies drawn from a known truth, in plain NumPy and independent of the models."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from bayes_alliance.data.study_outcomes import OUTCOMES, Array, Positions, Problem, StudyOutcome
from bayes_alliance.display import as_html, as_text
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
class SimulatedStudy:
    """A simulated table of clients and the truth behind it.

    Attributes
    ----------
    data : pandas.DataFrame
        One row for each client: ``client``, the group, the outcome, the predictor,
        ``months_in_care`` and ``setting`` (community or clinic, one for each group).
    truth : Mapping[str, object]
        Every parameter by name; ``icc`` (share of the groups where the predictor is 0);
        ``null_icc`` (their share in all variance, what a model without predictors estimates),
        both on the scale of the linear predictor;
        ``group_effects``, a table of the drawn effects, one row for each group; the settings.
    """

    data: pd.DataFrame
    truth: Mapping[str, object]

    @property
    def table(self) -> pd.DataFrame:
        """The single numbers of the truth."""
        numbers = {k: v for k, v in self.truth.items() if isinstance(v, int | float)}
        index = pd.Index(list(numbers), name="parameter", dtype="str")
        return pd.DataFrame({"truth": list(numbers.values())}, index=index, dtype="object")

    def __str__(self) -> str:
        """Return the truth as text for a terminal."""
        return as_text(self._title, self.table)

    def _repr_html_(self) -> str:
        return as_html(self._title, self.table)

    @property
    def _title(self) -> str:
        return f"Simulated study: {len(self.data)} clients"


def simulate_study(
    *,
    seed: int,
    clients: int = 160,
    groups: int = 30,
    outcome: str = "alliance",
    group: str = "case_manager",
    predictor: str = "stigma",
    intercept: float | None = None,
    slope: float | None = None,
    sd_intercept: float | None = None,
    sd_slope: float | None = None,
    cor: float = 0.2,
    sigma: float | None = None,
    predictor_sd_between: float = 0.3,
    predictor_sd_within: float = 0.95,
    caseload_variation: float = 0.5,
    months_slope: float = 0.0,
    setting_effect: float = 0.0,
    family: str = "gaussian",
    cutpoints: Sequence[float] | None = None,
    nu: float | None = None,
    missing: float = 0.0,
) -> SimulatedStudy:
    r"""Draw a study of clients in groups from a known truth.

    Client :math:`i` of group :math:`j` has the linear predictor

    .. math:: (\beta_0 + u_{0j}) + (\beta_1 + u_{1j}) x_{ij} + \beta_2 m_{ij} + \beta_3 s_j

    with normal, correlated group effects :math:`u`, the predictor :math:`x`, months in care
    :math:`m` and :math:`s = 1` where the setting is community.

    Parameters
    ----------
    seed : int
        Same seed and arguments, same study.
    clients, groups : int
        Numbers of rows and of groups; each group has one client at least.
    outcome, group, predictor : str
        Names of the columns.
    intercept, slope : float, optional
        Population coefficients. Here and below, what is not given depends on the family: a scale
        like the total of the Working Alliance Inventory for ``gaussian`` and ``student``, logs of
        rates for ``poisson``, logits for the others.
    sd_intercept, sd_slope, cor : float
        Standard deviations of the group effects and their correlation.
    sigma : float, optional
        Residual standard deviation; for ``student`` the scale. The other families have none.
    predictor_sd_between, predictor_sd_within : float
        Standard deviations of the predictor's group means and of the clients around them.
    caseload_variation : float
        Coefficient of variation of the groups' shares of the clients; 0 makes caseloads as equal
        as possible.
    months_slope, setting_effect : float
        Coefficients of ``months_in_care`` and of ``setting`` (community against clinic).
    family : {"gaussian", "student", "bernoulli", "cumulative", "poisson"}
        ``bernoulli`` gives 0 and 1 (logit link), ``cumulative`` ordered answers 1, 2, ...,
        ``poisson`` counts (log link).
    cutpoints : sequence of float, optional
        Rising cutpoints of the ``cumulative`` family, on the logit scale.
    nu : float, optional
        Degrees of freedom of the ``student`` family.
    missing : float
        Proportion of outcomes and of predictor values that go missing, completely at random.

    Returns
    -------
    SimulatedStudy

    Raises
    ------
    DataError
        If an argument is impossible, such as a negative standard deviation.

    Examples
    --------
    >>> study = simulate_study(seed=1, clients=40, groups=8)
    >>> study.data["case_manager"].nunique()
    8
    """
    # First of all, so that it holds the arguments and nothing else.
    arguments: dict[str, Any] = locals()
    _check_seed(arguments.pop("seed"))
    settings = complete_settings(arguments)
    data, effects = draw_clients(settings, seed)
    return SimulatedStudy(data=data, truth=_truth(settings, seed, effects))


def _check_seed(seed: object) -> None:
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0:
        return
    raise DataError(
        f"A study was to be simulated with seed={seed!r}.",
        "A seed is a whole number, 0 or more.",
        "Give one, such as seed=1.",
        seed=seed,
    )


def _truth(s: StudySettings, seed: int, effects: pd.DataFrame) -> Mapping[str, object]:
    parameters = ["intercept", "slope", "sd_intercept", "sd_slope", "cor", *s.kind.own]
    design = ["months_slope", "setting_effect", "predictor_sd_between", "predictor_sd_within"]
    design += ["caseload_variation", "missing", "family"]
    truth: dict[str, object] = {name: getattr(s, name) for name in [*parameters, *design]}
    truth |= {"icc": s.icc, "null_icc": s.null_icc, "group_effects": effects, "seed": int(seed)}
    return MappingProxyType(truth)


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


def draw_clients(s: StudySettings, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of clients and the group effects it was drawn with."""
    # A stream for each part, so that changing one part leaves the draws of the others alone.
    streams = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(7)]
    caseloads, settings, effects, x, months, noise, gaps = streams
    position = np.repeat(np.arange(s.groups), _caseloads(s, caseloads))
    community = settings.permutation(s.groups) % 2 == 1
    u = _group_effects(s, effects)
    values = _predictor(s, position, x)
    months_in_care = 1 + months.negative_binomial(MONTHS_SIZE, MONTHS_CHANCE, size=s.clients)
    eta = s.intercept + u[position, 0] + (s.slope + u[position, 1]) * values
    eta += s.months_slope * months_in_care + s.setting_effect * community[position]
    labels = _labels(s.group, s.groups)
    data = pd.DataFrame(
        {
            CLIENT: _labels(CLIENT, s.clients),
            s.group: labels.to_numpy()[position],
            s.outcome: s.kind.draw(noise, eta, s.own),
            s.predictor: values,
            MONTHS: months_in_care,
            SETTING: np.where(community, "community", "clinic")[position],
        }
    ).astype({s.group: "str", SETTING: "str"})
    for name in (s.outcome, s.predictor):
        gone = gaps.random(s.clients) < s.missing
        if gone.any():
            data[name] = data[name].astype("float64").mask(gone)
    names = ["Intercept", s.predictor]
    return data, pd.DataFrame(u, index=pd.Index(labels, name=s.group), columns=names)


def _caseloads(s: StudySettings, rng: Generator) -> Positions:
    """Draw unequal caseloads: every group one client, the rest by gamma-distributed shares."""
    if s.caseload_variation == 0:
        return np.full(s.groups, s.clients // s.groups) + (
            np.arange(s.groups) < s.clients % s.groups
        )
    shares = rng.gamma(s.caseload_variation**-2, size=s.groups)
    return 1 + rng.multinomial(s.clients - s.groups, shares / shares.sum())


def _group_effects(s: StudySettings, rng: Generator) -> Array:
    z = rng.standard_normal((s.groups, 2))
    slopes = s.cor * z[:, 0] + np.sqrt(1 - s.cor**2) * z[:, 1]
    return np.column_stack([s.sd_intercept * z[:, 0], s.sd_slope * slopes])


def _predictor(s: StudySettings, position: Positions, rng: Generator) -> Array:
    between = s.predictor_sd_between * rng.standard_normal(s.groups)
    within = s.predictor_sd_within * rng.standard_normal(s.clients)
    return between[position] + within


def _labels(name: str, count: int) -> pd.Series:
    """Return ids such as CM07: the initials of the column's words and a running number."""
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", name)).upper() or "G"
    width = len(str(count))
    numbers = range(1, count + 1)
    return pd.Series([f"{initials}{number:0{width}d}" for number in numbers], dtype="str")
