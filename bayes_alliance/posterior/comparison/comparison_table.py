"""The table of a comparison: differences, their errors, and which model to prefer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.comparison.leave_one_out import LeftOutDensity
from bayes_alliance.posterior.comparison.stacking import stacking_weights

if TYPE_CHECKING:
    import pandas as pd

# sivula2020: below 4 the standard error of a difference says little.
CLEAR_DIFFERENCE = 4.0
CLEAR_ERRORS = 2.0


def count_parameters(model: Model) -> int:
    """Count everything that has a prior: what makes one model simpler than another."""
    correlations = sum(len(group.pairs) for group in model.design.groups)
    listed = [e for e in model.priors.entries if not _is_correlation(model, e.variable)]
    return len(listed) + correlations


def _is_correlation(model: Model, variable: str) -> bool:
    return any(variable == names.cor(group) for group in model.groups)


def comparison_table(
    densities: Mapping[str, LeftOutDensity], parameters: Mapping[str, int]
) -> tuple[pd.DataFrame, str]:
    """Return the table, the best model first, and the name of the preferred one.

    Parameters
    ----------
    densities
        By model, of the same units.
    parameters
        How many each model has.
    """
    import pandas as pd

    order = sorted(densities, key=lambda name: (-densities[name].elpd, parameters[name]))
    points = np.column_stack([densities[name].log_density for name in order])
    against = points - points[:, :1]
    copies = densities[order[0]].copies
    table = pd.DataFrame(
        {
            "elpd": copies @ points,
            "standard_error": _error_of_sum(points, copies),
            "difference": copies @ against,
            "standard_error_difference": _error_of_sum(against, copies),
            "better": (copies @ (against > 0)).astype(float),
            "weight": stacking_weights(points, copies),
            "parameters": [parameters[name] for name in order],
            "mcse": [float(np.sqrt(copies @ densities[n].mcse ** 2)) for n in order],
            "unreliable": [int(copies @ densities[name].bad) for name in order],
            "refitted": [int(densities[name].refitted.sum()) for name in order],
            "draws": [densities[name].draws for name in order],
        },
        index=pd.Index(order, name="model"),
    )
    table.loc[order[0], "better"] = np.nan
    # Ties go to the model that predicts better, which stands first.
    preferred = table.loc[near_the_best(table), "parameters"].idxmin()
    return table, str(preferred)


def near_the_best(table: pd.DataFrame) -> pd.Series[bool]:
    """Tell which models are not clearly worse than the best, itself among them."""
    gap = -table["difference"]
    return (gap < CLEAR_DIFFERENCE) | (gap < CLEAR_ERRORS * table["standard_error_difference"])


def _error_of_sum(
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    copies: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the standard error of each column's sum over rows or groups, and their copies."""
    count = copies.sum()
    centred = points - copies @ points / count
    return np.asarray(np.sqrt(count / (count - 1) * (copies @ centred**2)))
