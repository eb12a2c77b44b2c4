"""Power-scaling: how far the posterior moves when prior or likelihood count a little more."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.checks.finding import Finding
from bayes_alliance.errors import Advice, listed
from bayes_alliance.posterior.summaries import summarize, summary_table
from bayes_alliance.sampling.at_priors import at_priors
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.gaussian_likelihood import sums_suffice
from bayes_alliance.sampling.log_prior import joint_log_likelihood, log_prior
from bayes_alliance.sampling.stand_in import count_rows
from bayes_alliance.sampling.thinning import few_redrawn, thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

THRESHOLD = 0.05
PRIOR, LIKELIHOOD = "prior", "likelihood"
CONFLICT = "prior and data pull in different directions"
STRONG = "the prior decides: it is strong, or the data say little"
FINE = "fine"
_POWERS = (0.99, 1.01)
_ROWS_TIMES_DRAWS = 2e8
_FEWEST_DRAWS = 1000
_FEWEST_WEIGHED = 100
_WIDER = "if they mean what they say, report the result under wider ones too."


def affordable(fit: Fit) -> Fit:
    """Return the fit with as many draws as the likelihood of all rows is worth, evenly spaced.

    Draws beyond 200 million numbers cost more time than they add; a thousand are always kept.
    Where sums stand for the rows, as many as group effects that are not stored are worth.
    """
    if sums_suffice(fit.model):
        return few_redrawn(fit)
    worth = max(_FEWEST_DRAWS, int(_ROWS_TIMES_DRAWS / max(1, count_rows(fit.model))))
    if fit.draws_in_all <= worth:
        return fit
    return fit.with_group(names.POSTERIOR, thinned(fit.posterior, worth))


def scaled_densities(fit: Fit) -> dict[str, Any]:
    """Return the log densities whose power is changed, each of shape (chain, draw).

    The prior is that of the top-level parameters; the likelihood is that of the rows given the
    group effects, so that every engine means the same.
    """
    return {
        PRIOR: np.sum(list(log_prior(fit).values()), axis=0),
        LIKELIHOOD: joint_log_likelihood(fit),
    }


def power_scaling_table(draws: xr.Dataset, densities: dict[str, Any]) -> pd.DataFrame:
    """Return how far each quantity's distribution moves.

    Parameters
    ----------
    draws
        The quantities, dims (chain, draw, ...), on the same draws as the densities.
    densities
        From :func:`scaled_densities`.

    Returns
    -------
    pandas.DataFrame
        One row a quantity: ``prior`` and ``likelihood`` sensitivity, each the change of the
        cumulative Jensen-Shannon distance by doubling the power, and what they say in words.

    References
    ----------
    .. [1] kallioinen2023
    """
    import arviz as az
    import pandas as pd
    import xarray as xr

    sample = (names.CHAIN, names.DRAW)
    tree = xr.DataTree.from_dict(
        {
            names.POSTERIOR: draws,
            names.LOG_PRIOR: xr.Dataset({"all": (sample, densities[PRIOR])}),
            names.LOG_LIKELIHOOD: xr.Dataset({"all": (sample, densities[LIKELIHOOD])}),
        }
    )
    # What does not vary has no distance and becomes NaN.
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        # Short chains may warn of the weights' tails; their k is reported beside the table.
        warnings.filterwarnings("ignore", message="Estimated shape parameter of Pareto")
        found = {name: az.psense(tree, group=name, alphas=_POWERS) for name in (PRIOR, LIKELIHOOD)}
        labels = summary_table(draws, 0.95).index
    columns: dict[str, Any] = {
        name: np.concatenate([np.ravel(values[v].to_numpy()) for v in draws.data_vars])
        for name, values in found.items()
    }
    columns["diagnosis"] = [
        _diagnosis(prior, likelihood)
        for prior, likelihood in zip(columns[PRIOR], columns[LIKELIHOOD], strict=True)
    ]
    return pd.DataFrame(columns, index=labels)


def _diagnosis(prior: float, likelihood: float) -> str:
    if not prior >= THRESHOLD:
        return FINE
    return CONFLICT if likelihood >= THRESHOLD else STRONG


def weight_tail(log_density: Any) -> float:
    """Return the Pareto k of the importance weights; above 0.7 they are not to be relied on."""
    import xarray as xr
    from arviz_stats.accessors import AzStatsDaAccessor

    smoothed: Any = AzStatsDaAccessor
    dims = (names.CHAIN, names.DRAW)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Estimated shape parameter of Pareto")
        # psislw turns the sign of what it is given.
        tails = [
            smoothed(xr.DataArray((1 - power) * log_density, dims=dims)).psislw()[1]
            for power in _POWERS
        ]
    return float(np.max(tails))


def check_priors(fit: Fit) -> Finding:
    """Look for parameters whose prior and data pull in different directions."""
    if not (fit.has_data or fit.has_sums) or fit.draws_in_all < _FEWEST_WEIGHED:
        return Finding(
            level="fine",
            code="prior_conflict",
            where="",
            value=float("nan"),
            threshold=THRESHOLD,
            message="Prior sensitivity was not looked at: it needs the rows, or the sums "
            "of streamed ones, and 100 draws.",
        )
    fewer = affordable(fit)
    draws = at_priors(fit.model, summarize(fewer).draws)
    table = power_scaling_table(draws, scaled_densities(fewer))
    conflict = table[table["diagnosis"] == CONFLICT]
    if len(conflict):
        worst = float(conflict["prior"].max())
        return Finding(
            level="caution",
            code="prior_conflict",
            where=listed(conflict.index),
            value=worst,
            threshold=THRESHOLD,
            message=f"Prior and data pull {listed(conflict.index)} in different directions "
            f"(power-scaling {worst:.2f}).",
            remedy=Advice(
                python=f"Check the scale of those priors in model.priors; {_WIDER}",
                command_line="Check the scale of those priors, and give "
                f"your own with --prior; {_WIDER}",
            ),
        )
    return _weak(table)


def _weak(table: pd.DataFrame) -> Finding:
    strong = table[table["diagnosis"] == STRONG]
    most = float(table["prior"].max())
    if len(strong):
        return Finding(
            level="caution",
            code="prior_dominates",
            where=listed(strong.index),
            value=most,
            threshold=THRESHOLD,
            message=f"The data says little about {listed(strong.index)}; the prior decides.",
            remedy="Say so, and show the result under another prior.",
        )
    return Finding(
        level="fine",
        code="prior_conflict",
        where="",
        value=most,
        threshold=THRESHOLD,
        message=f"No prior weighs much (power-scaling at most {most:.2f}).",
    )
