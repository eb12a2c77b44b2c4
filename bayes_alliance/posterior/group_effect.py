"""The effects of each group, shrunken as the model has them, with intervals and caseloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.posterior.summaries import check_prob, interval_words
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

CAUTION = (
    "The order of the groups is uncertain: intervals that overlap do not tell two groups apart, "
    "and small caseloads are drawn towards the middle."
)


@dataclass(frozen=True, kw_only=True)
class GroupEffects:
    """Deviations of each group from the population coefficients.

    Parameters
    ----------
    group
        Name of the grouping factor.
    table
        One row a group and effect: group, effect, mean, sd, lower, upper, caseload.
    draws
        Variable ``u_<group>``, dims (chain, draw, group, effect).
    prob
        Probability of the intervals.
    """

    group: str
    table: pd.DataFrame
    draws: xr.Dataset
    prob: float

    def __str__(self) -> str:
        title = f"Effects of {self.group}"
        return as_text(title, self.table, f"{interval_words(self.prob)}.", CAUTION)

    def _repr_html_(self) -> str:
        title = f"Effects of {self.group}"
        return as_html(title, self.table, f"{interval_words(self.prob)}.", CAUTION)


def group_effects(fit: Fit, *, group: str | None = None, prob: float = 0.95) -> GroupEffects:
    """Return the effects of every group of one grouping factor.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor.
    group : str, optional
        Name of the factor; the first one of the formula if left out.
    prob : float
        Probability of the intervals, which are equal-tailed.

    Returns
    -------
    GroupEffects
        One row a group and effect, with the group's caseload.

    Raises
    ------
    ModelError
        If the model has no such factor.

    References
    ----------
    .. [1] goldstein1996

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.group_effects(fit, group="case_manager")  # doctest: +SKIP
    """
    import pandas as pd

    check_prob(prob)
    chosen = _chosen(fit, group)
    design = fit.model.design.group(chosen)
    variable = names.u(chosen)
    values = fit.posterior[variable].to_numpy()
    flat = values.reshape(-1, *values.shape[2:])
    lower, upper = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
    groups, effects = len(design.labels), len(design.effects)
    table = pd.DataFrame(
        {
            "group": np.repeat(design.labels, effects),
            "effect": np.tile(design.effects, groups),
            "mean": flat.mean(axis=0).ravel(),
            "sd": flat.std(axis=0, ddof=1).ravel(),
            "lower": lower.ravel(),
            "upper": upper.ravel(),
            "caseload": np.repeat(design.caseloads, effects),
        }
    )
    return GroupEffects(group=chosen, table=table, draws=fit.posterior[[variable]], prob=prob)


def _chosen(fit: Fit, group: str | None) -> str:
    groups = fit.model.groups
    if not groups:
        raise ModelError(
            "Group effects were asked for.",
            "The model has no groups.",
            "Add a group term, such as (1 | case_manager).",
        )
    chosen = groups[0] if group is None else group
    if chosen not in groups:
        raise ModelError(
            f"The effects of {chosen} were asked for.",
            f"The model has no such groups. {did_you_mean(chosen, groups)}".rstrip(),
            f"It has {listed(groups)}.",
            group=chosen,
        )
    return chosen
