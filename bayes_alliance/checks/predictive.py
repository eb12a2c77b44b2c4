"""Does the model make data like these? Statistics of replicated outcomes beside the observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.predictive import with_predictive

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
_EXTREME = 0.01


@dataclass(frozen=True, kw_only=True)
class PredictiveCheck:
    """Observed statistics and the same statistics of replicated data sets.

    Parameters
    ----------
    table
        One row a statistic: observed, predicted (median), lower, upper (95%), p (share of the
        replications that are larger, ties counted half).
    replicated
        Replicated outcomes, shape (draw, row).
    observed
        The outcome, shape (row,).
    """

    table: pd.DataFrame
    replicated: Array
    observed: Array

    @property
    def unusual(self) -> tuple[str, ...]:
        """Statistics the model hardly ever reproduces (p below .01 or above .99)."""
        p = self.table["p"]
        return tuple(self.table.index[(p < _EXTREME) | (p > 1 - _EXTREME)])

    def __str__(self) -> str:
        return as_text("Posterior predictive check", self.table, self.sentence)

    @property
    def sentence(self) -> str:
        """What the check says, in one sentence."""
        if not self.unusual:
            return "Data simulated from the model look like the data in these respects."
        return f"The model hardly ever reproduces: {', '.join(self.unusual)}."

    def _repr_html_(self) -> str:
        return as_html("Posterior predictive check", self.table, self.sentence)


def check_predictive(
    fit: Fit, *, draws: int | None = 500, seed: int | None = None
) -> PredictiveCheck:
    """Compare the data with data replicated from the posterior, by level.

    Parameters
    ----------
    fit : Fit
        A fit with its rows. Replications are drawn if it has none.
    draws : int, optional
        Number of replicated data sets.
    seed : int, optional
        Seed of the replications; the fit's own if left out.

    Returns
    -------
    PredictiveCheck
        Statistics of the rows and, for each grouping factor, the spread of its group means.

    Raises
    ------
    SamplingError
        If the fit was saved without its rows.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.check_predictive(fit)  # doctest: +SKIP
    """
    import pandas as pd

    fit.need_data("A predictive check")
    if names.POSTERIOR_PREDICTIVE not in fit.idata.children:
        fit = with_predictive(fit, draws=draws, seed=seed)
    model = fit.model
    group = fit.idata[names.POSTERIOR_PREDICTIVE].to_dataset()
    replicated = group[model.outcome].to_numpy().reshape(-1, len(model.frame.y))
    observed = model.frame.y
    rows = {}
    for label, statistic in _statistics(model).items():
        seen, made = float(statistic(observed[None])[0]), statistic(replicated)
        lower, middle, upper = np.quantile(made, [0.025, 0.5, 0.975])
        p = float(np.mean(made > seen) + np.mean(made == seen) / 2)
        rows[label] = [seen, middle, lower, upper, p]
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["observed", "predicted", "lower", "upper", "p"]
    )
    return PredictiveCheck(
        table=table.rename_axis("statistic"), replicated=replicated, observed=observed
    )


def _statistics(model: Model) -> dict[str, Callable[[Array], Array]]:
    """Statistics that suit the outcome, each from (draw, row) to (draw,)."""
    if model.family.outcome == "numeric":
        own: dict[str, Callable[[Array], Array]] = {
            "mean": lambda y: y.mean(axis=1),
            "sd": lambda y: y.std(axis=1, ddof=1),
            "smallest": lambda y: y.min(axis=1),
            "largest": lambda y: y.max(axis=1),
        }
    elif model.family.outcome == "binary":
        own = {"share of 1": lambda y: y.mean(axis=1)}
    else:
        own = {
            f"share of {level}": _share_of(float(k)) for k, level in enumerate(model.frame.levels)
        }
    for design in model.design.groups:
        own[f"sd of the means of {design.name}"] = _spread_of_means(
            design.index, len(design.labels)
        )
    return own


def _share_of(category: float) -> Callable[[Array], Array]:
    return lambda y: np.asarray((y == category).mean(axis=1))


def _spread_of_means(index: NDArray[np.int64], groups: int) -> Callable[[Array], Array]:
    counts: Any = np.bincount(index, minlength=groups)

    def spread(y: Array) -> Array:
        sums = np.zeros((len(y), groups))
        for k in range(len(y)):
            sums[k] = np.bincount(index, weights=y[k], minlength=groups)
        return np.asarray((sums / counts).std(axis=1, ddof=1))

    return spread
