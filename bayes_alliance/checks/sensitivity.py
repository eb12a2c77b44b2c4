"""Whether a prior fights the data: power-scaling of prior and likelihood."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.checks.finding import Finding
from bayes_alliance.errors import listed
from bayes_alliance.posterior.summaries import summarize
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.log_prior import joint_log_likelihood, log_prior

if TYPE_CHECKING:
    import pandas as pd

THRESHOLD = 0.05


def sensitivity_table(fit: Fit) -> pd.DataFrame:
    """Return how far each parameter moves when prior or likelihood count a little more.

    Returns
    -------
    pandas.DataFrame
        One row a parameter: ``prior`` and ``likelihood`` sensitivity.

    References
    ----------
    .. [1] kallioinen2023
    """
    import arviz as az
    import pandas as pd
    import xarray as xr

    summary = summarize(fit)
    draws = summary.draws
    prior = np.sum(list(log_prior(fit).values()), axis=0)
    sample = (names.CHAIN, names.DRAW)
    tree = xr.DataTree.from_dict(
        {
            names.POSTERIOR: draws,
            names.LOG_PRIOR: xr.Dataset({"all": (sample, prior)}),
            names.LOG_LIKELIHOOD: xr.Dataset({"all": (sample, joint_log_likelihood(fit))}),
        }
    )
    with warnings.catch_warnings():
        # Pareto k of the weights is small by construction; short chains may still warn.
        warnings.filterwarnings("ignore", message="Estimated shape parameter of Pareto")
        found = {name: az.psense(tree, group=name) for name in ("prior", "likelihood")}
    columns = {
        name: np.concatenate([np.ravel(values[v].to_numpy()) for v in draws.data_vars])
        for name, values in found.items()
    }
    return pd.DataFrame(columns, index=summary.table.index)


def check_priors(fit: Fit) -> Finding:
    """Look for parameters whose prior and data pull in different directions."""
    if not fit.has_data or fit.draws_in_all < 100:
        return Finding(
            level="fine",
            code="prior_conflict",
            where="",
            value=float("nan"),
            threshold=THRESHOLD,
            message="Prior sensitivity was not looked at: it needs the rows and 100 draws.",
        )
    table = sensitivity_table(fit)
    conflict = table[(table["prior"] >= THRESHOLD) & (table["likelihood"] >= THRESHOLD)]
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
            remedy="Check the scale of those priors in model.priors; if they mean what they say, "
            "report the result under wider ones too.",
        )
    return _weak(table)


def _weak(table: pd.DataFrame) -> Finding:
    strong = table[table["prior"] >= THRESHOLD]
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
