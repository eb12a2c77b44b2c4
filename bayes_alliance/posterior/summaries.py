"""Mean, sd and interval of every parameter, with the quality of each number beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.sampling.engines.contract import public_variables
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

DIRECTION = "probability_of_direction"  # column: probability of the likelier sign
COLUMNS = ("mean", "sd", "lower", "upper", "mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat")
_ARVIZ = ("mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat", "mcse_mean", "mcse_sd")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Numbers for people, with the Monte Carlo error of each.

    Parameters
    ----------
    table
        One row a parameter: mean, sd, lower, upper, mcse_mean, mcse_sd, ess_bulk, ess_tail,
        r_hat. R-hat and ESS are NaN for what does not vary.
    draws
        The draws the numbers are of.
    prob
        Probability of the intervals, which are equal-tailed.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    prob: float

    @property
    def interval(self) -> str:
        """The interval in words."""
        return interval_words(self.prob)

    def __str__(self) -> str:
        return as_text("Summary", self.table, self.interval)

    def _repr_html_(self) -> str:
        return as_html("Summary", self.table, self.interval)


def interval_words(prob: float) -> str:
    """Say what kind of interval it is."""
    return f"{100 * prob:g}% equal-tailed intervals"


def check_prob(prob: float) -> None:
    """Refuse a probability outside 0 to 1.

    Raises
    ------
    ModelError
        If it is one.
    """
    if not 0 < prob < 1:
        raise ModelError(
            f"Intervals of probability {prob:g} were asked for.",
            "A probability lies between 0 and 1.",
            "Write prob=0.95 for 95% intervals.",
        )


def summary_table(draws: xr.Dataset, prob: float) -> pd.DataFrame:
    """Summarise draws, dims (chain, draw, ...), one row an element."""
    import arviz as az

    check_prob(prob)
    table = az.summary(draws, ci_prob=prob, ci_kind="eti", round_to="none")
    table.columns = list(_ARVIZ)
    ordered: pd.DataFrame = table[list(COLUMNS)].astype(float)
    return ordered


def summarize(fit: Fit, *, variables: Sequence[str] | None = None, prob: float = 0.95) -> Summary:
    """Summarise the posterior.

    Parameters
    ----------
    fit : Fit
        Any fit.
    variables : sequence of str, optional
        Container variables, for example ``["b", "sigma"]``; everything but the group effects if
        left out (see :func:`group_effects` for those).
    prob : float
        Probability of the intervals.

    Returns
    -------
    Summary
        A record that shows itself as a table.

    Raises
    ------
    ModelError
        For a variable the model does not have.

    References
    ----------
    .. [1] vehtari2021

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.summarize(fit, variables=["b"])  # doctest: +SKIP
    """
    valid = public_variables(fit.model)
    effects = {names.u(group) for group in fit.model.groups}
    chosen = [v for v in valid if v not in effects] if variables is None else list(variables)
    unknown = [v for v in chosen if v not in valid]
    if unknown:
        raise ModelError(
            f"A summary of {listed(unknown)} was asked for.",
            f"The model has no such variable. {did_you_mean(unknown[0], valid)}".rstrip(),
            f"It has {listed(valid, shown=20)}.",
            unknown=unknown,
        )
    draws = fit.posterior[chosen]
    return Summary(table=summary_table(draws, prob), draws=draws, prob=prob)
