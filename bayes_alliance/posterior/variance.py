"""How much of the variance lies at each level, per draw, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.kernels.shares import effect_covariance, shares_of, variance_at
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.posterior.summaries import interval_words, summary_table
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import precision_weights

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_LEVEL = "level"


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Variance shares of every level; they sum to one.

    Parameters
    ----------
    table
        One row a level, in the columns of a :class:`Summary`.
    draws
        Variable ``share``, dims (chain, draw, level).
    weighted
        Whether rows have precision weights: the residual variance is their average then.
    at
        The predictor values at which groups with varying slopes were looked at.
    scale
        ``"outcome"``, or the link scale on which the residual variance is that of the link.
    prob
        Probability of the intervals.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    at: Mapping[str, Any]
    scale: str
    prob: float
    weighted: bool = False

    @property
    def icc(self) -> pd.DataFrame:
        """Another name for the table without the residual: intraclass correlations."""
        return self.table.drop(index=names.RESIDUAL)

    @property
    def sentence(self) -> str:
        """The shares in one sentence for a paper."""
        parts = [
            f"{row['mean']:.0%} ({self.prob:.0%} interval {row['lower']:.0%} to {row['upper']:.0%})"
            f" lies between the groups of {level}"
            for level, row in self.icc.iterrows()
        ]
        where = "".join(f" at {name} = {number(value)}" for name, value in self.at.items())
        scale = "" if self.scale == "outcome" else f", on the {self.scale} scale"
        return f"Of the variance the predictors leave, {' and '.join(parts)}{where}{scale}."

    def _notes(self) -> list[str]:
        where = listed(f"{name} = {value}" for name, value in self.at.items())
        stated = [f"Groups with varying slopes at {where}."] if self.at else []
        if self.weighted:
            stated.append("The residual variance is averaged over the precision weights.")
        return [*stated, f"Scale: {self.scale}. {interval_words(self.prob)}."]

    def __str__(self) -> str:
        return as_text("Variance shares", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html("Variance shares", self.table, *self._notes())


def variance_shares(fit: Fit, *, at: Mapping[str, Any] | None = None, prob: float = 0.95) -> Shares:
    """Say how much of the variance lies between the groups and how much within them.

    For a model with random intercepts the share of a group is tau^2 over the sum of all tau^2 and
    the residual variance: the intraclass correlation, the variance partition coefficient. With
    random slopes the variance of a group is z' G z with z = (1, x, ...), so that the share depends
    on the predictor: it is given at a stated value. The variance of the population coefficients
    is left out. For yes-or-no and ordinal outcomes the residual is that of the link.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor.
    at : Mapping[str, float], optional
        Values of the predictors that vary between the groups: ``{"stigma": 0}``, or of the effect
        itself where it is centred by group: ``{"within(stigma, g)": 0}``. Needed for models with
        random slopes, and never chosen silently.
    prob : float
        Probability of the intervals.

    Returns
    -------
    Shares
        Per level with intervals. All NaN in draws where the residual variance does not exist
        (Student outcome with nu <= 2).

    Raises
    ------
    ModelError
        If there are no groups, slopes vary and ``at`` is missing, or standard errors are known.

    References
    ----------
    .. [1] goldstein2002
    .. [2] nakagawa2017

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.variance_shares(fit, at={"stigma": 0})  # doctest: +SKIP
    """
    import xarray as xr

    model, posterior = fit.model, fit.posterior
    _check_shares_exist(fit, at)
    columns = [_group_variance(fit, group, at or {}) for group in model.design.groups]
    parameters = {name: posterior[name].to_numpy() for name in model.family.parameters}
    precision = precision_weights(model)
    residual = model.family.residual_variance(parameters, model.link) * np.mean(1 / precision)
    columns.append(np.broadcast_to(residual, columns[0].shape))
    draws = xr.Dataset(
        {
            "share": (
                (names.CHAIN, names.DRAW, _LEVEL),
                shares_of(np.stack(columns, axis=-1)),
            )
        },
        coords={_LEVEL: np.asarray([*model.groups, names.RESIDUAL], dtype=object)},
    )
    table = summary_table(draws, prob)
    table.index = list(draws[_LEVEL].to_numpy())
    scale = f"link ({model.link})" if model.family.on_link_scale else "outcome"
    return Shares(
        table=table.rename_axis(_LEVEL),
        draws=draws,
        at=dict(at or {}),
        scale=scale,
        prob=prob,
        weighted=bool(np.any(precision != 1.0)),
    )


def sloping_variables(fit: Fit) -> tuple[str, ...]:
    """Return what the slopes that vary between groups depend on, in order.

    Columns, or the effects themselves where they are centred by group (``within(stigma, g)``).
    """
    columns = [
        name
        for group in fit.model.design.groups
        for state in group.parts
        for name in (_effects_of(state) if state["has_group_means"] else state["columns"])
    ]
    return tuple(dict.fromkeys(columns))


def _effects_of(state: Mapping[str, Any]) -> list[str]:
    """Effects that vary, but the intercept: what is centred by group has a value of its own."""
    return [label for label in state["labels"] if label != names.INTERCEPT]


def _check_shares_exist(fit: Fit, at: Mapping[str, Any] | None) -> None:
    asked = "Variance shares were asked for."
    model = fit.model
    if not model.groups:
        raise ModelError(
            asked, "The model has no groups.", "Add a group term, such as (1 | case_manager)."
        )
    if model.formula.response.weight_kind == "known_error":
        raise ModelError(
            asked,
            "The model has known standard errors, so every row has a residual variance of its own.",
            "Look at the standard deviation between the groups itself, with summarize(fit).",
        )
    missing = [name for name in sloping_variables(fit) if name not in (at or {})]
    if missing:
        values = ", ".join(f"{name!r}: 0" for name in missing)
        raise ModelError(
            asked,
            f"The slopes of {listed(missing)} vary between groups, so the shares depend on them.",
            f"State the values: variance_shares(fit, at={{{values}}}).",
            missing=missing,
        )
    _check_values(fit, at or {})


def _check_values(fit: Fit, at: Mapping[str, Any]) -> None:
    asked = f"Variance shares were asked for at {listed(f'{k} = {v}' for k, v in at.items())}."
    valid = {*sloping_variables(fit)} | {
        e for g in fit.model.design.groups for e in g.effects if e != names.INTERCEPT
    }
    unknown = [name for name in at if name not in valid]
    if unknown:
        raise ModelError(
            asked,
            f"No slope of {unknown[0]} varies between groups. {did_you_mean(unknown[0], valid)}",
            f"What varies: {listed(sorted(valid)) or 'nothing but the intercept'}.",
            unknown=unknown,
        )
    for name, value in at.items():
        if isinstance(value, float | int) and not np.isfinite(value):
            raise ModelError(asked, f"{name} is {value}.", "State a finite number.")


def _group_variance(fit: Fit, group: GroupDesign, at: Mapping[str, Any]) -> Any:
    posterior = fit.posterior
    sd = posterior[names.sd(group.name)].to_numpy()
    cor = posterior[names.cor(group.name)].to_numpy() if group.pairs else None
    z = np.asarray(fit.model.effect_row(group.name, at))
    return variance_at(effect_covariance(sd, cor, group.pairs), z)
