"""Studies drawn from a known truth, in plain NumPy and independent of the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.data.study_draws import draw_clients
from bayes_alliance.data.study_settings import StudySettings, complete_settings
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import DataError


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
